"""Every way in which MongoDB may fail a command: an answer in time, and one order in the end."""

from __future__ import annotations

import asyncio
import time
import uuid
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
import requests
from pymongo import MongoClient

from api.client import GATEWAY, TMF641, TMF652, Client
from api.conftest import put_example_rules
from api.serving import listening, prepare, served
from make import service_order
from ordergate.assembly.running import build
from ordergate.settings import Settings
from replica_set import replica_set

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pymongo.database import Database

TIMEOUT = 2.0
BUSY = 3.0
"""Seconds that a busy machine may add."""
ALWAYS = "alwaysOn"
COMMANDS = ["insert", "update", "find", "findAndModify", "aggregate", "delete"]


class Faulty:
    """A gateway on a mongod that fails commands on request."""

    def __init__(self, url: str, database: Database[dict[str, Any]]) -> None:
        self.client = Client(url)
        self.database = database

    @contextmanager
    def failing(self, mode: Any, commands: list[str], fault: dict[str, Any]) -> Iterator[None]:
        """Have the gateway's commands fail, and nobody else's."""
        data = {"failCommands": commands, "appName": "ordergate", **fault}
        self._fail_point({"mode": mode, "data": data})
        try:
            yield
        finally:
            self._fail_point({"mode": "off"})

    def _fail_point(self, how: dict[str, Any]) -> None:
        self.database.client.admin.command({"configureFailPoint": "failCommand", **how})


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Faulty]:
    home = tmp_path_factory.mktemp("faulty")
    with (
        replica_set(home, "enableTestCommands=1", members=1) as engine,
        listening() as listener,
        MongoClient[dict[str, Any]](engine.uri) as store,
    ):
        settings = Settings(
            port=listener.getsockname()[1],
            # A mongod that really is no primary, or ends, says so to the driver's monitor at once.
            # One that only pretends doesn't: so the monitor asks more often.
            mongodb_uri=f"{engine.uri}&heartbeatFrequencyMS=500",
            mongodb_timeout=TIMEOUT,
            sweep_interval=0.2,
            sweep_after=0.2,
        )
        asyncio.run(prepare(settings))
        with served(build(settings), listener):
            put_example_rules(settings.base_url())
            found = Faulty(settings.base_url(), store[settings.database])
            yield found
            found.client.close()


FAULTS = [
    pytest.param({"times": 1}, {"closeConnection": True}, id="closed once"),
    pytest.param({"times": 3}, {"closeConnection": True}, id="closed three times"),
    pytest.param(ALWAYS, {"closeConnection": True}, id="closed"),
    pytest.param({"times": 1}, {"errorCode": 10107}, id="no primary once"),
    pytest.param(ALWAYS, {"errorCode": 10107}, id="no primary"),
    pytest.param({"times": 1}, {"errorCode": 91}, id="shutting down once"),
    pytest.param(ALWAYS, {"errorCode": 91}, id="shutting down"),
    pytest.param({"times": 1}, {"errorCode": 112}, id="write conflict once"),
    pytest.param(ALWAYS, {"errorCode": 112}, id="write conflict"),
    pytest.param(
        ALWAYS, {"blockConnection": True, "blockTimeMS": 5000}, id="blocked beyond the deadline"
    ),
    pytest.param(
        {"times": 1}, {"blockConnection": True, "blockTimeMS": 500}, id="blocked a little"
    ),
]
CONCERNS = [
    pytest.param(mode, {"writeConcernError": {"code": code, "errmsg": "injected"}}, id=f"{name}")
    for code, what in ((64, "not on a majority"), (91, "shutting down after it"))
    for mode, name in (({"times": 1}, f"{what} once"), (ALWAYS, what))
]
COMMAND_SETS = [
    pytest.param(["insert"], id="insert"),
    pytest.param(["update"], id="update"),
    pytest.param(["find", "aggregate"], id="read"),
    pytest.param(COMMANDS, id="any"),
]


@pytest.mark.parametrize("commands", COMMAND_SETS)
@pytest.mark.parametrize(("mode", "fault"), FAULTS)
def test_fault_is_answered_in_time_and_a_repeat_gives_the_one_order(
    faulty: Faulty, mode: Any, fault: dict[str, Any], commands: list[str]
) -> None:
    check(faulty, mode, fault, commands)


@pytest.mark.parametrize("commands", COMMAND_SETS[:2])
@pytest.mark.parametrize(("mode", "fault"), CONCERNS)
def test_write_whose_majority_is_in_doubt_is_answered_in_time_and_made_once(
    faulty: Faulty, mode: Any, fault: dict[str, Any], commands: list[str]
) -> None:
    check(faulty, mode, fault, commands)


def check(faulty: Faulty, mode: Any, fault: dict[str, Any], commands: list[str]) -> None:
    headers = {"Idempotency-Key": uuid.uuid4().hex}
    body = service_order()
    path = f"{TMF641}/serviceOrder"
    with faulty.failing(mode, commands, fault):
        began = time.monotonic()
        url = f"{faulty.client.url}{path}"
        first = requests.post(url, json=body, headers=headers, timeout=30)
        assert time.monotonic() - began < TIMEOUT + BUSY
    assert first.status_code in {201, 503}, first.text
    if first.status_code == 503:
        assert first.headers["Retry-After"] == "2"
        assert first.json()["code"] == "storeUnavailable"
        assert "injected" not in first.text
        assert "127.0.0.1" not in first.text

    again = faulty.client.call("POST", path, 201, json=body, headers=headers)
    if first.status_code == 201:
        assert again["id"] == first.json()["id"]
    records = faulty.client.get(f"{GATEWAY}/initiatingRequest/{again['id']}").document
    planned = {one["id"] for one in records["resourceOrder"]}
    issued = faulty.client.get(f"{TMF652}/resourceOrder?initiatingRequest.id={again['id']}")
    assert {one["id"] for one in issued.document} == planned
    kept = faulty.database["initiatingRequest"]
    assert kept.count_documents({"idempotency.key": headers["Idempotency-Key"]}) == 1


def test_readiness_follows_the_store(faulty: Faulty) -> None:
    with faulty.failing(ALWAYS, ["ping"], {"closeConnection": True}):
        faulty.client.get("/readyz", expect=503)
        faulty.client.get("/livez")
    faulty.client.get("/readyz")
