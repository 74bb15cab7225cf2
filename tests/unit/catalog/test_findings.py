"""Everything that `check` is to find, each with its file, its line and its path."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ordergate.catalog.load import load_rules

if TYPE_CHECKING:
    from pathlib import Path

RULE = """\
id: small
name: Small
appliesTo:
  specification: {id: svc-small}
requires:
  characteristic:
    speed: {type: integer, minimum: 1}
    colour: {type: string, optional: true}
special:
  - code: fast
    when: characteristic.speed > 100
    reason: Too fast.
orderItem:
  - key: port
    resourceSpecification: {id: rs-port}
    quantity: 1
    dependsOn: []
  - key: cable
    resourceSpecification: {id: rs-cable}
    when: characteristic.speed > 10
    dependsOn: [port]
    characteristic: {speed: {expr: characteristic.speed}}
tests:
  - name: slow
    given: {characteristic: {speed: 5}}
    expect: {items: [port]}
"""
SPEED = "characteristic.speed > 100"


@pytest.mark.parametrize(
    ("change", "line", "path", "words"),
    [
        ((SPEED, "tariff > 100"), 11, "special[0].when", "There is no variable 'tariff'"),
        ((SPEED, "characteristic.speed > '9'"), 11, "special[0].when", "types don't fit"),
        ((SPEED, "characteristic.speed"), 11, "special[0].when", "is not true or false"),
        ((SPEED, "sleep(1)"), 11, "special[0].when", "no function 'sleep'"),
        ((SPEED, "speed >"), 11, "special[0].when", "can't be read"),
        ((SPEED, "characteristic.colour == 'red'"), 11, "special[0].when", "no 'colour'; has()"),
        ((SPEED, "characteristic.weight > 1"), 11, "special[0].when", "no 'weight'; has()"),
        ((SPEED, "true && [1].all(x, [2].all(y, y > x))"), 11, "special[0].when", "comprehension"),
        ((SPEED, "true && 'a'.matches('(')"), 11, "special[0].when", "regular expression"),
        (("quantity: 1", "quantity: {expr: 1 - 1}"), 16, "orderItem[0].quantity", "positive whole"),
        (("[port]", "[prot]"), 21, "orderItem[1].dependsOn[0]", 'there is no item "prot"'),
        (("[port]", "[cable]"), 21, "orderItem[1].dependsOn[0]", "depend on itself"),
        (
            ("dependsOn: []", "dependsOn: [cable]"),
            17,
            "orderItem[0].dependsOn",
            "port → cable",
        ),
        (("key: cable", "key: port"), 18, "orderItem[1].key", 'an item "port" already'),
        (("when: characteristic.speed > 10\n", "place: site\n"), 20, "orderItem[1].place", "no"),
        (("type: integer", "type: int"), 7, "requires.characteristic.speed.type", "JSON Schema"),
        (("name: Small", "nam: Small"), 2, "nam", "no such key"),
        (("[port]}", "[cable]}"), 26, "tests[0].expect.items[0]", "expected cable"),
    ],
)
def test_finding_has_its_file_line_and_path(
    tmp_path: Path, change: tuple[str, str], line: int, path: str, words: str
) -> None:
    file = tmp_path / "small.yaml"
    file.write_text(RULE.replace(*change, 1), encoding="utf-8")
    _, problems = load_rules(file)
    (found,) = [one for one in problems if one.path == path]
    assert (found.file, found.line) == (str(file), line)
    assert words in found.message
    assert str(found).startswith(f"{file}:{line}:{found.column}: {path}: ")


def test_rule_that_is_sound_has_no_finding(tmp_path: Path) -> None:
    file = tmp_path / "small.yaml"
    file.write_text(RULE, encoding="utf-8")
    assert load_rules(file)[1] == []


def test_rule_without_items_is_found(tmp_path: Path) -> None:
    file = tmp_path / "small.yaml"
    lines = RULE.splitlines(keepends=True)
    file.write_text("".join(lines[:12]) + "orderItem: []\n", encoding="utf-8")
    (found,) = load_rules(file)[1]
    assert (found.line, found.path) == (13, "orderItem")
    assert "at least one item" in found.message
    file.write_text("".join(lines[:12]), encoding="utf-8")
    (found,) = load_rules(file)[1]
    assert (found.line, found.path) == (1, "orderItem")


def test_rules_that_tie_are_found_in_the_second_file(tmp_path: Path) -> None:
    first, second = tmp_path / "a.yaml", tmp_path / "b.yaml"
    first.write_text(RULE, encoding="utf-8")
    second.write_text(RULE.replace("id: small\n", "id: other\n"), encoding="utf-8")
    for paths in ((tmp_path,), (first, second)):
        (found,) = load_rules(*paths)[1]
        assert (found.file, found.line, found.path) == (str(second), 3, "appliesTo")
        assert "ties with small" in found.message
        assert "requestType" in found.message


@pytest.mark.parametrize(
    ("expression", "is_sound"),
    [
        ("has(previous.characteristic.speed) && previous.characteristic.speed > 5", True),
        ("item.action == 'modify' && previous.resource[0].key == 'port'", True),
        ("size(previous.resource) > 0", True),
        ("previous.resource.exists(r, r.key == 'cable' && has(r.characteristic.speed))", True),
        ("previous.resource.exists(r, r.id == 'x' || r.line == 'cable/1')", True),
        ("previous.characteristic.speed > 5", False),
        ("previous.resource[0].key == 'port'", False),
        ("item.action == 'modify' && previous.characteristic.speed == 'fast' + 1", False),
        ("previous.resource.exists(r, r.name == 'x')", False),
    ],
)
def test_what_was_issued_before_is_empty_the_first_time(
    tmp_path: Path, expression: str, *, is_sound: bool
) -> None:
    file = tmp_path / "small.yaml"
    file.write_text(RULE.replace("when: characteristic.speed > 10\n", f'when: "{expression}"\n'))
    paths = {one.path for one in load_rules(file)[1]}
    assert ("orderItem[1].when" in paths) == (not is_sound)
