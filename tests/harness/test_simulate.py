"""The simulation agrees with what is known of queues."""

from __future__ import annotations

import pytest

from benchmarks.simulate import Simulation, Site, Work

_WORK = Work(gateway=2.0, store=1.0, journal=3.0, dispatcher=4.0, told=0.5)


def test_gateway_that_is_the_bottleneck_is_always_busy() -> None:
    carried = Simulation(_WORK, Site(1, 4), seed=1).carried(5_000)

    assert carried.orders == pytest.approx(1000 / 2.0, rel=0.05)


def test_shard_that_is_the_bottleneck_carries_no_more_for_more_gateways() -> None:
    few, many = (
        Simulation(_WORK, Site(gateways, 1, cores=1), seed=1).carried(5_000).orders
        for gateways in (4, 16)
    )

    assert few == pytest.approx(1000, rel=0.06)
    assert many == pytest.approx(1000, rel=0.06)


def test_dispatchers_deliver_as_many_events_as_they_can_compute() -> None:
    carried = Simulation(_WORK, Site(4, 4, dispatchers=2), seed=1).carried(5_000)

    assert carried.events == pytest.approx(2 * 1000 / 4.0, rel=0.06)


def test_nobody_waits_less_than_the_journal_takes() -> None:
    carried = Simulation(_WORK, Site(1, 1), seed=1).carried(2_000)

    assert carried.p99 > 3.0
