"""A roll-up from process to process: killed in the middle, finished and told all the same."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Any

import pytest
import requests

from make import example
from running import TMF641, TMF652, eventually, free_port, listening

if TYPE_CHECKING:
    from running import Gateway

MERGE = {"Content-Type": "application/merge-patch+json"}


@pytest.mark.parametrize("point", ["afterOrderChanged", "afterRollUp"])
def test_what_a_crash_left_of_a_roll_up_is_finished_and_told_once(
    gateway: Gateway, point: str
) -> None:
    port = free_port()
    with listening(port) as listener:
        gateway.start(ORDERGATE_FAULT_POINT=point, ORDERGATE_LEASE="20")
        gateway.put_rules()
        hub = {"callback": f"http://127.0.0.1:{port}/"}
        gateway.call("POST", f"{TMF641}/hub", expect=201, json=hub)
        body = example("fibre-standard")
        order = gateway.call("POST", f"{TMF641}/serviceOrder", expect=201, json=body)
        eventually(lambda: listener.notifications)
        first = gateway.orders_of(order["id"])[0]
        path = f"{TMF652}/resourceOrder/{first['id']}"
        with pytest.raises(requests.ConnectionError):
            gateway.call("PATCH", path, expect=200, json={"state": "inProgress"}, headers=MERGE)
        assert gateway.end() == -signal.SIGKILL

        gateway.start()

        def told() -> list[str]:
            return [
                event["eventType"]
                for _, event in listener.notifications
                if "serviceOrder" in event["event"]
            ]

        # A lane that the killed process was at is free when its lease ends.
        eventually(lambda: "ServiceOrderMilestoneEvent" in told(), within=45)
        now: Any = gateway.call("GET", f"{TMF641}/serviceOrder/{order['id']}", expect=200)
        assert now["state"] == "inProgress"
        assert gateway.call("GET", path, expect=200)["state"] == "inProgress"
        eventually(lambda: told().count("ServiceOrderMilestoneEvent") == len(now["milestone"]))
    assert told()[:3] == [
        "ServiceOrderCreateEvent",
        "ServiceOrderStateChangeEvent",
        "ServiceOrderAttributeValueChangeEvent",
    ]
    assert len(told()) == 3 + len(now["milestone"])
