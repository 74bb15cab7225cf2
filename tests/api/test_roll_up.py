"""Roll-up over HTTP: what Track & Manage reports by PATCH is seen in the service order (C7)."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

from make import example, service_item, service_order

if TYPE_CHECKING:
    from api.client import Client


def posted(tmf641: Client, **changes: Any) -> str:
    order_id: str = tmf641.post("/serviceOrder", service_order(**changes), expect=201)["id"]
    return order_id


def issued(tmf652: Client, request_id: str) -> dict[str, dict[str, Any]]:
    """Return the resource orders of a request, by domain."""
    found = tmf652.get(f"/resourceOrder?initiatingRequest.id={request_id}").document
    return {one["domain"]: one for one in found}


def report(tmf652: Client, order: dict[str, Any], *states: str) -> None:
    """Report the same states for all items of an order, one after the other."""
    path = f"/resourceOrder/{order['id']}"
    for state in states:
        items = [{**item, "state": state} for item in tmf652.get(path)["orderItem"]]
        tmf652.patch(path, {"orderItem": items})


def test_service_order_follows_to_its_completion(tmf641: Client, tmf652: Client) -> None:
    order_id = posted(tmf641)
    path = f"/serviceOrder/{order_id}"
    orders = issued(tmf652, order_id)
    report(tmf652, orders["access"], "inProgress")
    begun = tmf641.get(path)
    assert (begun["state"], begun["serviceOrderItem"][0]["state"]) == ("inProgress", "inProgress")
    assert begun["startDate"]
    report(tmf652, orders["access"], "completed")
    report(tmf652, orders["core"], "inProgress", "completed")
    ended = tmf641.get(path)
    assert (ended["state"], ended["serviceOrderItem"][0]["state"]) == ("completed", "completed")
    assert ended["completionDate"]
    names = [one["name"] for one in ended["milestone"]]
    assert sorted(names) == sorted(
        f"resourceOrder.{state}"
        for state in ("acknowledged", "inProgress", "completed")
        for _ in orders
    )
    assert tmf641.get(f"/serviceOrder?id={order_id}&state=completed").document == [ended.document]


def test_failure_and_delay_are_said(tmf641: Client, tmf652: Client) -> None:
    order_id = posted(tmf641, requestedCompletionDate="2099-01-20T08:00:00Z")
    orders = issued(tmf652, order_id)
    late = {"expectedCompletionDate": "2099-03-01T00:00:00Z"}
    tmf652.patch(f"/resourceOrder/{orders['access']['id']}", late)
    order = tmf641.get(f"/serviceOrder/{order_id}")
    assert order["expectedCompletionDate"] == "2099-03-01T00:00:00.000Z"
    (alert,) = order["jeopardyAlert"]
    assert alert["exception"] == "expectedCompletionDate exceeded"
    assert alert["serviceOrderItem"] == [{"itemId": "1"}]
    report(tmf652, orders["core"], "inProgress", "failed")
    report(tmf652, orders["access"], "inProgress", "completed")
    ended = tmf641.get(f"/serviceOrder/{order_id}")
    assert (ended["state"], ended["serviceOrderItem"][0]["state"]) == ("partial", "partial")
    (error,) = ended["errorMessage"]
    assert error["code"] == "resourceOrderItemFailed"
    assert error["serviceOrderItem"] == [{"itemId": "1"}]


def test_pending_and_held_are_seen(tmf641: Client, tmf652: Client) -> None:
    order_id = posted(tmf641)
    path = f"/serviceOrder/{order_id}"
    access = f"/resourceOrder/{issued(tmf652, order_id)['access']['id']}"
    for state in ("inProgress", "pending", "inProgress", "held"):
        tmf652.patch(access, {"state": state})
        assert tmf641.get(path)["state"] == state


@pytest.mark.parametrize("state", ["completed", "failed"])
def test_record_of_any_request_follows(tmf652: Client, gateway: Client, state: str) -> None:
    body = example("trouble-recovery")
    request_id = gateway.post("/initiatingRequest", body, expect=201)["id"]
    for order in issued(tmf652, request_id).values():
        report(tmf652, order, "inProgress", state)
    record = gateway.get(f"/initiatingRequest/{request_id}")
    assert record["state"] == state
    assert {one["state"] for one in record["resourceOrder"]} == {state}
    assert {one["state"] for one in record["requestedItem"]} == {state}
    assert record["timeline"][-1]["detail"] == f"inProgress -> {state}"


def test_record_keeps_what_a_deleted_order_came_to(
    tmf641: Client, tmf652: Client, gateway: Client
) -> None:
    order_id = posted(tmf641)
    orders = issued(tmf652, order_id)
    report(tmf652, orders["access"], "inProgress", "completed")
    tmf652.delete(f"/resourceOrder/{orders['access']['id']}")
    report(tmf652, orders["core"], "inProgress", "completed")
    tmf652.delete(f"/resourceOrder/{orders['core']['id']}")
    tmf641.delete(f"/serviceOrder/{order_id}")
    record = gateway.get(f"/initiatingRequest/{order_id}")
    assert record["state"] == "completed"
    assert {one["state"] for one in record["resourceOrder"]} == {"completed"}


def test_request_that_an_order_belongs_to_can_not_be_changed(
    tmf641: Client, tmf652: Client
) -> None:
    access = issued(tmf652, posted(tmf641))["access"]
    path = f"/resourceOrder/{access['id']}"
    tmf652.patch(path, {"initiatingRequest": None}, expect=400)
    tmf652.patch(path, {"initiatingRequest": {"id": "another"}}, expect=400)


def test_many_reports_at_once_end_in_one_state(tmf641: Client, tmf652: Client) -> None:
    items = [service_item(str(number)) for number in range(1, 7)]
    for number, item in enumerate(items):
        item["service"] = {**item["service"], "startDate": "2099-01-15T08:00:00Z"}
        item["id"] = f"s{number}"
    order_id = posted(tmf641, serviceOrderItem=items)
    orders = list(issued(tmf652, order_id).values())

    def work(order: dict[str, Any]) -> None:
        own = tmf652.at(tmf652.door)
        report(own, order, "inProgress", "completed")
        own.close()

    threads = [threading.Thread(target=work, args=[order]) for order in orders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ended = tmf641.get(f"/serviceOrder/{order_id}")
    assert ended["state"] == "completed"
    assert {one["state"] for one in ended["serviceOrderItem"]} == {"completed"}
    assert len({one["id"] for one in ended["milestone"]}) == 3 * len(orders)
