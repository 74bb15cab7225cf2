"""The embedded mongod dies while orders come in: the gateway starts it again, and loses nothing."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import psutil
import requests
from pymongo import MongoClient

from intake import intake
from make import service_order
from ordergate.storage.embedded import find_mongod
from running import TMF641, TMF652, eventually, free_port, listening
from verdict import lost, twice, unfinished, untold

if TYPE_CHECKING:
    from pathlib import Path

    from intake import Intake
    from running import Gateway

KILLS = 5


def mongod_of(gateway: Gateway) -> psutil.Process | None:
    """Return the gateway's mongod, if there is one now."""
    with suppress(psutil.Error):  # one of the family just ended
        return next((one for one in gateway.family() if one.name() == "mongod"), None)
    return None


def status_of(gateway: Gateway, path: str) -> int:
    """Return how the gateway answers a probe."""
    return requests.get(f"{gateway.url}{path}", timeout=10).status_code


def gap_of(load: Intake, gateway: Gateway) -> float:
    """Kill the mongod; return after how long the first new order was taken."""
    mongod: psutil.Process = eventually(lambda: mongod_of(gateway), within=60)
    killed = time.monotonic()
    mongod.kill()

    def taken() -> list[float]:
        return [one.taken_at for one in load.taken if one.taken_at and one.began > killed]

    eventually(lambda: len(taken()) > 10, within=60)
    return min(taken()) - killed


def test_nothing_acknowledged_is_lost_though_it_is_killed_again_and_again(
    gateway: Gateway, tmp_path: Path
) -> None:
    gateway.start()
    gateway.put_rules()
    port = free_port()
    with listening(port) as listener:
        for door in (TMF652, TMF641):
            callback = {"callback": f"http://127.0.0.1:{port}/"}
            gateway.call("POST", f"{door}/hub", expect=201, json=callback)
        with intake(gateway.url) as load:
            gaps = [gap_of(load, gateway) for _ in range(KILLS)]
        mongodb = f"mongodb://127.0.0.1:{(tmp_path / 'data' / 'port').read_text().strip()}/"
        with MongoClient[dict[str, Any]](mongodb, directConnection=True) as client:
            database = client["ordergate"]
            eventually(lambda: not unfinished(database), within=30)
            eventually(lambda: not untold(database, listener), within=60)
            assert lost(database, load) == set()
            assert twice(database) == []
    assert len(load.taken) == len(load.sent)
    metrics = requests.get(f"{gateway.url}/metrics", timeout=10).text
    assert f"ordergate_store_primary_losses_total {KILLS}.0" in metrics
    print(  # noqa: T201 - what was measured
        f"\n{KILLS} kills, {len(load.sent)} orders, "
        f"{sum(one.outcomes == [201] for one in load.sent)} taken at the first try; "
        f"taken again after {', '.join(f'{one:.1f}' for one in gaps)} s"
    )


def test_while_there_is_no_mongod_it_lives_and_says_that_it_is_not_ready(
    gateway: Gateway, tmp_path: Path
) -> None:
    alias = tmp_path / "mongod"
    alias.symlink_to(find_mongod(None))
    gateway.start(ORDERGATE_MONGOD=str(alias), ORDERGATE_MONGODB_TIMEOUT="2")
    alias.unlink()
    mongod: psutil.Process = eventually(lambda: mongod_of(gateway))
    mongod.kill()
    eventually(lambda: status_of(gateway, "/readyz") == 503, within=5)
    assert status_of(gateway, "/livez") == 200
    answer = requests.get(f"{gateway.url}{TMF641}/serviceOrder", timeout=10)
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "2"

    alias.symlink_to(find_mongod(None))
    eventually(lambda: mongod_of(gateway), within=30)
    eventually(gateway.is_ready, within=20)
    gateway.put_rules()


def test_while_the_mongod_stands_still_it_says_so_in_time_and_then_goes_on(
    gateway: Gateway,
) -> None:
    gateway.start(ORDERGATE_MONGODB_TIMEOUT="2")
    gateway.put_rules()
    mongod: psutil.Process = eventually(lambda: mongod_of(gateway))
    order, path = service_order(), f"{TMF641}/serviceOrder"
    options: dict[str, Any] = {"json": order, "headers": {"Idempotency-Key": "standing still"}}
    mongod.suspend()
    try:
        began = time.monotonic()
        answer = requests.post(f"{gateway.url}{path}", timeout=20, **options)
        assert time.monotonic() - began < 3
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
        assert status_of(gateway, "/readyz") == 503
        assert status_of(gateway, "/livez") == 200
    finally:
        mongod.resume()
    eventually(gateway.is_ready, within=10)
    assert mongod_of(gateway) == mongod
    taken = gateway.call("POST", path, expect=201, **options)
    listed = gateway.call("GET", path, expect=200)
    assert [one["id"] for one in listed] == [taken["id"]]
