"""What a running gateway weighs. How fast it starts is measured in benchmarks, not here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import requests

from make import example
from running import TMF641

if TYPE_CHECKING:
    from running import Gateway

ORDERS = 10
"""Enough for each of two workers to get some."""
MOST_MEMORY = 200 * 1024 * 1024


def test_a_gateway_at_work_takes_less_than_200_mb_without_its_mongod(gateway: Gateway) -> None:
    gateway.start()
    gateway.put_rules()
    for _ in range(20):
        gateway.call("POST", f"{TMF641}/serviceOrder", expect=201, json=example("vpn-and-fibre"))
    ours = [one for one in gateway.family() if "mongod" not in one.name()]
    assert sum(one.memory_info().rss for one in ours) < MOST_MEMORY


@pytest.mark.parametrize("workers", ["1", "2"])
def test_the_metrics_count_what_was_decided_by_any_worker(gateway: Gateway, workers: str) -> None:
    gateway.start("--workers", workers)
    gateway.put_rules()
    for _ in range(ORDERS):
        gateway.call("POST", f"{TMF641}/serviceOrder", expect=201, json=example("fibre-standard"))
    line = 'ordergate_initiating_requests_total{outcome="standard",request_type="serviceOrder"}'
    for _ in range(ORDERS):
        text = requests.get(f"{gateway.url}/metrics", timeout=5).text
        assert f"{line} {ORDERS}.0" in text
