"""The servers that are compared, each a process of its own, all on one MongoDB."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import psutil

from ordergate.child_process import dying_with_parent
from ordergate.cli.gateway_process import free_port, stop
from ordergate.settings import Settings
from ordergate.storage.embedded import EmbeddedEngine, find_mongod

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

GATEWAY = "gateway"
"""The database of a gateway, where nothing else is said."""
_HOST = "127.0.0.1"
_TO_START = 60.0


class StartError(Exception):
    """A server doesn't come up."""


@dataclass(frozen=True, slots=True)
class Server:
    """A running server and what it uses.

    Args:
        started: seconds until its first answer.
    """

    name: str
    port: int
    pid: int
    host: str = _HOST
    started: float = 0.0

    def computed(self) -> float:
        """Return the seconds that its processes have computed so far."""
        return sum(sum(one.cpu_times()[:2]) for one in self._processes())

    def memory(self) -> float:
        """Return the MiB that its processes hold now."""
        return sum(one.memory_info().rss for one in self._processes()) / 2**20

    def peak_memory(self) -> float:
        """Return the most MiB that its processes have held, each for itself."""
        return sum(_peak(one.pid) for one in self._processes()) / 1024

    def _processes(self) -> list[psutil.Process]:
        own = psutil.Process(self.pid)
        return [own, *own.children(recursive=True)]


def _peak(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0])


@dataclass(frozen=True, slots=True)
class Store:
    """The MongoDB that all of them use, and its process."""

    uri: str
    process: Server


@contextmanager
def running_store() -> Iterator[Store]:
    """Start a mongod as the gateway's own is started; everything in it goes at the end."""
    with (
        TemporaryDirectory(prefix="benchmark-") as folder,
        EmbeddedEngine.start(Path(folder), find_mongod(None)) as engine,
    ):
        yield Store(engine.uri, Server("mongod", 0, engine.pid))


@contextmanager
def gateway(store: Store, name: str = "Ordergate", **settings: Any) -> Iterator[Server]:
    """Start a gateway on the store; `settings` are its own, intake alone where nothing is said."""
    port = free()
    chosen: dict[str, Any] = {"deliver": False, "database": GATEWAY, **settings}
    whole = Settings(port=port, mongodb_uri=store.uri, log_level="WARNING", **chosen)
    command = [sys.executable, "-m", "ordergate", "serve"]
    with started(name, command, whole.as_environ(), port, "/readyz") as server:
        yield server


@contextmanager
def dispatcher(store: Store, **settings: Any) -> Iterator[Server]:
    """Start `ordergate deliver` on the store."""
    whole = Settings(mongodb_uri=store.uri, **settings)
    command = [sys.executable, "-m", "ordergate", "deliver"]
    with started("dispatcher", command, whole.as_environ(), 0, "") as server:
        yield server


@contextmanager
def embedded_gateway(folder: Path) -> Iterator[Server]:
    """Start a gateway that brings its own mongod, with its data in the folder."""
    port = free()
    settings = Settings(port=port, data_dir=folder / "data", log_level="WARNING")
    command = [sys.executable, "-m", "ordergate", "serve"]
    with started("Ordergate", command, settings.as_environ(), port, "/readyz") as server:
        yield server


@contextmanager
def floor(store: Store, *, workers: int = 1, like: Path | None = None) -> Iterator[Server]:
    """Start the floor on the store.

    Args:
        like: what issuing comes to (`stock.issued`).
    """
    port = free()
    options = ["--no-access-log", "--no-server-header", "--log-level", "critical"]
    target = ["--factory", "benchmarks.floor:application", "--workers", str(workers)]
    command = [sys.executable, "-m", "uvicorn", *target, "--port", str(port), *options]
    environ = {"FLOOR_MONGODB_URI": store.uri, "FLOOR_LIKE": str(like or "")}
    with started("floor", command, environ, port, "/livez") as server:
        yield server


def free() -> int:
    """Return a port that nobody uses now."""
    return free_port(_HOST, 0)


@contextmanager
def started(
    name: str, command: Sequence[str], environ: Mapping[str, str], port: int, path: str
) -> Iterator[Server]:
    """Run a server until the block ends, from its first answer on.

    Args:
        port: 0 for what has none, and is ready when it has logged its first line.
        path: that it answers when it is ready.

    Raises:
        StartError: it doesn't.
    """
    began = time.monotonic()
    with TemporaryDirectory(prefix="benchmark-") as folder:
        log = Path(folder) / "log"
        with log.open("wb") as output:
            process = subprocess.Popen(  # noqa: S603 - our own commands
                command,
                env={**os.environ, **environ},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=dying_with_parent(signal.SIGTERM),  # noqa: PLW1509 - no threads yet
            )
        try:
            url = f"http://{_HOST}:{port}{path}" if port else ""
            _wait(process, url, name, log)
            yield Server(name, port, process.pid, started=time.monotonic() - began)
        finally:
            stop(process)


def _wait(process: subprocess.Popen[bytes], url: str, name: str, log: Path) -> None:
    deadline = time.monotonic() + _TO_START
    while time.monotonic() < deadline and process.poll() is None:
        if not url and log.stat().st_size:
            return
        with suppress(OSError, ValueError), urllib.request.urlopen(url, timeout=5):  # noqa: S310 - ours
            return
        time.sleep(0.02)
    raise StartError(f"{name} doesn't come up: {log.read_text(errors='replace')[-500:]}")
