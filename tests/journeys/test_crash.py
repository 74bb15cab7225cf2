"""Kill -9 of the gateway: nothing accepted is lost, nothing is there twice, nobody is left over."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING

import psutil
import pytest
import requests

from make import example

if TYPE_CHECKING:
    from pathlib import Path

    from running import Gateway

SERVICE_ORDERS = "/tmf-api/serviceOrdering/v4/serviceOrder"
KEY = {"Idempotency-Key": "crash-1"}


@pytest.mark.parametrize("point", ["afterRecord", "afterHandOvers", "afterOrders"])
def test_what_a_crash_left_is_issued_after_the_restart_and_nothing_twice(
    gateway: Gateway, point: str
) -> None:
    gateway.start(ORDERGATE_FAULT_POINT=point)
    gateway.put_rules()
    with pytest.raises(requests.ConnectionError):
        gateway.call("POST", SERVICE_ORDERS, expect=201, json=example("fibre-special"), headers=KEY)
    assert gateway.end() == -signal.SIGKILL

    gateway.start()
    (record,) = gateway.call("GET", "/gateway/v1/initiatingRequest", expect=200)
    orders = _eventually_all(gateway, record)

    again = gateway.call(
        "POST", SERVICE_ORDERS, expect=201, json=example("fibre-special"), headers=KEY
    )
    assert again["id"] == record["id"]
    assert gateway.orders_of(record["id"]) == orders
    assert len(gateway.call("GET", "/gateway/v1/initiatingRequest", expect=200)) == 1
    assert len(gateway.call("GET", "/gateway/v1/specialHandling", expect=200)) == 1


def _eventually_all(gateway: Gateway, record: dict[str, object]) -> list[dict[str, object]]:
    """Wait until the sweeper has issued all that the record says, and its hand-over."""
    planned = {one["id"] for one in record["resourceOrder"]}  # type: ignore[attr-defined]
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        orders = gateway.orders_of(str(record["id"]))
        handed = gateway.call("GET", "/gateway/v1/specialHandling", expect=200)
        if {order["id"] for order in orders} == planned and handed:
            return orders
        time.sleep(0.1)
    raise AssertionError("the sweeper did not issue the rest")


@pytest.mark.parametrize("workers", ["1", "2"])
def test_no_process_outlives_a_killed_gateway_and_its_data_stay(
    gateway: Gateway, workers: str
) -> None:
    gateway.start("--workers", workers)
    gateway.put_rules()
    order = gateway.call("POST", SERVICE_ORDERS, expect=201, json=example("fibre-standard"))
    family = gateway.family()
    assert len(family) >= 1 + 1 + (int(workers) if workers != "1" else 0)

    gateway.end(signal.SIGKILL)
    _, left = psutil.wait_procs(family, timeout=5)
    assert left == []

    gateway.start("--workers", workers)
    assert gateway.call("GET", f"{SERVICE_ORDERS}/{order['id']}", expect=200) == order
    assert len(gateway.orders_of(order["id"])) == 2


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stopped_gateway_leaves_no_process_and_no_lock(
    gateway: Gateway, number: signal.Signals, tmp_path: Path
) -> None:
    gateway.start()
    family = gateway.family()
    assert gateway.end(number) == 0
    _, left = psutil.wait_procs(family, timeout=5)
    assert left == []
    assert not (tmp_path / "data" / "lock").exists()
    gateway.start()  # the same data directory, at once
