"""Gateways whose clocks are wrong, ten minutes to either side: it doesn't show."""

from __future__ import annotations

import json
import signal
import threading
import time
import uuid
from collections import defaultdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
import requests
from pymongo import MongoClient

from make import example, service_order
from running import TMF641, TMF652, Gateway, eventually
from verdict import unfinished

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pymongo.database import Database

APART = 600.0
WAIT = 2.0
POLICY = {
    "ORDERGATE_RETRY_SCHEDULE": str(WAIT),
    "ORDERGATE_BREAKER_FAILURES": "1000",
    "ORDERGATE_BREAKER_ATTEMPTS": "1000",
    "ORDERGATE_LEASE": "20",
}


class Forgetful:
    """A listener that refuses each event the first time."""

    def __init__(self) -> None:
        self.refused: dict[tuple[str, int], float] = {}
        self.taken: defaultdict[str, list[int]] = defaultdict(list)
        self.waits: list[float] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                event = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                status = server.hear(event["correlationId"], int(self.headers["X-Order-Event-Seq"]))
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Keep quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.callback = f"http://127.0.0.1:{self._server.server_address[1]}/"
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def hear(self, entity: str, sequence: int) -> int:
        """Note an attempt; return how it is answered."""
        before = self.refused.setdefault((entity, sequence), now := time.monotonic())
        if before == now:
            return 500
        if sequence not in self.taken[entity]:
            self.waits.append(now - before)
        self.taken[entity].append(sequence)
        return 201

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def database(mongodb_uri: str) -> Iterator[Database[dict[str, Any]]]:
    with MongoClient[dict[str, Any]](mongodb_uri) as client:
        name = f"clocks_{uuid.uuid4().hex}"
        yield client[name]
        client.drop_database(name)


@pytest.fixture
def apart(
    tmp_path: Path, database: Database[dict[str, Any]], mongodb_uri: str
) -> Iterator[tuple[Gateway, Gateway, dict[str, str]]]:
    """One gateway that is ahead and one that is behind, and where both store."""
    store = {"ORDERGATE_MONGODB_URI": mongodb_uri, "ORDERGATE_DATABASE": database.name}
    ahead = Gateway(tmp_path / "ahead", clock=APART)
    behind = Gateway(tmp_path / "behind", clock=-APART)
    yield ahead, behind, store
    for gateway in (ahead, behind):
        gateway.close()


def test_events_come_once_in_order_and_again_when_they_are_due(
    apart: tuple[Gateway, Gateway, dict[str, str]],
) -> None:
    *gateways, store = apart
    for gateway in gateways:
        gateway.start(**store, **POLICY)
    gateways[0].put_rules()
    listener = Forgetful()
    try:
        for door in (TMF652, TMF641):
            callback = {"callback": listener.callback}
            gateways[0].call("POST", f"{door}/hub", expect=201, json=callback)
        path, order = f"{TMF641}/serviceOrder", example("fibre-standard")
        taken = [one.call("POST", path, expect=201, json=order) for one in gateways * 2]
        expected: dict[str, int] = {}
        for one in taken:
            for issued in gateways[0].orders_of(one["id"]):
                change, of = {"state": "inProgress"}, f"{TMF652}/resourceOrder/{issued['id']}"
                gateways[1].call("PATCH", of, expect=200, json=change)
                expected[issued["id"]] = 2
        eventually(
            lambda: all(len(listener.taken[one]) >= count for one, count in expected.items()),
            within=60,
        )
    finally:
        listener.close()
    dates = {one["orderDate"][:16] for one in taken}
    assert len(dates) > 1, "the clocks are not apart"
    assert all(heard == list(range(1, len(heard) + 1)) for heard in listener.taken.values())
    assert min(listener.waits) >= 0.8 * WAIT
    assert max(listener.waits) < 1.2 * WAIT + 5, "how busy the machine is, not the clock"


def test_what_one_left_that_is_ahead_is_finished_by_one_that_is_behind(
    apart: tuple[Gateway, Gateway, dict[str, str]], database: Database[dict[str, Any]]
) -> None:
    ahead, behind, store = apart
    behind.start(**store)
    behind.put_rules()
    ahead.start(**store, ORDERGATE_FAULT_POINT="afterRecord")
    with pytest.raises(requests.ConnectionError):
        ahead.call("POST", f"{TMF641}/serviceOrder", expect=201, json=service_order())
    assert ahead.end() == -signal.SIGKILL
    assert len(unfinished(database)) == 1
    eventually(lambda: not unfinished(database), within=30)
