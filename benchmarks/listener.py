"""A listener that costs next to nothing: `python -m benchmarks.listener PORT [SECONDS]`.

It answers each POST with 204, at once or after so many seconds, and writes down what came when.
GET says how many came, GET /arrivals what, and forgets it.
"""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import requests

from ordergate.child_process import dying_with_parent

if TYPE_CHECKING:
    from collections.abc import Iterator

_NO_CONTENT = b"HTTP/1.1 204 No Content\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Arrival:
    """When what came, by the clock that all processes of a machine share."""

    at: float
    entity_id: str
    sequence: int


class ListenerProcess:
    """A listener in a process of its own."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/listener"

    def count(self) -> int:
        """Return how many notifications came since they were last read."""
        return int(requests.get(self.url, timeout=30).text)

    def wait_for(self, count: int, within: float) -> None:
        """Wait until so many came.

        Raises:
            TimeoutError: they didn't.
        """
        until = time.monotonic() + within
        while (come := self.count()) < count:
            if time.monotonic() > until:
                raise TimeoutError(f"{come} of {count} notifications came in {within:g} s")
            time.sleep(0.05)

    def arrivals(self) -> list[Arrival]:
        """Return what came since, in order, and forget it."""
        answer = requests.get(f"{self.url}/arrivals", timeout=60)
        return [Arrival(*one) for one in answer.json()]


@contextmanager
def listening(answer_after: float = 0) -> Iterator[ListenerProcess]:
    """Start a listener; end it afterwards."""
    with socket.create_server(("127.0.0.1", 0)) as reserved:
        port = int(reserved.getsockname()[1])
    command = [sys.executable, "-m", "benchmarks.listener", str(port), str(answer_after)]
    process = subprocess.Popen(command, preexec_fn=dying_with_parent())  # noqa: PLW1509, S603 - no threads yet; our own
    try:
        _wait_for(port)
        yield ListenerProcess(port)
    finally:
        process.kill()
        process.wait()


def _wait_for(port: int) -> None:
    until = time.monotonic() + 20
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)
        else:
            return


class _Protocol(asyncio.Protocol):
    """Reads requests one after the other, with no more of HTTP than that takes."""

    def __init__(self, told: list[tuple[float, bytes]], answer_after: float) -> None:
        self._told = told
        self._answer_after = answer_after
        self._unread = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - a TCP server's are
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._unread += data
        while (end := self._unread.find(b"\r\n\r\n") + 4) > 3:  # noqa: PLR2004 - it was found
            head = self._unread[:end].lower()
            whole = end + _length(head)
            if len(self._unread) < whole:
                return
            request, self._unread = self._unread[:whole], self._unread[whole:]
            self._answer(head, request)

    def _answer(self, head: bytes, request: bytes) -> None:
        if head.startswith(b"post"):
            self._told.append((time.monotonic(), request))
            if self._answer_after:
                loop = asyncio.get_running_loop()
                loop.call_later(self._answer_after, self._transport.write, _NO_CONTENT)
            else:
                self._transport.write(_NO_CONTENT)
            return
        answer = str(len(self._told)).encode()
        if head.split(b" ", 2)[1].endswith(b"/arrivals"):
            answer = json.dumps([_read(at, told) for at, told in self._told]).encode()
            self._told.clear()
        header = f"HTTP/1.1 200 OK\r\nContent-Length: {len(answer)}\r\n\r\n".encode()
        self._transport.write(header + answer)


def _length(head: bytes) -> int:
    _, found, rest = head.partition(b"content-length:")
    return int(rest.split(b"\r\n", 1)[0]) if found else 0


def _read(at: float, request: bytes) -> tuple[float, str, int]:
    """Return when it came, the id of the entity and the event's number, where it has one."""
    head, _, body = request.partition(b"\r\n\r\n")
    (entity,) = json.loads(body)["event"].values()
    _, _, rest = head.lower().partition(b"x-order-event-seq:")
    return at, entity["id"], int(rest.split(b"\r\n", 1)[0] or 0)


async def _listen(port: int, answer_after: float) -> None:
    told: list[tuple[float, bytes]] = []
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Protocol(told, answer_after), "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_listen(int(sys.argv[1]), float(sys.argv[2])))
