"""A gateway that is told to stop: it ends what it is at, soon, and leaves nothing behind."""

from __future__ import annotations

import signal
import threading
import time
import uuid
from collections import Counter
from typing import TYPE_CHECKING, Any

import psutil
import pytest
import requests
from pymongo import MongoClient

from make import service_order
from ordergate.storage.embedded import find_mongod
from running import TMF641, TMF652, eventually, free_port, listening

if TYPE_CHECKING:
    from pathlib import Path

    from running import Gateway

LONGEST = 15.0


class Load:
    """Clients that send order after order, each on its connection, until nobody takes any."""

    def __init__(self, url: str, clients: int = 8) -> None:
        self._url = f"{url}{TMF641}/serviceOrder"
        self.outcomes: Counter[str] = Counter()
        self.accepted: list[str] = []
        self.cut_off: list[str] = []
        self._clients = [threading.Thread(target=self._send) for _ in range(clients)]
        for client in self._clients:
            client.start()

    def _send(self) -> None:
        with requests.Session() as session:
            while True:
                key = uuid.uuid4().hex
                headers = {"Idempotency-Key": key}
                try:
                    answer = session.post(
                        self._url, json=service_order(), headers=headers, timeout=30
                    )
                except requests.ConnectionError as error:
                    is_refused = "refused" in str(error)
                    self.outcomes["refused" if is_refused else "cut off"] += 1
                    self.cut_off += [] if is_refused else [key]
                    return
                self.outcomes[str(answer.status_code)] += 1
                if answer.status_code == 201:
                    self.accepted.append(answer.json()["id"])

    def join(self) -> None:
        """Wait until all have stopped."""
        for client in self._clients:
            client.join()


@pytest.mark.parametrize("workers", ["1", "2"])
def test_what_is_in_flight_is_answered_and_no_lane_stays_leased(
    gateway: Gateway, mongodb_uri: str, workers: str
) -> None:
    name = f"stop_{uuid.uuid4().hex}"
    port = free_port()
    shared = {"ORDERGATE_MONGODB_URI": mongodb_uri, "ORDERGATE_DATABASE": name}
    with listening(port, pause=0.3) as listener, MongoClient[dict[str, Any]](mongodb_uri) as client:
        gateway.start("--workers", workers, **shared)
        gateway.put_rules()
        for door in (TMF652, TMF641):
            callback = {"callback": f"http://127.0.0.1:{port}/"}
            gateway.call("POST", f"{door}/hub", expect=201, json=callback)
        load = Load(gateway.url)
        eventually(lambda: len(load.accepted) > 50 and len(listener.notifications) > 20)

        began = time.monotonic()
        assert gateway.end() == 0
        assert time.monotonic() - began < LONGEST
        load.join()

        assert set(load.outcomes) - {"cut off"} == {"201", "refused"}, load.outcomes
        # It met the end of its connection, or waited to be let in: then nobody began with it.
        begun = {"idempotency.key": {"$in": load.cut_off}}
        assert client[name]["initiatingRequest"].count_documents(begun) == 0
        kept = {one["_id"] for one in client[name]["initiatingRequest"].find({}, {"_id": 1})}
        assert set(load.accepted) <= kept
        assert client[name]["lane"].count_documents({"leased": True}) == 0
        client.drop_database(name)


def test_a_gateway_stops_in_time_though_its_mongod_stands_still(gateway: Gateway) -> None:
    gateway.start()
    gateway.put_rules()
    load = Load(gateway.url, clients=4)
    eventually(lambda: len(load.accepted) > 5)
    family = gateway.family()
    (mongod,) = (one for one in family if one.name() == "mongod")
    mongod.suspend()
    time.sleep(1)

    began = time.monotonic()
    gateway.end()
    assert time.monotonic() - began < LONGEST
    load.join()
    _, left = psutil.wait_procs(family, timeout=5)
    assert left == []


def test_a_gateway_stops_in_time_though_its_mongod_does_not_come_back(
    gateway: Gateway, tmp_path: Path
) -> None:
    alias = tmp_path / "mongod"
    alias.symlink_to(find_mongod(None))
    gateway.start(ORDERGATE_MONGOD=str(alias))
    gateway.put_rules()
    load = Load(gateway.url, clients=4)
    eventually(lambda: len(load.accepted) > 5)
    alias.unlink()
    (mongod,) = (one for one in gateway.family() if one.name() == "mongod")
    mongod.kill()
    time.sleep(1)
    family = gateway.family()

    began = time.monotonic()
    gateway.end(signal.SIGTERM)
    assert time.monotonic() - began < LONGEST
    load.join()
    _, left = psutil.wait_procs(family, timeout=5)
    assert left == []
    assert not (tmp_path / "data" / "lock").exists()
