"""A listener for people who integrate: takes notifications as a TMF652 or TMF641 client would."""

from __future__ import annotations

import errno
import json
from collections import OrderedDict
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any

from ordergate.cli.terminal import plain
from ordergate.client.verification import NotVerifiedError
from ordergate.errors import SetupError
from ordergate.model.addresses import BASE_PATHS
from ordergate.model.common import timestamp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from ordergate.client.verification import Verification
    from ordergate.model.common import Document

_MOST_BYTES = 2 * 1024 * 1024
_HOST = "127.0.0.1"
_TAKEN, _NOT_VERIFIED, _FAILED = 201, 401, 500
_REMEMBERED = 10_000
"""Ids of notifications, by which a repetition is known."""


@dataclass(frozen=True, slots=True)
class Notification:
    """One notification as it arrived.

    Args:
        sequence: `X-Order-Event-Seq`: its place among the events of its order.
        answer: the status that the listener gave.
        verdict: what came of looking who sent it; None if nobody looked.
    """

    received: datetime
    event_type: str
    sequence: str | None
    order_id: str | None
    state: str | None
    answer: int
    document: Document
    verdict: str | None = None

    @classmethod
    def read(
        cls, document: Document, *, sequence: str | None, answer: int, verdict: str | None = None
    ) -> Notification:
        """Return the notification in a body; what it doesn't say is None."""
        event = document.get("event")
        entities = event.values() if isinstance(event, dict) else ()
        entity = next((e for e in entities if isinstance(e, dict)), {})
        return cls(
            received=datetime.now(UTC),
            event_type=str(document.get("eventType", "unknown")),
            sequence=sequence,
            order_id=entity.get("id"),
            state=entity.get("state"),
            answer=answer,
            document=document,
            verdict=verdict,
        )

    @property
    def is_taken(self) -> bool:
        """Whether the listener took it."""
        return self.answer == _TAKEN

    def line(self) -> str:
        """Return it as a line for people."""
        when = self.received.astimezone().strftime("%H:%M:%S")
        parts = (self.event_type, f"seq {self.sequence or '-'}", self.state, self.order_id)
        text = " ".join(plain(part) for part in parts if part)
        if self.verdict is not None:
            text = f"{text} {self.verdict}"
        return f"{when} {text}" + ("" if self.is_taken else f" (answered {self.answer})")

    def as_document(self) -> Document:
        """Return it for programs: how it arrived, and its body."""
        looked = {} if self.verdict is None else {"verdict": self.verdict}
        return {
            "received": timestamp(self.received),
            "sequence": self.sequence,
            "answer": self.answer,
            **looked,
            "notification": self.document,
        }


class Listener:
    """Answers notifications and hands each on; one at a time, whatever thread it came by.

    Args:
        fail: how many of the first notifications are answered with 500.
        verification: says which ones the gateway sent; the others are answered with 401, and none
            is taken twice.
    """

    def __init__(
        self,
        on_notification: Callable[[Notification], None],
        *,
        fail: int = 0,
        verification: Verification | None = None,
    ) -> None:
        self._on_notification = on_notification
        self._to_fail = fail
        self._verification = verification
        self._taken: OrderedDict[str, None] = OrderedDict()
        self._lock = Lock()

    def take(self, document: Document, body: bytes, headers: Mapping[str, str]) -> int:
        """Take a notification; return the status to answer with.

        Args:
            document: what its body says.
            headers: by their names in small letters.
        """
        with self._lock:
            verdict, answer = self._looked_at(body, headers)
            sequence = headers.get("x-order-event-seq")
            self._on_notification(
                Notification.read(document, sequence=sequence, answer=answer, verdict=verdict)
            )
            return answer

    def _looked_at(self, body: bytes, headers: Mapping[str, str]) -> tuple[str | None, int]:
        """Return who sent it, as far as anybody looked, and the answer."""
        if self._verification is None:
            return None, self._answer()
        try:
            self._verification.check(headers, body)
        except NotVerifiedError as refused:
            return f"refused: {refused}", _NOT_VERIFIED
        event_id = headers["webhook-id"]
        if event_id in self._taken:
            # At least once: the gateway may not have seen the first answer. It is taken, no more.
            return "repeated", _TAKEN
        if (answer := self._answer()) == _TAKEN:
            self._taken[event_id] = None
            if len(self._taken) > _REMEMBERED:
                self._taken.popitem(last=False)
        return "verified", answer

    def _answer(self) -> int:
        self._to_fail -= 1
        return _FAILED if self._to_fail >= 0 else _TAKEN


@contextmanager
def listening(listener: Listener, port: int) -> Iterator[str]:
    """Serve `listener` on 127.0.0.1 in a thread; yield its callback.

    Args:
        port: 0 takes a free one.

    Raises:
        SetupError: the port can't be had.
    """
    try:
        server = ThreadingHTTPServer((_HOST, port), partial(_Handler, listener))
    except OSError as error:
        why = "is in use" if error.errno == errno.EADDRINUSE else f"can't be had: {error.strerror}"
        raise SetupError(f"Port {port} {why}: give another one with --port.") from error
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
    thread.start()
    try:
        yield f"http://{_HOST}:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def registration(url: str, callback: str) -> Iterator[str]:
    """Yield the commands that register `callback` at the hub of each door of a gateway."""
    for path in BASE_PATHS.values():
        yield (
            f"curl -X POST {url.rstrip('/')}{path}/hub -H 'Content-Type: application/json' "
            f"""-d '{{"callback": "{callback}"}}'"""
        )


class _Handler(BaseHTTPRequestHandler):
    """One connection of the gateway."""

    protocol_version = "HTTP/1.1"
    timeout = 30

    def __init__(self, listener: Listener, *connection: Any) -> None:
        self._listener = listener
        super().__init__(*connection)

    def do_POST(self) -> None:
        """Take a notification (TMF652 and TMF641: the client side of the hub)."""
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > _MOST_BYTES:
            self._answer(413 if length.isdecimal() else 411, close=True)
            return
        body = self.rfile.read(int(length))
        try:
            document = json.loads(body)
        except (ValueError, RecursionError):
            document = None
        if not isinstance(document, dict):
            self._answer(400)
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        self._answer(self._listener.take(document, body, headers))

    def _answer(self, status: int, *, close: bool = False) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        if close:
            self.send_header("Connection", "close")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is http.server's
        """Keep quiet: what arrives is printed by whoever listens."""
