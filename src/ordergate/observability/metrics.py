"""Metrics for Prometheus: what the processes of a gateway count, and what its store says."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, generate_latest
from prometheus_client.gc_collector import GCCollector
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from prometheus_client.metrics_core import Metric

SHARED = "PROMETHEUS_MULTIPROC_DIR"
"""The library's own variable: the folder in which the processes of a gateway share their counts.

It's read when the library is imported, so it's set before a process starts.
"""


@dataclass(frozen=True, slots=True)
class HubFigures:
    """How it stands with one listener.

    Args:
        oldest_age: seconds for which the oldest event has waited.
        attempts: so far, by outcome.
        lease_steals: how often its lanes were taken over from who had let them go.
    """

    hub_id: str
    status: str
    backlog: int
    oldest_age: float
    dead: int
    attempts: Mapping[str, int]
    lease_steals: int


class Metrics:
    """Counts what is decided and issued, in this process and in those it shares a folder with."""

    def __init__(self) -> None:
        self._own = CollectorRegistry()
        self._requests = Counter(
            "ordergate_initiating_requests",
            "Requests that were decided, by kind and outcome.",
            ["request_type", "outcome"],
            registry=self._own,
        )
        self._orders = Counter(
            "ordergate_resource_orders_issued",
            "Resource orders that were issued, by type.",
            ["order_type"],
            registry=self._own,
        )
        self._primary_losses = Counter(
            "ordergate_store_primary_losses",
            "Times that a process found no MongoDB to write to any more.",
            registry=self._own,
        )
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=self._own)

    def primary_lost(self) -> None:
        """Count that there is no MongoDB to write to any more."""
        self._primary_losses.inc()

    def decided(self, request_type: str, outcome: str, order_types: Iterable[str]) -> None:
        """Count a request with what it took."""
        self._requests.labels(request_type, outcome).inc()
        for order_type in order_types:
            self._orders.labels(order_type).inc()

    def exposition(self, hubs: Collection[HubFigures]) -> tuple[bytes, str]:
        """Return the metrics as text, with how it stands with the listeners, and its media type.

        Of several processes the one that answers has nothing of itself to tell (memory, files): who
        asks again may meet another one.
        """
        stored = CollectorRegistry()
        stored.register(_Listeners(hubs))
        return generate_latest(self._counted()) + generate_latest(stored), CONTENT_TYPE_LATEST

    def _counted(self) -> CollectorRegistry:
        if SHARED not in os.environ:
            return self._own
        together = CollectorRegistry()
        MultiProcessCollector(together)  # type: ignore[no-untyped-call] # the library's gap
        return together


class _Listeners(Collector):
    """What the store says of the listeners: the same in every process."""

    def __init__(self, hubs: Collection[HubFigures]) -> None:
        self._hubs = hubs

    def collect(self) -> Iterator[Metric]:
        gauges = {
            name: GaugeMetricFamily(f"ordergate_hub_{name}", text, labels=["hub"])
            for name, text in (
                ("backlog", "Events that wait for a listener."),
                ("oldest_undelivered_seconds", "Age of the oldest of them."),
                ("dead_letters", "Events that are sent to it no more."),
            )
        }
        status = GaugeMetricFamily(
            "ordergate_hub_status", "1 at the status that it has.", labels=["hub", "status"]
        )
        attempts = CounterMetricFamily(
            "ordergate_hub_attempts", "Attempts so far, by outcome.", labels=["hub", "outcome"]
        )
        steals = CounterMetricFamily(
            "ordergate_hub_lease_steals",
            "Lanes taken over from dispatchers that hung or died.",
            labels=["hub"],
        )
        for hub in self._hubs:
            gauges["backlog"].add_metric([hub.hub_id], hub.backlog)
            gauges["oldest_undelivered_seconds"].add_metric([hub.hub_id], hub.oldest_age)
            gauges["dead_letters"].add_metric([hub.hub_id], hub.dead)
            status.add_metric([hub.hub_id, hub.status], 1)
            steals.add_metric([hub.hub_id], hub.lease_steals)
            for outcome, count in hub.attempts.items():
                attempts.add_metric([hub.hub_id, outcome], count)
        yield from (*gauges.values(), status, attempts, steals)
