"""Listeners for the tests: real servers on 127.0.0.1, well-behaved and hostile."""

from __future__ import annotations

import json
import socket
import ssl
import struct
import subprocess
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    Reply = Callable[["Notification"], tuple[int, Mapping[str, str]]]


@dataclass(frozen=True, slots=True)
class Notification:
    """What a listener was told, and when."""

    path: str
    headers: Mapping[str, str]
    body: dict[str, Any]
    raw: bytes = b""
    at: float = field(default_factory=time.monotonic)

    @property
    def sequence(self) -> int:
        return int(self.headers["X-Order-Event-Seq"])

    @property
    def entity_id(self) -> str:
        return str(next(iter(self.body["event"].values()))["id"])


class Listener:
    """Writes down what it's told, and answers as `reply` says."""

    def __init__(self, port: int, reply: Reply) -> None:
        self.told: list[Notification] = []
        self.connections = 0
        self._server = ThreadingHTTPServer(("127.0.0.1", port), self._handler(reply))
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self.port = int(self._server.server_address[1])
        self.callback = f"http://127.0.0.1:{self.port}/listener"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def sequences(self, entity_id: str) -> list[int]:
        return [one.sequence for one in self.told if one.entity_id == entity_id]

    def _handler(self, reply: Reply) -> type[BaseHTTPRequestHandler]:
        listener = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def setup(self) -> None:
                super().setup()
                listener.connections += 1

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                told = Notification(self.path, dict(self.headers), json.loads(body), body)
                listener.told.append(told)
                status, headers = reply(told)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        return Handler


def created(_: Notification) -> tuple[int, Mapping[str, str]]:
    return 201, {}


@contextmanager
def listening(reply: Reply = created, *, port: int = 0) -> Iterator[Listener]:
    listener = Listener(port, reply)
    try:
        yield listener
    finally:
        listener.close()


@contextmanager
def raw_listening(talk: Callable[[socket.socket], None]) -> Iterator[str]:
    """Accept connections and let `talk` do what it likes with each; give the callback."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def converse(connection: socket.socket) -> None:
            with connection, suppress(OSError):
                talk(connection)

        def accept() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    threading.Thread(target=converse, args=(connection,), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/listener"
        with suppress(OSError):
            server.shutdown(socket.SHUT_RDWR)


def dripping(beginning: bytes, drop: bytes) -> Callable[[socket.socket], None]:
    """Answer with `beginning`, then with `drop` after `drop`, slowly, for ever."""

    def talk(connection: socket.socket) -> None:
        connection.recv(65_536)
        connection.sendall(beginning)
        while True:
            time.sleep(0.05)
            connection.sendall(drop)

    return talk


def flooding(beginning: bytes, more: bytes) -> Callable[[socket.socket], None]:
    """Answer with `beginning`, then with `more` after `more`, as fast as it goes."""

    def talk(connection: socket.socket) -> None:
        connection.recv(65_536)
        connection.sendall(beginning)
        while True:
            connection.sendall(more)

    return talk


def answering(reply: bytes) -> Callable[[socket.socket], None]:
    """Answer the request, read to its end, so that closing is no reset."""

    def talk(connection: socket.socket) -> None:
        request = b""
        while not request.endswith(b"}"):
            request += connection.recv(65_536)
        connection.sendall(reply)

    return talk


def resetting(beginning: bytes) -> Callable[[socket.socket], None]:
    """Answer with `beginning`, then reset the connection."""

    def talk(connection: socket.socket) -> None:
        connection.recv(65_536)
        connection.sendall(beginning)
        time.sleep(0.05)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    return talk


_AUTHORITY = """
[ca]
default_ca = own
[own]
database = index.txt
new_certs_dir = .
rand_serial = yes
default_md = sha256
policy = names
copy_extensions = copy
[names]
commonName = supplied
"""


def certificate(
    folder: Path,
    *,
    name: str = "IP:127.0.0.1",
    start: str = "20200101000000Z",
    end: str = "21000101000000Z",
) -> ssl.SSLContext:
    """Make a certificate that vouches for itself, `certificate.pem`; give what serves with it."""
    (folder / "ca.cnf").write_text(_AUTHORITY)
    (folder / "index.txt").touch()
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    subject = ("-subj", "/CN=listener", "-addext", f"subjectAltName={name}")
    dates = ("-startdate", start, "-enddate", end)
    made = ("-in", "request.pem", "-out", "certificate.pem")
    for command in (
        ("req", *key, "-keyout", "key.pem", *subject, "-out", "request.pem"),
        ("ca", "-config", "ca.cnf", "-selfsign", "-keyfile", "key.pem", *dates, "-batch", *made),
    ):
        subprocess.run(["openssl", *command], cwd=folder, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "certificate.pem", folder / "key.pem")
    return context


@contextmanager
def tls_listening(context: ssl.SSLContext, talk: Callable[[socket.socket], None]) -> Iterator[str]:
    """Accept connections as `raw_listening`, over TLS."""

    def talk_tls(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secured:
            talk(secured)

    with raw_listening(talk_tls) as callback:
        yield callback.replace("http:", "https:")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])
