from __future__ import annotations

import time

import pytest

from loopback.conformance.answering import answering, session
from ordergate.conformance.check import BlockedError, ViolationError
from ordergate.conformance.session import UnreachableError


def test_answer_is_read_as_json() -> None:
    with answering(b'{"id": ', b'"1"}') as url, session(url) as made:
        assert made.call("GET", url).document == {"id": "1"}


def test_answer_that_is_no_json_has_no_document() -> None:
    with answering(b"<html>") as url, session(url) as made:
        assert made.call("GET", url).document is None


def test_request_and_response_are_kept_without_credentials() -> None:
    headers = {"Authorization": "Bearer secret"}
    with answering(b"[]") as url, session(url, headers=headers) as made:
        made.call("POST", f"{url}/hub", body={"callback": "x"})

        (kept,) = made.exchanges()

    assert (kept.method, kept.url, kept.status) == ("POST", f"{url}/hub", 200)
    assert (kept.body, kept.answer) == ('{"callback": "x"}', "[]")
    assert "secret" not in repr(kept)


def test_long_bodies_are_kept_in_part() -> None:
    with answering(b"x" * 5_000) as url, session(url) as made:
        made.call("GET", url)

        (kept,) = made.exchanges()

    assert kept.answer.endswith("(5000 characters)")
    assert len(kept.answer) < 2_100


def test_server_that_drips_is_given_up_in_time() -> None:
    begun = time.monotonic()
    chunks = [b"x"] * 200
    with (
        answering(*chunks, pause=0.1) as url,
        session(url, patience=0.5) as made,
        pytest.raises(ViolationError, match=r"took longer than 0\.5 s"),
    ):
        made.call("GET", url)

    assert time.monotonic() - begun < 5


def test_answer_without_end_is_not_read_to_the_end() -> None:
    chunks = [b"x" * 1024 * 1024] * 64
    with (
        answering(*chunks) as url,
        session(url) as made,
        pytest.raises(BlockedError, match="more than 16 MiB"),
    ):
        made.call("GET", url)


def test_server_that_is_not_there_is_unreachable() -> None:
    with answering() as url:
        pass
    with session(url) as made, pytest.raises(UnreachableError, match="the connection failed"):
        made.call("GET", url)


def test_nothing_is_asked_when_the_time_is_over() -> None:
    with answering(b"[]") as url, session(url, seconds=-1) as made:
        with pytest.raises(BlockedError, match="time"):
            made.call("GET", url)
        made.extend(10)
        assert made.call("GET", url).status == 200


def test_requests_keep_to_the_rate() -> None:
    with answering(b"[]") as url, session(url, rate=20) as made:
        begun = time.monotonic()
        for _ in range(5):
            made.call("GET", url)

    assert time.monotonic() - begun >= 0.2
