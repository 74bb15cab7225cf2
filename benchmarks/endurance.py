"""What a gateway takes to start, and whether it grows while it works."""

from __future__ import annotations

import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.bodies import NUMBER, RESOURCE_ORDERS, SERVICE_ORDERS, example, resource_order, text
from benchmarks.figures import Figure
from benchmarks.generators import Job, answers
from benchmarks.load import created
from benchmarks.servers import embedded_gateway, floor, gateway, running_store
from ordergate.cli.demo import find_examples

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.figures import Effort
    from benchmarks.servers import Server

_SETTLED = 2.0


def start(effort: Effort) -> Iterator[Figure]:
    """Yield the time until a gateway answers: on a MongoDB, and with one that it brings itself."""
    ours: list[float] = []
    theirs: list[float] = []
    alone: list[float] = []
    with running_store() as store:
        for _ in range(effort.rounds):
            with gateway(store) as one:
                ours.append(one.started)
            with floor(store) as one:
                theirs.append(one.started)
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        for _ in range(effort.rounds):
            with embedded_gateway(Path(folder)) as one:
                alone.append(one.started)
    yield Figure(
        case="start",
        what="start",
        values=tuple(ours),
        unit="s",
        against="floor",
        reference=tuple(theirs),
    )
    yield Figure(case="start", what="start with an embedded mongod", values=tuple(alone), unit="s")


def memory(effort: Effort) -> Iterator[Figure]:
    """Yield what a worker holds as it answers requests of every kind and relays what they tell.

    From the 10,000th to the 100,000th it may grow by a twentieth.
    """
    step, steps = (100, 2) if effort.quick else (10_000, 10 if effort.full else 3)
    with (
        running_store() as store,
        gateway(store, deliver=True, catalog=find_examples() / "catalog") as server,
    ):
        paths = created(RESOURCE_ORDERS, text(resource_order()), 50, server)
        held: dict[int, float] = {}
        for count in range(step, (steps + 1) * step, step):
            _requests(server, paths, step, count)
            time.sleep(0 if effort.quick else _SETTLED)
            held[count] = server.memory()
    for count, size in held.items():
        yield Figure(
            case="memory",
            what=f"memory after {count:,} requests",
            values=(size,),
            unit="MiB",
            against=f"{step:,} requests" if count > step else "",
            reference=(held[step],) if count > step else (),
            at_most=1.05 if count > step else None,
            curve="memory of a worker",
            at=count,
            axis="requests",
        )


def _requests(server: Server, paths: list[str], count: int, first: int) -> None:
    """Send so many requests: half reads and lists, the rest changes, orders and service orders."""
    change = text({"description": f"Seen {NUMBER} times"})
    listed = f"{RESOURCE_ORDERS}?externalId=ORDER-00000001&sort=-orderDate&limit=5&fields=id,state"
    jobs = (
        (4, Job("GET", tuple(paths))),
        (1, Job("GET", (listed,))),
        (2, Job("POST", (RESOURCE_ORDERS,), text(resource_order()))),
        (2, Job("PATCH", tuple(paths), change)),
        (1, Job("POST", (SERVICE_ORDERS,), text(example("fibre-standard")))),
    )
    for tenths, job in jobs:
        limited = replace(job, seconds=600.0, limit=count * tenths // 10, first=first * 10)
        answers(limited, server.host, server.port)
