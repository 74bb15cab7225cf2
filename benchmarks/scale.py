"""How taking orders scales: with worker processes, and with connections."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.bodies import RESOURCE_ORDERS, resource_order, text
from benchmarks.comparison import Sides, compared
from benchmarks.generators import Job
from benchmarks.servers import floor, gateway, running_store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.figures import Effort, Figure

_WORKERS = (1, 2, 4)
_CONNECTIONS = (1, 16, 128)
_MOST = 16


def workers(effort: Effort) -> Iterator[Figure]:
    """Yield what creating takes with several workers, which share one port."""
    for count in _WORKERS:
        with (
            running_store() as store,
            gateway(store, workers=count) as ours,
            floor(store, workers=count) as theirs,
        ):
            what = f"create, {count} worker{'s' if count > 1 else ''}"
            sides = Sides(ours, theirs, store.process)
            job = _job(_MOST, effort)
            yield from compared("workers", what, sides, lambda *_, job=job: job, effort=effort)


def connections(effort: Effort) -> Iterator[Figure]:
    """Yield what creating takes with few connections and with many."""
    with running_store() as store, gateway(store) as ours, floor(store) as theirs:
        sides = Sides(ours, theirs, store.process)
        for count in _CONNECTIONS:
            what = f"create, {count} connection{'s' if count > 1 else ''}"
            job = _job(count, effort)
            yield from compared("connections", what, sides, lambda *_, job=job: job, effort=effort)


def _job(connections: int, effort: Effort) -> Job:
    body = text(resource_order())
    return Job("POST", (RESOURCE_ORDERS,), body, connections=connections, seconds=effort.seconds)
