"""Special orders on their way to Track & Manage: it may be down, the gateway may restart (C5)."""

from __future__ import annotations

import json
import signal
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from make import example
from running import TMF641, TMF652, eventually, free_port, listening

if TYPE_CHECKING:
    from collections.abc import Iterator

    from running import Gateway, Listener


@contextmanager
def track_and_manage(port: int, status: int = 201) -> Iterator[list[tuple[str, str, Any]]]:
    """Take resource orders at a port; give path, Idempotency-Key and body of each POST."""
    taken: list[tuple[str, str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            taken.append((self.path, self.headers["Idempotency-Key"], body))
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield taken
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def issue(gateway: Gateway, name: str) -> list[dict[str, Any]]:
    """Send an example request, and return the resource orders that it took."""
    order = gateway.call("POST", f"{TMF641}/serviceOrder", expect=201, json=example(name))
    return gateway.orders_of(order["id"])


def delivery(gateway: Gateway, order_id: str) -> dict[str, Any]:
    path = f"/gateway/v1/specialHandling?resourceOrder.id={order_id}"
    (hand_over,) = gateway.call("GET", path, expect=200)
    found: dict[str, Any] = hand_over["delivery"]
    return found


def created(listener: Listener, order_id: str) -> bool:
    return (1, "ResourceOrderCreateEvent") in listener.of(order_id)


def test_special_order_reaches_one_that_was_down_after_a_restart_and_once(
    gateway: Gateway,
) -> None:
    port, listener_port = free_port(), free_port()
    url = f"http://127.0.0.1:{port}/orders?from=gateway"
    environ = {"ORDERGATE_TRACK_AND_MANAGE_URL": url, "ORDERGATE_RETRY_SCHEDULE": "0.3"}
    # If it is killed in the middle of an attempt, the next one waits for the end of a lease.
    environ |= {"ORDERGATE_ATTEMPT_DEADLINE": "1", "ORDERGATE_LEASE": "3"}
    gateway.start(**environ)
    gateway.put_rules()
    assert gateway.call("GET", f"{TMF652}/hub", expect=200) == []

    with listening(listener_port) as listener:
        hub = {"callback": f"http://127.0.0.1:{listener_port}/"}
        gateway.call("POST", f"{TMF652}/hub", expect=201, json=hub)
        (special,) = issue(gateway, "fibre-special")
        (standard, *_) = issue(gateway, "fibre-standard")
        # One that is down holds up nobody else.
        eventually(lambda: created(listener, special["id"]) and created(listener, standard["id"]))
    eventually(lambda: delivery(gateway, special["id"])["attempts"] > 1)
    for method in ("GET", "DELETE"):
        gateway.call(method, f"{TMF652}/hub/trackAndManage", expect=404)
    waiting = delivery(gateway, special["id"])
    assert waiting["state"] == "pending"
    assert waiting["lastAttempt"]["error"] == "ConnectionRefusedError"
    gateway.end(signal.SIGKILL)

    with track_and_manage(port) as taken:
        gateway.start(**environ)
        eventually(lambda: delivery(gateway, special["id"])["state"] == "delivered")
        (other,) = issue(gateway, "unknown-service")
        eventually(lambda: delivery(gateway, other["id"])["state"] == "delivered")
    assert taken == [
        ("/orders?from=gateway", special["id"], special),
        ("/orders?from=gateway", other["id"], other),
    ]
    arrived = delivery(gateway, special["id"])
    assert arrived["lastAttempt"]["status"] == 201
    assert arrived["deliveredDate"].endswith("Z")


def test_order_that_is_there_already_has_arrived(gateway: Gateway) -> None:
    port = free_port()
    with track_and_manage(port, status=409) as taken:
        gateway.start(ORDERGATE_TRACK_AND_MANAGE_URL=f"http://127.0.0.1:{port}/")
        (special,) = issue(gateway, "unknown-service")
        eventually(lambda: delivery(gateway, special["id"])["state"] == "delivered")
    assert [key for _, key, _ in taken] == [special["id"]]


def test_order_that_nobody_takes_has_failed_in_the_end(gateway: Gateway) -> None:
    port = free_port()
    with track_and_manage(port, status=400):
        gateway.start(
            ORDERGATE_TRACK_AND_MANAGE_URL=f"http://127.0.0.1:{port}/",
            ORDERGATE_RETRY_SCHEDULE="0.2",
            ORDERGATE_EVENT_MAX_AGE="0.5",
        )
        (special,) = issue(gateway, "unknown-service")
        eventually(lambda: delivery(gateway, special["id"])["state"] == "failed")
    assert delivery(gateway, special["id"])["lastAttempt"]["status"] == 400
    assert gateway.orders_of(special["initiatingRequest"]["id"])[0]["state"] == "acknowledged"


def test_without_the_setting_what_waits_is_given_up_and_stays_in_the_queue(
    gateway: Gateway,
) -> None:
    gateway.start(ORDERGATE_TRACK_AND_MANAGE_URL=f"http://127.0.0.1:{free_port()}/")
    (special,) = issue(gateway, "unknown-service")
    eventually(lambda: delivery(gateway, special["id"])["attempts"])
    gateway.end()
    gateway.start()
    assert delivery(gateway, special["id"])["state"] == "notConfigured"
    (later,) = issue(gateway, "unknown-service")
    assert delivery(gateway, later["id"]) == {"state": "notConfigured", "attempts": 0}
