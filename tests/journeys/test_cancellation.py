"""A cancellation from process to process: killed in the middle, finished and told all the same."""

from __future__ import annotations

import signal
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import requests

from make import example, resource_order
from running import TMF641, TMF652, eventually, free_port, listening

if TYPE_CHECKING:
    from running import Gateway, Listener

TASKS = f"{TMF652}/cancelResourceOrder"
SERVICE_TASKS = f"{TMF641}/cancelServiceOrder"


def ways(listener: Listener, kind: str) -> list[str]:
    """Return what the state change events of a kind of entity say, as they first came.

    What was delivered just before a kill may come again, with its `eventId`.
    """
    told = {
        event["eventId"]: event["description"]
        for _, event in listener.notifications
        if kind in event["event"] and event["eventType"].endswith("StateChangeEvent")
    }
    return list(told.values())


@pytest.mark.parametrize("point", ["afterCancelTask", "afterAssessed"])
def test_what_a_crash_left_of_a_cancellation_is_finished_and_told(
    gateway: Gateway, point: str
) -> None:
    port = free_port()
    with listening(port) as listener:
        gateway.start(ORDERGATE_FAULT_POINT=point, ORDERGATE_LEASE="20")
        hub = {"callback": f"http://127.0.0.1:{port}/"}
        gateway.call("POST", f"{TMF652}/hub", expect=201, json=hub)
        order = gateway.call("POST", f"{TMF652}/resourceOrder", expect=201, json=resource_order())
        eventually(lambda: listener.notifications)
        body = {"resourceOrder": {"id": order["id"]}}
        with pytest.raises(requests.ConnectionError):
            gateway.call("POST", TASKS, expect=201, json=body)
        assert gateway.end() == -signal.SIGKILL

        gateway.start()
        within = 45  # a lane that the killed process was at is free when its lease ends
        eventually(lambda: len(ways(listener, "cancelResourceOrder")) == 2, within=within)
        eventually(lambda: len(ways(listener, "resourceOrder")) == 3, within=within)
        assert ways(listener, "cancelResourceOrder") == [
            "acknowledged -> inProgress",
            "inProgress -> done",
        ]
        assert ways(listener, "resourceOrder") == [
            "acknowledged -> assessingCancellation",
            "assessingCancellation -> pendingCancellation",
            "pendingCancellation -> cancelled",
        ]
    (task,) = gateway.call("GET", TASKS, expect=200)
    now: dict[str, Any] = gateway.call("GET", f"{TMF652}/resourceOrder/{order['id']}", expect=200)
    assert (task["state"], now["state"]) == ("done", "cancelled")
    assert task["effectiveCancellationDate"] == now["cancellationDate"]


@pytest.mark.parametrize(
    "point", ["afterCancelServiceTask", "afterServiceCascadeOne", "afterServiceAssessed"]
)
def test_what_a_crash_left_of_a_service_orders_cancellation_is_finished_and_told(
    gateway: Gateway, point: str
) -> None:
    port = free_port()
    with listening(port) as listener:
        gateway.start(ORDERGATE_FAULT_POINT=point, ORDERGATE_LEASE="20")
        gateway.put_rules()
        hub = {"callback": f"http://127.0.0.1:{port}/"}
        gateway.call("POST", f"{TMF641}/hub", expect=201, json=hub)
        body = example("fibre-special")
        order = gateway.call("POST", f"{TMF641}/serviceOrder", expect=201, json=body)
        eventually(lambda: listener.notifications)
        asked = {"serviceOrder": {"id": order["id"]}, "cancellationReason": "Moved away"}
        with pytest.raises(requests.ConnectionError):
            gateway.call("POST", SERVICE_TASKS, expect=201, json=asked)
        assert gateway.end() == -signal.SIGKILL

        gateway.start()
        within = 45  # a lane that the killed process was at is free when its lease ends
        eventually(lambda: len(ways(listener, "cancelServiceOrder")) == 2, within=within)
        eventually(lambda: len(ways(listener, "serviceOrder")) == 3, within=within)
        assert ways(listener, "cancelServiceOrder") == [
            "accepted -> inProgress",
            "inProgress -> done",
        ]
        assert ways(listener, "serviceOrder") == [
            "acknowledged -> assessingCancellation",
            "assessingCancellation -> pendingCancellation",
            "pendingCancellation -> cancelled",
        ]
    (task,) = gateway.call("GET", SERVICE_TASKS, expect=200)
    now: dict[str, Any] = gateway.call("GET", f"{TMF641}/serviceOrder/{order['id']}", expect=200)
    assert (task["state"], now["state"]) == ("done", "cancelled")
    assert {one["state"] for one in gateway.orders_of(order["id"])} == {"cancelled"}
    assert {one["cancellationReason"] for one in gateway.orders_of(order["id"])} == {"Moved away"}
    (hand_over,) = gateway.call("GET", "/gateway/v1/specialHandling", expect=200)
    assert hand_over["state"] == "resolved"


def test_cancellation_is_begun_on_its_day(gateway: Gateway) -> None:
    gateway.start()
    order = gateway.call("POST", f"{TMF652}/resourceOrder", expect=201, json=resource_order())
    soon = (datetime.now(UTC) + timedelta(seconds=2)).isoformat()
    body = {"resourceOrder": {"id": order["id"]}, "requestedCancellationDate": soon}
    task = gateway.call("POST", TASKS, expect=201, json=body)
    assert task["state"] == "acknowledged"

    def ended() -> Any:
        found = gateway.call("GET", f"{TASKS}/{task['id']}", expect=200)
        return found if found["state"] == "done" else None

    found = eventually(ended)
    assert found["effectiveCancellationDate"] >= found["requestedCancellationDate"]
