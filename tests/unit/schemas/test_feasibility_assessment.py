from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from make import ADDRESSES, MOMENT, resource_order
from ordergate.errors import InvalidDocumentError
from ordergate.model.common import Action, Specification, timestamp
from ordergate.model.feasibility import AppliesTo, FeasibilityAssessment, FeasibilityResult
from ordergate.schemas.feasibility_assessment import (
    accept_feasibility_assessment,
    read_feasibility_assessment,
)

PLACE = {"id": "adr-1", "role": "installationAddress"}
APPLIES_TO = {
    "specification": {"id": "svc-fibre-access", "version": "2"},
    "action": "add",
    "place": [PLACE],
    "characteristic": [{"name": "dropLength", "value": 420}],
}


def check_order(order: dict[str, Any]) -> None:
    """Stand for the contract of TMF652: an order has items."""
    if not order.get("orderItem"):
        raise InvalidDocumentError("It has no items.", path="orderItem")


def accepted(**changes: Any) -> dict[str, Any]:
    body = {"appliesTo": APPLIES_TO, "result": "feasible", **changes}
    return accept_feasibility_assessment(body, check_order, ADDRESSES, MOMENT)


def refused(**changes: Any) -> str | None:
    with pytest.raises(InvalidDocumentError) as caught:
        accepted(**changes)
    return caught.value.path


def test_feasible_one_may_hold_orders_or_none() -> None:
    assert "validFor" not in accepted()
    assert accepted(resourceOrder=[])["resourceOrder"] == []
    orders = [resource_order(), resource_order()]
    assert accepted(resourceOrder=orders)["resourceOrder"] == orders


def test_infeasible_one_holds_no_orders() -> None:
    assert accepted(result="infeasible", resourceOrder=[])["result"] == "infeasible"
    assert refused(result="infeasible", resourceOrder=[resource_order()]) == "resourceOrder"


def test_order_that_the_contract_refuses_is_named() -> None:
    orders = [resource_order(), {"orderItem": []}]
    assert refused(resourceOrder=orders) == "resourceOrder[1].orderItem"


def test_order_that_could_not_be_issued_is_named() -> None:
    modified = {"id": "1", "action": "modify", "resourceSpecification": {"id": "rs"}}
    path = refused(resourceOrder=[resource_order(orderItem=[modified])])
    assert path == "resourceOrder[0].orderItem[0].resource"
    path = refused(resourceOrder=[resource_order(priority=9)])
    assert path == "resourceOrder[0].priority"


def test_period_is_kept_in_utc() -> None:
    period = {"startDateTime": "2026-01-01T02:00:00+02:00", "endDateTime": "2027-01-01T00:00:00Z"}
    assert accepted(validFor=period)["validFor"] == {
        "startDateTime": "2026-01-01T00:00:00.000Z",
        "endDateTime": "2027-01-01T00:00:00.000Z",
    }
    assert accepted(validFor={})["validFor"] == {}


def test_period_that_ends_before_it_begins_is_refused() -> None:
    period = {"startDateTime": "2026-01-01T01:00:00Z", "endDateTime": "2026-01-01T01:30:00+01:00"}
    assert refused(validFor=period) == "validFor.endDateTime"


@pytest.mark.parametrize("text", ["2026-12-31T23:59:60Z", "9999-12-31T23:59:59-10:00"])
def test_date_that_cannot_be_kept_is_refused(text: str) -> None:
    assert refused(validFor={"startDateTime": text}) == "validFor.startDateTime"


@pytest.mark.parametrize(
    ("name", "twice", "path"),
    [
        ("place", [PLACE, {**PLACE, "id": "adr-2"}], "appliesTo.place[1].role"),
        (
            "characteristic",
            [{"name": "a", "value": 1}, {"name": "b", "value": 1}, {"name": "a", "value": 1}],
            "appliesTo.characteristic[2].name",
        ),
    ],
)
def test_role_or_name_that_is_there_twice_is_refused(
    name: str, twice: list[dict[str, Any]], path: str
) -> None:
    assert refused(appliesTo={**APPLIES_TO, name: twice}) == path


def test_kept_assessment_is_read_whole() -> None:
    document = {
        "id": "fa-1",
        "href": ADDRESSES.feasibility_assessment("fa-1"),
        "for": {"initiatingRequest": {"id": "req-1", "href": "http://x"}, "itemId": "1"},
        "appliesTo": APPLIES_TO,
        "result": "feasible",
        "resourceOrder": [resource_order()],
        "validFor": {"endDateTime": "2027-01-01T00:00:00.000Z"},
        "note": [{"id": "1", "text": "With an amplifier"}],
        "recordedDate": timestamp(MOMENT),
        "replacedBy": {"id": "fa-2", "href": "http://x"},
        "vendor:risk": "low",
    }
    assert read_feasibility_assessment(document) == FeasibilityAssessment(
        id="fa-1",
        href=ADDRESSES.feasibility_assessment("fa-1"),
        result=FeasibilityResult.FEASIBLE,
        recorded_date=MOMENT,
        for_request=("req-1", "1"),
        applies_to=AppliesTo(
            Specification("svc-fibre-access", version="2"),
            Action.ADD,
            {"installationAddress": PLACE},
            {"dropLength": 420},
        ),
        resource_order=(resource_order(),),
        valid_until=datetime(2027, 1, 1, tzinfo=UTC),
        note=({"id": "1", "text": "With an amplifier"},),
        replaced_by="fa-2",
    )


def test_what_an_assessment_leaves_out_is_none_or_empty() -> None:
    document = {
        "id": "fa-1",
        "href": "http://x",
        "for": {"initiatingRequest": {"id": "req-1"}, "itemId": "1"},
        "result": "infeasible",
        "recordedDate": timestamp(MOMENT),
    }
    assert read_feasibility_assessment(document) == FeasibilityAssessment(
        id="fa-1",
        href="http://x",
        result=FeasibilityResult.INFEASIBLE,
        recorded_date=MOMENT,
        for_request=("req-1", "1"),
    )
