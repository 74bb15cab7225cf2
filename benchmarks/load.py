"""Load on a server, and what it cost."""

from __future__ import annotations

import json
import urllib.request
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from benchmarks.generators import LoadError, answers

if TYPE_CHECKING:
    from benchmarks.generators import Job
    from benchmarks.servers import Server

_PATIENCE = 30.0
_WARMING = 90_000_000
"""The first number of the requests that aren't counted."""


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


def run(job: Job, server: Server, store: Server, *, warm: float = 0.0) -> Outcome:
    """Send the load, after so many seconds of it that aren't counted.

    Raises:
        LoadError: an answer was no success, or none came.
    """
    if warm and not job.once:
        answers(replace(job, seconds=warm, first=_WARMING), server.host, server.port)
    before = server.computed(), store.computed()
    seen = answers(job, server.host, server.port)
    computed, stored = server.computed() - before[0], store.computed() - before[1]
    return Outcome(
        requests=seen.requests,
        rate=seen.requests / seen.seconds,
        p50=seen.p50,
        p95=seen.p95,
        p99=seen.p99,
        computed=computed * 1000 / seen.requests,
        stored=stored * 1000 / seen.requests,
        memory=server.peak_memory(),
    )


def created(path: str, body: str, count: int, server: Server) -> list[str]:
    """Create so many entities, one after the other, and return their paths.

    Raises:
        LoadError: an answer was no success.
    """
    bodies = (body.replace("########", f"{number:08d}") for number in range(count))
    return [f"{path}/{post(server, path, one)['id']}" for one in bodies]


def post(server: Server, path: str, body: str) -> dict[str, Any]:
    """Send one request and return the answer's document.

    Raises:
        LoadError: the answer was no success.
    """
    document: dict[str, Any] = _asked(server, path, body)
    return document


def look(server: Server, path: str) -> None:
    """Read once, as somebody else may have done before: what lies in files is in memory then.

    Raises:
        LoadError: the answer was no success.
    """
    _asked(server, path)


def _asked(server: Server, path: str, body: str | None = None) -> Any:
    headers = {"Content-Type": "application/json"}
    url = f"http://{server.host}:{server.port}{path}"
    asked = urllib.request.Request(url, None if body is None else body.encode(), headers)
    try:
        with urllib.request.urlopen(asked, timeout=_PATIENCE) as answer:  # noqa: S310 - ours
            return json.load(answer)
    except OSError as error:
        raise LoadError(f"{server.name} answered {path} with {error}") from error
