"""Cancelling service orders over HTTP: what a client sees of the task, the order and its parts."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import pytest

from make import example, service_item, service_order

if TYPE_CHECKING:
    from api.client import Client

PATH = "/cancelServiceOrder"


def posted(tmf641: Client, body: dict[str, Any] | None = None) -> str:
    """Return the id of an order that was just taken."""
    order_id: str = tmf641.post("/serviceOrder", body or service_order(), expect=201)["id"]
    return order_id


def asked(order_id: str, **changes: Any) -> dict[str, Any]:
    return {"serviceOrder": {"id": order_id}, **changes}


def issued(tmf652: Client, order_id: str) -> dict[str, dict[str, Any]]:
    """Return the resource orders of a service order, by domain."""
    found = tmf652.get(f"/resourceOrder?initiatingRequest.id={order_id}").document
    return {one["domain"]: one for one in found}


def report(tmf652: Client, order: dict[str, Any], *states: str) -> dict[str, Any]:
    pairs = zip(order["orderItem"], states, strict=True)
    items = [{**item, "state": state} for item, state in pairs]
    after: dict[str, Any] = tmf652.patch(
        f"/resourceOrder/{order['id']}", {"orderItem": items}
    ).document
    return after


def kept_waiting(tmf641: Client, tmf652: Client) -> tuple[str, dict[str, Any]]:
    """Return the id of an order, and its access order, which has begun what can't be undone."""
    order_id = posted(tmf641)
    access = issued(tmf652, order_id)["access"]
    return order_id, report(tmf652, access, "acknowledged", "inProgress", "acknowledged")


class TestCreateCancelServiceOrder:
    def test_order_is_cancelled_with_all_that_was_issued(
        self, tmf641: Client, tmf652: Client
    ) -> None:
        order_id = posted(tmf641)
        answer = tmf641.post(PATH, asked(order_id, cancellationReason="Moved away"), expect=201)
        assert answer.headers["Location"] == answer["href"]
        assert answer["href"] == f"{tmf641.url}{tmf641.door}{PATH}/{answer['id']}"
        order = tmf641.get(f"/serviceOrder/{order_id}")
        assert answer["serviceOrder"] == {"id": order_id, "href": order["href"]}
        assert (answer["state"], order["state"]) == ("done", "cancelled")
        assert answer["effectiveCancellationDate"] == order["cancellationDate"]
        assert order["cancellationReason"] == "Moved away"
        assert {item["state"] for item in order["serviceOrderItem"]} == {"cancelled"}
        orders = issued(tmf652, order_id)
        assert len(orders) == 2
        for one in orders.values():
            assert (one["state"], one["cancellationReason"]) == ("cancelled", "Moved away")
            (task,) = tmf652.get(f"/cancelResourceOrder?resourceOrder.id={one['id']}").document
            assert (task["state"], task["cancellationReason"]) == ("done", "Moved away")

    def test_denied_order_is_as_it_was(self, tmf641: Client, tmf652: Client) -> None:
        order_id, access = kept_waiting(tmf641, tmf652)
        task = tmf641.post(PATH, asked(order_id), expect=201)
        said = f"Denied: resource order {access['id']} is past the point of no return: 1-ont."
        assert (task["state"], task["completionMessage"]) == ("done", said)
        assert "effectiveCancellationDate" not in task.document
        assert tmf641.get(f"/serviceOrder/{order_id}")["state"] not in {
            "assessingCancellation",
            "cancelled",
        }
        core = issued(tmf652, order_id)["core"]
        assert core["state"] == "acknowledged"
        assert tmf652.get(f"/cancelResourceOrder?resourceOrder.id={core['id']}").document == []

    def test_order_is_cancelled_when_the_last_work_is_undone(
        self, tmf641: Client, tmf652: Client
    ) -> None:
        order_id = posted(tmf641)
        access = issued(tmf652, order_id)["access"]
        report(tmf652, access, "inProgress", "acknowledged", "acknowledged")
        task = tmf641.post(PATH, asked(order_id), expect=201)
        assert task["state"] == "inProgress"
        assert tmf641.get(f"/serviceOrder/{order_id}")["state"] == "pendingCancellation"
        tmf641.post(PATH, asked(order_id), expect=409)
        access = report(tmf652, access, "cancelled", "cancelled", "cancelled")
        assert access["state"] == "cancelled"

    def test_order_with_hand_overs_withdraws_them(
        self, tmf641: Client, tmf652: Client, gateway: Client
    ) -> None:
        order_id = posted(tmf641, example("fibre-special"))
        tmf641.post(PATH, asked(order_id), expect=201)
        assert tmf641.get(f"/serviceOrder/{order_id}")["state"] == "cancelled"
        assert {one["state"] for one in issued(tmf652, order_id).values()} == {"cancelled"}
        found = gateway.get("/specialHandling?limit=1000").document
        (hand_over,) = (one for one in found if one["initiatingRequest"]["id"] == order_id)
        assert hand_over["state"] == "resolved"
        assert hand_over["resolution"] == "withdrawn"
        record = gateway.get(f"/initiatingRequest/{order_id}")
        assert record["state"] == "cancelled"
        told = [one for one in record["timeline"] if one["event"] == "stateChanged"]
        assert [one["detail"] for one in told] == [
            "acknowledged -> assessingCancellation",
            "assessingCancellation -> pendingCancellation",
            "pendingCancellation -> cancelled",
        ]

    def test_order_that_waits_for_information_is_cancelled(self, tmf641: Client) -> None:
        order_id = posted(tmf641, example("fibre-incomplete"))
        assert tmf641.post(PATH, asked(order_id), expect=201)["state"] == "done"
        assert tmf641.get(f"/serviceOrder/{order_id}")["state"] == "cancelled"

    @pytest.mark.parametrize(
        "body",
        [example("fibre-incorrect"), {"serviceOrderItem": [service_item(state="terminated")]}],
    )
    def test_order_that_is_over_is_refused(self, tmf641: Client, body: dict[str, Any]) -> None:
        order_id = posted(tmf641, body)
        error = tmf641.post(PATH, asked(order_id), expect=409)
        assert error["code"] == "illegalTransition"
        assert error["message"] == "serviceOrder.id"
        assert "rejected" in error["reason"]

    def test_order_with_another_task_to_come_is_refused(self, tmf641: Client) -> None:
        order_id = posted(tmf641)
        later = asked(order_id, requestedCancellationDate="2099-01-01T02:00:00+02:00")
        task = tmf641.post(PATH, later, expect=201)
        assert task["state"] == "accepted"
        assert task["requestedCancellationDate"] == "2099-01-01T00:00:00.000Z"
        assert tmf641.post(PATH, asked(order_id), expect=409)["code"] == "duplicate"

    def test_unknown_order_is_refused(self, tmf641: Client) -> None:
        error = tmf641.post(PATH, asked(str(uuid.uuid4())), expect=400)  # Q15
        assert error["code"] == "unknownServiceOrder"
        deleted = posted(tmf641)
        tmf641.delete(f"/serviceOrder/{deleted}")
        tmf641.post(PATH, asked(deleted), expect=400)

    @pytest.mark.parametrize(
        "body",
        [
            {},
            {"serviceOrder": {}},
            {"serviceOrder": None},
            {"serviceOrder": {"id": 7}},
            {"serviceOrder": "7"},
            {"cancellationReason": "x"},
            {"serviceOrder": {"id": "x"}, "requestedCancellationDate": "tomorrow"},
            {"serviceOrder": {"id": "x"}, "cancellationReason": 7},
            [],
        ],
    )
    def test_body_that_is_no_cancellation_is_refused(self, tmf641: Client, body: Any) -> None:
        tmf641.post(PATH, body, expect=400)

    def test_same_key_and_body_is_the_same_task(self, tmf641: Client) -> None:
        key, order_id = uuid.uuid4().hex, posted(tmf641)
        first = tmf641.post(PATH, asked(order_id), expect=201, key=key)
        again = tmf641.post(PATH, asked(order_id), expect=201, key=key)
        assert again.document == first.document
        changed = asked(order_id, cancellationReason="x")
        error = tmf641.post(PATH, changed, expect=422, key=key)
        assert error["code"] == "idempotencyConflict"

    def test_what_the_server_owns_is_ignored_and_extensions_stay(self, tmf641: Client) -> None:
        mine = {"id": "mine", "href": "x", "state": "flying", "effectiveCancellationDate": 7}
        task = tmf641.post(PATH, asked(posted(tmf641), **mine, shoeSize=42), expect=201)
        assert task["id"] != "mine"
        assert (task["state"], task["shoeSize"]) == ("done", 42)
        assert task["@type"] == "CancelServiceOrder"


class TestReadCancelServiceOrder:
    def test_task_is_read_by_id_list_and_fields(self, tmf641: Client) -> None:
        task = tmf641.post(PATH, asked(posted(tmf641)), expect=201)
        one = f"{PATH}/{task['id']}"
        assert tmf641.get(one).document == task.document
        assert tmf641.get(f"{one}?fields=state").document == {
            name: task[name] for name in ("id", "href", "state")
        }
        found = tmf641.get(f"{PATH}?serviceOrder.id={task['serviceOrder']['id']}")
        assert found.document == [task.document]
        assert found.headers["X-Total-Count"] == "1"
        assert tmf641.get(f"{PATH}?id={task['id']}&state=accepted").document == []

    def test_part_of_the_list_is_206(self, tmf641: Client) -> None:
        for _ in range(2):
            tmf641.post(PATH, asked(posted(tmf641)), expect=201)
        assert len(tmf641.get(f"{PATH}?limit=1", expect=206).document) == 1

    def test_unknown_task_is_not_found(self, tmf641: Client) -> None:
        assert tmf641.get(f"{PATH}/{uuid.uuid4()}", expect=404)["code"] == "notFound"

    @pytest.mark.parametrize("method", ["PATCH", "PUT", "DELETE"])
    def test_task_can_be_neither_changed_nor_removed(self, tmf641: Client, method: str) -> None:
        assert tmf641.call(method, f"{PATH}/1", 405).headers["Allow"] == "GET"
        assert tmf641.call(method, PATH, 405).headers["Allow"] == "GET, POST"
