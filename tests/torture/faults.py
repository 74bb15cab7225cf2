"""The faults of a run: planned from the seed, carried out while orders come in."""

from __future__ import annotations

import heapq
import signal
import time
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from random import Random
from typing import TYPE_CHECKING

from torture.setup import LEASE

if TYPE_CHECKING:
    from collections.abc import Callable

    from torture.clients import Clients
    from torture.cluster import Cluster, Running
    from torture.setup import Setup

FAULT_POINTS = (
    *("afterRecord", "afterPlan", "afterOrders", "afterOrderChanged", "afterRollUp") * 2,
    "afterHandOvers",
    "afterCancelTask",
    "afterTaskBegun",
    "afterAssessed",
    "afterCancelled",
    "afterTaskEnded",
    "afterCancelServiceTask",
    "afterServiceTaskBegun",
    "afterServiceCascade",
    "afterServiceAssessed",
    "afterServiceCancelled",
    "afterServiceTaskEnded",
)
_POINT_PATIENCE = 15.0
_CLIENTS_PATIENCE = 3600.0
_TICK = 0.05
_WAIT = (0.2, 1.0)


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that is done to one process.

    Args:
        wait: seconds to let it work before.
        rest: seconds that it stays dead or stopped.
        point: the fault point at which it dies once more when it is started again.
    """

    victim: str
    number: signal.Signals
    wait: float
    rest: float
    point: str = ""

    def __str__(self) -> str:
        point = f", then {self.point}" if self.point else ""
        return f"{self.number.name} {self.victim} for {self.rest:.1f} s{point}"


def plan(setup: Setup) -> list[Fault]:
    """Return the faults of a run, in the order they come."""
    random = Random(f"faults {setup.seed}")  # noqa: S311 - dice, not secrets

    def kill(victim: str, rest: tuple[float, float], point: str = "") -> Fault:
        wait = random.uniform(*_WAIT)
        return Fault(victim, signal.SIGKILL, wait, random.uniform(*rest), point)

    def stop(victim: str, *rest: float) -> Fault:
        wait = random.uniform(*_WAIT)
        return Fault(victim, signal.SIGSTOP, wait, random.uniform(*rest))

    def any_of(name: str) -> str:
        return f"{name}{random.choice((1, 2))}"

    at_points = setup.gateway_kills // 4  # each is two deaths of a gateway
    faults = [
        kill(any_of("gateway"), (0.0, 1.0)) for _ in range(setup.gateway_kills - 2 * at_points)
    ]
    faults += [
        kill(any_of("gateway"), (0.0, 0.5), random.choice(FAULT_POINTS)) for _ in range(at_points)
    ]
    faults += [kill("mongod", (0.0, 1.5)) for _ in range(setup.mongod_kills)]
    faults += [kill(any_of("dispatcher"), (0.0, 1.0)) for _ in range(setup.dispatcher_kills)]
    faults += [
        kill(random.choice(("orders", "states", "services")), (1.0, 3.0))
        for _ in range(setup.listener_kills)
    ]
    for _ in range(setup.stops):
        faults += [
            stop(any_of("dispatcher"), 1.2 * LEASE, 1.6 * LEASE),
            stop(any_of("gateway"), 1.0, 3.0),
            stop("mongod", 1.0, 4.0),
        ]
    random.shuffle(faults)
    return _spread(faults)


def _spread(faults: list[Fault]) -> list[Fault]:
    """Return them so that few victims are struck while they are still getting up."""
    left, spread = list(faults), list[Fault]()
    while left:
        lately = {one.victim for one in spread[-2:]}
        chosen = next((one for one in left if one.victim not in lately), left[0])
        left.remove(chosen)
        spread.append(chosen)
    return spread


@dataclass(frozen=True, slots=True)
class Stop:
    """A process was stopped for a while; times are of the clock on the wall."""

    victim: str
    begin: float
    end: float


@dataclass(slots=True)
class Tormentor:
    """Carries out a plan, and writes down what it did.

    Args:
        deaths: how often each kind of process was killed, or died at a fault point.
    """

    cluster: Cluster
    clients: Clients
    say: Callable[[str], None]
    deaths: dict[str, int] = field(default_factory=dict)
    points: list[str] = field(default_factory=list)
    stops: list[Stop] = field(default_factory=list)
    last_restart: float = field(default_factory=time.time)
    _later: list[tuple[float, int, Callable[[], None]]] = field(default_factory=list)
    _numbers: count[int] = field(default_factory=count)

    def carry_out(self, faults: list[Fault]) -> None:
        """Do all that is planned while the clients' orders are let come, a share per fault."""
        share = max(1, self.clients.left // max(1, len(faults)))
        for fault in faults:
            self.clients.release(share)
            self._pause(fault.wait)
            victim = self.cluster.members[fault.victim]
            self._pause_until(partial(_is_at_work, victim), 60)
            self.say(f"{time.strftime('%H:%M:%S')} {fault}")
            self._strike(fault, victim)
        self.clients.release_rest()
        self._pause_until(lambda: not self._later and self._all_up(), 120)
        self._pause_until(lambda: not self.clients.left, _CLIENTS_PATIENCE)

    def _all_up(self) -> bool:
        return all(one.is_up() for one in self.cluster)

    def _strike(self, fault: Fault, victim: Running) -> None:
        if fault.number == signal.SIGSTOP:
            victim.is_stopped = True
            victim.signal(signal.SIGSTOP)
            begin = time.time()
            self._in(fault.rest, lambda: self._let_go_on(victim, begin))
            return
        victim.kill()
        self._count(victim)
        if fault.point:
            self._in(fault.rest, lambda: self._start_to_die(victim, fault.point))
        else:
            self._in(fault.rest, lambda: self._restart(victim))

    def _let_go_on(self, victim: Running, begin: float) -> None:
        victim.is_stopped = False
        victim.signal(signal.SIGCONT)
        self.stops.append(Stop(victim.part.name, begin, time.time()))

    def _restart(self, victim: Running) -> None:
        victim.start()
        self.last_restart = time.time()

    def _start_to_die(self, victim: Running, point: str) -> None:
        victim.start(ORDERGATE_FAULT_POINT=point)
        until = time.monotonic() + _POINT_PATIENCE

        def look() -> None:
            if victim.is_alive() and time.monotonic() < until:
                self._in(0.1, look)
                return
            self.points.append(f"{point}{' (not reached)' if victim.is_alive() else ''}")
            victim.kill()
            self._count(victim)
            self._restart(victim)

        look()

    def _count(self, victim: Running) -> None:
        kind = victim.part.name.rstrip("12")
        kind = "listener" if kind in {"orders", "states", "services"} else kind
        self.deaths[kind] = self.deaths.get(kind, 0) + 1

    def _in(self, seconds: float, action: Callable[[], None]) -> None:
        heapq.heappush(self._later, (time.monotonic() + seconds, next(self._numbers), action))

    def _pause(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self._tick()

    def _pause_until(self, condition: Callable[[], bool], within: float) -> None:
        until = time.monotonic() + within
        while not condition() and time.monotonic() < until:
            self._tick()

    def _tick(self) -> None:
        while self._later and self._later[0][0] <= time.monotonic():
            heapq.heappop(self._later)[2]()
        self.cluster.tend()
        time.sleep(_TICK)


def _is_at_work(one: Running) -> bool:
    """Tell whether a process is up, and isn't to die at a fault point."""
    return one.is_up() and not one.expected_dead
