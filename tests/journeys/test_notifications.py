"""Notifications from process to process: a listener may be down, the gateway may restart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from make import example
from running import TMF641, TMF652, Gateway, eventually, free_port, listening

if TYPE_CHECKING:
    from pathlib import Path


def test_a_listener_that_was_down_gets_every_event_in_order_after_a_restart(
    gateway: Gateway,
) -> None:
    gateway.start()
    gateway.put_rules()
    port = free_port()
    callback = {"callback": f"http://127.0.0.1:{port}/events"}
    for door in (TMF652, TMF641):
        gateway.call("POST", f"{door}/hub", expect=201, json=callback)
    order = gateway.call(
        "POST", f"{TMF641}/serviceOrder", expect=201, json=example("fibre-standard")
    )
    issued = [one["id"] for one in gateway.orders_of(order["id"])]
    for order_id in issued:
        path = f"{TMF652}/resourceOrder/{order_id}"
        gateway.call("PATCH", path, expect=200, json={"state": "inProgress"})
        gateway.call("PATCH", path, expect=200, json={"description": "on its way"})
    assert gateway.end() == 0

    gateway.start()
    begun = [
        "ServiceOrderCreateEvent",
        "ServiceOrderStateChangeEvent",
        "ServiceOrderAttributeValueChangeEvent",
        "ServiceOrderMilestoneEvent",
    ]
    with listening(port) as listener:
        eventually(lambda: all(len(listener.of(one)) == 3 for one in issued), within=40)
        eventually(lambda: {kind for _, kind in listener.of(order["id"])} == {*begun}, within=40)
        for order_id in issued:
            assert listener.of(order_id) == [
                (1, "ResourceOrderCreateEvent"),
                (2, "ResourceOrderStateChangeEvent"),
                (3, "ResourceOrderAttributeValueChangeEvent"),
            ]
        heard = listener.of(order["id"])
        assert [sequence for sequence, _ in heard] == list(range(1, len(heard) + 1))
        assert heard[0] == (1, "ServiceOrderCreateEvent")


def test_a_query_selects_by_event_type_and_content(gateway: Gateway) -> None:
    gateway.start()
    gateway.put_rules()
    port = free_port()
    with listening(port) as listener:
        query = "eventType=ResourceOrderCreateEvent&event.resourceOrder.domain=core"
        hub = {"callback": f"http://127.0.0.1:{port}/", "query": query}
        gateway.call("POST", f"{TMF652}/hub", expect=201, json=hub)
        order = gateway.call(
            "POST", f"{TMF641}/serviceOrder", expect=201, json=example("fibre-standard")
        )
        domains = {one["domain"]: one["id"] for one in gateway.orders_of(order["id"])}
        path = f"{TMF652}/resourceOrder/{domains['core']}"
        gateway.call("PATCH", path, expect=200, json={"state": "inProgress"})
        # A second hub hears everything: when it has heard all, the first has had its chance.
        witness_port = free_port()
        with listening(witness_port) as witness:
            everything = {"callback": f"http://127.0.0.1:{witness_port}/"}
            gateway.call("POST", f"{TMF652}/hub", expect=201, json=everything)
            gateway.call("PATCH", path, expect=200, json={"description": "seen"})
            eventually(lambda: witness.notifications)
        assert [event["event"]["resourceOrder"]["id"] for _, event in listener.notifications] == [
            domains["core"]
        ]


def test_a_dispatcher_of_its_own_delivers_what_the_gateway_only_keeps(
    gateway: Gateway, mongodb_uri: str, tmp_path: Path
) -> None:
    shared = {"ORDERGATE_MONGODB_URI": mongodb_uri, "ORDERGATE_DATABASE": "journey_deliver"}
    gateway.start("--no-deliver", **shared)
    gateway.put_rules()
    port = free_port()
    with listening(port) as listener:
        callback = {"callback": f"http://127.0.0.1:{port}/"}
        gateway.call("POST", f"{TMF652}/hub", expect=201, json=callback)
        order = gateway.call(
            "POST", f"{TMF641}/serviceOrder", expect=201, json=example("dark-fibre")
        )
        (issued,) = gateway.orders_of(order["id"])
        assert listener.notifications == []
        dispatcher = Gateway(tmp_path / "deliver")
        try:
            dispatcher.start(command="deliver", **shared)
            eventually(lambda: listener.of(issued["id"]))
        finally:
            assert dispatcher.end() == 0
            dispatcher.close()
