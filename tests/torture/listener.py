"""A listener as a process: writes down every request it reads, and fails in every way there is.

It writes three lines per request: what came, before it answers how it is going to (`taken`,
`refused`, or `unclear` where nobody can say what the gateway made of it), and when that was sent.
"""

from __future__ import annotations

import hashlib
import json
import os
import socket
import struct
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from torture.journal import Journal
from torture.setup import ATTEMPT_DEADLINE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

TAKEN, REFUSED, UNCLEAR = "taken", "refused", "unclear"

_TOO_LATE = ATTEMPT_DEADLINE + 0.5
_CREATED = b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n"


def fingerprint(document: Any) -> str:
    """Return what stands for a document, in whatever order its fields come."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


class Listener(BaseHTTPRequestHandler):
    """Answers one connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    temper: Temper
    journal: Journal

    def do_POST(self) -> None:
        """Write down what came, and answer as the temper has it."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        number = self.temper.number()
        document = json.loads(body)
        self.journal.write(
            n=number,
            at=time.time(),
            path=self.path,
            event=document["eventId"],
            header=self.headers["X-Order-Event-Id"],
            entity=next(iter(document["event"].values()))["id"],
            sequence=int(self.headers["X-Order-Event-Seq"]),
            raw=hashlib.sha256(body).hexdigest()[:16],
            body=fingerprint(document),
        )
        how = self.temper.choose()
        answer, behave = BEHAVIOURS[how]
        self.journal.write(n=number, at=time.time(), answer=answer, how=how)
        try:
            behave(self)
        except OSError:  # the gateway has gone, or had enough
            self.close_connection = True
        self.journal.write(n=number, at=time.time(), sent=True)

    def do_GET(self) -> None:
        """Write down that somebody followed a redirect."""
        self.journal.write(n=self.temper.number(), at=time.time(), path=self.path, followed=True)
        self.say(_CREATED)

    def say(self, text: bytes) -> None:
        """Send these bytes as they are."""
        self.connection.sendall(text)

    def end(self, *, by_reset: bool = False) -> None:
        """End the connection after this."""
        self.close_connection = True
        if by_reset:  # what is closed then is closed with RST
            linger = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


def _answer(status: str, *headers: str) -> Callable[[Listener], None]:
    lines = [f"HTTP/1.1 {status}", *headers, "Content-Length: 0", "", ""]
    reply = "\r\n".join(lines).encode()
    return lambda listener: listener.say(reply)


def _say_and_end(text: bytes, *, by_reset: bool = False) -> Callable[[Listener], None]:
    def behave(listener: Listener) -> None:
        listener.say(text)
        listener.end(by_reset=by_reset)

    return behave


def _hole(listener: Listener) -> None:
    time.sleep(_TOO_LATE)
    listener.end()


def _slow(listener: Listener) -> None:
    time.sleep(_TOO_LATE)
    listener.say(_CREATED)


def _drip(listener: Listener) -> None:
    listener.end()
    listener.say(b"HTTP/1.1 201 Created\r\nX-Drip: ")
    until = time.monotonic() + _TOO_LATE
    while time.monotonic() < until:
        listener.say(b"x")
        time.sleep(0.1)


BEHAVIOURS: Mapping[str, tuple[str, Callable[[Listener], None]]] = {
    "201": (TAKEN, _answer("201 Created")),
    "204": (TAKEN, _say_and_end(b"HTTP/1.1 204 No Content\r\n\r\n")),
    "500": (REFUSED, _answer("500 Internal Server Error")),
    "503 and Retry-After": (REFUSED, _answer("503 Service Unavailable", "Retry-After: 1")),
    "429": (REFUSED, _answer("429 Too Many Requests")),
    "404": (REFUSED, _answer("404 Not Found")),
    "400": (REFUSED, _answer("400 Bad Request")),
    "redirect": (REFUSED, _answer("302 Found", "Location: /elsewhere")),
    "garbage": (REFUSED, _say_and_end(b"SSH-2.0-OpenSSH_9.6\r\n")),
    "reset before the reply": (REFUSED, _say_and_end(b"", by_reset=True)),
    "closed before the reply": (REFUSED, _say_and_end(b"")),
    "ended in the reply": (REFUSED, _say_and_end(b"HTTP/1.1 201 Created\r\nX-Cut: o")),
    "reset in the reply": (REFUSED, _say_and_end(b"HTTP/1.1 201 Cre", by_reset=True)),
    "headers without end": (
        REFUSED,
        _say_and_end(b"HTTP/1.1 201 Created\r\nX-Long: " + b"x" * 200_000),
    ),
    "hole": (REFUSED, _hole),
    "drip": (REFUSED, _drip),
    "too late": (UNCLEAR, _slow),
    "reset after the reply": (UNCLEAR, _say_and_end(_CREATED, by_reset=True)),
    "body cut off": (
        UNCLEAR,
        _say_and_end(b"HTTP/1.1 201 Created\r\nContent-Length: 9\r\n\r\n{", by_reset=True),
    ),
    "huge body": (
        UNCLEAR,
        _say_and_end(b"HTTP/1.1 201 Created\r\nContent-Length: 4000000\r\n\r\n" + b"x" * 4_000_000),
    ),
    "interim replies": (
        UNCLEAR,
        _say_and_end(b"HTTP/1.1 100 Continue\r\n\r\n" * 50 + _CREATED),
    ),
}
"""What a listener says it did with a notification, and how it behaves."""

GOOD = ("201", "201", "201", "204")
_FAILURES = tuple(how for how in BEHAVIOURS if how not in GOOD)
_MOODS = ("hole", "500", "404", "503 and Retry-After", "reset before the reply")


class Temper:
    """Chooses how a listener behaves: fails at a share of what comes, and now and then at all.

    Args:
        error_rate: that share; 0 is a listener that never fails.
    """

    def __init__(self, seed: str, error_rate: float) -> None:
        self._random = Random(seed)  # noqa: S311 - dice, not secrets
        self._error_rate = error_rate
        self._turn = threading.Lock()
        self._numbers = count(1)
        self._mood: str | None = None
        self._until = time.monotonic() + self._random.uniform(5, 15)

    def number(self) -> str:
        """Return a number for a request; no other has it, in no process."""
        with self._turn:
            return f"{os.getpid()}.{next(self._numbers)}"

    def choose(self) -> str:
        """Return how to behave now."""
        with self._turn:
            if not self._error_rate:
                return self._random.choice(GOOD)
            self._change_mood()
            if self._mood is not None:
                return self._mood
            failing = self._random.random() < self._error_rate
            return self._random.choice(_FAILURES if failing else GOOD)

    def _change_mood(self) -> None:
        now = time.monotonic()
        if now < self._until:
            return
        was_bad = self._mood is not None
        self._mood = None if was_bad else self._random.choice(_MOODS)
        self._until = now + (self._random.uniform(15, 30) if was_bad else 2.5)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def shutdown_request(self, request: Any) -> None:
        """Close as the listener wants it: the usual farewell would come before a reset."""
        self.close_request(request)

    def handle_error(self, *_: object) -> None:
        """Say nothing of connections that break: that's what this is about."""


def main() -> None:
    """Listen until killed: `PORT JOURNAL SEED ERROR_RATE`."""
    port, path, seed, error_rate = sys.argv[1:]
    Listener.temper = Temper(seed, float(error_rate))
    Listener.journal = Journal(Path(path))
    _Server(("127.0.0.1", int(port)), Listener).serve_forever()


if __name__ == "__main__":
    main()
