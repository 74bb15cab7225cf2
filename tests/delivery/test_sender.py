"""One attempt, against real listeners of every kind."""

from __future__ import annotations

import gzip
import socket
import ssl
import struct
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
import requests

from delivery.listeners import dripping, free_port, listening, raw_listening
from fakes_delivery import owed
from ordergate.delivery.connection import Deadline, DeadlineAdapter
from ordergate.delivery.ports import Attempt, Outcome
from ordergate.delivery.sender import HttpSender
from ordergate.model.common import Api
from ordergate.model.events import OwedEvent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

DEADLINE = 0.6
MARGIN = 0.5
EVENT = owed("order", 3)


@pytest.fixture
def sender() -> Iterator[HttpSender]:
    sender = HttpSender(attempt_deadline=DEADLINE, connect_timeout=0.4, pool_size=4)
    yield sender
    sender.close()


def timed(call: Callable[[], Attempt]) -> Attempt:
    """Return the attempt; fail if it took longer than it may."""
    start = time.monotonic()
    attempt = call()
    assert time.monotonic() - start < DEADLINE + MARGIN
    return attempt


def test_event_is_posted_verbatim_with_its_sequence_and_id(sender: HttpSender) -> None:
    document = {**EVENT.document, "description": "Zürich 𝄞"}
    event = OwedEvent(EVENT.api, EVENT.entity_id, EVENT.sequence, document)
    with listening() as listener:
        attempt = sender.send(f"{listener.callback}/a%20b?x=1&y", event)
    assert attempt == Attempt(Outcome.DELIVERED, 201)
    (told,) = listener.told
    assert told.body == document
    assert told.path == "/listener/a%20b?x=1&y"
    assert told.headers["Content-Type"] == "application/json;charset=utf-8"
    assert told.headers["X-Order-Event-Seq"] == "3"
    assert told.headers["X-Order-Event-Id"] == "event-order-3"


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_any_2xx_is_delivered(sender: HttpSender, status: int) -> None:
    with listening(lambda _: (status, {})) as listener:
        assert sender.send(listener.callback, EVENT) == Attempt(Outcome.DELIVERED, status)


@pytest.mark.parametrize("status", [304, 400, 404, 410, 429, 500, 503])
def test_any_other_status_is_refused(sender: HttpSender, status: int) -> None:
    with listening(lambda _: (status, {})) as listener:
        assert sender.send(listener.callback, EVENT) == Attempt(Outcome.REFUSED, status)


def test_order_is_posted_as_it_is_under_a_key_of_its_own(sender: HttpSender) -> None:
    with listening() as listener:
        assert sender.hand_over(f"{listener.callback}?a=b", EVENT).outcome is Outcome.DELIVERED
    (told,) = listener.told
    assert told.body == EVENT.document["event"]["resourceOrder"]
    assert told.path == "/listener?a=b"
    assert told.headers["Idempotency-Key"] == "order"
    assert told.headers["Content-Type"] == "application/json;charset=utf-8"
    assert "X-Order-Event-Seq" not in told.headers


@pytest.mark.parametrize("status", [200, 202, 204, 409])
def test_order_that_is_taken_or_there_already_is_delivered(sender: HttpSender, status: int) -> None:
    with listening(lambda _: (status, {})) as listener:
        assert sender.hand_over(listener.callback, EVENT) == Attempt(Outcome.DELIVERED, status)


@pytest.mark.parametrize("status", [400, 404, 422, 503])
def test_order_that_is_not_taken_is_refused(sender: HttpSender, status: int) -> None:
    with listening(lambda _: (status, {})) as listener:
        assert sender.hand_over(listener.callback, EVENT) == Attempt(Outcome.REFUSED, status)


def test_order_finds_nobody(sender: HttpSender) -> None:
    attempt = timed(lambda: sender.hand_over(f"http://127.0.0.1:{free_port()}/", EVENT))
    assert attempt == Attempt(Outcome.UNREACHABLE, error="ConnectionRefusedError")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirect_is_not_followed(sender: HttpSender, status: int) -> None:
    with listening() as target:
        redirect = {"Location": target.callback}
        with listening(lambda _: (status, redirect)) as listener:
            assert sender.send(listener.callback, EVENT).outcome is Outcome.REFUSED
        assert target.told == []


def test_listener_may_say_when_to_come_again(sender: HttpSender) -> None:
    with listening(lambda _: (503, {"Retry-After": "7"})) as listener:
        assert sender.send(listener.callback, EVENT).retry_after == 7


def test_connection_is_used_again(sender: HttpSender) -> None:
    with listening() as listener:
        for _ in range(5):
            assert sender.send(listener.callback, EVENT).outcome is Outcome.DELIVERED
        assert listener.connections == 1


def test_cookies_of_a_listener_are_not_sent_back(sender: HttpSender) -> None:
    with listening(lambda _: (200, {"Set-Cookie": "a=b; Path=/"})) as listener:
        sender.send(listener.callback, EVENT)
        sender.send(listener.callback, EVENT)
        assert all("Cookie" not in told.headers for told in listener.told)


def test_proxy_of_the_environment_is_not_used(
    sender: HttpSender, monkeypatch: pytest.MonkeyPatch
) -> None:
    with listening() as proxy, listening() as listener:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy.port}")
        assert sender.send(listener.callback, EVENT).outcome is Outcome.DELIVERED
        assert proxy.told == []


def test_refused_connection_is_unreachable(sender: HttpSender) -> None:
    attempt = sender.send(f"http://127.0.0.1:{free_port()}/", EVENT)
    assert attempt == Attempt(Outcome.UNREACHABLE, error="ConnectionRefusedError")


@pytest.mark.parametrize(
    "callback",
    ["", "nonsense", "ftp://127.0.0.1/", "http://", "http://127.0.0.1:99999/", "http://[/"],
)
def test_impossible_callback_is_a_failure_not_an_error(sender: HttpSender, callback: str) -> None:
    assert sender.send(callback, EVENT).outcome is Outcome.UNREACHABLE


OK = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize(
    ("beginning", "drop"),
    [
        pytest.param(b"", b"", id="says nothing"),
        pytest.param(b"HTTP/1.1 2", b"0", id="drips its status line"),
        pytest.param(OK, b"X-Drip: 1\r\n", id="drips headers"),
        pytest.param(OK + b"X-Drip: ", b"1", id="drips one header"),
        pytest.param(OK + b"Content-Length: 9999\r\n\r\n", b"x", id="drips its body"),
        pytest.param(OK + b"\r\n", b"x", id="drips a body without end"),
        pytest.param(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n", id="drips chunks"),
        pytest.param(b"", b"HTTP/1.1 100 Continue\r\n\r\n", id="asks to continue for ever"),
    ],
)
def test_dripping_listener_ends_at_the_deadline(
    sender: HttpSender, beginning: bytes, drop: bytes
) -> None:
    with raw_listening(dripping(beginning, drop)) as callback:
        attempt = timed(lambda: sender.send(callback, EVENT))
    assert attempt.outcome is Outcome.TIMED_OUT


def test_listener_that_sips_the_request_ends_at_the_deadline(sender: HttpSender) -> None:
    def sip(connection: socket.socket) -> None:
        while connection.recv(1000):
            time.sleep(0.01)

    large = OwedEvent(Api.RESOURCE_ORDERING, "order", 1, {"eventId": "x", "text": "y" * 30_000_000})
    with raw_listening(sip) as callback:
        attempt = timed(lambda: sender.send(callback, large))
    assert attempt.outcome is Outcome.TIMED_OUT


def test_deadline_of_one_thread_does_not_touch_another(sender: HttpSender) -> None:
    with (
        raw_listening(dripping(OK, b"X-Drip: 1\r\n")) as slow,
        listening() as quick,
        ThreadPoolExecutor(1) as threads,
    ):
        dripped = threads.submit(sender.send, slow, EVENT)
        for _ in range(8):
            time.sleep(DEADLINE / 6)
            assert sender.send(quick.callback, EVENT).outcome is Outcome.DELIVERED
        assert dripped.result().outcome is Outcome.TIMED_OUT


def answering(reply: bytes) -> Callable[[socket.socket], None]:
    """Answer the request, read to its end, so that closing is no reset."""

    def talk(connection: socket.socket) -> None:
        request = b""
        while not request.endswith(b"}"):
            request += connection.recv(65_536)
        connection.sendall(reply)

    return talk


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(b"", id="closes at once"),
        pytest.param(b"SSH-2.0-OpenSSH_9.6\r\n", id="speaks another protocol"),
        pytest.param(OK + b"Content-Length: 10\r\n\r\nx", id="ends in mid-body"),
        pytest.param(OK + b"X: " + b"x" * 100_000 + b"\r\n\r\n", id="has a header too long"),
    ],
)
def test_broken_reply_is_a_failure(sender: HttpSender, reply: bytes) -> None:
    with raw_listening(answering(reply)) as callback:
        assert sender.send(callback, EVENT).outcome is Outcome.UNREACHABLE


def test_reset_in_mid_reply_is_a_failure(sender: HttpSender) -> None:
    def reset(connection: socket.socket) -> None:
        connection.recv(65_536)
        connection.sendall(OK + b"Content-Length: 10\r\n\r\nx")
        time.sleep(0.05)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    with raw_listening(reset) as callback:
        assert sender.send(callback, EVENT).outcome is Outcome.UNREACHABLE


def test_connection_closed_between_two_events_is_opened_anew(sender: HttpSender) -> None:
    with raw_listening(answering(OK + b"Content-Length: 0\r\n\r\n")) as callback:
        for _ in range(3):
            assert sender.send(callback, EVENT).outcome is Outcome.DELIVERED
            time.sleep(0.05)


def test_huge_reply_is_not_read(sender: HttpSender) -> None:
    sent = []

    def flood(connection: socket.socket) -> None:
        connection.recv(65_536)
        connection.sendall(OK + b"Content-Length: 1000000000\r\n\r\n")
        for _ in range(10_000):
            connection.sendall(b"x" * 100_000)
            sent.append(100_000)

    with raw_listening(flood) as callback:
        assert timed(lambda: sender.send(callback, EVENT)).outcome is Outcome.DELIVERED
        time.sleep(0.1)
    assert sum(sent) < 20_000_000


def test_compressed_reply_is_not_inflated(sender: HttpSender) -> None:
    bomb = b"not gzip at all: inflating this fails" + gzip.compress(b"\0" * 1_000_000)
    head = b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb)
    with raw_listening(answering(OK + head + bomb)) as callback:
        assert sender.send(callback, EVENT).outcome is Outcome.DELIVERED


@contextmanager
def tls_listening(
    folder: Path, talk: Callable[[socket.socket], None]
) -> Iterator[tuple[str, Path]]:
    """Listen with a certificate of our own; give the callback and the certificate."""
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    subject = ("-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1")
    files = ("-keyout", str(key), "-out", str(certificate))
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", *subject, *files],
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    def talk_tls(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secured:
            talk(secured)

    with raw_listening(talk_tls) as callback:
        yield callback.replace("http:", "https:"), certificate


def test_certificate_nobody_vouches_for_is_a_failure(sender: HttpSender, tmp_path: Path) -> None:
    with tls_listening(tmp_path, answering(OK + b"\r\n")) as (callback, _):
        attempt = sender.send(callback, EVENT)
    assert attempt == Attempt(Outcome.UNREACHABLE, error="SSLCertVerificationError")


def test_listener_silent_in_the_tls_handshake_ends_in_time(sender: HttpSender) -> None:
    with raw_listening(lambda _: time.sleep(5)) as callback:
        attempt = timed(lambda: sender.send(callback.replace("http:", "https:"), EVENT))
    assert attempt.outcome in {Outcome.UNREACHABLE, Outcome.TIMED_OUT}


def test_deadline_holds_over_tls_too(tmp_path: Path) -> None:
    deadline = Deadline()
    adapter = DeadlineAdapter(deadline, pool_size=1)
    with tls_listening(tmp_path, dripping(OK, b"X-Drip: 1\r\n")) as (callback, certificate):
        request = requests.Request("POST", callback, data=b"{}").prepare()
        start = time.monotonic()
        deadline.start(DEADLINE)
        with pytest.raises(requests.RequestException):
            adapter.send(request, stream=True, timeout=DEADLINE, verify=str(certificate))
        assert DEADLINE - 0.1 < time.monotonic() - start < DEADLINE + MARGIN
    adapter.close()
