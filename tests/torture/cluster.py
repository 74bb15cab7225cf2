"""The processes of a run: mongod, gateways, dispatchers and listeners, each of them killable.

They are started from the main thread, and end with it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import psutil
import requests
from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

from forked import Nursery
from ordergate.child_process import dying_with_parent
from ordergate.storage.embedded import find_mongod
from running import free_port
from torture.setup import SETTINGS
from torture.work import EXAMPLES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from forked import ForkedGateway

TESTS = Path(__file__).parents[1]
_REPLICA_SET = "torture"
_ALREADY_INITIATED = 23


class Part(Protocol):
    """A process that can be started again whenever it has ended."""

    name: str

    def start(self, **environ: str) -> int:
        """Start it and return its process id; wait for nothing."""

    def is_ready(self) -> bool:
        """Tell whether it does its work; ask only while it runs."""

    def reap(self) -> None:
        """Wait for its end after a kill."""


class Program:
    """A child of ours, one at a time."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, command: list[str], log: Path, environ: Mapping[str, str]) -> int:
        """Start it, once the one before has gone; return its process id."""
        self.reap()
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                command,
                env={**os.environ, **environ},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                preexec_fn=dying_with_parent(),  # noqa: PLW1509 - the main thread's, as it asks for
            )
        return self._process.pid

    def reap(self) -> None:
        """Wait for its end, which is near."""
        if self._process is not None:
            self._process.wait(10)


class Mongod:
    """A one-node replica set on a port of its own."""

    name = "mongod"

    def __init__(self, folder: Path) -> None:
        self._home = folder / "db"
        self._home.mkdir()
        self._log = folder / "mongod.log"
        self._port = free_port()
        self.uri = f"mongodb://127.0.0.1:{self._port}/?replicaSet={_REPLICA_SET}"
        self._program = Program()

    def start(self, **environ: str) -> int:
        """Start it (`Part`)."""
        command = [
            *(str(find_mongod(None)), "--quiet", "--replSet", _REPLICA_SET, "--nounixsocket"),
            *("--bind_ip", "127.0.0.1", "--port", str(self._port), "--dbpath", str(self._home)),
            *("--wiredTigerCacheSizeGB", "0.25", "--oplogSize", "200"),
            *("--setParameter", "diagnosticDataCollectionEnabled=false"),
        ]
        return self._program.start(command, self._log, environ)

    def is_ready(self) -> bool:
        """Tell whether it's a primary (`Part`); the first time, make it one."""
        client: MongoClient[dict[str, Any]] = MongoClient(
            "127.0.0.1", self._port, directConnection=True, timeoutMS=1000
        )
        with client, suppress(PyMongoError):
            if client.admin.command("hello").get("isWritablePrimary"):
                return True
            members = [{"_id": 0, "host": f"127.0.0.1:{self._port}"}]
            config = {"_id": _REPLICA_SET, "members": members}
            try:
                client.admin.command("replSetInitiate", config)
            except OperationFailure as error:
                if error.code != _ALREADY_INITIATED:
                    raise
        return False

    def reap(self) -> None:
        """Wait for its end (`Part`)."""
        self._program.reap()


class Ordergate:
    """`ordergate serve`, or `ordergate deliver`."""

    def __init__(self, name: str, nursery: Nursery, folder: Path, uri: str) -> None:
        self.name = name
        self._command = "serve" if name.startswith("gateway") else "deliver"
        self._nursery = nursery
        self._log = folder / f"{name}.log"
        self._port = free_port()
        self._forked: ForkedGateway | None = None
        self._settings = {
            **SETTINGS,
            "ORDERGATE_MONGODB_URI": uri,
            "ORDERGATE_PUBLIC_URL": "http://gateway.example",
            "ORDERGATE_CATALOG": str(EXAMPLES / "catalog"),
            "ORDERGATE_DELIVER": "no" if name == "gateway2" else "yes",
        }
        self.url = f"http://127.0.0.1:{self._port}"

    def start(self, **environ: str) -> int:
        """Start it (`Part`)."""
        self.reap()
        settings = {**self._settings, **environ}
        self._forked = self._nursery.spawn(self._command, self._port, self._log, settings)
        return self._forked.pid

    def is_ready(self) -> bool:
        """Tell whether it takes orders (`Part`); of a dispatcher nobody can tell."""
        if self._command == "deliver":
            return True
        with suppress(requests.RequestException):
            return requests.get(f"{self.url}/readyz", timeout=0.5).ok
        return False

    def reap(self) -> None:
        """Wait for its end (`Part`)."""
        if self._forked is not None:
            self._forked.kill()


class ListenerProcess:
    """A listener, and the journal that outlives it."""

    def __init__(self, name: str, folder: Path, seed: int) -> None:
        self.name = name
        self.journal = folder / f"{name}.jsonl"
        self._log = folder / f"{name}.log"
        self._port = free_port()
        self._program = Program()
        self._seed = f"{name} {seed}"
        self.error_rate = 0.0
        self.callback = f"http://127.0.0.1:{self._port}/{name}"

    def start(self, **environ: str) -> int:
        """Start it (`Part`)."""
        arguments = (str(self._port), str(self.journal), self._seed, str(self.error_rate))
        command = [sys.executable, "-m", "torture.listener", *arguments]
        return self._program.start(command, self._log, {"PYTHONPATH": str(TESTS), **environ})

    def is_ready(self) -> bool:
        """Tell whether it listens (`Part`)."""
        with suppress(requests.RequestException):
            return requests.head(self.callback, timeout=0.5).status_code > 0
        return False

    def reap(self) -> None:
        """Wait for its end (`Part`)."""
        self._program.reap()


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
