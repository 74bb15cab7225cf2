"""The kinds of processes that are tortured, each of which can be started again and again.

They are started from the main thread, and end with it.
"""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import requests
from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

from ordergate.child_process import dying_with_parent
from ordergate.storage.embedded import find_mongod
from running import free_port
from torture.setup import SETTINGS
from torture.work import EXAMPLES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from forked import ForkedGateway, Nursery

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
        self._logged = 0
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
        self._logged = self._log.stat().st_size if self._log.exists() else 0
        self._forked = self._nursery.spawn(self._command, self._port, self._log, settings)
        return self._forked.pid

    def is_ready(self) -> bool:
        """Tell whether it takes orders, or delivers, of which only its log tells (`Part`)."""
        if self._command == "deliver":
            return b"delivering notifications" in self._log.read_bytes()[self._logged :]
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
