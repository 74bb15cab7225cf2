"""One run of a mongod: a one-node replica set on a loopback port, from its start to its end."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

from ordergate.child_process import tied
from ordergate.errors import SetupError

if TYPE_CHECKING:
    from collections.abc import Iterable

HOST = "127.0.0.1"
REPLICA_SET = "ordergate"

_PAUSE = 0.02
_PORT_TAKEN = 48  # mongod's exit code when it can't listen
_NOT_YET_INITIALIZED = 94
_LOG_LOOKED_AT = 64 * 1024
_FULL = 32 * 1024 * 1024  # one file of its journal

_FLAGS = (
    "--quiet",
    *("--replSet", REPLICA_SET),
    *("--bind_ip", HOST),
    "--nounixsocket",
    *("--oplogSize", "990"),  # else 5 % of the disk, by and by
    # else three journal files of 100 MB are laid out before the first write
    *("--wiredTigerEngineConfigString", "log=(file_max=32MB,prealloc=false)"),
    *("--setParameter", "diagnosticDataCollectionEnabled=false"),
    *("--setParameter", "shutdownTimeoutMillisForSignaledShutdown=100"),  # no one to hand over to
)

_LIMITS = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)
"""What a container's memory is limited to, by the two versions of control groups."""


def cache_size(limits: Iterable[Path] = _LIMITS) -> float:
    """Return the GiB of data that a mongod keeps in memory: a sixteenth of all, from 0.25 to 1.

    With less than its load needs it writes the same pages of indexes again and again.
    """
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for limit in limits:
        with suppress(OSError, ValueError):  # not there, or "max"
            memory = min(memory, int(limit.read_text(encoding="ascii")))
    return round(min(max(memory / 2**30 / 16, 0.25), 1.0), 2)


class Mongod:
    """A process of `program` on the data in `home`; it ends with the thread that starts it.

    `home` holds `db`, and `mongod.log` of this run.
    """

    def __init__(self, program: Path, home: Path, port: int) -> None:
        self.port = port
        self._program = program
        self._log = home / "mongod.log"
        self._is_primary = False
        size = ["--wiredTigerCacheSizeGB", str(cache_size())]
        command = [str(program), *_FLAGS, *size, "--port", str(port), "--dbpath", str(home / "db")]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603 - the operator's own mongod, no shell
                tied(command),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # a terminal's Ctrl-C is the gateway's, which then ends it
            )

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def found_its_port_taken(self) -> bool:
        """Whether it ended because somebody else has its port."""
        return self._process.returncode == _PORT_TAKEN

    @property
    def found_its_data_in_use(self) -> bool:
        """Whether another mongod still has its files."""
        return b"DBPathInUse" in self._log.read_bytes()

    def listens(self, deadline: float) -> bool:
        """Wait until it says itself that it listens: on the port alone a stranger might answer.

        Return False if it ends instead.

        Raises:
            SetupError: it does neither until the `deadline`, by `time.monotonic()`.
        """
        while self._process.poll() is None:
            if b"Waiting for connections" in self._log.read_bytes():
                return True
            if time.monotonic() > deadline:
                raise self.failure()
            time.sleep(_PAUSE)
        return False

    def become_primary(self, deadline: float) -> None:
        """Bring its replica set to a primary that takes writes.

        Raises:
            SetupError: it ends instead, or it isn't one by the `deadline`.
        """
        left = round(min(60.0, deadline - time.monotonic()) * 1000)
        client: MongoClient[dict[str, Any]] = MongoClient(
            *(HOST, self.port),
            directConnection=True,
            serverSelectionTimeoutMS=1000,  # so that its end is seen soon
            socketTimeoutMS=max(1, left),
        )
        with client:
            while self._process.poll() is None and time.monotonic() < deadline:
                with suppress(PyMongoError):  # it drops connections as its state changes: ask again
                    if client.admin.command("hello").get("isWritablePrimary"):
                        self._is_primary = True
                        return
                    _settle_members(client, f"{HOST}:{self.port}")
                time.sleep(_PAUSE)
        raise self.failure()

    def wait(self) -> int:
        """Return its exit code, when it has ended; minus the signal if one ended it."""
        return self._process.wait()

    def end(self) -> None:
        """Tell it to end; at once while it isn't primary: all it has to keep is in its journal."""
        if self._is_primary:
            self._process.terminate()
        else:
            self._process.kill()

    def kill(self) -> None:
        """End it at once; journaled majority writes survive this."""
        self._process.kill()

    def failure(self) -> SetupError:
        """Return the error of one that ended, or that hangs."""
        code = self._process.poll()
        outcome = "is not ready in time" if code is None else f"ended with code {code}"
        return SetupError(
            f"The embedded MongoDB ({self._program}) {outcome}, saying {self.complaint()!r}: mend "
            f"that (its log is {self._log}), or name another mongod in ORDERGATE_MONGOD, or a "
            "running one in ORDERGATE_MONGODB_URI."
        )

    def complaint(self) -> str:
        """Return the first error that it logged lately: what follows is only its consequence.

        Without an error it's the last thing it said. On a full disk it can't say why it ends.
        """
        if shutil.disk_usage(self._log.parent).free < _FULL:
            return "no space left on its disk"
        latest = "nothing"
        for line in _tail(self._log).splitlines():
            try:
                entry = json.loads(line)
            except ValueError:
                if not line.strip() or line.startswith("{"):  # it ended in the middle of a line
                    continue
                return line.strip()  # not mongod's log yet: the loader or the option parser
            latest = _sentence(entry)
            if entry["s"] in {"E", "F"}:
                break
        return latest


def last_port(home: Path) -> int:
    """Return the port of last time while nobody else has it, else a free one."""
    try:
        return free_port(int((home / "port").read_text()))
    except (OSError, ValueError, OverflowError):  # no file, not a number, taken, not a port
        return free_port()


def free_port(port: int = 0) -> int:
    """Return `port` if it can be listened on; 0 stands for any."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as mongod does
        probe.bind((HOST, port))
        chosen: int = probe.getsockname()[1]
        return chosen


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


def _tail(log: Path) -> str:
    """Return the last lines of a log that may be long, or was taken away."""
    with suppress(OSError), log.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - _LOG_LOOKED_AT))
        if size > _LOG_LOOKED_AT:
            file.readline()  # the rest of one that began before
        return file.read().decode(errors="replace")
    return ""


def _sentence(entry: dict[str, Any]) -> str:
    """Return what a log entry says, with the innermost of its reasons."""
    reason: Any = entry.get("attr", {})
    while isinstance(reason, dict):
        inner = (reason[key] for key in ("message", "errmsg", "msg", "error") if key in reason)
        reason = next(inner, "")
    return f"{entry['msg']}: {reason}" if reason else str(entry["msg"])
