"""A real HTTP server that gives canned answers where a gateway would decide."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Answers: TypeAlias = "Mapping[str, tuple[int, Any]]"


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it came in."""

    method: str
    target: str
    key: str | None
    body: Any


@dataclass(slots=True)
class CannedGateway:
    """Answers by method and path; anything else is 404 with a TMF630 `Error`.

    Args:
        answers: "METHOD /path" to status and document; a str is sent as it is.
    """

    answers: Answers
    headers: Mapping[str, str] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    url: str = ""


NOT_FOUND = {"code": "notFound", "reason": "There is no such entity.", "status": "404"}


@contextmanager
def canned_gateway(answers: Answers, **headers: str) -> Iterator[CannedGateway]:
    """Serve canned answers on 127.0.0.1; underscores in header names stand for hyphens."""
    gateway = CannedGateway(answers, {name.replace("_", "-"): v for name, v in headers.items()})

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            key = self.headers.get("Idempotency-Key")
            gateway.asked.append(Asked(self.command, self.path, key, body))
            path = urlsplit(self.path).path
            status, said = gateway.answers.get(f"{self.command} {path}", (404, NOT_FOUND))
            self.send_response(status)
            for name, value in gateway.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write((said if isinstance(said, str) else json.dumps(said)).encode())

        do_GET = do_POST = do_PUT = do_DELETE = answer  # noqa: N815 - http.server's names

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's name
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        gateway.url = f"http://127.0.0.1:{server.server_port}"
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield gateway
        finally:
            server.shutdown()
            thread.join()
