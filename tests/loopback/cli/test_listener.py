from __future__ import annotations

import http.client
import json
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from ordergate.cli.listener import Listener, Notification, listening, registration
from ordergate.errors import SetupError

if TYPE_CHECKING:
    from collections.abc import Iterator

BODY = {
    "eventId": "e-1",
    "eventType": "ResourceOrderStateChangeEvent",
    "event": {"resourceOrder": {"id": "ro-1", "state": "completed"}},
}


@contextmanager
def listener(*, fail: int = 0) -> Iterator[tuple[list[Notification], http.client.HTTPConnection]]:
    arrived: list[Notification] = []
    with listening(Listener(arrived.append, fail=fail), 0) as callback:
        connection = http.client.HTTPConnection(urlsplit(callback).netloc, timeout=5)
        try:
            yield arrived, connection
        finally:
            connection.close()


def post(connection: http.client.HTTPConnection, body: str | bytes, **headers: str) -> int:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request("POST", "/", body, named)
    answer = connection.getresponse()
    answer.read()
    return answer.status


def test_notification_is_taken_with_what_people_ask_first() -> None:
    with listener() as (arrived, connection):
        assert post(connection, json.dumps(BODY), X_Order_Event_Seq="3") == 201

    (notification,) = arrived
    assert notification.line().endswith("ResourceOrderStateChangeEvent seq 3 completed ro-1")
    assert notification.as_document()["notification"] == BODY
    assert notification.as_document()["sequence"] == "3"


def test_first_notifications_are_refused_when_asked_for() -> None:
    with listener(fail=2) as (arrived, connection):
        assert [post(connection, json.dumps(BODY)) for _ in range(3)] == [500, 500, 201]

    assert arrived[0].line().endswith("(answered 500)")


@pytest.mark.parametrize("body", ["no json", "[]", b"\xff", "[" * 100_000])
def test_what_is_no_notification_is_refused(body: str | bytes) -> None:
    with listener() as (arrived, connection):
        assert post(connection, body) == 400

    assert arrived == []


def test_body_beyond_two_mebibytes_is_not_read() -> None:
    with listener() as (_, connection):
        connection.putrequest("POST", "/")
        connection.putheader("Content-Length", str(2 * 1024 * 1024 + 1))
        connection.endheaders()
        assert connection.getresponse().status == 413


def test_body_of_unknown_length_is_refused() -> None:
    with listener() as (_, connection):
        connection.putrequest("POST", "/")
        connection.putheader("Transfer-Encoding", "chunked")
        connection.endheaders()
        assert connection.getresponse().status == 411


def test_notification_that_says_nothing_is_still_told() -> None:
    assert (
        Notification.read({"event": []}, sequence=None, answer=201).line().endswith("unknown seq -")
    )


def test_port_in_use_is_one_sentence() -> None:
    with listening(Listener(print), 0) as callback:
        port = urlsplit(callback).port or 0
        with (
            pytest.raises(SetupError, match=f"Port {port} is in use"),
            listening(Listener(print), port),
        ):
            pass


def test_registration_names_the_hub_of_both_doors() -> None:
    lines = list(registration("http://gw/", "http://127.0.0.1:8653/"))

    assert [line.split()[3] for line in lines] == [
        "http://gw/tmf-api/resourceOrderingManagement/v4/hub",
        "http://gw/tmf-api/serviceOrdering/v4/hub",
    ]
    assert all("""-d '{"callback": "http://127.0.0.1:8653/"}'""" in line for line in lines)
