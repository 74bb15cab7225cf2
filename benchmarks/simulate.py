"""What more machines would carry, reckoned from what the other cases measured.

A simulation of queues: connections that ask again as soon as they are answered; gateways and
dispatchers of one core each; shards of several cores, over which ids are spread by hash; a journal
that a write waits for without holding a core. What each visit takes is the measured processor time,
spread exponentially. The network is free, which on one machine it was, too.
"""

from __future__ import annotations

import heapq
import random
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING

from benchmarks import cost
from benchmarks.figures import Figure, SkippedError
from benchmarks.results import latest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.figures import Effort

_CONNECTIONS = 16
_CORES = 4
_MACHINES = (1, 2, 4, 8, 16, 32)
_SHARDS = (1, 2, 4)
_NEEDED = ("cost", "connections", "create")


@dataclass(frozen=True, slots=True)
class Work:
    """Milliseconds that an order takes, and an event of it.

    Args:
        gateway: of a gateway's processor.
        store: of the store's, each write.
        writes: one after the other, to shards of their own.
        journal: that each write waits for without computing.
        events: that it makes.
        dispatcher: of a dispatcher's processor, for each event with one listener.
        told: of the store's, likewise.
    """

    gateway: float
    store: float
    journal: float
    dispatcher: float
    told: float
    writes: int = 1
    events: int = 1


@dataclass(frozen=True, slots=True)
class Site:
    """How many of each there are."""

    gateways: int
    shards: int
    dispatchers: int = 0
    cores: int = _CORES


@dataclass(frozen=True, slots=True)
class Carried:
    """What a site carries: in a second, and the milliseconds that all but a hundredth wait."""

    orders: float
    events: float
    p99: float


class Station:
    """Servers that take who comes first; it is asked in the order of time."""

    def __init__(self, servers: int) -> None:
        self._free = [0.0] * servers

    def leave(self, at: float, service: float) -> float:
        """Return when somebody is through who comes at that time."""
        end = max(at, heapq.heappop(self._free)) + service
        heapq.heappush(self._free, end)
        return end


@dataclass(slots=True)
class Simulation:
    """One run."""

    work: Work
    site: Site
    seed: int
    _waiting: list[tuple[float, int, str, int, float, int]] = field(default_factory=list)
    _numbers: count[int] = field(default_factory=count)

    def carried(self, orders: int) -> Carried:
        """Return what is carried, after so many orders; the first tenth doesn't count."""
        site, chance = self.site, random.Random(self.seed)  # noqa: S311 - no secret
        gateways = [Station(1) for _ in range(site.gateways)]
        shards = [Station(site.cores) for _ in range(site.shards)]
        dispatchers = [Station(1) for _ in range(site.dispatchers)]
        answered: list[tuple[float, float]] = []
        delivered: list[float] = []
        for number in range(site.gateways * _CONNECTIONS):
            self._next(chance.random(), "gateway", number % site.gateways, 0.0)
        while len(answered) < orders:
            at, _, stage, gateway, began, left = heapq.heappop(self._waiting)
            took = chance.expovariate
            if stage == "gateway":
                end = gateways[gateway].leave(at, took(1 / self.work.gateway))
                self._next(end, "write", gateway, at, self.work.writes)
            elif stage == "write" and left:
                end = chance.choice(shards).leave(at, took(1 / self.work.store))
                self._next(end + self.work.journal, "write", gateway, began, left - 1)
            elif stage == "write":
                answered.append((at, at - began))
                self._next(at, "gateway", gateway, 0.0)
                for _ in range(self.work.events if dispatchers else 0):
                    self._next(at, "relay", gateway, 0.0)
            elif stage == "relay":
                end = chance.choice(dispatchers).leave(at, took(1 / self.work.dispatcher))
                self._next(end, "tell", gateway, 0.0)
            else:
                delivered.append(chance.choice(shards).leave(at, took(1 / self.work.told)))
        return _carried(answered, delivered)

    def _next(self, at: float, stage: str, gateway: int, began: float, left: int = 0) -> None:
        number = next(self._numbers)
        heapq.heappush(self._waiting, (at, number, stage, gateway, began, left))


def simulate(effort: Effort) -> Iterator[Figure]:
    """Yield what more gateways, shards and dispatchers would carry, after a check on this one."""
    orders = 500 if effort.quick else 12_000
    kept = latest()["cases"]
    missing = [name for name in _NEEDED if not kept.get(name, {}).get("figures")]
    if missing:
        raise SkippedError(f"It goes by kept results, and there are none of {missing[0]}.")
    resource, service = _works({name: kept[name]["figures"] for name in _NEEDED})
    measured = _median(kept["create"]["figures"], "create: requests")
    seen = [one.orders for one in _runs(resource, Site(1, 1, cores=1), orders, effort)]
    yield Figure(
        case="simulate",
        what="check: create, one gateway and a store of one core",
        values=tuple(seen),
        unit="1/s",
        against="measured on this machine",
        reference=(measured,) * len(seen),
    )
    for work, name in ((resource, "resource orders"), (service, "service orders")):
        yield from _intake(work, name, orders, effort)
    yield from _delivery(resource, orders, effort)


def _intake(work: Work, name: str, orders: int, effort: Effort) -> Iterator[Figure]:
    for shards in _SHARDS:
        for gateways in _MACHINES:
            found = _runs(work, Site(gateways, shards), orders, effort)
            plural = "s" if shards > 1 else ""
            values = tuple(one.orders for one in found)
            what = f"{name}: {gateways} gateways, {shards} shard{plural}"
            yield _point(what, values, f"{name}, {shards} shard{plural}", gateways, "gateways")


def _delivery(work: Work, orders: int, effort: Effort) -> Iterator[Figure]:
    for shards in _SHARDS:
        for number in _MACHINES:
            found = _runs(work, Site(2 * shards, shards, number), orders, effort)
            plural = "s" if shards > 1 else ""
            values = tuple(one.events for one in found)
            what = f"events: {number} dispatchers, {2 * shards} gateways, {shards} shard{plural}"
            yield _point(what, values, f"events, {shards} shard{plural}", number, "dispatchers")


def _point(what: str, values: tuple[float, ...], curve: str, at: float, axis: str) -> Figure:
    return Figure(
        case="simulate", what=what, values=values, unit="1/s", curve=curve, at=at, axis=axis
    )


def _runs(work: Work, site: Site, orders: int, effort: Effort) -> list[Carried]:
    return [Simulation(work, site, seed).carried(orders) for seed in range(min(effort.rounds, 3))]


def _works(kept: dict[str, list[dict[str, object]]]) -> tuple[Work, Work]:
    """Return what a resource order and a service order take, as it was measured.

    What one lone connection waits for beyond anybody's processor is the journal.
    """
    parts = cost.model(kept["cost"])
    event, heard = parts["event"], parts["event and listener"]
    taken, issued = parts["resource order"], parts["service order"]
    alone = _median(kept["connections"], "create, 1 connection: p50")
    computed = taken[cost.GATEWAY_CPU] + taken[cost.MONGODB_CPU]
    journal = max(0.0, alone - computed)
    dispatcher = _positive(event[cost.DISPATCHER_CPU] + heard[cost.DISPATCHER_CPU])
    told = _positive(event[cost.MONGODB_CPU] + heard[cost.MONGODB_CPU])
    resource = Work(
        _positive(taken[cost.GATEWAY_CPU]),
        _positive(taken[cost.MONGODB_CPU]),
        journal,
        dispatcher,
        told,
    )
    writes = 2  # the record, then its orders together
    service = Work(
        _positive(issued[cost.GATEWAY_CPU]),
        _positive(issued[cost.MONGODB_CPU] / writes),
        journal,
        dispatcher,
        told,
        writes=writes,
        events=round(issued["documents inserted"]),
    )
    return resource, service


def _positive(milliseconds: float) -> float:
    """Return a time that can be; a difference of two measured ones may fall below."""
    return max(milliseconds, 0.01)


def _median(figures: list[dict[str, object]], what: str) -> float:
    found = next(one["measured"] for one in figures if one["what"] == what)
    assert isinstance(found, dict)  # noqa: S101 - for the type
    return float(found["median"])


def _carried(answered: list[tuple[float, float]], delivered: list[float]) -> Carried:
    counted = answered[len(answered) // 10 :]
    begin, end = counted[0][0], counted[-1][0]
    waits = sorted(wait for _, wait in counted)
    events = sum(begin < at <= end for at in delivered)
    seconds = (end - begin) / 1000
    return Carried(len(counted) / seconds, events / seconds, waits[len(waits) * 99 // 100])
