"""The gateway as processes and listeners as servers, for the journeys; nothing is faked."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import requests
import yaml

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

EXAMPLES = Path(__file__).parents[1] / "examples"
SHIFTED = Path(__file__).with_name("shifted_clock.py")
TMF652 = "/tmf-api/resourceOrderingManagement/v4"
TMF641 = "/tmf-api/serviceOrdering/v4"


def eventually(condition: Callable[[], Any], *, within: float = 20.0) -> Any:
    """Return what `condition` comes to once it is true; fail when it never is."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"it never happened within {within} s")


def free_port() -> int:
    """Return a loopback port that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Gateway:
    """`ordergate serve` on one data directory, as often as it is started.

    Args:
        clock: seconds by which its clock is ahead.
    """

    def __init__(self, data_dir: Path, *, clock: float = 0.0) -> None:
        self._program = ["-P", str(SHIFTED), str(clock)] if clock else ["-m", "ordergate"]
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._data_dir = data_dir
        self._log = data_dir.with_suffix(".log").open("ab")
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, *arguments: str, command: str = "serve", **environ: str) -> None:
        """Start it, and wait until it is ready when it serves."""
        clean = {k: v for k, v in os.environ.items() if not k.startswith("ORDERGATE_")}
        own = {
            "ORDERGATE_PORT": str(self.port),
            "ORDERGATE_DATA_DIR": str(self._data_dir),
            "ORDERGATE_CALLBACK_ALLOW": "127.0.0.0/8,::1/128",
        }
        self.process = subprocess.Popen(
            [sys.executable, *self._program, command, *arguments],
            env=clean | own | environ,
            stdout=self._log,
            stderr=self._log,
            start_new_session=True,
        )
        if command == "serve":
            eventually(self.is_ready, within=40)

    def is_ready(self) -> bool:
        """Say whether it takes requests."""
        assert self.process is not None
        assert self.process.poll() is None, self._log.name
        try:
            return requests.get(f"{self.url}/readyz", timeout=2).ok
        except requests.RequestException:  # not there yet, or busy
            return False

    def family(self) -> list[psutil.Process]:
        """Return the process and all its children."""
        assert self.process is not None
        parent = psutil.Process(self.process.pid)
        return [parent, *parent.children(recursive=True)]

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """End it and return its exit code."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(30)

    def close(self) -> None:
        """End it for good."""
        if self.process is not None:
            self.end()
        self._log.close()

    def call(self, method: str, path: str, *, expect: int, **options: Any) -> Any:
        """Call the gateway and return the document of its answer."""
        answer = requests.request(method, f"{self.url}{path}", timeout=20, **options)
        assert answer.status_code == expect, answer.text
        return answer.json() if answer.content else None

    def put_rules(self) -> None:
        """Put the example rules in force."""
        for file in sorted((EXAMPLES / "catalog").glob("*.yaml")):
            rule = yaml.safe_load(file.read_text())
            path = f"/gateway/v1/resourceOrderRule/{rule['id']}"
            answer = requests.put(f"{self.url}{path}", json=rule, timeout=20)
            assert answer.status_code in {200, 201}, answer.text

    def orders_of(self, request_id: str) -> list[dict[str, Any]]:
        """Return the resource orders that were issued for a request."""
        path = f"{TMF652}/resourceOrder?initiatingRequest.id={request_id}"
        found: list[dict[str, Any]] = self.call("GET", path, expect=200)
        return found


class Listener:
    """A real listener; it keeps what it was told, in the order it was told."""

    def __init__(self, port: int, pause: float = 0.0) -> None:
        self.notifications: list[tuple[int, dict[str, Any]]] = []
        listener = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                sequence = int(self.headers["X-Order-Event-Seq"])
                listener.notifications.append((sequence, json.loads(body)))
                time.sleep(pause)
                self.send_response(201)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Keep quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def of(self, entity_id: str) -> list[tuple[int, str]]:
        """Return sequence and type of each notification about an entity, as they came."""
        return [
            (sequence, event["eventType"])
            for sequence, event in self.notifications
            if event["correlationId"] == entity_id
        ]

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@contextmanager
def listening(port: int, *, pause: float = 0.0) -> Iterator[Listener]:
    """Listen on a port for as long as the block runs; take so many seconds for each answer."""
    listener = Listener(port, pause)
    try:
        yield listener
    finally:
        listener.close()
