"""TMF641 v4.1.0 over HTTP: PATCH and DELETE of a service order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from api.client import GATEWAY, TMF652
from make import example, service_item, service_order

if TYPE_CHECKING:
    from api.client import Client

JSON_PATCH = "application/json-patch+json"
JSON_PATCH_QUERY = "application/json-patch-query+json"


@pytest.fixture
def order(tmf641: Client) -> dict[str, Any]:
    """Return a new order, acknowledged."""
    document: dict[str, Any] = tmf641.post("/serviceOrder", service_order(), expect=201).document
    assert document["state"] == "acknowledged"
    return document


@pytest.fixture
def path(order: dict[str, Any]) -> str:
    return f"/serviceOrder/{order['id']}"


class TestPatchServiceOrder:
    def test_order_comes_back_whole_and_is_kept(
        self, tmf641: Client, order: dict[str, Any], path: str
    ) -> None:
        patch = {
            "category": "urgent",
            "note": [{"text": "Ring twice"}],
            "relatedParty": [{"id": "p-7", "role": "requester"}],
            "externalReference": [{"name": "BSS-7", "externalReferenceType": "order"}],
            "priority": "0",
            "requestedCompletionDate": "2099-02-01T01:00:00+01:00",
            "x-mine": {"a": [1]},
            "description": None,
        }
        answer = tmf641.patch(path, patch)
        assert answer.document == tmf641.get(path).document
        assert "description" not in answer.document
        assert answer["requestedCompletionDate"] == "2099-02-01T00:00:00.000Z"
        assert answer["note"][0]["id"] == "1"
        assert answer["relatedParty"][0]["@referredType"] == "RelatedParty"
        same = ("id", "href", "orderDate", "state", "serviceOrderItem")
        assert {name: answer[name] for name in same} == {name: order[name] for name in same}

    @pytest.mark.parametrize(
        ("media_type", "body"),
        [
            ("application/json", {"description": "New"}),
            ("application/merge-patch+json", {"description": "New"}),
            (JSON_PATCH, [{"op": "add", "path": "/description", "value": "New"}]),
            (JSON_PATCH_QUERY, [{"op": "add", "path": "$.description", "value": "New"}]),
        ],
    )
    def test_each_format_is_taken(
        self, tmf641: Client, path: str, media_type: str, body: Any
    ) -> None:
        assert tmf641.patch(path, body, media_type=media_type)["description"] == "New"

    def test_other_format_is_refused(self, tmf641: Client, path: str) -> None:
        answer = tmf641.patch(path, {}, media_type="text/plain", expect=415)
        assert JSON_PATCH in answer.headers["Accept-Patch"]

    def test_state_goes_its_way(self, tmf641: Client, path: str) -> None:
        started = tmf641.patch(path, {"state": "inProgress"})
        assert "startDate" in started.document
        tmf641.patch(path, {"state": "held"})
        tmf641.patch(path, {"state": "inProgress"})
        ended = tmf641.patch(path, {"state": "completed"})
        assert "completionDate" in ended.document
        assert tmf641.patch(path, {"description": "Too late"})["state"] == "completed"
        assert tmf641.patch(path, {"priority": "4"}, expect=409)["message"] == "priority"

    @pytest.mark.parametrize(
        "state", ["completed", "pending", "cancelled", "assessingCancellation"]
    )
    def test_state_that_is_not_next_is_a_conflict(
        self, tmf641: Client, path: str, state: str
    ) -> None:
        error = tmf641.patch(path, {"state": state}, expect=409)
        assert (error["code"], error["message"]) == ("illegalTransition", "state")
        assert "inProgress" in error["reason"]

    @pytest.mark.parametrize(
        "patch",
        [
            {"state": "finished"},
            {"state": None},
            {"priority": 1},
            {"note": "x"},
            {"requestedStartDate": "tomorrow"},
            {"serviceOrderItem": []},
            {"serviceOrderItem": None},
            {"serviceOrderItem": [{"id": "1"}]},
            {"id": "other"},
            {"href": "http://x.example"},
            {"orderDate": "2020-01-01T00:00:00Z"},
            {"completionDate": "2020-01-01T00:00:00Z"},
            {"errorMessage": [{"code": "x"}]},
            {"milestone": []},
        ],
    )
    def test_what_is_no_order_or_not_the_clients_is_refused(
        self, tmf641: Client, path: str, patch: dict[str, Any]
    ) -> None:
        before = tmf641.get(path)
        tmf641.patch(path, patch, expect=400)
        assert tmf641.get(path).document == before.document

    def test_order_sent_back_as_it_is_changes_nothing(
        self, tmf641: Client, order: dict[str, Any], path: str
    ) -> None:
        answer = tmf641.patch(path, order)
        assert (answer.document, answer.headers["ETag"]) == (order, '"1"')

    def test_action_of_an_item_cannot_change(self, tmf641: Client, path: str) -> None:
        body = [{"op": "replace", "path": "/serviceOrderItem/0/action", "value": "delete"}]
        error = tmf641.patch(path, body, media_type=JSON_PATCH, expect=400)
        assert error["message"] == "serviceOrderItem[0].action"

    def test_items_cannot_change_once_work_has_begun(self, tmf641: Client, path: str) -> None:
        items = [service_item("1"), service_item("2")]
        tmf641.patch(path, {"state": "inProgress"})
        error = tmf641.patch(path, {"serviceOrderItem": items}, expect=409)
        assert "any more" in error["reason"]

    def test_unknown_order_is_not_found(self, tmf641: Client) -> None:
        tmf641.patch("/serviceOrder/nothing", {}, expect=404)

    def test_request_of_another_kind_is_no_service_order(
        self, tmf641: Client, gateway: Client
    ) -> None:
        posted = gateway.post("/initiatingRequest", example("trouble-recovery"), expect=201)
        tmf641.patch(f"/serviceOrder/{posted['id']}", {}, expect=404)
        tmf641.delete(f"/serviceOrder/{posted['id']}", expect=404)


class TestDeleteServiceOrder:
    def test_deleted_order_is_gone_and_its_record_stays(
        self, tmf641: Client, api: Client, order: dict[str, Any], path: str
    ) -> None:
        record = api.get(f"{GATEWAY}/initiatingRequest/{order['id']}").document
        assert tmf641.delete(path).text == ""
        for again in (tmf641.get, tmf641.delete):
            again(path, expect=404)
        tmf641.patch(path, {}, expect=404)
        assert tmf641.get(f"/serviceOrder?id={order['id']}").document == []
        kept = api.get(f"{GATEWAY}/initiatingRequest/{order['id']}").document
        assert kept["timeline"].pop()["event"] == "serviceOrderDeleted"
        assert kept == record
        issued = api.get(f"{TMF652}/resourceOrder?initiatingRequest.id={order['id']}").document
        assert len(issued) == len(record["resourceOrder"])

    def test_order_in_flight_stays_until_it_ends(self, tmf641: Client, path: str) -> None:
        for state in ("inProgress", "pending", "inProgress", "held"):
            tmf641.patch(path, {"state": state})
            assert tmf641.delete(path, expect=409)["code"] == "illegalTransition"
        tmf641.patch(path, {"state": "cancelled"})
        tmf641.delete(path)

    def test_key_of_a_deleted_order_makes_no_other(self, tmf641: Client) -> None:
        key = "deleted-service-order"
        posted = tmf641.post("/serviceOrder", service_order(), expect=201, key=key)
        tmf641.delete(f"/serviceOrder/{posted['id']}")
        error = tmf641.post("/serviceOrder", service_order(), expect=409, key=key)
        assert error["code"] == "duplicate"
