"""Tests inside rules: what they give, what they expect, and what a failing one says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from fakes_catalog import example_rule, small_rule
from make import example
from ordergate.catalog.check import check_rule, check_rules
from ordergate.catalog.compile import compile_rule

if TYPE_CHECKING:
    from ordergate.model.common import Document

SPEED = {"characteristic": {"speed": {"type": "integer", "minimum": 1}}, "place": ["site"]}
ITEMS: list[dict[str, Any]] = [
    {
        "key": "port",
        "resourceSpecification": {"id": "rs-port"},
        "characteristic": {"speed": {"expr": "characteristic.speed"}},
    },
    {
        "key": "cable",
        "domain": "plant",
        "resourceSpecification": {"id": "rs-cable"},
        "unit": "bulk",
        "quantity": 3,
        "dependsOn": ["port"],
    },
]
COMPLETE = {"characteristic": {"speed": 10}, "place": ["site"]}


def with_test(expect: Any, given: Any = None, **changes: Any) -> Document:
    """Return a rule with one test."""
    test = {"name": "one", "given": given or COMPLETE, "expect": expect}
    return small_rule(**{"requires": SPEED, "orderItem": ITEMS, "tests": [test], **changes})


def told(document: Document) -> list[tuple[str, str]]:
    return [
        (problem.path.removeprefix("tests[0]."), problem.message.removeprefix('test "one": '))
        for problem in check_rule(document)
    ]


@pytest.mark.parametrize(
    "expect",
    [
        {},
        {"items": ["port", "cable"]},
        {"items": ["cable", {"key": "port"}]},
        {"outcome": "standard", "reason": []},
        {
            "items": [
                {"key": "port", "action": "add", "quantity": 1, "characteristic": {"speed": 10}},
                {
                    "key": "cable",
                    "quantity": 3,
                    "domain": "plant",
                    "dependsOn": ["port"],
                    "orderType": "provision",
                    "requestedItem": "1",
                },
            ]
        },
    ],
)
def test_expectation_that_is_met_is_no_problem(expect: Any) -> None:
    assert told(with_test(expect)) == []


@pytest.mark.parametrize(
    ("expect", "expected"),
    [
        (
            {"outcome": "special"},
            [("expect.outcome", "expected special, got standard")],
        ),
        ({"reason": ["late"]}, [("expect.reason", "expected late, got nothing")]),
        ({"items": ["port"]}, [("expect.items", "did not expect cable")]),
        ({"items": []}, [("expect.items", "did not expect port, cable")]),
        (
            {"items": ["port", "cable", "ont"]},
            [("expect.items[2]", "expected ont, but there is port, cable")],
        ),
        (
            {"items": ["port", "port", "cable"]},
            [("expect.items[1]", "expected port, but there is port, cable")],
        ),
        (
            {"items": ["port", {"key": "cable", "quantity": 4}]},
            [("expect.items[1].quantity", "expected 4, got 3")],
        ),
        (
            {"items": ["port", {"key": "cable", "action": "delete", "domain": "core"}]},
            [
                ("expect.items[1].action", "expected delete, got add"),
                ("expect.items[1].domain", "expected core, got plant"),
            ],
        ),
        (
            {"items": ["port", {"key": "cable", "dependsOn": []}]},
            [("expect.items[1].dependsOn", "expected nothing, got port")],
        ),
        (
            {"items": [{"key": "port", "characteristic": {"speed": 11}}, "cable"]},
            [("expect.items[0].characteristic.speed", "expected 11, got 10")],
        ),
        (
            {"items": [{"key": "port", "characteristic": {"speed": "10"}}, "cable"]},
            [("expect.items[0].characteristic.speed", 'expected "10", got 10')],
        ),
        (
            {"items": [{"key": "port", "characteristic": {"name": None}}, "cable"]},
            [("expect.items[0].characteristic.name", "expected null, got none")],
        ),
    ],
)
def test_failing_test_says_what_was_expected_and_what_came(
    expect: Any, expected: list[tuple[str, str]]
) -> None:
    assert told(with_test(expect)) == expected


def test_other_outcome_says_why() -> None:
    ((path, message),) = told(with_test({}, {"place": ["site"]}))
    assert path == "expect.outcome"
    assert message.startswith("expected standard, got informationRequired; missingCharacteristic:")


def test_true_is_not_one() -> None:
    document = with_test({"items": [{"key": "port", "characteristic": {"speed": True}}, "cable"]})
    document["tests"][0]["given"] = {"characteristic": {"speed": 1}, "place": ["site"]}
    assert told(document) == [("expect.items[0].characteristic.speed", "expected true, got 1")]


@pytest.mark.parametrize(
    ("given", "expect"),
    [
        ({**COMPLETE, "quantity": 2}, {"items": ["port", "port", {"key": "cable", "quantity": 6}]}),
        ({**COMPLETE, "action": "noChange"}, {"items": []}),
        ({**COMPLETE, "action": "modify"}, {"outcome": "rejected", "reason": ["neverDelivered"]}),
        (
            {**COMPLETE, "place": {"site": {"id": "p7", "@type": "GeographicAddress"}}},
            {"items": ["port", "cable"]},
        ),
        ({"characteristic": {"speed": 0}}, {"outcome": "rejected"}),
        ({"place": ["site"]}, {"outcome": "informationRequired"}),
        ({**COMPLETE, "requestType": "partyRequest"}, {"items": ["port", "cable"]}),
        (
            {**COMPLETE, "specification": {"id": "svc-other"}},
            {"outcome": "special", "reason": ["noRule"], "items": []},
        ),
        (
            {**COMPLETE, "service": {"state": "terminated"}},
            {"outcome": "rejected", "reason": ["terminatedAdd"]},
        ),
    ],
)
def test_small_form_says_only_what_matters(given: Any, expect: Any) -> None:
    assert told(with_test(expect, given)) == []


def test_small_form_has_features_and_parties() -> None:
    line = {
        "key": "port",
        "resourceSpecification": {"id": "rs-port"},
        "when": "has(party.customer)",
        "characteristic": {"band": {"expr": "has(feature.wifi) ? feature.wifi.band : 'none'"}},
    }
    given = {"feature": {"wifi": {"band": "dual"}}, "relatedParty": ["customer"]}
    expect = {"items": [{"key": "port", "characteristic": {"band": "dual"}}]}
    rule = small_rule(orderItem=[line], tests=[{"name": "one", "given": given, "expect": expect}])
    assert told(rule) == []


def test_whole_requests_are_given_as_the_doors_take_them() -> None:
    fibre, vpn = example("fibre-standard"), example("vpn-and-fibre")
    trouble = example("trouble-recovery")
    tests = [
        {
            "name": "alone",
            "given": {"serviceOrder": fibre},
            "expect": {"items": ["port", "ont", "wifi", "vlan"]},
        },
        {
            "name": "trouble",
            "given": {"initiatingRequest": trouble},
            "expect": {"outcome": "special", "reason": ["noRule"]},
        },
    ]
    assert check_rule(example_rule(tests=tests)) == []
    both = {"name": "both", "given": {"serviceOrder": vpn}, "expect": {}}
    rules = [example_rule("business-vpn"), example_rule(tests=[both])]
    assert check_rules(rules) == [[], []]


def test_items_of_several_requested_items_are_told_apart() -> None:
    order = example("fibre-standard")
    (one,) = order["serviceOrderItem"]
    order["serviceOrderItem"] = [{**one, "id": "a"}, {**one, "id": "b"}]
    keys = ["port", "ont", "wifi", "vlan"]
    items = [{"key": key, "requestedItem": item} for key in keys for item in "ab"]
    test = {"name": "two", "given": {"serviceOrder": order}, "expect": {"items": items}}
    assert check_rule(example_rule(tests=[test])) == []
    items[0]["requestedItem"] = "c"
    (problem,) = check_rule(example_rule(tests=[test]))
    assert problem.path == "tests[0].expect.items[0].requestedItem"


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({"serviceOrder": {}}, "given.serviceOrder.serviceOrderItem"),
        (
            {"serviceOrder": {"serviceOrderItem": [{"id": "1", "action": "ad", "service": {}}]}},
            "given.serviceOrder.serviceOrderItem[0].action",
        ),
        (
            {
                "serviceOrder": {
                    "serviceOrderItem": [
                        {"id": "1", "action": "add", "service": {"serviceCharacteristic": [{}]}}
                    ]
                }
            },
            "given.serviceOrder",
        ),
        (
            {
                "serviceOrder": {
                    "serviceOrderItem": [{"id": "1", "action": "add", "service": {}}] * 2
                }
            },
            "given.serviceOrder.serviceOrderItem[1].id",
        ),
        ({"initiatingRequest": {"requestType": "x"}}, "given.initiatingRequest.requestType"),
        ({"serviceOrder": {}, "initiatingRequest": {}}, "given"),
        ({"serviceOrder": {}, "action": "add"}, "given.action"),
        ({"action": "ad"}, "given.action"),
        ({"colour": "red"}, "given.colour"),
        ({"place": [1]}, "given.place"),
        ({"place": {"site": 1}}, "given.place"),
        ({"quantity": "2"}, "given.quantity"),
        ("add", "given"),
    ],
)
def test_request_that_no_door_would_take_is_told_where(given: Any, path: str) -> None:
    found = [where for where, _ in told(with_test({}, given))]
    assert path in found


@pytest.mark.parametrize(
    ("test", "path"),
    [
        ({"given": {}, "expect": {}}, "tests[0].name"),
        ({"name": "", "given": {}, "expect": {}}, "tests[0].name"),
        ({"name": "a", "expect": {}}, "tests[0].given"),
        ({"name": "a", "given": {}}, "tests[0].expect"),
        ({"name": "a", "given": {}, "expect": {"outcome": "good"}}, "tests[0].expect.outcome"),
        ({"name": "a", "given": {}, "expect": {"item": []}}, "tests[0].expect.item"),
        ({"name": "a", "given": {}, "expect": {"items": [{}]}}, "tests[0].expect.items[0].key"),
        (
            {"name": "a", "given": {}, "expect": {"items": [{"key": "a", "colour": 1}]}},
            "tests[0].expect.items[0].colour",
        ),
    ],
)
def test_test_with_a_wrong_form_is_told_where(test: Any, path: str) -> None:
    assert [problem.path for problem in check_rule(small_rule(tests=[test]))] == [path]


def test_rule_has_a_hundred_tests_at_most() -> None:
    test = {"name": "one", "given": {}, "expect": {}}
    assert check_rule(small_rule(tests=[test] * 100)) == []
    assert [one.path for one in check_rule(small_rule(tests=[test] * 101))] == ["tests"]


def test_rule_is_tested_beside_the_others() -> None:
    narrower = small_rule(
        id="narrower",
        appliesTo={"specification": {"id": "svc-small"}, "when": "item.quantity > 1"},
        orderItem=[{"key": "trunk", "resourceSpecification": {"id": "rs-trunk"}}],
    )
    test = {"name": "one", "given": {"quantity": 2}, "expect": {"items": ["port", "port"]}}
    tested_rule = small_rule(tests=[test])
    assert check_rule(tested_rule) == []
    compiled, _ = compile_rule(narrower)
    assert compiled is not None
    assert check_rule(tested_rule, [compiled]) != []
    assert [bool(each) for each in check_rules([tested_rule, narrower])] == [True, False]


def test_rule_in_force_gives_way_to_the_version_that_is_tested() -> None:
    compiled, _ = compile_rule(small_rule())
    assert compiled is not None
    line = {"key": "trunk", "resourceSpecification": {"id": "rs-trunk"}}
    test = {"name": "one", "given": {}, "expect": {"items": ["trunk"]}}
    assert check_rule(small_rule(version=2, orderItem=[line], tests=[test]), [compiled]) == []


@pytest.mark.parametrize(
    "period",
    [
        {"startDateTime": "2099-01-01T00:00:00Z"},
        {"endDateTime": "2001-01-01T00:00:00Z"},
        {"endDateTime": "2099-01-01T00:00:00Z"},
        {"startDateTime": "2001-01-01T00:00:00Z", "endDateTime": "2001-01-02T00:00:00Z"},
    ],
)
def test_rule_is_tested_at_a_moment_when_it_holds(period: Any) -> None:
    test = {"name": "one", "given": {}, "expect": {"items": ["port"]}}
    assert check_rule(small_rule(tests=[test], validFor=period)) == []


def test_draft_is_tested_as_if_it_were_active() -> None:
    test = {"name": "one", "given": {}, "expect": {"items": ["trunk"]}}
    assert len(check_rule(small_rule(tests=[test], status="draft"))) == 2


def test_tests_of_a_rule_with_other_problems_wait() -> None:
    document = with_test({"outcome": "special"}, orderItem=[{**ITEMS[0], "dependsOn": ["prot"]}])
    assert [one.path for one in check_rule(document)] == ["orderItem[0].dependsOn[0]"]


def test_items_of_a_list_are_known_by_their_line() -> None:
    line = {
        "key": "tail-2",
        "resourceSpecification": {"id": "rs-tail"},
        "forEach": {"expr": "[1, 2]", "as": "number"},
        "characteristic": {"number": {"expr": "number"}},
    }
    items = [{"key": "tail-2", "characteristic": {"number": number}} for number in (2, 1)]
    test = {"name": "one", "given": {}, "expect": {"items": items}}
    assert check_rule(small_rule(orderItem=[line], tests=[test])) == []
