"""One attempt, against real listeners of every kind."""

from __future__ import annotations

import gzip
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import TYPE_CHECKING

import psutil
import pytest

from delivery.listeners import (
    answering,
    certificate,
    dripping,
    flooding,
    free_port,
    listening,
    raw_listening,
    resetting,
    tls_listening,
)
from fakes_delivery import owed
from fakes_destinations import loopback_sender
from ordergate.delivery.ports import Attempt, Outcome
from ordergate.model.common import Api
from ordergate.model.events import OwedEvent

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from ordergate.delivery.sender import HttpSender

DEADLINE = 0.6
MARGIN = 0.5
EVENT = owed("order", 3)


@pytest.fixture
def sender() -> Iterator[HttpSender]:
    sender = loopback_sender(attempt_deadline=DEADLINE, connect_timeout=0.4, pool_size=4)
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


def test_date_to_come_again_is_by_the_clock_of_the_listener(sender: HttpSender) -> None:
    def ask(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(
            b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nConnection: close\r\n"
            b"Date: Thu, 01 Jan 2026 12:00:00 GMT\r\n"
            b"Retry-After: Thu, 01 Jan 2026 12:00:07 GMT\r\n\r\n"
        )

    with raw_listening(ask) as callback:
        assert sender.send(callback, EVENT).retry_after == 7


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


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(b"", id="closes at once"),
        pytest.param(b"SSH-2.0-OpenSSH_9.6\r\n", id="speaks another protocol"),
        pytest.param(b"HTTP/1.1 201 Cre", id="ends in its status line"),
        pytest.param(OK, id="ends before its headers"),
        pytest.param(OK + b"X-Lo", id="ends in a header"),
        pytest.param(OK + b"X-Long: 1\r\n", id="ends after a header"),
        pytest.param(OK + b"Content-Length: 10\r\n\r\nx", id="ends in mid-body"),
        pytest.param(OK + b"X: " + b"x" * 100_000 + b"\r\n\r\n", id="has a header too long"),
    ],
)
def test_broken_reply_is_a_failure(sender: HttpSender, reply: bytes) -> None:
    with raw_listening(answering(reply)) as callback:
        assert sender.send(callback, EVENT).outcome is Outcome.UNREACHABLE


def test_reset_in_mid_reply_is_a_failure(sender: HttpSender) -> None:
    with raw_listening(resetting(OK + b"Content-Length: 10\r\n\r\nx")) as callback:
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


INTERIM = b"HTTP/1.1 103 Early Hints\r\nLink: </x>; rel=preload\r\n\r\n"


@pytest.mark.parametrize(
    "interim", [b"HTTP/1.1 100 Continue\r\n\r\n", INTERIM, INTERIM * 5], ids=["100", "103", "more"]
)
def test_interim_reply_is_not_taken_for_the_reply(sender: HttpSender, interim: bytes) -> None:
    reply = b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"
    with raw_listening(answering(interim + reply)) as callback:
        assert sender.send(callback, EVENT) == Attempt(Outcome.REFUSED, 503)


@pytest.mark.parametrize(
    ("beginning", "more"),
    [
        pytest.param(b"", b"HTTP/1.1 100 Continue\r\n\r\n", id="interim replies"),
        pytest.param(b"", INTERIM, id="other interim replies"),
        pytest.param(OK, b"X: " + b"x" * 60_000 + b"\r\n", id="headers"),
        pytest.param(OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"X: y\r\n", id="trailers"),
        pytest.param(b"", b"\0" * 1000, id="no HTTP"),
    ],
)
def test_flood_of_what_is_no_body_ends_at_once(
    sender: HttpSender, beginning: bytes, more: bytes
) -> None:
    start = time.monotonic()
    with raw_listening(flooding(beginning, more)) as callback:
        attempt = sender.send(callback, EVENT)
    assert attempt.outcome is Outcome.UNREACHABLE
    assert attempt.error in {"ReplyTooLongError", "LineTooLong", "BadStatusLine"}
    assert time.monotonic() - start < DEADLINE


@pytest.fixture
def trusting(tmp_path: Path) -> Iterator[HttpSender]:
    """A sender that trusts whatever is in `certificate.pem` of the test's own folder."""
    file = tmp_path / "certificate.pem"
    sender = loopback_sender(
        attempt_deadline=DEADLINE, connect_timeout=0.5, pool_size=1, ca_file=file
    )
    yield sender
    sender.close()


def test_listener_that_the_authorities_vouch_for_is_told_over_tls(
    trusting: HttpSender, tmp_path: Path
) -> None:
    with tls_listening(certificate(tmp_path), answering(OK + b"\r\n")) as callback:
        assert trusting.send(callback, EVENT) == Attempt(Outcome.DELIVERED, 200)


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "DNS:other.example"},
        {"name": "IP:127.0.0.2"},
        {"start": "20200101000000Z", "end": "20200201000000Z"},
        {"start": "21000101000000Z", "end": "21000201000000Z"},
    ],
    ids=["another name", "another address", "expired", "not valid yet"],
)
def test_certificate_that_is_wrong_is_a_failure_though_it_is_trusted(
    trusting: HttpSender, tmp_path: Path, wrong: dict[str, str]
) -> None:
    with tls_listening(certificate(tmp_path, **wrong), answering(OK + b"\r\n")) as callback:
        attempt = trusting.send(callback, EVENT)
    assert attempt == Attempt(Outcome.UNREACHABLE, error="SSLCertVerificationError")


def test_certificate_nobody_vouches_for_is_a_failure(sender: HttpSender, tmp_path: Path) -> None:
    with tls_listening(certificate(tmp_path), answering(OK + b"\r\n")) as callback:
        attempt = sender.send(callback, EVENT)
    assert attempt == Attempt(Outcome.UNREACHABLE, error="SSLCertVerificationError")


def test_listener_that_speaks_no_tls_is_a_failure(sender: HttpSender) -> None:
    with raw_listening(flooding(b"", b"HTTP/1.1 200 OK\r\n\r\n")) as callback:
        attempt = timed(lambda: sender.send(callback.replace("http:", "https:"), EVENT))
    assert attempt == Attempt(Outcome.UNREACHABLE, error="SSLError")


@pytest.mark.parametrize("drop", [b"", b"\x16"], ids=["silent", "dripping"])
def test_listener_slow_in_the_tls_handshake_ends_in_time(sender: HttpSender, drop: bytes) -> None:
    with raw_listening(dripping(b"\x16\x03\x03\x40\x00", drop)) as callback:
        attempt = timed(lambda: sender.send(callback.replace("http:", "https:"), EVENT))
    assert attempt.outcome in {Outcome.UNREACHABLE, Outcome.TIMED_OUT}


def test_deadline_holds_over_tls_too(trusting: HttpSender, tmp_path: Path) -> None:
    with tls_listening(certificate(tmp_path), dripping(OK, b"X-Drip: 1\r\n")) as callback:
        attempt = timed(lambda: trusting.send(callback, EVENT))
    assert attempt.outcome is Outcome.TIMED_OUT


def test_hostile_listeners_cost_neither_time_nor_memory(tmp_path: Path) -> None:
    bomb = gzip.compress(b"\0" * 10_000_000)
    packed = b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb)
    talks = (
        dripping(OK, b"X-Drip: 1\r\n"),
        dripping(OK + b"Content-Length: 9999\r\n\r\n", b"x"),
        flooding(OK + b"Content-Length: 1000000000\r\n\r\n", b"x" * 10_000),
        flooding(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        flooding(OK, b"X: " + b"x" * 60_000 + b"\r\n"),
        answering(OK + packed + bomb),
        answering(b"SSH-2.0-OpenSSH_9.6\r\n"),
        resetting(OK + b"Content-Length: 10\r\n\r\nx"),
    )
    deadline = 0.3
    sender = loopback_sender(attempt_deadline=deadline, connect_timeout=0.2, pool_size=4)

    def attempt(callback: str) -> tuple[float, Attempt]:
        start = time.monotonic()
        made = sender.send(callback, EVENT)
        return time.monotonic() - start, made

    with ExitStack() as listeners, ThreadPoolExecutor(4) as threads:
        callbacks = [listeners.enter_context(raw_listening(talk)) for talk in talks]
        pot = tls_listening(certificate(tmp_path), answering(OK + b"\r\n"))
        callbacks.append(listeners.enter_context(pot))
        list(threads.map(attempt, callbacks * 4))
        before = psutil.Process().memory_info().rss
        made = list(threads.map(attempt, callbacks * 23))
        grown = psutil.Process().memory_info().rss - before
    sender.close()
    assert len(made) >= 200
    assert max(seconds for seconds, _ in made) < deadline + MARGIN
    assert grown < 20_000_000
    assert {one.error is None for _, one in made if one.outcome is not Outcome.DELIVERED} == {False}
