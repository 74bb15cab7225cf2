"""All processes of a run together; what ended by itself is started again, and remembered."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import psutil

from forked import Nursery
from torture.processes import ListenerProcess, Mongod, Ordergate

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from torture.processes import Part


@dataclass(slots=True)
class Running:
    """A part, and how it is with it now.

    Args:
        expected_dead: it was killed, or is to die at a fault point.
        was_ready: since it was started last.
    """

    part: Part
    pid: int = 0
    expected_dead: bool = True
    was_ready: bool = False
    is_stopped: bool = False
    started: float = 0.0

    def start(self, **environ: str) -> None:
        """Start it, again."""
        self.pid = self.part.start(**environ)
        self.was_ready = self.is_stopped = False
        self.expected_dead = bool(environ)  # a fault point
        self.started = time.monotonic()

    def is_alive(self) -> bool:
        """Tell whether the process is there, if only stopped."""
        with suppress(psutil.NoSuchProcess):
            return bool(self.pid) and psutil.Process(self.pid).status() != psutil.STATUS_ZOMBIE
        return False

    def is_up(self) -> bool:
        """Tell whether it does its work."""
        if self.is_stopped or not self.is_alive():
            return False
        self.was_ready = self.was_ready or self.part.is_ready()
        return self.was_ready

    def signal(self, number: signal.Signals) -> None:
        """Send the process a signal; one that has gone needs none."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End the process by kill -9."""
        self.expected_dead = True
        self.signal(signal.SIGKILL)


@dataclass(slots=True)
class Cluster:
    """All of them; what ended by itself is started again, and remembered."""

    folder: Path
    seed: int
    died: list[str] = field(default_factory=list)
    members: dict[str, Running] = field(default_factory=dict)
    gateways: list[Ordergate] = field(default_factory=list)
    listeners: list[ListenerProcess] = field(default_factory=list)
    uri: str = ""
    _nursery: Nursery | None = None

    def start(self) -> None:
        """Start all, and wait until they do their work."""
        mongod = Mongod(self.folder)
        self.uri = mongod.uri
        self._nursery = Nursery(self.folder / "nursery.log")
        self._add(mongod)
        self.listeners = [
            ListenerProcess(name, self.folder, self.seed)
            for name in ("orders", "states", "services")
        ]
        self.gateways = [self._ordergate(f"gateway{n}") for n in (1, 2)]
        dispatchers = [self._ordergate(f"dispatcher{n}") for n in (1, 2)]
        self.wait_until_up()
        parts: tuple[Part, ...] = (*self.listeners, *self.gateways, *dispatchers)
        for part in parts:
            self._add(part)
        self.wait_until_up()

    def _ordergate(self, name: str) -> Ordergate:
        assert self._nursery is not None
        return Ordergate(name, self._nursery, self.folder, self.uri)

    def let_listeners_fail(self, error_rate: float) -> None:
        """Start the listeners anew, no longer as good as they were."""
        for listener in self.listeners:
            listener.error_rate = error_rate
            self.members[listener.name].kill()
            self.members[listener.name].start()
        self.wait_until_up()

    def _add(self, part: Part) -> None:
        self.members[part.name] = Running(part)
        self.members[part.name].start()

    def tend(self) -> None:
        """Start again what ended by itself; it counts as a death if it had begun to work."""
        for one in self.members.values():
            if one.expected_dead or one.is_alive():
                continue
            if one.was_ready:
                self.died.append(f"{one.part.name} after {time.monotonic() - one.started:.1f} s")
            one.start()

    def wait_until_up(self, within: float = 120.0) -> None:
        """Wait until all are at work."""
        until = time.monotonic() + within
        while not all(one.is_up() for one in self.members.values()):
            self.tend()
            if time.monotonic() > until:
                late = [name for name, one in self.members.items() if not one.is_up()]
                raise RuntimeError(f"{late} did not come up; see {self.folder}")
            time.sleep(0.05)

    def close(self) -> None:
        """End all processes."""
        for one in self.members.values():
            one.kill()
        for one in self.members.values():
            one.part.reap()
        if self._nursery is not None:
            self._nursery.close()

    def __iter__(self) -> Iterator[Running]:
        return iter(self.members.values())
