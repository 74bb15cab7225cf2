from __future__ import annotations

import http.client
import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from ordergate.cli.listener import Listener, Notification, listening, registration
from ordergate.client.verification import NotVerifiedError
from ordergate.errors import SetupError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

BODY = {
    "eventId": "e-1",
    "eventType": "ResourceOrderStateChangeEvent",
    "event": {"resourceOrder": {"id": "ro-1", "state": "completed"}},
}


class Known:
    """Knows the one signature `ours` (`client.verification.Verification`)."""

    def check(self, headers: Mapping[str, str], body: bytes) -> None:
        assert json.loads(body) == BODY
        if headers.get("webhook-signature") != "ours":
            raise NotVerifiedError("no signature fits")


@contextmanager
def listener(
    *, fail: int = 0, verification: Any = None
) -> Iterator[tuple[list[Notification], http.client.HTTPConnection]]:
    arrived: list[Notification] = []
    with listening(Listener(arrived.append, fail=fail, verification=verification), 0) as callback:
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


def test_notification_is_taken_once_and_only_from_the_gateway() -> None:
    def told(connection: http.client.HTTPConnection, by: str) -> int:
        return post(connection, json.dumps(BODY), Webhook_Signature=by, Webhook_Id="e-1")

    with listener(fail=1, verification=Known()) as (arrived, connection):
        answers = [told(connection, by) for by in ("theirs", "ours", "ours", "ours", "theirs")]

    assert answers == [401, 500, 201, 201, 401]
    assert [one.as_document()["verdict"] for one in arrived] == [
        "refused: no signature fits",
        "verified",
        "verified",
        "repeated",
        "refused: no signature fits",
    ]
    assert arrived[0].line().endswith(" ro-1 refused: no signature fits (answered 401)")
    assert arrived[2].line().endswith(" ro-1 verified")
    assert [one.is_taken for one in arrived] == [False, False, True, True, False]


def test_without_verification_nothing_is_said_of_it() -> None:
    with listener() as (arrived, connection):
        post(connection, json.dumps(BODY))

    assert "verdict" not in arrived[0].as_document()


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
