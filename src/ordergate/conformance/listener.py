"""A listener of our own: keeps what the server under test tells it."""

from __future__ import annotations

import json
import socket
import time
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Condition, Thread
from typing import TYPE_CHECKING, Any

from ordergate.errors import SetupError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ordergate.model.common import Document

_MOST_BYTES, _MOST_KEPT = 2 * 1024 * 1024, 10_000
_TAKEN = 201


@dataclass(frozen=True, slots=True)
class Notified:
    """One notification.

    Args:
        path: where it was sent to; each registration has a path of its own.
        event: None where the body held no JSON object.
    """

    path: str
    media_type: str
    event: Document | None


class Listener:
    """Keeps notifications in the order of their arrival.

    Args:
        url: under which the server can reach it.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._kept: list[Notified] = []
        self._news = Condition()

    def take(self, notified: Notified) -> None:
        """Keep a notification."""
        with self._news:
            if len(self._kept) < _MOST_KEPT:
                self._kept.append(notified)
            self._news.notify_all()

    def at(self, path: str) -> list[Notified]:
        """Return what was sent to a path."""
        with self._news:
            return [one for one in self._kept if one.path == path]

    def wait(self, until: Callable[[], bool], seconds: float) -> bool:
        """Wait for a condition on what is kept; return whether it came true in time."""
        end = time.monotonic() + seconds
        with self._news:
            while not until():
                left = end - time.monotonic()
                if left <= 0:
                    return False
                self._news.wait(left)
        return True


@contextmanager
def listening(host: str) -> Iterator[Listener]:
    """Listen on a free port of `host`, an address of this machine that the server can reach.

    Raises:
        SetupError: this machine hasn't that address.
    """
    listener = Listener("")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    kind = type("_Server", (ThreadingHTTPServer,), {"address_family": family})
    try:
        server = kind((host, 0), partial(_Handler, listener))
    except OSError as error:
        raise SetupError(f"No listener can be had at {host}: {error.strerror or error}.") from None
    shown = f"[{host}]" if ":" in host else host
    listener.url = f"http://{shown}:{server.server_port}"
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
    thread.start()
    try:
        yield listener
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    """One connection of the server under test."""

    protocol_version = "HTTP/1.1"
    timeout = 30

    def __init__(self, listener: Listener, *connection: Any) -> None:
        self._listener = listener
        super().__init__(*connection)

    def do_POST(self) -> None:
        """Take a notification."""
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > _MOST_BYTES:
            self.close_connection = True
            self._answer(413 if length.isdecimal() else 411)
            return
        body = self.rfile.read(int(length))
        try:
            document = json.loads(body)
        except (ValueError, RecursionError):
            document = None
        event = document if isinstance(document, dict) else None
        self._listener.take(Notified(self.path, self.headers.get("Content-Type", ""), event))
        self._answer(_TAKEN)

    def _answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is http.server's
        """Keep quiet: a report tells what arrived."""
