"""Feasibility memory (eTOM 1.5.6.7, C5 and C6), over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from api.client import GATEWAY, TMF641, TMF652
from make import example, service_item

if TYPE_CHECKING:
    from api.client import Client

BODY = {
    "name": "Two radio links",
    "domain": "radio",
    "orderItem": [
        {
            "id": "mast",
            "action": "add",
            "resource": {"name": "Mast", "@type": "PhysicalResource"},
            "resourceSpecification": {"id": "rs-mast"},
        },
        {
            "id": "link",
            "action": "add",
            "resource": {"name": "Link", "@type": "LogicalResource"},
            "resourceSpecification": {"id": "rs-link"},
            "orderItemRelationship": [
                {"relationshipType": "dependency", "orderItem": {"itemId": "mast"}}
            ],
        },
    ],
}


class House:
    """What the tests look at, by HTTP."""

    def __init__(self, api: Client) -> None:
        self.api = api

    def order(self, *items: dict[str, Any], **attributes: Any) -> dict[str, Any]:
        body = {"serviceOrderItem": list(items), **attributes}
        found: dict[str, Any] = self.api.post(f"{TMF641}/serviceOrder", body, expect=201).document
        return found

    def record(self, order: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = self.api.get(f"{GATEWAY}/initiatingRequest/{order['id']}").document
        return found

    def assessed(self, order: dict[str, Any], item_id: str = "1") -> dict[str, Any]:
        items = self.record(order)["assessment"]["item"]
        found: dict[str, Any] = next(one for one in items if one["id"] == item_id)
        return found

    def orders(self, order: dict[str, Any]) -> list[dict[str, Any]]:
        url = f"{TMF652}/resourceOrder?initiatingRequest.id={order['id']}&sort=orderDate"
        found: list[dict[str, Any]] = self.api.get(url).document
        return found

    def hand_over(self, order: dict[str, Any]) -> dict[str, Any]:
        url = f"{GATEWAY}/specialHandling?initiatingRequest.id={order['id']}"
        (found,) = self.api.get(url).document
        document: dict[str, Any] = found
        return document

    def answer(self, **body: Any) -> dict[str, Any]:
        found: dict[str, Any] = self.api.post(
            f"{GATEWAY}/feasibilityAssessment", body, expect=201
        ).document
        return found


@pytest.fixture
def house(api: Client) -> House:
    return House(api)


@pytest.fixture
def specification() -> str:
    """Return a specification that no rule is for, so that it is special."""
    return f"svc-{uuid4()}"


def item(specification: str, item_id: str = "1", **service: Any) -> dict[str, Any]:
    return service_item(item_id, serviceSpecification={"id": specification}, **service)


def waits_for(one: dict[str, Any], target: str) -> dict[str, Any]:
    related = {"relationshipType": "dependency", "orderItem": {"itemId": target}}
    return {**one, "serviceOrderItemRelationship": [related]}


def answers(order: dict[str, Any], item_id: str = "1") -> dict[str, Any]:
    return {"initiatingRequest": {"id": order["id"]}, "itemId": item_id}


def states(orders: list[dict[str, Any]]) -> dict[str, str]:
    return {one["orderType"]: one["state"] for one in orders}


class TestAnswer:
    def test_feasible_answer_issues_the_predetermined_orders(
        self, house: House, specification: str
    ) -> None:
        order = house.order(item(specification))
        assert states(house.orders(order)) == {"feasibility": "acknowledged"}
        answer = house.answer(**{"for": answers(order)}, result="feasible", resourceOrder=[BODY])
        found = {one["orderType"]: one for one in house.orders(order)}
        assert found["feasibility"]["state"] == "completed"
        issued = found["provision"]
        assert (issued["name"], issued["domain"]) == ("Two radio links", "radio")
        assert issued["state"] == "acknowledged"
        assert issued["initiatingRequest"]["id"] == order["id"]
        assert [one["id"] for one in issued["orderItem"]] == ["mast", "link"]
        assert house.hand_over(order)["state"] == "resolved"
        assert house.hand_over(order)["resolution"] == "assessed"
        assessed = house.assessed(order)
        assert assessed["feasibilityAssessment"]["id"] == answer["id"]
        assert {one["resourceOrderId"] for one in assessed["resourceOrderItem"]} == {
            issued["id"],
            found["feasibility"]["id"],
        }
        events = [entry["event"] for entry in house.record(order)["timeline"]]
        told = ["feasibilityAssessed", "assessed", "issued", "resourceOrderStateChanged"]
        assert events[-4:] == told

    def test_infeasible_answer_ends_order_and_hand_over(
        self, house: House, specification: str
    ) -> None:
        order = house.order(item(specification))
        note = [{"text": "No line of sight."}]
        house.answer(**{"for": answers(order)}, result="infeasible", note=note)
        (found,) = house.orders(order)
        assert (found["state"], found["orderItem"][0]["state"]) == ("failed", "failed")
        assert "No line of sight." in found["note"][-1]["text"]
        assert house.hand_over(order)["resolution"] == "infeasible"
        assert "infeasible" in [one["code"] for one in house.assessed(order)["reason"]]

    def test_what_waited_for_a_special_item_goes_on_with_it(
        self, house: House, specification: str
    ) -> None:
        order = house.order(item(specification), waits_for(service_item("2"), "1"))
        assert house.assessed(order, "2")["reason"][0]["code"] == "waitsForUnissued"
        assert len(house.orders(order)) == 1
        house.answer(**{"for": answers(order)}, result="feasible", resourceOrder=[BODY])
        found = {one["domain"]: one for one in house.orders(order)}
        entry = found["access"]["orderItem"][0]
        (relationship,) = entry["orderItemRelationship"]
        assert relationship["orderItem"]["itemId"] == "link"
        assert relationship["orderItem"]["resourceOrderId"] == found["radio"]["id"]
        assert "reason" not in house.assessed(order, "2")

    def test_what_waited_for_an_infeasible_item_is_given_up(
        self, house: House, specification: str
    ) -> None:
        order = house.order(item(specification), waits_for(service_item("2"), "1"))
        house.answer(**{"for": answers(order)}, result="infeasible")
        assert len(house.orders(order)) == 1
        assessed = house.assessed(order, "2")
        assert assessed["reason"][0]["code"] == "dependencyInfeasible"
        assert assessed["state"] == "cancelled"

    def test_survey_that_a_rule_always_wants_is_answered(self, house: House) -> None:
        order = house.order(*example("dark-fibre")["serviceOrderItem"])
        assert states(house.orders(order)) == {"feasibility": "acknowledged"}
        house.answer(**{"for": answers(order)}, result="feasible")
        found = house.orders(order)
        assert states(found) == {"feasibility": "completed", "provision": "acknowledged"}
        survey, provision = (one["orderItem"][0] for one in found)
        for name in ("quantity", "resourceSpecification"):
            assert survey[name] == provision[name]

    def test_answer_again_issues_nothing_twice(self, house: House, specification: str) -> None:
        order = house.order(item(specification))
        body = {"for": answers(order), "result": "feasible", "resourceOrder": [BODY]}
        first = house.answer(**body)
        before = house.orders(order)
        second = house.answer(**body)
        assert house.orders(order) == before
        kept = house.api.get(f"{GATEWAY}/feasibilityAssessment/{first['id']}").document
        assert kept["replacedBy"]["id"] == second["id"]

    def test_answer_for_an_order_that_was_deleted_issues_nothing(
        self, house: House, specification: str
    ) -> None:
        order = house.order(item(specification))
        house.api.delete(f"{TMF641}/serviceOrder/{order['id']}")
        house.answer(**{"for": answers(order)}, result="feasible", resourceOrder=[BODY])
        assert states(house.orders(order)) == {"feasibility": "acknowledged"}

    @pytest.mark.parametrize(
        ("request_id", "item_id", "path"),
        [("nothing", "1", "for.initiatingRequest.id"), (None, "9", "for.itemId")],
    )
    def test_answer_to_nothing_is_refused(
        self, house: House, specification: str, request_id: str | None, item_id: str, path: str
    ) -> None:
        order = house.order(item(specification))
        answered = {"initiatingRequest": {"id": request_id or order["id"]}, "itemId": item_id}
        body = {"for": answered, "result": "infeasible"}
        error = house.api.post(f"{GATEWAY}/feasibilityAssessment", body, expect=400)
        assert error["message"] == path


class TestMemory:
    def applies(self, specification: str, **more: Any) -> dict[str, Any]:
        return {"specification": {"id": specification}, **more}

    def test_matching_assessment_issues_its_orders_at_once(
        self, house: House, specification: str
    ) -> None:
        known = house.answer(
            appliesTo=self.applies(specification, action="add"),
            result="feasible",
            resourceOrder=[BODY],
        )
        order = house.order(item(specification))
        assert states(house.orders(order)) == {"provision": "acknowledged"}
        assessed = house.assessed(order)
        assert assessed["outcome"] == "special"
        assert assessed["lookedUp"][0]["why"] == "used"
        assert assessed["feasibilityAssessment"]["id"] == known["id"]
        assert "specialHandling" not in assessed

    @pytest.mark.parametrize(
        ("more", "rest", "why"),
        [
            ({"action": "delete"}, {}, "otherAction"),
            ({"specification": {"version": "7"}}, {}, "otherVersion"),
            ({"place": [{"role": "installationAddress", "id": "x"}]}, {}, "otherPlace"),
            ({"characteristic": [{"name": "bandwidth", "value": 1}]}, {}, "otherCharacteristic"),
            ({}, {"validFor": {"endDateTime": "2020-01-01T00:00:00Z"}}, "expired"),
            ({}, {"validFor": {"startDateTime": "2099-01-01T00:00:00Z"}}, "notYetValid"),
            ({}, {"result": "infeasible", "resourceOrder": []}, "infeasible"),
        ],
    )
    def test_assessment_of_something_else_is_not_used_and_the_record_says_why(
        self,
        house: House,
        specification: str,
        more: dict[str, Any],
        rest: dict[str, Any],
        why: str,
    ) -> None:
        wanted = {"id": specification, **more.pop("specification", {})}
        body = {"result": "feasible", "resourceOrder": [BODY], **rest}
        if not body["resourceOrder"]:
            del body["resourceOrder"]
        house.answer(appliesTo={"specification": wanted, **more}, **body)
        order = house.order(item(specification))
        assert states(house.orders(order)) == {"feasibility": "acknowledged"}
        (found,) = house.assessed(order)["lookedUp"]
        assert (found["used"], found["why"]) == (False, why)
        assert found["message"]

    @pytest.mark.parametrize("by", ["order", "service"])
    def test_assessment_is_named_by_the_requester(
        self, house: House, specification: str, by: str
    ) -> None:
        first = house.order(item(specification))
        known = house.answer(**{"for": answers(first)}, result="feasible", resourceOrder=[BODY])
        related = {"id": known["id"], "role": "feasibilityAssessment", "@referredType": "X"}
        reference = {
            "id": known["id"],
            "name": known["id"],
            "externalReferenceType": "FeasibilityAssessment",
        }
        order = (
            house.order(item(specification), externalReference=[reference])
            if by == "order"
            else house.order(item(specification, relatedEntity=[related]))
        )
        assert states(house.orders(order)) == {"provision": "acknowledged"}
        other = house.order(item(specification, place=[]), externalReference=[reference])
        assert states(house.orders(other)) == {"feasibility": "acknowledged"}
        assert house.assessed(other)["lookedUp"][0]["why"] == "otherPlace"

    def test_unknown_reference_is_told(self, house: House, specification: str) -> None:
        reference = {"name": "x", "id": "x", "externalReferenceType": "FeasibilityAssessment"}
        order = house.order(item(specification), externalReference=[reference])
        assert house.assessed(order)["lookedUp"][0]["why"] == "unknown"

    def test_two_requests_waiting_for_one_assessment_both_go_on(
        self, house: House, specification: str
    ) -> None:
        orders = [house.order(item(specification)) for _ in range(2)]
        house.answer(appliesTo=self.applies(specification), result="feasible", resourceOrder=[BODY])
        for order in orders:
            found = states(house.orders(order))
            assert found == {"feasibility": "completed", "provision": "acknowledged"}
