"""Taking orders, showing and changing them, beside the floor."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from benchmarks.bodies import RESOURCE_ORDERS, SERVICE_ORDERS, example, resource_order, text
from benchmarks.comparison import Sides, compared
from benchmarks.floor import DATABASE as FLOOR
from benchmarks.generators import Job
from benchmarks.load import created
from benchmarks.servers import GATEWAY, floor, gateway, running_store
from benchmarks.stock import issued, stocked
from ordergate.cli.demo import find_examples

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.figures import Effort, Figure
    from benchmarks.servers import Server

_BODY = text(resource_order())
_KNOWN = 200
_FASTEST = 1500
"""PATCHes in a second that nothing here comes near to."""


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


def patch(effort: Effort) -> Iterator[Figure]:
    """Yield what it takes to change the state of a resource order: each is changed once."""
    body = text({"state": "inProgress"})
    with running_store() as store, gateway(store) as ours, floor(store) as theirs:
        each = round(_FASTEST * effort.seconds)
        databases = ((ours, GATEWAY), (theirs, FLOOR))
        paths = {
            one.name: stocked(store, one, database, each * effort.rounds, state="acknowledged")
            for one, database in databases
        }

        def job(server: Server, turn: int) -> Job:
            mine = tuple(paths[server.name][turn * each : (turn + 1) * each])
            return Job("PATCH", mine, body, once=True, seconds=effort.seconds)

        sides = Sides(ours, theirs, store.process)
        yield from compared("patch", "PATCH state", sides, job, effort=effort)


def issue(effort: Effort) -> Iterator[Figure]:
    """Yield what it takes to issue the resource orders of a service order."""
    for name in ("fibre-standard",) if effort.quick else ("fibre-standard", "vpn-and-fibre"):
        yield from _issue(name, effort, 0.5 if name == "fibre-standard" else None)


def _issue(name: str, effort: Effort, least: float | None) -> Iterator[Figure]:
    job = Job("POST", (SERVICE_ORDERS,), text(example(name)), seconds=effort.seconds)
    with (
        TemporaryDirectory(prefix="benchmark-") as folder,
        running_store() as store,
        gateway(store, catalog=find_examples() / "catalog") as ours,
    ):
        like = Path(folder) / "like"
        orders, items = issued(store, ours, GATEWAY, name, like)
        with floor(store, like=like) as theirs:
            sides = Sides(ours, theirs, store.process)
            promises = {"rate": (least, None)}
            for figure in compared(
                "issue", name, sides, lambda *_: job, effort=effort, promises=promises
            ):
                yield figure
                if figure.unit == "1/s":
                    yield _times(figure, orders, f"{name}: resource orders")
                    yield _times(figure, items, f"{name}: resource order items")


def _times(figure: Figure, count: int, what: str) -> Figure:
    """Return the same figure of what each request makes so many of."""
    values = tuple(one * count for one in figure.values)
    reference = tuple(one * count for one in figure.reference)
    bare = replace(figure, at_least=None, at_most=None)
    return replace(bare, what=what, values=values, reference=reference)
