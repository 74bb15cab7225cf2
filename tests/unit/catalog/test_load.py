from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from make import EXAMPLES
from ordergate.catalog.load import load_rules

if TYPE_CHECKING:
    from pathlib import Path

RULE = """\
id: small
name: Small
appliesTo:
  specification: {id: svc-small}
orderItem:
  - key: port
    resourceSpecification: {id: rs-port}
    dependsOn: [prot]
"""


def write(folder: Path, text: str, name: str = "rule.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_folder_of_example_rules_is_loaded_in_order() -> None:
    rules, problems = load_rules(EXAMPLES / "catalog")
    assert problems == []
    names = ["business-vpn", "dark-fibre", "fibre-access", "port-replacement", "wholesale-fibre"]
    assert [rule.document["id"] for rule in rules] == names
    assert rules[0].file.endswith("business-vpn.yaml")
    assert rules[0].line == 2


def test_problem_names_its_file_its_line_and_its_path(tmp_path: Path) -> None:
    path = write(tmp_path, RULE)
    _, problems = load_rules(path)
    assert [str(one) for one in problems] == [
        f'{path}:8:17: orderItem[0].dependsOn[0]: there is no item "prot"'
    ]


def test_several_documents_of_a_file_know_their_own_lines(tmp_path: Path) -> None:
    path = write(tmp_path, f"---\n{RULE}---\n{RULE.replace('small', 'other')}---\n")
    rules, problems = load_rules(path)
    assert [rule.line for rule in rules] == [2, 11]
    assert [one.line for one in problems] == [9, 18]


def test_missing_key_is_told_at_the_line_of_what_misses_it(tmp_path: Path) -> None:
    _, problems = load_rules(write(tmp_path, RULE.replace("    resourceSpecification", "    x")))
    assert {(one.path, one.line) for one in problems} == {
        ("orderItem[0].x", 7),
        ("orderItem[0].resourceSpecification", 6),
    }


def test_name_with_a_dot_is_found_in_its_line(tmp_path: Path) -> None:
    text = RULE.replace("[prot]", "[]\n    characteristic:\n      a: 1\n      a.b: {expr: nothing}")
    _, problems = load_rules(write(tmp_path, text))
    assert [(one.path, one.line) for one in problems] == [("orderItem[0].characteristic.a.b", 11)]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("id: [1", 1),
        ("id: a\n\tname: b", 2),
        ("id: a\nname: b\nid: c", 3),
        ("a: *nothing", 1),
        ("a: &a [*a]", 1),
        ("id: !!python/object:os.system {}", 1),
        ("validFor: !!timestamp 2026-01-01", 1),
        ("? [a, b]\n: 1", 1),
        ("? {a: b}\n: 1", 1),
        ("id: \x01", 1),
    ],
)
def test_broken_yaml_is_one_problem_with_its_line(tmp_path: Path, text: str, line: int) -> None:
    rules, problems = load_rules(write(tmp_path, text))
    assert [one.line for one in problems if not one.path] == [line]
    assert "\n" not in str(problems[0])
    assert not [rule for rule in rules if not isinstance(rule.document, dict)]


def test_broken_file_does_not_hide_the_problems_of_the_next(tmp_path: Path) -> None:
    write(tmp_path, "id: [1", "a.yaml")
    write(tmp_path, RULE, "b.yml")
    write(tmp_path, "id: [1", "c.txt")
    _, problems = load_rules(tmp_path)
    assert [one.file for one in problems] == [str(tmp_path / "a.yaml"), str(tmp_path / "b.yml")]


def test_bytes_that_are_no_text_are_a_problem(tmp_path: Path) -> None:
    path = tmp_path / "rule.yaml"
    path.write_bytes(b"id: \xff\xfe")
    assert len(load_rules(path)[1]) == 1


def test_file_that_is_not_there_is_a_problem(tmp_path: Path) -> None:
    _, problems = load_rules(tmp_path / "nothing.yaml")
    assert "No such file" in str(problems[0])


def test_folder_without_rules_is_a_problem(tmp_path: Path) -> None:
    assert load_rules(tmp_path)[1]


def test_dates_and_plain_words_stay_as_json_has_them(tmp_path: Path) -> None:
    text = RULE.replace("[prot]", "[]") + (
        "    characteristic: {date: 2026-01-01, norway: no, octal: 010, time: 12:30, yes: true,\n"
        "      number: 1.5, big: 1e3, none: null, whole: -7, set: {a: on}}\n"
    )
    rules, problems = load_rules(write(tmp_path, text))
    assert problems == []
    assert rules[0].document["orderItem"][0]["characteristic"] == {
        "date": "2026-01-01",
        "norway": "no",
        "octal": "010",
        "time": "12:30",
        "yes": True,
        "number": 1.5,
        "big": 1000.0,
        "none": None,
        "whole": -7,
        "set": {"a": "on"},
    }
