"""Metrics for Prometheus, of this process."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    generate_latest,
)
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


@dataclass(frozen=True, slots=True)
class HubFigures:
    """How it stands with one listener.

    Args:
        oldest_age: seconds for which the oldest event has waited.
        attempts: so far, by outcome.
    """

    hub_id: str
    status: str
    backlog: int
    oldest_age: float
    dead: int
    attempts: Mapping[str, int]


class Metrics:
    """Counts what is decided and issued."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._hubs = _HubMetrics(self._registry)
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=self._registry)
        self._requests = Counter(
            "ordergate_initiating_requests",
            "Requests that were decided, by kind and outcome.",
            ["request_type", "outcome"],
            registry=self._registry,
        )
        self._orders = Counter(
            "ordergate_resource_orders_issued",
            "Resource orders that were issued, by type.",
            ["order_type"],
            registry=self._registry,
        )

    def decided(self, request_type: str, outcome: str, order_types: Iterable[str]) -> None:
        """Count a request with what it took."""
        self._requests.labels(request_type, outcome).inc()
        for order_type in order_types:
            self._orders.labels(order_type).inc()

    def hubs(self, hubs: Iterable[HubFigures]) -> None:
        """Show how it stands with the listeners, all of them; in place of what was shown before."""
        self._hubs.show(hubs)

    def exposition(self) -> tuple[bytes, str]:
        """Return the metrics as text, and its media type."""
        return generate_latest(self._registry), CONTENT_TYPE_LATEST


class _HubMetrics:
    """What the store says of listeners: the same in every process."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def gauge(name: str, text: str, *labels: str) -> Gauge:
            return Gauge(f"ordergate_hub_{name}", text, ["hub", *labels], registry=registry)

        self._backlog = gauge("backlog", "Events that wait for a listener.")
        self._oldest = gauge("oldest_undelivered_seconds", "Age of the oldest of them.")
        self._dead = gauge("dead_letters", "Events that are sent to it no more.")
        self._status = gauge("status", "1 at the status that it has.", "status")
        self._attempts = gauge("attempts", "Attempts so far, by outcome.", "outcome")

    def show(self, hubs: Iterable[HubFigures]) -> None:
        for gauge in (self._backlog, self._oldest, self._dead, self._status, self._attempts):
            gauge.clear()
        for hub in hubs:
            self._backlog.labels(hub.hub_id).set(hub.backlog)
            self._oldest.labels(hub.hub_id).set(hub.oldest_age)
            self._dead.labels(hub.hub_id).set(hub.dead)
            self._status.labels(hub.hub_id, hub.status).set(1)
            for outcome, count in hub.attempts.items():
                self._attempts.labels(hub.hub_id, outcome).set(count)
