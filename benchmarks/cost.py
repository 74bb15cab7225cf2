"""What an order costs: computed, written and stored, part by part.

The same orders are sent to a gateway that only takes them in, to one whose events a dispatcher
relays, and to one that has listeners as well; what a part adds is the difference.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from ipaddress import ip_network
from typing import TYPE_CHECKING, Any

from pymongo import MongoClient

from benchmarks.bodies import RESOURCE_ORDERS, SERVICE_ORDERS, example, resource_order, text
from benchmarks.figures import Figure
from benchmarks.generators import Job, answers
from benchmarks.listener import listening
from benchmarks.load import post
from benchmarks.servers import dispatcher, gateway, running_store
from ordergate.cli.demo import find_examples

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmarks.figures import Effort
    from benchmarks.servers import Server, Store

    Counts = dict[str, float]

GATEWAY_CPU, DISPATCHER_CPU, MONGODB_CPU = "CPU, gateway", "CPU, dispatcher", "CPU, MongoDB"
_UNITS = {
    GATEWAY_CPU: "ms",
    DISPATCHER_CPU: "ms",
    MONGODB_CPU: "ms",
    "documents inserted": "",
    "documents changed": "",
    "journal written": "KiB",
    "data files written": "KiB",
    "documents stored": "KiB",
    "documents stored, compressed": "KiB",
    "indexes stored": "KiB",
    "index entries": "",
}
PARTS = ("resource order", "event", "event and listener", "service order")
_LOCAL = (ip_network("127.0.0.0/8"),)
_PATIENCE = 120.0
_HUB = "/tmf-api/resourceOrderingManagement/v4/hub"
_IDLE = 5.0
_LISTENERS = 4
"""Of which each costs a fourth of what all add: one alone would be lost in the noise."""


def cost(effort: Effort) -> Iterator[Figure]:
    """Yield what each part costs, and what an idle gateway does."""
    count = 20 if effort.quick else 1_000
    found: dict[str, list[Counts]] = {part: [] for part in PARTS}
    idle: list[Counts] = []
    for _ in range(min(effort.rounds, 3)):
        with running_store() as store:
            taken = _spent(store, "taken", count)
            told = _spent(store, "told", count, delivering=True)
            heard = _spent(store, "heard", count, delivering=True, listeners=_LISTENERS)
            issued = _spent(store, "issued", count, example_name="fibre-standard")
            idle.append(_idle(store, 0.5 if effort.quick else _IDLE))
        found["resource order"].append(taken)
        found["event"].append(_less(told, taken))
        found["event and listener"].append(_less(heard, told, _LISTENERS))
        found["service order"].append(issued)
    for part, rounds in found.items():
        for name, unit in _UNITS.items():
            if any(one[name] for one in rounds):
                yield _figure(f"{part}: {name}", [one[name] for one in rounds], unit)
    for name in idle[0]:
        yield _figure(f"idle for a second: {name}", [one[name] for one in idle], "ms")


def model(figures: Sequence[dict[str, Any]]) -> dict[str, Counts]:
    """Return the medians of kept figures: of each part, what it costs, by name."""
    found: dict[str, Counts] = {part: dict.fromkeys(_UNITS, 0.0) for part in PARTS}
    for one in figures:
        part, _, name = one["what"].partition(": ")
        if part in found:
            found[part][name] = one["measured"]["median"]
    return found


def _figure(what: str, values: Sequence[float], unit: str) -> Figure:
    return Figure(case="cost", what=what, values=tuple(values), unit=unit)


def _less(more: Counts, less: Counts, times: int = 1) -> Counts:
    """Return what one of so many adds."""
    return {name: (more[name] - less[name]) / times for name in more}


def _spent(
    store: Store,
    database: str,
    count: int,
    *,
    delivering: bool = False,
    listeners: int = 0,
    example_name: str | None = None,
) -> Counts:
    """Return what each of so many orders costs."""
    if example_name is None:
        job = Job("POST", (RESOURCE_ORDERS,), text(resource_order()))
    else:
        job = Job("POST", (SERVICE_ORDERS,), text(example(example_name)))
    settings: dict[str, Any] = {"database": database, "callback_allow": _LOCAL}
    with (
        gateway(store, catalog=find_examples() / "catalog", **settings) as server,
        listening() as listener,
        _maybe(store, settings, delivering=delivering) as deliverer,
        MongoClient[dict[str, Any]](store.uri) as client,
    ):
        for number in range(listeners):
            post(server, _HUB, text({"callback": f"{listener.url}/{number}"}))
        _send(job, server, client, database, max(1, count // 10), delivering=delivering)
        parts = (server, deliverer, store.process)
        before = _counts(client, database, *parts)
        _send(job, server, client, database, count, delivering=delivering)
        after = _counts(client, database, *parts)
    return {name: (after[name] - before[name]) / count for name in after}


@contextmanager
def _maybe(store: Store, settings: dict[str, Any], *, delivering: bool) -> Iterator[Server | None]:
    if not delivering:
        yield None
        return
    with dispatcher(store, **settings) as one:
        yield one


def _send(
    job: Job,
    server: Server,
    client: MongoClient[dict[str, Any]],
    database: str,
    count: int,
    *,
    delivering: bool,
) -> None:
    """Send so many, and wait until they are delivered, where they are."""
    first = client[database]["resourceOrder"].estimated_document_count()
    whole = Job(job.method, job.paths, job.body, limit=count, seconds=_PATIENCE, first=first)
    answers(whole, server.host, server.port)
    until = time.monotonic() + _PATIENCE
    while delivering and _is_owing(client, database):
        if time.monotonic() > until:
            raise TimeoutError("the events aren't delivered")
        time.sleep(0.2)


def _is_owing(client: MongoClient[dict[str, Any]], database: str) -> bool:
    owing = client[database]["resourceOrder"].find_one({"outbox.sequence": {"$exists": True}})
    return bool(owing or client[database]["lane"].find_one({"pending": True}))


def _counts(
    client: MongoClient[dict[str, Any]],
    database: str,
    server: Server,
    deliverer: Server | None,
    store: Server,
) -> Counts:
    """Return what was computed, written and stored up to now, all of it on disk."""
    computed = {
        GATEWAY_CPU: server.computed() * 1000,
        DISPATCHER_CPU: deliverer.computed() * 1000 if deliverer else 0.0,
        MONGODB_CPU: store.computed() * 1000,
    }
    client.admin.command("fsync")
    engine = client.admin.command("serverStatus")["wiredTiger"]
    written = _written(client, database)
    found: Counts = {
        **computed,
        "documents inserted": written.get("i", 0),
        "documents changed": written.get("u", 0),
        "journal written": engine["log"]["log bytes written"] / 1024,
        "data files written": engine["block-manager"]["bytes written"] / 1024,
    }
    stored = dict.fromkeys(list(_UNITS)[len(found) :], 0.0)
    for name in client[database].list_collection_names():
        stats = client[database].command("collStats", name)
        stored["documents stored"] += stats["size"] / 1024
        stored["documents stored, compressed"] += stats["storageSize"] / 1024
        stored["indexes stored"] += stats["totalIndexSize"] / 1024
        stored["index entries"] += sum(_entries(client, database, name))
    return found | stored


def _written(client: MongoClient[dict[str, Any]], database: str) -> dict[str, int]:
    """Return how many documents were written, by the letter that the oplog has for how."""
    entries = client["local"]["oplog.rs"].aggregate(
        [
            {"$match": {"ns": {"$regex": f"^{database}[.]"}}},
            {"$group": {"_id": "$op", "count": {"$sum": 1}}},
        ]
    )
    return {one["_id"]: one["count"] for one in entries}


def _entries(client: MongoClient[dict[str, Any]], database: str, name: str) -> Sequence[int]:
    """Return how many entries each index of a collection has."""
    counted: dict[str, int] = client[database].command("validate", name)["keysPerIndex"]
    return tuple(counted.values())


def _idle(store: Store, seconds: float) -> Counts:
    """Return what a second costs in which nobody asks for anything."""
    with gateway(store, database="idle", deliver=True) as server:
        time.sleep(1)
        before = (server.computed(), store.process.computed())
        time.sleep(seconds)
        spent = (server.computed() - before[0], store.process.computed() - before[1])
    names = ("CPU, gateway that delivers", MONGODB_CPU)
    return {name: one * 1000 / seconds for name, one in zip(names, spent, strict=True)}
