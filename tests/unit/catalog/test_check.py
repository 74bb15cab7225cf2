from __future__ import annotations

from typing import Any

import pytest

from fakes_catalog import example_rule, small_rule
from make import EXAMPLES
from ordergate.catalog.check import check_rule, check_rules
from ordergate.catalog.compile import compile_rule

NAMES = sorted(path.stem for path in (EXAMPLES / "catalog").glob("*.yaml"))


def changed(path: str, value: Any) -> dict[str, Any]:
    """Return the fibre access rule with one thing different; numbers in `path` are indexes."""
    document = example_rule()
    *steps, last = [int(step) if step.isdigit() else step for step in path.split("/")]
    at: Any = document
    for step in steps:
        at = at[step]
    at[last] = value
    return document


def paths(problems: Any) -> list[str]:
    return [problem.path for problem in problems]


@pytest.mark.parametrize("name", NAMES)
def test_example_rule_compiles_and_checks_clean(name: str) -> None:
    rule, problems = compile_rule(example_rule(name))
    assert problems == []
    assert rule is not None
    assert rule.id == name
    assert check_rule(example_rule(name)) == []


def test_example_rules_check_clean_together() -> None:
    assert not any(check_rules([example_rule(name) for name in NAMES]))


@pytest.mark.parametrize(
    ("at", "value", "expected"),
    [
        ("orderitem", [], ["orderitem"]),
        ("orderItem", [], ["orderItem"]),
        ("status", "on", ["status"]),
        ("version", "1", ["version"]),
        ("appliesTo/specification", {}, ["appliesTo.specification.id"]),
        ("appliesTo/requestType", ["order"], ["appliesTo.requestType[0]"]),
        ("appliesTo/when", "tariff == 1", ["appliesTo.when"]),
        ("appliesTo/when", "characteristic.bandwidth > 1", []),
        ("appliesTo/when", "characteristic.dropLength > 1.0", ["appliesTo.when"]),
        ("appliesTo/when", "characteristic.surprise > 1", ["appliesTo.when"]),
        ("requires/characteristic/bandwidth", 5, ["requires.characteristic.bandwidth"]),
        (
            "requires/characteristic/bandwidth/type",
            "int",
            ["requires.characteristic.bandwidth.type"],
        ),
        ("special/0/when", "characteristic.dropLength > 300.0", ["special[0].when"]),
        ("special/1/when", "characteristic.technology", ["special[1].when"]),
        ("special/1/when", "characteristic.technology > 5", ["special[1].when"]),
        ("special/1/code", "", ["special[1].code"]),
        ("orderItem/0/quantity", 0, ["orderItem[0].quantity"]),
        ("orderItem/0/quantity", 1.5, ["orderItem[0].quantity"]),
        ("orderItem/0/quantity", True, ["orderItem[0].quantity"]),
        (
            "orderItem/0/quantity",
            {"expr": "characteristic.bandwidth - 10"},
            ["orderItem[0].quantity"],
        ),
        (
            "orderItem/0/quantity",
            {"expr": "characteristic.technology"},
            ["orderItem[0].quantity"],
        ),
        (
            "orderItem/0/forEach",
            {"expr": "characteristic.bandwidth", "as": "one"},
            ["orderItem[0].forEach.expr"],
        ),
        ("orderItem/0/forEach", {"expr": "[1]", "as": "item"}, ["orderItem[0].forEach.as"]),
        ("orderItem/0/forEach", {"expr": "[1]", "as": "in"}, ["orderItem[0].forEach.as"]),
        ("orderItem/0/forEach", {"expr": "[1]"}, ["orderItem[0].forEach.as"]),
        ("orderItem/0/unit", "dozen", ["orderItem[0].unit"]),
        ("orderItem/0/resource/name", 5, ["orderItem[0].resource.name"]),
        ("orderItem/0/resource/colour", "red", ["orderItem[0].resource.colour"]),
        (
            "orderItem/0/characteristic/profile",
            {"expr": "characteristic.technology + characteristic.bandwidth"},
            ["orderItem[0].characteristic.profile"],
        ),
        (
            "orderItem/0/characteristic/profile",
            {"expr": "characteristic.profile"},
            ["orderItem[0].characteristic.profile"],
        ),
        (
            "orderItem/0/characteristic/profile",
            {"expr": "[1].map(x, [2].map(y, y))"},
            ["orderItem[0].characteristic.profile"],
        ),
        ("orderItem/0/place", "elsewhere", ["orderItem[0].place"]),
        ("orderItem/0/dependsOn", ["port"], ["orderItem[0].dependsOn[0]"]),
        ("orderItem/1/dependsOn", ["port", "prot"], ["orderItem[1].dependsOn[1]"]),
        ("orderItem/0/dependsOn", ["wifi"], ["orderItem[0].dependsOn"]),
        ("orderItem/3/key", "wifi", ["orderItem[3].key"]),
        ("orderItem/3/dependOn", ["port"], ["orderItem[3].dependOn"]),
        ("orderItem/2/when", "characteristic.wifi", ["orderItem[2].when"]),
        ("orderItem/2/when", "has(characteristic.wifi)", []),
        ("orderItem/1/pointOfNoReturn", "late", ["orderItem[1].pointOfNoReturn"]),
    ],
)
def test_problem_is_found_where_it_is(at: str, value: Any, expected: list[str]) -> None:
    assert paths(check_rule(changed(at, value))) == expected


def test_all_problems_are_found_at_once() -> None:
    document = changed("orderItem/0/dependsOn", ["prot"])
    document["orderItem"][1]["when"] = "tariff"
    document["special"][0]["when"] = "1 +"
    document["requires"]["characteristic"]["wifi"]["type"] = "bool"
    assert sorted(paths(check_rule(document))) == [
        "orderItem[0].dependsOn[0]",
        "orderItem[1].when",
        "requires.characteristic.wifi.type",
        "special[0].when",
    ]


def test_optional_value_guarded_by_another_one_is_found() -> None:
    schema = {"type": "integer", "minimum": 1, "optional": True}
    document = small_rule(requires={"characteristic": {"a": schema, "b": schema}})
    document["orderItem"][0]["quantity"] = {"expr": "has(characteristic.a) ? characteristic.b : 1"}
    assert paths(check_rule(document)) == ["orderItem[0].quantity"]


def test_number_that_may_be_whole_or_not_is_tried_as_both() -> None:
    document = small_rule(requires={"characteristic": {"length": {"type": "number", "minimum": 1}}})
    line = document["orderItem"][0]
    line["characteristic"] = {"reserve": {"expr": "characteristic.length + 1.0"}}
    assert paths(check_rule(document)) == ["orderItem[0].characteristic.reserve"]
    line["characteristic"] = {"reserve": {"expr": "double(characteristic.length) + 1.0"}}
    assert check_rule(document) == []


def test_items_are_not_tried_with_a_request_that_never_gets_so_far() -> None:
    schema = {"type": "integer", "minimum": 1, "optional": True}
    unguarded = {"key": "port", "resourceSpecification": {"id": "rs"}}
    unguarded |= {"quantity": {"expr": "characteristic.a"}}
    document = small_rule(requires={"characteristic": {"a": schema}}, orderItem=[unguarded])
    assert paths(check_rule(document)) == ["orderItem[0].quantity"]
    special = [{"code": "none", "when": "!has(characteristic.a)", "reason": "None."}]
    assert check_rule(document | {"special": special}) == []
    applies = {"specification": {"id": "svc"}, "when": "has(characteristic.a)"}
    assert check_rule(document | {"appliesTo": applies}) == []


def test_characteristic_without_a_sample_is_left_out_unless_it_has_examples() -> None:
    schema: dict[str, Any] = {"type": "string", "pattern": "^[a-z]+:[0-9]+$"}
    document = small_rule(requires={"characteristic": {"target": schema}})
    document["orderItem"][0]["quantity"] = {"expr": "characteristic.target"}
    assert check_rule(document) == []
    schema["examples"] = ["a:1"]
    assert paths(check_rule(document)) == ["orderItem[0].quantity"]


def test_elements_of_a_list_are_tried() -> None:
    document = example_rule("business-vpn")
    document["orderItem"][1]["characteristic"] = {"bandwidth": {"expr": "site.speed"}}
    assert paths(check_rule(document)) == ["orderItem[1].characteristic.bandwidth"]


@pytest.mark.parametrize(
    ("one", "other", "is_tie"),
    [
        ({}, {}, True),
        ({}, {"status": "draft"}, False),
        ({"status": "retired"}, {}, False),
        ({}, {"appliesTo": {"specification": {"id": "svc-other"}}}, False),
        ({}, {"appliesTo": {"specification": {"id": "svc-small", "version": "2"}}}, False),
        ({}, {"appliesTo": {"specification": {"id": "svc-small"}, "when": "true"}}, False),
        (
            {"validFor": {"endDateTime": "2026-01-01T00:00:00Z"}},
            {"validFor": {"startDateTime": "2026-01-01T00:00:00Z"}},
            False,
        ),
        (
            {"validFor": {"endDateTime": "2026-01-02T00:00:00Z"}},
            {"validFor": {"startDateTime": "2026-01-01T00:00:00Z"}},
            True,
        ),
    ],
)
def test_rules_that_no_item_could_choose_between_tie(
    one: dict[str, Any], other: dict[str, Any], *, is_tie: bool
) -> None:
    found = check_rules([small_rule(id="one", **one), small_rule(id="other", **other)])
    assert [paths(each) for each in found] == [[], ["appliesTo"] if is_tie else []]


@pytest.mark.parametrize(
    ("mine", "theirs", "is_tie"),
    [
        (["serviceOrder", "partyRequest"], ["partyRequest"], True),
        (["serviceOrder"], ["partyRequest"], False),
        (["serviceOrder"], None, False),
    ],
)
def test_rules_for_other_kinds_of_request_do_not_tie(
    mine: list[str], theirs: list[str] | None, *, is_tie: bool
) -> None:
    rules = []
    for rule_id, kinds in (("mine", mine), ("theirs", theirs)):
        applies: dict[str, Any] = {"specification": {"id": "svc-small"}}
        applies |= {} if kinds is None else {"requestType": kinds}
        rules.append(small_rule(id=rule_id, appliesTo=applies))
    assert bool(check_rules(rules)[1]) == is_tie


def test_version_with_other_content_is_a_problem_and_the_same_again_is_none() -> None:
    rules = [small_rule(), small_rule(), small_rule(name="Other"), small_rule(version=2)]
    assert [paths(each) for each in check_rules(rules)] == [[], [], ["version"], []]


@pytest.mark.parametrize("document", [None, [], "rule", 5, {}, {1: 2}, {"id": {"a": 1}}])
def test_document_that_is_no_rule_is_told_so(document: Any) -> None:
    assert check_rule(document)
    assert all(check_rules([document, document]))
