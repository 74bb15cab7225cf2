"""A replica set of three real mongods on this machine, to be killed and started one by one."""

from __future__ import annotations

import subprocess
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from pymongo import MongoClient
from pymongo.errors import AutoReconnect, PyMongoError

from ordergate.child_process import tied
from ordergate.storage.embedded import find_mongod
from running import eventually, free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAME = "three"


class Member:
    """One mongod of the set, as often as it is started."""

    def __init__(self, home: Path) -> None:
        self.port = free_port()
        self.host = f"127.0.0.1:{self.port}"
        self._home = home
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, *parameters: str) -> None:
        """Start it; it ends with this process, if not before."""
        (self._home / "db").mkdir(parents=True, exist_ok=True)
        command = [
            *(str(find_mongod(None)), "--quiet", "--nounixsocket", "--replSet", NAME),
            *("--bind_ip", "127.0.0.1", "--port", str(self.port)),
            *("--dbpath", str(self._home / "db"), "--wiredTigerCacheSizeGB", "0.25"),
            *("--oplogSize", "100"),
            *("--wiredTigerEngineConfigString", "log=(file_max=16MB,prealloc=false)"),
            *("--setParameter", "diagnosticDataCollectionEnabled=false"),
            *(part for one in parameters for part in ("--setParameter", one)),
        ]
        with (self._home / "mongod.log").open("ab") as log:
            self._process = subprocess.Popen(tied(command), stdout=log, stderr=log)

    def kill(self) -> None:
        """End it by kill -9."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def hello(self) -> dict[str, Any]:
        """Return what it says of itself; nothing if it isn't there."""
        with (
            suppress(PyMongoError),
            MongoClient[dict[str, Any]](self.host, directConnection=True, timeoutMS=500) as client,
        ):
            said: dict[str, Any] = client.admin.command("hello")
            return said
        return {}


class ReplicaSet:
    """The members; any of them may be primary."""

    def __init__(self, home: Path, members: int, election_timeout: float) -> None:
        self.members = [Member(home / f"member{number}") for number in range(members)]
        self._election_timeout = election_timeout

    @property
    def uri(self) -> str:
        """Where its clients look for it."""
        return f"mongodb://{','.join(one.host for one in self.members)}/?replicaSet={NAME}"

    def start(self, *parameters: str) -> None:
        """Start all members for the first time, and wait for a primary and its secondaries."""
        for member in self.members:
            member.start(*parameters)
        first = self.members[0]
        config = {
            "_id": NAME,
            "members": [{"_id": n, "host": one.host} for n, one in enumerate(self.members)],
            "settings": {"electionTimeoutMillis": round(self._election_timeout * 1000)},
        }
        eventually(lambda: all(one.hello() for one in self.members), within=60)
        with MongoClient[dict[str, Any]](first.host, directConnection=True) as client:
            client.admin.command("replSetInitiate", config)
        eventually(self.is_whole, within=60)

    def primary(self) -> Member | None:
        """Return the member that takes writes now."""
        return next((one for one in self.members if one.hello().get("isWritablePrimary")), None)

    def is_whole(self) -> bool:
        """Tell whether each member is the primary or follows it."""
        said = [one.hello() for one in self.members]
        following = sum(one.get("secondary", False) for one in said)
        leading = sum(one.get("isWritablePrimary", False) for one in said)
        return (leading, following) == (1, len(said) - 1)

    def step_down(self) -> None:
        """Have the primary hand over to another member."""
        primary: Member = eventually(self.primary, within=60)
        with (
            MongoClient[dict[str, Any]](primary.host, directConnection=True) as client,
            suppress(AutoReconnect),
        ):
            client.admin.command("replSetStepDown", 10)


@contextmanager
def replica_set(
    home: Path, *parameters: str, members: int = 3, election_timeout: float = 10.0
) -> Iterator[ReplicaSet]:
    """Have a replica set for as long as the block runs.

    Args:
        parameters: to be set in each mongod, as `name=value`.
        election_timeout: seconds without a primary after which there is an election.
    """
    found = ReplicaSet(home, members, election_timeout)
    try:
        found.start(*parameters)
        yield found
    finally:
        for member in found.members:
            member.kill()
