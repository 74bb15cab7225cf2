"""A server that gives one answer to everything, byte for byte."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from ordergate.conformance.session import Session

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def answering(*chunks: bytes, pause: float = 0.0) -> Iterator[str]:
    """Answer 200 with these chunks, `pause` seconds before each; yield the URL."""
    stopped = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        timeout = 10

        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            try:
                for chunk in chunks:
                    if stopped.wait(pause):
                        return
                    self.wfile.write(chunk)
            except OSError:  # the client has had enough
                return

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        stopped.set()
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def session(url: str, **changes: Any) -> Iterator[Session]:
    """Open a session that is in no hurry and asks as fast as it can."""
    made = Session(url, **{"headers": {}, "rate": 5_000, "seconds": 60, **changes})
    try:
        yield made
    finally:
        made.close()
