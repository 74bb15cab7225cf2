"""Metrics for Prometheus, of this process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, generate_latest
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

if TYPE_CHECKING:
    from collections.abc import Iterable


class Metrics:
    """Counts what is decided and issued."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
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

    def exposition(self) -> tuple[bytes, str]:
        """Return the metrics as text, and its media type."""
        return generate_latest(self._registry), CONTENT_TYPE_LATEST
