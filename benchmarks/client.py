"""The bundled load generator: keeps so many connections busy, each with one request at a time.

A process of its own: `python -m benchmarks.client` reads a job as JSON and writes what it saw.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import sys
import time
from collections import Counter
from contextlib import suppress
from typing import Any, cast

NUMBER = b"########"
_END_OF_HEAD = b"\r\n\r\n"
_END_OF_CHUNKS = b"0\r\n\r\n"
_TO_CONNECT = 10.0


class Load:
    """What is sent, and what came of it."""

    def __init__(self, job: dict[str, Any]) -> None:
        self._head, self._body = _request(job)
        paths: list[str] = job["paths"]
        self._paths = iter(paths) if job["once"] else itertools.cycle(paths)
        self._numbers = itertools.count(job["first"])
        self._limit: int = job["limit"] or sys.maxsize
        self.until = time.perf_counter() + job["seconds"]
        self.begin = self.end = time.perf_counter()
        self.latencies: list[float] = []
        self.statuses: Counter[int] = Counter()
        self._sent = 0

    def next(self) -> bytes | None:
        """Return the next request, None if it is over."""
        path = next(self._paths, None)
        if path is None or self._sent == self._limit or time.perf_counter() > self.until:
            return None
        self._sent += 1
        number = b"%08d" % next(self._numbers)
        return b"%b %b %b" % (self._head[0], path.encode(), self._head[1]) + self._body.replace(
            NUMBER, number
        )

    def done(self, began: float, status: int) -> None:
        """Note an answer."""
        self.end = time.perf_counter()
        self.latencies.append(self.end - began)
        self.statuses[status] += 1

    def outcome(self) -> dict[str, Any]:
        """Return what came of it; times in milliseconds."""
        ordered = sorted(self.latencies)
        return {
            "requests": len(ordered),
            "seconds": self.end - self.begin,
            "statuses": {str(status): count for status, count in self.statuses.items()},
            **{f"p{share}": _percentile(ordered, share) for share in (50, 95, 99)},
        }


class Connection(asyncio.Protocol):
    """One connection: sends, waits for the whole answer, sends again."""

    def __init__(self, load: Load, over: asyncio.Future[None]) -> None:
        self._load = load
        self._over = over
        self._answer = bytearray()
        self._began = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the first request."""
        self._transport = cast("asyncio.Transport", transport)
        self._send()

    def data_received(self, data: bytes) -> None:
        """Take a part of the answer; the next request follows on the last."""
        self._answer += data
        status = status_of_whole(self._answer)
        if status is not None:
            self._load.done(self._began, status)
            self._answer.clear()
            self._send()

    def connection_lost(self, _: Exception | None) -> None:
        """Count what is left without an answer as status 0."""
        if not self._over.done():
            self._load.done(self._began, 0)
            self._over.set_result(None)

    def _send(self) -> None:
        request = self._load.next()
        if request is None:
            self._over.set_result(None)
            self._transport.close()
        else:
            self._began = time.perf_counter()
            self._transport.write(request)


def _request(job: dict[str, Any]) -> tuple[tuple[bytes, bytes], bytes]:
    """Return what stands before the path, after it, and the body; lengths never vary."""
    body: bytes = job["body"].encode()
    lines = [f" HTTP/1.1\r\nHost: {job['host']}:{job['port']}"]
    if body:
        lines += [f"Content-Type: {job['media_type']}", f"Content-Length: {len(body)}"]
    return (job["method"].encode(), "\r\n".join(lines).encode()[1:] + _END_OF_HEAD), body


def status_of_whole(answer: bytearray) -> int | None:
    """Return the status of an answer that is there to its end, else None."""
    end = answer.find(_END_OF_HEAD)
    if end < 0:
        return None
    head = bytes(answer[: end + 2]).lower()
    at = head.find(b"\r\ncontent-length:")
    if at >= 0:
        length = int(head[at + 17 : head.index(b"\r\n", at + 2)])
        whole = len(answer) >= end + 4 + length
    else:
        whole = b"chunked" not in head or answer.endswith(_END_OF_CHUNKS)
    return int(head[9:12]) if whole else None


def _percentile(ordered: list[float], share: int) -> float:
    return ordered[min(len(ordered) - 1, len(ordered) * share // 100)] * 1000 if ordered else 0.0


async def _run(job: dict[str, Any]) -> dict[str, Any]:
    load, loop = Load(job), asyncio.get_running_loop()
    ends = [loop.create_future() for _ in range(job["connections"])]
    for end in ends:
        connecting = loop.create_connection(_connecting(load, end), job["host"], job["port"])
        await asyncio.wait_for(connecting, _TO_CONNECT)
    await asyncio.wait(ends, timeout=job["seconds"] + job["patience"])
    return load.outcome()


def _connecting(load: Load, end: asyncio.Future[None]) -> Any:
    return lambda: Connection(load, end)


def main() -> None:
    """Do the job on standard input."""
    with suppress(ImportError):
        import uvloop  # noqa: PLC0415 - faster where it is there

        uvloop.install()
    json.dump(asyncio.run(_run(json.load(sys.stdin))), sys.stdout)


if __name__ == "__main__":
    main()
