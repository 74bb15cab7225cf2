"""Taking resource orders and showing them, beside the floor."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from benchmarks.bodies import RESOURCE_ORDERS, resource_order
from benchmarks.comparison import Sides, compared
from benchmarks.load import Job, created
from benchmarks.servers import floor, gateway, running_store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.figures import Effort, Figure

_BODY = json.dumps(resource_order(), separators=(",", ":"))
_KNOWN = 200


def create(effort: Effort) -> Iterator[Figure]:
    """Yield what it takes to create a resource order of 2.5 KB, without and with the relay."""
    job = Job("POST", (RESOURCE_ORDERS,), _BODY, seconds=effort.seconds)
    promises = {"rate": (0.6, None), "p99": (None, 4.0)}
    with running_store() as store, floor(store) as theirs:
        with gateway(store) as ours:
            sides = Sides(ours, theirs, store.process)
            yield from compared(
                "create", "create", sides, lambda *_: job, effort=effort, promises=promises
            )
        with gateway(store, deliver=True) as ours:
            sides = Sides(ours, theirs, store.process)
            yield from compared("create", "create and relay", sides, lambda *_: job, effort=effort)


def get(effort: Effort) -> Iterator[Figure]:
    """Yield what it takes to show a resource order by its id."""
    with running_store() as store, gateway(store) as ours, floor(store) as theirs:
        paths = {
            one.name: tuple(created(RESOURCE_ORDERS, _BODY, _KNOWN, one)) for one in (ours, theirs)
        }
        yield from compared(
            "get",
            "GET by id",
            Sides(ours, theirs, store.process),
            lambda server, _: Job("GET", paths[server.name], seconds=effort.seconds),
            effort=effort,
            promises={"rate": (0.6, None)},
        )
