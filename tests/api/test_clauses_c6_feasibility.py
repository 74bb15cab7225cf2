"""C6: what was found out before about a special request is issued as it was determined."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from api.kinds import Wanted, line, waits

if TYPE_CHECKING:
    from api.kinds import Bench, Document

ORDER = {
    "domain": "radio",
    "orderItem": [
        {
            "id": one,
            "action": "add",
            "resource": {"name": one, "@type": "LogicalResource"},
            "resourceSpecification": {"id": f"rs-{one}"},
            "orderItemRelationship": [
                {"relationshipType": "dependency", "orderItem": {"itemId": other}}
                for other in before
            ],
        }
        for one, before in (("mast", []), ("link", ["mast"]))
    ],
}
FEASIBLE: dict[str, Any] = {"result": "feasible", "resourceOrder": [ORDER]}


@pytest.fixture
def wanted() -> Wanted:
    """Return what no rule is for."""
    return Wanted(
        f"svc-{uuid4()}", characteristic={"speed": 10}, place={"site": "adr-1"}, version="1"
    )


def states(bench: Bench, record: Document) -> dict[str, str]:
    return {one["orderType"]: one["state"] for one in bench.orders(record)}


def test_answer_issues_what_was_determined(bench: Bench, wanted: Wanted) -> None:
    record = bench.send(wanted)
    answer = bench.answer(record, **FEASIBLE)
    assert states(bench, record) == {"feasibility": "completed", "provision": "acknowledged"}
    issued = bench.by_domain(record)["radio"]
    assert [one["id"] for one in issued["orderItem"]] == ["mast", "link"]
    assert waits(issued["orderItem"][1]) == {"mast"}
    assert bench.assessed(record)["feasibilityAssessment"]["id"] == answer["id"]
    (handed,) = bench.hand_overs(record)
    assert (handed["state"], handed["resolution"]) == ("resolved", "assessed")


def test_infeasible_item_has_failed(bench: Bench, wanted: Wanted) -> None:
    record = bench.send(wanted)
    bench.answer(record, result="infeasible", note=[{"text": "No line of sight."}])
    assert states(bench, record) == {"feasibility": "failed"}
    after = bench.record(record)
    assert (after["state"], after["requestedItem"][0]["state"]) == ("failed", "failed")
    assert "infeasible" in bench.codes(record)
    (handed,) = bench.hand_overs(record)
    assert (handed["state"], handed["resolution"]) == ("resolved", "infeasible")


def test_survey_that_a_rule_wants_is_answered_by_its_own_set(bench: Bench) -> None:
    specification = bench.rule(line("port"), line("vlan", "port"), feasibility="always")
    record = bench.send(Wanted(specification), Wanted(specification, "2", waits_for=("1",)))
    assert states(bench, record) == {"feasibility": "acknowledged"}
    bench.answer(record, result="feasible")
    bench.answer(record, "2", result="feasible")
    provided = {
        item["id"]: item
        for one in bench.orders(record)
        if one["orderType"] == "provision"
        for item in one["orderItem"]
    }
    assert set(provided) == {"1-port", "1-vlan", "2-port", "2-vlan"}
    assert waits(provided["2-port"]) == {"1-vlan"}
    assert bench.deliver(record)["state"] == "completed"


def test_matching_assessment_is_used_at_once(bench: Bench, wanted: Wanted) -> None:
    applies = {"specification": {"id": wanted.specification}, "action": "add"}
    known = bench.answer(appliesTo=applies, **FEASIBLE)
    record = bench.send(wanted)
    assert states(bench, record) == {"provision": "acknowledged"}
    assert bench.hand_overs(record) == []
    (looked,) = bench.assessed(record)["lookedUp"]
    assert (looked["feasibilityAssessment"]["id"], looked["why"]) == (known["id"], "used")


@pytest.mark.parametrize(
    ("applies", "rest", "why"),
    [
        ({"action": "delete"}, {}, "otherAction"),
        ({"specification": {"version": "7"}}, {}, "otherVersion"),
        ({"place": [{"role": "site", "id": "x"}]}, {}, "otherPlace"),
        ({"characteristic": [{"name": "speed", "value": 1}]}, {}, "otherCharacteristic"),
        ({}, {"validFor": {"endDateTime": "2020-01-01T00:00:00Z"}}, "expired"),
        ({}, {"validFor": {"startDateTime": "2099-01-01T00:00:00Z"}}, "notYetValid"),
    ],
)
def test_assessment_of_something_else_is_looked_at_and_left(
    bench: Bench, wanted: Wanted, applies: Document, rest: Document, why: str
) -> None:
    specification = {"id": wanted.specification, **applies.get("specification", {})}
    bench.answer(appliesTo={**applies, "specification": specification}, **FEASIBLE, **rest)
    record = bench.send(wanted)
    assert states(bench, record) == {"feasibility": "acknowledged"}
    (looked,) = bench.assessed(record)["lookedUp"]
    assert (looked["used"], looked["why"]) == (False, why)
    assert looked["message"]


def test_assessment_is_named_by_the_requester(bench: Bench, wanted: Wanted) -> None:
    known = bench.answer(bench.send(wanted), **FEASIBLE)
    related = {"id": known["id"], "role": "feasibilityAssessment", "@referredType": "X"}
    named: Document = {"relatedEntity": [related]}
    if bench.kind.is_service_order:
        record = bench.send(replace(wanted, door={"service": named}))
        other = bench.send(replace(wanted, place={}, door={"service": named}))
    else:
        record = bench.send(wanted, **named)
        other = bench.send(replace(wanted, place={}), **named)
    assert states(bench, record) == {"provision": "acknowledged"}
    assert states(bench, other) == {"feasibility": "acknowledged"}
    assert bench.assessed(other)["lookedUp"][0]["why"] == "otherPlace"


def test_second_assessment_takes_the_place_of_the_first(bench: Bench, wanted: Wanted) -> None:
    record = bench.send(wanted)
    bench.answer(record, **FEASIBLE)
    before = bench.orders(record)
    second = bench.answer(record, **FEASIBLE)
    assert bench.orders(record) == before
    later = bench.send(wanted)
    used = [one for one in bench.assessed(later).get("lookedUp", []) if one["used"]]
    assert [one["feasibilityAssessment"]["id"] for one in used] in ([], [second["id"]])


def test_two_requests_that_wait_for_one_assessment_both_go_on(bench: Bench, wanted: Wanted) -> None:
    records = [bench.send(wanted) for _ in range(2)]
    bench.answer(appliesTo={"specification": {"id": wanted.specification}}, **FEASIBLE)
    for record in records:
        assert states(bench, record) == {"feasibility": "completed", "provision": "acknowledged"}


@pytest.mark.parametrize("result", ["feasible", "infeasible"])
def test_what_waited_goes_on_or_is_given_up(bench: Bench, wanted: Wanted, result: str) -> None:
    waiting = Wanted(bench.rule(), "2", waits_for=("1",))
    record = bench.send(wanted, waiting)
    bench.answer(record, **(FEASIBLE if result == "feasible" else {"result": result}))
    if result == "feasible":
        (port,) = bench.by_domain(record)["access"]["orderItem"]
        assert waits(port) == {"link"}
        assert bench.deliver(record)["state"] == "completed"
    else:
        assert bench.codes(record, "2") == ["dependencyInfeasible"]
        assert set(bench.by_domain(record)) == {"specialHandling"}
        assert bench.record(record)["state"] == "failed"


def test_what_was_predetermined_can_be_changed_and_recovered(bench: Bench, wanted: Wanted) -> None:
    mine = replace(wanted, service=f"service-{uuid4()}")
    record = bench.send(mine)
    bench.answer(record, **FEASIBLE)
    bench.deliver(record)
    gone = bench.send(replace(mine, action="delete"))
    items = {item["resource"]["name"]: item for item in bench.order(gone)["orderItem"]}
    assert {item["action"] for item in items.values()} == {"delete"}
    assert waits(items["mast"]) == {items["link"]["id"]}
