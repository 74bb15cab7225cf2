"""One run: processes up, orders and faults, everything delivered, and the verdict."""

from __future__ import annotations

import os
import platform
import time
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import requests
from pymongo import MongoClient
from pymongo.errors import PyMongoError

from torture.clients import Clients
from torture.cluster import Cluster
from torture.evidence import Gathering, Hub
from torture.faults import Tormentor, plan
from torture.journal import Journal
from torture.verdict import judge
from torture.work import KINDS, TMF641, TMF652, jobs

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping
    from pathlib import Path

    from pymongo.database import Database

    from torture.evidence import Evidence
    from torture.faults import Fault
    from torture.setup import Setup
    from torture.verdict import Verdict

HUBS = (
    Hub("orders", "TMF652"),
    Hub("states", "TMF652", "ResourceOrderStateChangeEvent"),
    Hub("services", "TMF641"),
)
_DOORS = {"TMF652": TMF652, "TMF641": TMF641}
_DRAINED_WITHIN = 240.0
_TASKS = ("cancelResourceOrder", "cancelServiceOrder")
_OWING = ("initiatingRequest", "resourceOrder", *_TASKS)


@dataclass(slots=True)
class Result:
    """What came of a run, and where its journals are."""

    name: str
    setup: Setup
    verdict: Verdict
    folder: str
    began: str
    figures: dict[str, Any] = field(default_factory=dict)

    def as_document(self) -> dict[str, Any]:
        """Return it for programs."""
        return {
            "run": self.name,
            "setup": asdict(self.setup),
            "began": self.began,
            "machine": machine(),
            "holds": self.verdict.holds,
            "figures": self.figures,
            "findings": {name: list(found) for name, found in self.verdict.findings.items()},
            "folder": self.folder,
        }


def machine() -> str:
    """Return what it ran on."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    return (
        f"{os.cpu_count()} CPUs, {memory:.0f} GiB, {platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}, load {load}"
    )


def run(setup: Setup, folder: Path, say: Callable[[str], None]) -> Generator[Result]:
    """Yield what comes of the calm part of a run, then of all; call it from the main thread."""
    with ExitStack() as undo:
        cluster = Cluster(folder, setup.seed)
        undo.callback(cluster.close)
        cluster.start()
        _register(cluster)
        torture = _Run(setup, cluster, Journal(folder / "clients.jsonl"), say)
        undo.callback(torture.journal.close)
        if setup.calm_orders:
            yield torture.phase(f"{setup.calm_orders} orders in peace", "calm", [])
        cluster.let_listeners_fail(setup.error_rate)
        yield torture.phase(f"{setup.orders} orders under torture", "tortured", plan(setup))


@dataclass(slots=True)
class _Run:
    setup: Setup
    cluster: Cluster
    journal: Journal
    say: Callable[[str], None]

    def phase(self, name: str, key: str, faults: list[Fault]) -> Result:
        """Let orders come and faults be, until all is delivered; judge all that was until then."""
        began = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        begin, since = time.monotonic(), time.time()
        orders = self.setup.orders if faults else self.setup.calm_orders
        coming = jobs(f"{key} {self.setup.seed}", orders)
        urls = [gateway.url for gateway in self.cluster.gateways]
        with Clients(coming, self.setup.clients, urls, self.journal) as clients:
            clients.release(len(KINDS))
            tormentor = Tormentor(self.cluster, clients, self.say)
            tormentor.carry_out(faults)
        worked = time.monotonic()
        issued_after = _drain(self.cluster, tormentor.last_restart)
        drained = time.monotonic()
        evidence = self._gathering().gather(
            died=tuple(self.cluster.died),
            stops=tuple(tormentor.stops),
            issued_after=issued_after,
            since=since,
            left=clients.left,
        )
        verdict = judge(evidence, is_calm=not faults)
        figures = {
            **_figures(evidence, tormentor),
            **verdict.figures,
            "seconds of orders and faults": round(worked - begin, 1),
            "seconds until all was delivered": round(drained - worked, 1),
        }
        return Result(name, self.setup, verdict, str(self.cluster.folder), began, figures)

    def _gathering(self) -> Gathering:
        journals = {listener.name: listener.journal for listener in self.cluster.listeners}
        clients = self.cluster.folder / "clients.jsonl"
        return Gathering(self.cluster.uri, clients, journals, HUBS)


def _register(cluster: Cluster) -> None:
    callbacks = {listener.name: listener.callback for listener in cluster.listeners}
    for hub in HUBS:
        body = {"callback": callbacks[hub.name]}
        if hub.event_type:
            body["query"] = f"eventType={hub.event_type}"
        url = f"{cluster.gateways[0].url}{_DOORS[hub.api]}/hub"
        requests.post(url, json=body, timeout=20).raise_for_status()


def _drain(cluster: Cluster, last_restart: float) -> float:
    """Wait until nothing is left to do; return when all was issued, after the last restart."""
    issued: float | None = None
    begin = time.time()
    until = time.monotonic() + _DRAINED_WITHIN
    while time.monotonic() < until:
        cluster.tend()
        try:
            with MongoClient[dict[str, Any]](cluster.uri, timeoutMS=5000) as client:
                left = _left(client["ordergate"])
        except PyMongoError:
            continue
        if issued is None and not left["plans"]:
            issued = time.time() - max(last_restart, begin)
        if not any(left.values()):
            break
        time.sleep(0.2)
    return _DRAINED_WITHIN if issued is None else issued


def _left(database: Database[dict[str, Any]]) -> dict[str, int]:
    """Count what is left to do, in the order it flows: what moves on meanwhile is counted twice."""
    return {
        "plans": database["initiatingRequest"].count_documents({"plan": {"$exists": True}}),
        "tasks": sum(database[name].count_documents({"unfinished": True}) for name in _TASKS),
        "events owed": sum(
            database[name].count_documents({"outbox.sequence": {"$exists": True}})
            for name in _OWING
        ),
        "lanes": database["lane"].count_documents({"pending": True}),
    }


def _figures(evidence: Evidence, tormentor: Tormentor) -> Mapping[str, Any]:
    waits = sorted(one.seconds for one in evidence.accepted)
    moments = sorted(one.at for one in evidence.accepted)
    gaps = [after - before for before, after in pairwise(moments)]
    stops: dict[str, int] = {}
    for one in tormentor.stops:
        kind = one.victim.rstrip("12")
        stops[kind] = stops.get(kind, 0) + 1
    return {
        "orders accepted": len({one.order for one in evidence.accepted}),
        "requests of clients for them": sum(one.tries for one in evidence.accepted),
        "changes accepted": len(evidence.changed) + len(evidence.tasks),
        "changes declined": len(evidence.declined),
        "entities": len(evidence.kept),
        "events": len(evidence.events),
        **{f"kill -9 of {name}": n for name, n in sorted(tormentor.deaths.items())},
        **{f"SIGSTOP of {name}": n for name, n in sorted(stops.items())},
        "fault points": ", ".join(tormentor.points),
        "accepted within, s: p50": waits[len(waits) // 2] if waits else 0.0,
        "accepted within, s: p99": waits[len(waits) * 99 // 100] if waits else 0.0,
        "longest time without an answer, s": round(max(gaps, default=0.0), 2),
        "all issued after the last restart, s": round(evidence.issued_after, 1),
    }
