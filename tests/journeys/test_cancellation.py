"""A cancellation from process to process: killed in the middle, finished and told all the same."""

from __future__ import annotations

import signal
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import requests

from make import resource_order
from running import TMF652, eventually, free_port, listening

if TYPE_CHECKING:
    from running import Gateway, Listener

TASKS = f"{TMF652}/cancelResourceOrder"


def ways(listener: Listener, kind: str) -> list[str]:
    """Return what the state change events of a kind of entity say, as they came."""
    return [
        event["description"]
        for _, event in listener.notifications
        if kind in event["event"] and event["eventType"].endswith("StateChangeEvent")
    ]


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
