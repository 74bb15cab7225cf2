"""Load from a process of its own, and what it cost the server."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from ordergate.child_process import dying_with_parent

if TYPE_CHECKING:
    from benchmarks.servers import Server

_PATIENCE = 30.0
_WARM = 0.5
_OK = range(200, 300)


class LoadError(Exception):
    """The load didn't get the answers that the case is about."""


@dataclass(frozen=True, slots=True)
class Job:
    """Requests to send.

    Args:
        body: every `########` in it becomes a number of eight digits, another in each request.
        paths: taken in turn.
        once: each path is asked once, and then it is over.
        seconds: for which new requests are begun.
        limit: how many requests at most.
        first: the first number.
    """

    method: str
    paths: tuple[str, ...]
    body: str = ""
    media_type: str = "application/json"
    connections: int = 16
    seconds: float = 3.0
    limit: int | None = None
    once: bool = False
    first: int = 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a load; times in milliseconds, `computed` and `stored` per request.

    Args:
        computed: what the server's processes computed.
        stored: what the store's process computed.
        memory: the most the server's processes held at once, in MiB.
    """

    requests: int
    rate: float
    p50: float
    p95: float
    p99: float
    computed: float
    stored: float
    memory: float


def run(job: Job, server: Server, store: Server, *, warm: float = _WARM) -> Outcome:
    """Send the load, after a little that isn't counted.

    Raises:
        LoadError: an answer was no success.
    """
    if warm and not job.once:
        _send(replace(job, seconds=warm, first=90_000_000), server)
    before = server.computed(), store.computed()
    seen = _send(job, server)
    count = seen["requests"]
    spent = (server.computed() - before[0], store.computed() - before[1])
    return Outcome(
        requests=count,
        rate=count / seen["seconds"],
        p50=seen["p50"],
        p95=seen["p95"],
        p99=seen["p99"],
        computed=spent[0] * 1000 / count,
        stored=spent[1] * 1000 / count,
        memory=server.peak_memory(),
    )


def _send(job: Job, server: Server) -> dict[str, Any]:
    asked = asdict(job) | {"host": server.host, "port": server.port, "patience": _PATIENCE}
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.client"],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        check=False,
        timeout=job.seconds + 2 * _PATIENCE,
        preexec_fn=dying_with_parent(),
    )
    if done.returncode:
        raise LoadError(f"The load generator failed: {done.stderr.strip().splitlines()[-1]}")
    seen: dict[str, Any] = json.loads(done.stdout)
    failed = {status: n for status, n in seen["statuses"].items() if int(status) not in _OK}
    if failed or not seen["requests"]:
        raise LoadError(f"{server.name} answered with {failed or 'nothing'}")
    return seen


def created(path: str, body: str, count: int, server: Server) -> list[str]:
    """Create so many entities, one after the other, and return their paths.

    Raises:
        LoadError: an answer was no success.
    """
    paths = []
    for number in range(count):
        document = post(server, path, body.replace("########", f"{number:08d}").encode())
        paths.append(f"{path}/{document['id']}")
    return paths


def post(server: Server, path: str, body: bytes) -> dict[str, Any]:
    """Send one request and return the answer's document.

    Raises:
        LoadError: the answer was no success.
    """
    headers = {"Content-Type": "application/json"}
    asked = urllib.request.Request(f"http://{server.host}:{server.port}{path}", body, headers)
    try:
        with urllib.request.urlopen(asked, timeout=_PATIENCE) as answer:  # noqa: S310 - ours
            document: dict[str, Any] = json.load(answer)
    except OSError as error:
        raise LoadError(f"{server.name} answered POST {path} with {error}") from error
    return document
