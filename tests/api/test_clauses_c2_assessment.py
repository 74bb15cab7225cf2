"""C2: assess the information in the request: four outcomes, and a reason for each of them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from api.client import TMF641
from api.kinds import Wanted, line

if TYPE_CHECKING:
    from collections.abc import Callable

    from api.kinds import Bench, Kind

REQUIRES = {
    "characteristic": {
        "speed": {"type": "integer", "minimum": 1, "maximum": 100},
        "colour": {"type": "string", "enum": ["red", "blue"], "optional": True},
    },
    "place": ["site"],
    "relatedParty": ["owner"],
}
SPECIAL = [
    {"code": "tooFast", "when": "characteristic.speed > 50", "reason": "Nothing is so fast."},
    {
        "code": "isRed",
        "when": 'has(characteristic.colour) && characteristic.colour == "red"',
        "reason": "Red.",
    },
]
COMPLETE = Wanted(
    "", characteristic={"speed": 10}, place={"site": "adr-1"}, party={"owner": "org-1"}
)
STATES = {
    "rejected": "rejected",
    "informationRequired": "pending",
    "special": "acknowledged",
    "standard": "acknowledged",
}


def whole(kind: Kind) -> str:
    return kind.item_at(0)


def part(attribute: str, role: str) -> Callable[[Kind], str]:
    return lambda kind: f"{kind.item_at(0)}.{attribute}[?(@.role=='{role}')]"


def characteristic(name: str) -> Callable[[Kind], str]:
    return lambda kind: kind.characteristic_at(0, name)


CASES: dict[str, tuple[dict[str, Any], str, list[str], Callable[[Kind], str]]] = {
    "complete": ({}, "standard", [], whole),
    "without a characteristic": (
        {"characteristic": {}},
        "informationRequired",
        ["missingCharacteristic"],
        characteristic("speed"),
    ),
    "without a place": (
        {"place": {"elsewhere": "adr-2"}},
        "informationRequired",
        ["missingPlace"],
        part("place", "site"),
    ),
    "without a party": (
        {"party": {}},
        "informationRequired",
        ["missingParty"],
        part("relatedParty", "owner"),
    ),
    "a value of another type": (
        {"characteristic": {"speed": "fast"}},
        "rejected",
        ["invalidCharacteristic"],
        characteristic("speed"),
    ),
    "a value out of range": (
        {"characteristic": {"speed": 101}},
        "rejected",
        ["invalidCharacteristic"],
        characteristic("speed"),
    ),
    "an optional value that is wrong": (
        {"characteristic": {"speed": 1, "colour": "green"}},
        "rejected",
        ["invalidCharacteristic"],
        characteristic("colour"),
    ),
    "wrong here and missing there": (
        {"characteristic": {"speed": 101}, "place": {}},
        "rejected",
        ["invalidCharacteristic"],
        characteristic("speed"),
    ),
    "special and missing": (
        {"characteristic": {"speed": 60}, "place": {}},
        "informationRequired",
        ["missingPlace"],
        part("place", "site"),
    ),
    "one special condition": (
        {"characteristic": {"speed": 51}},
        "special",
        ["tooFast"],
        whole,
    ),
    "two special conditions": (
        {"characteristic": {"speed": 51, "colour": "red"}},
        "special",
        ["tooFast", "isRed"],
        whole,
    ),
    "asked for by the requester": (
        {"door": {"specialHandling": {"required": True}}},
        "special",
        ["requested"],
        whole,
    ),
    "no rule": ({"specification": "svc-nobody-knows"}, "special", ["noRule"], whole),
    "changes what isn't there": ({"action": "modify"}, "rejected", ["neverDelivered"], whole),
    "takes away what isn't there": ({"action": "delete"}, "rejected", ["neverDelivered"], whole),
    "no change": ({"action": "noChange", "place": {}}, "standard", ["noChange"], whole),
    "waits for itself": ({"waits_for": ("1",)}, "rejected", ["dependencyCycle"], whole),
    "waits for nothing known": ({"waits_for": ("9",)}, "rejected", ["unknownItem"], whole),
}


@pytest.mark.parametrize("case", CASES)
def test_item_has_the_first_outcome_that_holds_and_says_why_and_where(
    bench: Bench, case: str
) -> None:
    changes, outcome, codes, path = CASES[case]
    specification = bench.rule(requires=REQUIRES, special=SPECIAL)
    record = bench.send(replace(COMPLETE, **{"specification": specification, **changes}))
    (item,) = record["assessment"]["item"]
    reasons = item.get("reason", [])
    state = "completed" if codes == ["noChange"] else STATES[outcome]
    assert (item["outcome"], record["state"]) == (outcome, state)
    assert [one["code"] for one in reasons] == codes
    assert {one["path"] for one in reasons} <= {path(bench.kind)}
    assert all(one["message"] for one in reasons)
    issues = {"special": ["feasibility"], "standard": ["provision"] * (not codes)}
    assert [one["orderType"] for one in bench.orders(record)] == issues.get(outcome, [])
    if bench.kind.is_service_order:
        check_service_order(bench.service_order(record), state, codes)


def check_service_order(order: dict[str, Any], state: str, codes: list[str]) -> None:
    """Check that the service order itself says what its record does."""
    (item,) = order["serviceOrderItem"]
    assert (order["state"], item["state"]) == (state, state)
    told = codes if state in {"rejected", "pending"} else []
    assert [one["code"] for one in item.get("errorMessage", [])] == told
    whole_order = told if state == "rejected" else []
    assert [one["code"] for one in order.get("errorMessage", [])] == whole_order


WORST_FIRST: tuple[dict[str, Any], ...] = (
    {"characteristic": {"speed": 101}},
    {"place": {}},
    {"characteristic": {"speed": 51}},
    {},
)


@pytest.mark.parametrize(("worse", "better"), [(0, 1), (1, 2), (2, 3)])
def test_request_has_the_worst_outcome_of_its_items_and_is_complete_or_nothing(
    bench: Bench, worse: int, better: int
) -> None:
    specification = bench.rule(requires=REQUIRES, special=SPECIAL)
    wanted = replace(COMPLETE, specification=specification)
    first = replace(wanted, **WORST_FIRST[better])
    record = bench.send(first, replace(wanted, id="2", **WORST_FIRST[worse]))
    outcome = list(STATES)[worse]
    assert (record["assessment"]["outcome"], record["state"]) == (outcome, STATES[outcome])
    outcomes = [one["outcome"] for one in record["assessment"]["item"]]
    assert outcomes == [list(STATES)[better], outcome]
    assert len(bench.orders(record)) == (2 if outcome == "special" else 0)


def test_rules_that_fit_equally_leave_the_choice_to_people(bench: Bench) -> None:
    specification = bench.rule(appliesTo={"when": "item.quantity > 0"})
    bench.rule(specification=specification, appliesTo={"when": "item.quantity < 9"})
    record = bench.send(Wanted(specification))
    (item,) = record["assessment"]["item"]
    (reason,) = item["reason"]
    assert (item["outcome"], reason["code"]) == ("special", "ambiguousRules")
    assert reason["message"].count("rule-") == 2
    assert bench.codes(bench.send(Wanted(specification, quantity=10))) == []


def test_rule_that_fails_makes_the_item_special(bench: Bench) -> None:
    values = {"share": {"expr": "12 / (characteristic.parts - 7)"}}
    requires = {"characteristic": {"parts": {"type": "integer"}}}
    specification = bench.rule(line("port", characteristic=values), requires=requires)
    wanted = Wanted(specification, characteristic={"parts": 9})
    assert bench.codes(bench.send(wanted)) == []
    record = bench.send(replace(wanted, characteristic={"parts": 7}))
    assert bench.codes(record) == ["ruleFailed"]
    assert bench.order(record)["specialHandling"]["required"] is True


def test_rule_for_a_version_comes_before_one_for_all(bench: Bench) -> None:
    specification = bench.rule(line("any"))
    bench.rule(
        line("second"),
        specification=specification,
        appliesTo={"specification": {"id": specification, "version": "2"}},
    )
    for version, key in ((None, "any"), ("1", "any"), ("2", "second")):
        record = bench.send(Wanted(specification, version=version))
        assert list(bench.items(record)) == [key]


def test_circle_of_items_is_rejected_whole(bench: Bench) -> None:
    specification = bench.rule()
    wanted = [
        Wanted(specification, id=one, waits_for=(other,))
        for one, other in (("1", "2"), ("2", "3"), ("3", "1"))
    ]
    record = bench.send(*wanted, Wanted(specification, id="4"))
    codes = {one["id"]: bench.codes(record, one["id"]) for one in record["requestedItem"]}
    assert codes == {
        "1": ["dependencyCycle"],
        "2": ["dependencyCycle"],
        "3": ["dependencyCycle"],
        "4": [],
    }
    assert bench.orders(record) == []


def test_two_items_that_change_one_service_contradict_each_other(bench: Bench) -> None:
    specification, service = bench.rule(), f"service-{uuid4()}"
    bench.deliver(bench.send(Wanted(specification, service=service)))
    both = [Wanted(specification, one, "modify", service=service) for one in "12"]
    record = bench.send(*both)
    assert (record["state"], bench.codes(record)) == ("rejected", ["sameService"])


@pytest.mark.parametrize("attribute", ["id", "action", "specification"])
def test_request_that_breaks_the_contract_is_refused_and_leaves_nothing(
    bench: Bench, attribute: str
) -> None:
    external_id = f"EXT-{uuid4()}"
    body = bench.kind.body(Wanted("svc-1"), externalId=external_id)
    (item,) = body.get("serviceOrderItem") or body["requestedItem"]
    if attribute == "specification" and bench.kind.is_service_order:
        item["service"] = {}
    else:
        del item[attribute]
    error = bench.api.post(bench.kind.path, body, expect=400)
    assert "tem[0]" in error["message"]
    assert bench.api.get(f"/gateway/v1/initiatingRequest?externalId={external_id}").document == []


class TestServiceOrders:
    """What only a service order can say."""

    @pytest.mark.parametrize(
        ("action", "code"), [("add", "terminatedAdd"), ("noChange", "terminatedNoChange")]
    )
    def test_terminated_service_can_only_be_deleted(
        self, tmf641_bench: Bench, action: str, code: str
    ) -> None:
        bench = tmf641_bench
        door = {"service": {"state": "terminated"}}
        record = bench.send(Wanted(bench.rule(), action=action, door=door))
        (reason,) = record["assessment"]["item"][0]["reason"]
        assert (record["state"], reason["code"]) == ("rejected", code)
        assert reason["path"] == "serviceOrderItem[0].service.state"

    @pytest.mark.parametrize("state", ["designed", "feasibilityChecked"])
    def test_service_that_is_only_designed_takes_nothing(
        self, tmf641_bench: Bench, state: str
    ) -> None:
        bench = tmf641_bench
        record = bench.send(Wanted(bench.rule(), door={"service": {"state": state}}))
        assert bench.codes(record) == ["notProvisioned"]
        assert bench.orders(record) == []

    @pytest.mark.parametrize(
        ("kind", "other_is_enabled", "code"),
        [
            ("requires", False, "featureRequired"),
            ("requires", True, None),
            ("excludes", True, "featureExcluded"),
            ("excludes", False, None),
        ],
    )
    def test_features_that_contradict_each_other_are_rejected(
        self, tmf641_bench: Bench, kind: str, *, other_is_enabled: bool, code: str | None
    ) -> None:
        bench = tmf641_bench
        values = [{"name": "x", "value": 1}]
        related = [{"name": "guest", "relationshipType": kind}]
        features = [
            {"name": "wifi", "featureCharacteristic": values, "featureRelationship": related},
            {"name": "guest", "featureCharacteristic": values, "isEnabled": other_is_enabled},
        ]
        record = bench.send(Wanted(bench.rule(), door={"service": {"feature": features}}))
        assert bench.codes(record) == ([code] if code else [])
        assert record["state"] == ("rejected" if code else "acknowledged")

    def test_patch_that_brings_what_was_missing_is_assessed_again(
        self, tmf641_bench: Bench
    ) -> None:
        bench = tmf641_bench
        specification = bench.rule(requires=REQUIRES, special=SPECIAL)
        wanted = replace(COMPLETE, specification=specification)
        record = bench.send(replace(wanted, place={}, party={}))
        assert bench.codes(record) == ["missingPlace", "missingParty"]
        path = f"{TMF641}/serviceOrder/{record['id']}"
        brought = bench.kind.body(replace(wanted, party={}))["serviceOrderItem"]
        bench.api.patch(path, {"serviceOrderItem": brought})
        assert bench.codes(record) == ["missingParty"]
        assert bench.record(record)["state"] == "pending"
        brought = bench.kind.body(wanted)["serviceOrderItem"]
        bench.api.patch(path, {"serviceOrderItem": brought})
        after = bench.record(record)
        assert (after["requestType"], after["state"]) == (bench.kind.request_type, "inProgress")
        assert (after["assessment"]["outcome"], after["assessment"]["round"]) == ("standard", 3)
        assert [one["orderType"] for one in bench.orders(record)] == ["provision"]

    def test_patch_may_make_it_special(self, tmf641_bench: Bench) -> None:
        bench = tmf641_bench
        specification = bench.rule(requires=REQUIRES, special=SPECIAL)
        wanted = replace(COMPLETE, specification=specification)
        record = bench.send(replace(wanted, place={}))
        fast = replace(wanted, characteristic={"speed": 51})
        brought = bench.kind.body(fast)["serviceOrderItem"]
        path = f"{TMF641}/serviceOrder/{record['id']}"
        bench.api.patch(path, {"serviceOrderItem": brought})
        assert bench.record(record)["assessment"]["outcome"] == "special"
        assert [one["state"] for one in bench.hand_overs(record)] == ["open"]
