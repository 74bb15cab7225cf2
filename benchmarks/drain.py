"""How fast a backlog is delivered, beside what one bare loop of requests takes for the same.

The promise: half as fast at least, though each event is stored, leased, sent in its order and
settled.
"""

from __future__ import annotations

import asyncio
import copy
import os
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from ipaddress import ip_network
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

import orjson
import psutil
import requests

from benchmarks.figures import Figure
from benchmarks.listener import listening
from benchmarks.orders import issued_event
from ordergate.assembly.stores import Stores
from ordergate.child_process import dying_with_parent
from ordergate.cli.gateway_process import stop
from ordergate.model.common import Api
from ordergate.model.events import OwedEvent
from ordergate.model.notification import EventSubscription
from ordergate.settings import Settings
from ordergate.storage.embedded import EmbeddedEngine, find_mongod

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmarks.figures import Effort
    from benchmarks.listener import Arrival, ListenerProcess
    from ordergate.model.common import Document

EVENTS = 10_000
_FEW = 200
_CASE = "drain"
_PROMISED = 0.5
_MILLISECONDS = 1000.0
_LONGEST = 150.0
_PART = 500
_HEADERS = {"Content-Type": "application/json;charset=utf-8"}


@dataclass(frozen=True, slots=True)
class Drain:
    """How long a listener took to get everything.

    Args:
        what: who brought it.
        computed: seconds of processor time that it took whoever brought it.
    """

    what: str
    events: int
    seconds: float
    computed: float

    @property
    def per_second(self) -> float:
        """Return how many events came in a second."""
        return self.events / self.seconds


def figures(effort: Effort) -> Iterator[Figure]:
    """Yield how fast the backlog is delivered, and what share of the bare loop's rate that is."""
    taken: dict[str, list[Drain]] = {}
    for one in drains(effort.rounds, _FEW if effort.quick else EVENTS):
        taken.setdefault(one.what, []).append(one)
    bare, *ours = taken
    for what in ours:
        yield Figure(
            case=_CASE,
            what=f"{taken[what][0].events:,} events, {what}",
            unit="events/s",
            values=tuple(one.per_second for one in taken[what]),
            computed=tuple(_MILLISECONDS * one.computed for one in taken[what]),
            against=bare,
            reference=tuple(one.per_second for one in taken[bare]),
            at_least=_PROMISED,
        )


def drains(rounds: int, events: int = EVENTS) -> Iterator[Drain]:
    """Yield, in each round, the bare loop, lanes of one event each, and lanes of five."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        engine = stack.enter_context(EmbeddedEngine.start(folder / "mongodb", find_mongod(None)))
        listener = stack.enter_context(listening())
        settings = Settings(
            mongodb_uri=engine.uri,
            data_dir=folder,
            callback_allow=(ip_network("127.0.0.0/8"),),
            log_level="WARNING",
        )
        event = issued_event(settings)
        for _ in range(rounds):
            yield _bare(listener, _events(event, events, 1), settings.lanes_per_hub)
            for length in (1, 5):
                yield _drained(settings, listener, _events(event, events, length), length)


def _events(event: Document, count: int, length: int) -> list[OwedEvent]:
    """Return that event for many orders, so many times for each."""
    found = []
    for _ in range(count // length):
        entity = str(uuid.uuid4())
        for sequence in range(1, length + 1):
            document = copy.deepcopy(event) | {"eventId": str(uuid.uuid4())}
            document["event"]["resourceOrder"]["id"] = entity
            found.append(OwedEvent(Api.RESOURCE_ORDERING, entity, sequence, document))
    return found


def _bare(listener: ListenerProcess, events: Sequence[OwedEvent], threads: int) -> Drain:
    """Return how long it takes to POST the bodies, and to do nothing else."""
    bodies: SimpleQueue[bytes] = SimpleQueue()
    for event in events:
        bodies.put(orjson.dumps(event.document))

    def post() -> None:
        with requests.Session() as session:
            while True:
                try:
                    body = bodies.get_nowait()
                except Empty:
                    return
                session.post(listener.url, data=body, headers=_HEADERS).raise_for_status()

    posting = [threading.Thread(target=post) for _ in range(threads)]
    before = time.process_time()
    for one in posting:
        one.start()
    for one in posting:
        one.join()
    computed = time.process_time() - before
    return _drain(f"requests.Session, {threads} threads", listener.arrivals(), events, computed)


def _drained(
    settings: Settings, listener: ListenerProcess, events: Sequence[OwedEvent], length: int
) -> Drain:
    """Return how long a dispatcher takes from the first event to the last."""
    own = replace(settings, database=f"backlog{uuid.uuid4().hex}")
    asyncio.run(_keep(own, listener.url, events))
    with _dispatcher(own) as process:
        listener.wait_for(1, _LONGEST)
        before = process.cpu_times()
        listener.wait_for(len(events), _LONGEST)
        after = process.cpu_times()
    computed = after.user + after.system - before.user - before.system
    drain = _drain(f"lanes of {length}", listener.arrivals(), events, computed)
    asyncio.run(_forget(own))
    return drain


def _drain(
    what: str, arrivals: Sequence[Arrival], events: Sequence[OwedEvent], computed: float
) -> Drain:
    come = sorted((one.entity_id, one.sequence) for one in arrivals)
    if any(sequence for _, sequence in come):  # else nobody numbered them
        assert come == sorted((one.entity_id, one.sequence) for one in events)  # noqa: S101 - each once, or it measures another thing
        last: dict[str, int] = {}
        for one in arrivals:
            assert one.sequence == last.get(one.entity_id, 0) + 1  # noqa: S101 - likewise, in order
            last[one.entity_id] = one.sequence
    return Drain(what, len(events), arrivals[-1].at - arrivals[0].at, computed)


async def _keep(settings: Settings, callback: str, events: Sequence[OwedEvent]) -> None:
    """Let the events wait for a listener."""
    stores = Stores(settings)
    await stores.ensure_indexes()
    await stores.hubs.add(EventSubscription("hub", Api.RESOURCE_ORDERING, callback))
    for begin in range(0, len(events), _PART):
        part = events[begin : begin + _PART]
        await stores.events.add_again(part)
        waiting: dict[tuple[str, str], list[int]] = {}
        for event in part:
            waiting.setdefault(("hub", event.entity_id), []).append(event.sequence)
        await stores.lanes.push(waiting)
    await stores.close()


async def _forget(settings: Settings) -> None:
    stores = Stores(settings)
    await stores.database.client.drop_database(settings.database)
    await stores.close()


@contextmanager
def _dispatcher(settings: Settings) -> Iterator[psutil.Process]:
    """Run `ordergate deliver`, and stop it afterwards."""
    process = subprocess.Popen(
        [sys.executable, "-m", "ordergate", "deliver"],
        env=os.environ | settings.as_environ(),
        preexec_fn=dying_with_parent(),  # noqa: PLW1509 - no threads are left
    )
    try:
        yield psutil.Process(process.pid)
    finally:
        stop(process)
