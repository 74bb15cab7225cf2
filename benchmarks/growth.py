"""How the time of an operation grows with what is stored, over one connection."""

from __future__ import annotations

import random
from contextlib import ExitStack
from typing import TYPE_CHECKING

from benchmarks.bodies import NUMBER, RESOURCE_ORDERS, resource_order, text
from benchmarks.figures import Figure
from benchmarks.generators import Job
from benchmarks.load import look, run
from benchmarks.servers import gateway, running_store
from benchmarks.stock import stocked

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from benchmarks.figures import Effort
    from benchmarks.servers import Server, Store

_SIZES = (1_000, 10_000, 100_000)
_FULL = 1_000_000
_QUICK = (50,)
_SAMPLE = 10_000
_FEW = 200
_PAGE = "sort=-orderDate&fields=id,state,name&limit=20"
_PROMISES = {"GET by id": 1.2, "page of a customer's orders": 3.0, "page of a state's orders": 3.0}


def growth(effort: Effort) -> Iterator[Figure]:
    """Yield how long each operation takes, by how many resource orders are stored."""
    sizes = _QUICK if effort.quick else (*_SIZES, *((_FULL,) if effort.full else ()))
    with ExitStack() as stack:
        store = stack.enter_context(running_store())
        servers: dict[int, Server] = {}
        paths: dict[int, Sequence[str]] = {}
        for size in sizes:
            database = f"orders{size}"
            servers[size] = stack.enter_context(gateway(store, database=database))
            stored = stocked(store, servers[size], database, size)
            paths[size] = random.Random(size).sample(stored, min(len(stored), _SAMPLE))  # noqa: S311 - no secret
        for what in _jobs([], 0.0):
            jobs = {size: _jobs(paths[size], effort.seconds / 2)[what] for size in sizes}
            yield from _curve(what, jobs, servers, store, effort.rounds)


def _jobs(paths: Sequence[str], seconds: float) -> dict[str, Job]:
    """Return the operations, by name; `paths` lead to stored orders."""
    state, customer = (
        f"{RESOURCE_ORDERS}?{text}&{_PAGE}"
        for text in ("state=inProgress", "relatedParty.id=customer-0")
    )
    change, order = (
        text({"description": f"Seen {NUMBER} times"}),
        text(resource_order()),
    )
    asked = {
        "GET by id": ("GET", tuple(paths), ""),
        "page of a customer's orders": ("GET", (customer,), ""),
        "page of a state's orders": ("GET", (state,), ""),
        "page of all orders": ("GET", (f"{RESOURCE_ORDERS}?{_PAGE}",), ""),
        "create": ("POST", (RESOURCE_ORDERS,), order),
        "PATCH": ("PATCH", tuple(paths[:_FEW]), change),
    }
    return {
        what: Job(method, where, body, connections=1, seconds=seconds)
        for what, (method, where, body) in asked.items()
    }


def _curve(
    what: str, jobs: Mapping[int, Job], servers: Mapping[int, Server], store: Store, rounds: int
) -> Iterator[Figure]:
    """Yield the median time of an operation at each size, beside that at the smallest."""
    for size, job in jobs.items():
        if job.method == "GET":
            look(servers[size], job.paths[0])
    seen: dict[int, list[float]] = {size: [] for size in jobs}
    turn = list(jobs.items())
    for _ in range(rounds):
        turn.reverse()
        for size, job in turn:
            seen[size].append(run(job, servers[size], store.process).p50)
    smallest = min(seen)
    for size, times in seen.items():
        least = size == smallest
        yield Figure(
            case="growth",
            what=f"{what}, {size:,} stored",
            values=tuple(times),
            against="" if least else f"{smallest:,} stored",
            reference=() if least else tuple(seen[smallest]),
            at_most=None if least else _PROMISES.get(what),
            curve=what,
            at=size,
            axis="stored resource orders",
        )
