from __future__ import annotations

from typing import Any

import pytest

from fakes_catalog import example_rule, small_rule
from ordergate.process.rules import Literal
from ordergate.schemas.resource_order_rule import Problem, RuleStatus, Source, read_rule


def paths(document: Any) -> list[str]:
    return [problem.path for problem in read_rule(document)[1]]


def test_values_are_literals_or_expressions() -> None:
    rule, problems = read_rule(example_rule())
    assert problems == []
    assert rule is not None
    line = rule["order_item"][1]
    assert line["characteristic"] == {
        "technology": Source("characteristic.technology"),
        "vendor": Literal("ACME"),
    }
    assert rule["special"][0]["when"].text.startswith("has(")


def test_rule_without_a_status_is_active() -> None:
    rule, _ = read_rule(small_rule())
    assert rule is not None
    assert rule["status"] is RuleStatus.ACTIVE


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"id": "a b"}, ["id"]),
        ({"id": ""}, ["id"]),
        ({"version": 0}, ["version"]),
        ({"version": True}, ["version"]),
        ({"version": 1.5}, ["version"]),
        ({"name": 5}, ["name"]),
        ({"name": None}, ["name"]),
        ({"Status": "active"}, ["Status"]),
        ({"feasibility": "sometimes"}, ["feasibility"]),
        ({"validFor": {"startDateTime": "soon"}}, ["validFor.startDateTime"]),
        (
            {"validFor": {"startDateTime": "2026-01-02", "endDateTime": "2026-01-01"}},
            ["validFor.endDateTime"],
        ),
        ({"appliesTo": {}}, ["appliesTo.specification"]),
        (
            {"appliesTo": {"specification": {"id": "x", "version": 2}}},
            ["appliesTo.specification.version"],
        ),
        (
            {"appliesTo": {"specification": {"id": "x"}, "requestType": []}},
            ["appliesTo.requestType"],
        ),
        ({"requires": {"places": []}}, ["requires.places"]),
        ({"requires": {"place": [5]}}, ["requires.place[0]"]),
        ({"requires": {"characteristic": {"a": 1}}}, ["requires.characteristic.a"]),
        ({"requires": {"characteristic": []}}, ["requires.characteristic"]),
        (
            {"requires": {"characteristic": {"a": {"optional": "yes"}}}},
            ["requires.characteristic.a"],
        ),
        ({"special": [{"code": "x", "when": True}]}, ["special[0].when", "special[0].reason"]),
        ({"orderItem": []}, ["orderItem"]),
        ({"orderItem": "port"}, ["orderItem"]),
    ],
)
def test_key_with_a_wrong_value_is_found(changes: dict[str, Any], expected: list[str]) -> None:
    assert paths(small_rule(**changes)) == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"key": "a b"}, ["key"]),
        ({"domain": ""}, ["domain"]),
        ({"quantity": {"expr": 5}}, ["quantity"]),
        ({"quantity": {"expr": "1", "default": 2}}, ["quantity"]),
        ({"resource": {"colour": "red"}}, ["resource.colour"]),
        ({"resource": "port"}, ["resource"]),
        ({"characteristic": {"a": {"b": {"expr": "1"}}}}, ["characteristic.a"]),
        ({"characteristic": {"a": [{"expr": "1"}]}}, ["characteristic.a"]),
        ({"characteristic": {1: 2}}, ["characteristic.1"]),
        ({"dependsOn": "port"}, ["dependsOn"]),
        ({"appointment": "yes"}, ["appointment"]),
        ({"unit": "dozen"}, ["unit"]),
        ({"forEach": {"expr": "[1]"}}, ["forEach.as"]),
        ({"pointOfNoReturn": "partial"}, ["pointOfNoReturn"]),
    ],
)
def test_key_of_an_item_with_a_wrong_value_is_found(
    changes: dict[str, Any], expected: list[str]
) -> None:
    line = {"key": "port", "resourceSpecification": {"id": "rs"}, **changes}
    assert paths(small_rule(orderItem=[line])) == [f"orderItem[0].{path}" for path in expected]


def test_problem_reads_as_compilers_write_it() -> None:
    assert str(Problem("orderItem[0]", "is wrong")) == "orderItem[0]: is wrong"
    assert str(Problem("", "is wrong", "a.yaml", 3)) == "a.yaml:3: is wrong"
    assert str(Problem("id", "is wrong", "a.yaml", 3)) == "a.yaml:3: id: is wrong"
