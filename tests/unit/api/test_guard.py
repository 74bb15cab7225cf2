"""The guard, spoken to in ASGI: limits, halves, and what it leaves alone."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from ordergate.api.exchange import BODY_TEXT
from ordergate.api.guard import LARGEST_HEADERS, LONGEST_URL, Guard

if TYPE_CHECKING:
    from starlette.types import Message, Receive, Scope, Send

LIMIT = 10


class Echo:
    """Answers with the body it got; keeps the scope."""

    def __init__(self) -> None:
        self.scope: Scope = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scope = scope
        body = scope.get(BODY_TEXT, b"")
        more = scope["type"] == "http" and BODY_TEXT not in scope
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": body})


def exchange(
    *chunks: bytes,
    method: str = "POST",
    headers: tuple[tuple[bytes, bytes], ...] = (),
    stalls: bool = False,
    raw_path: bytes = b"/",
    query_string: bytes = b"",
) -> tuple[list[Message], int, Echo]:
    """Return what was sent back, how many chunks were left unread, and the app behind."""
    waiting = [
        {"type": "http.request", "body": chunk, "more_body": number < len(chunks)}
        for number, chunk in enumerate(chunks, start=1)
    ]
    sent: list[Message] = []
    echo = Echo()

    async def receive() -> Message:
        if stalls and len(waiting) == 1:
            await asyncio.sleep(60)
        return waiting.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    scope: dict[str, Any] = {"type": "http", "method": method, "headers": list(headers)}
    scope |= {"raw_path": raw_path, "query_string": query_string}
    asyncio.run(Guard(echo, max_body=LIMIT, body_time=0.2)(scope, receive, send))
    return sent, len(waiting), echo


@pytest.mark.parametrize("chunks", [(b"",), (b"x" * LIMIT,), (b"x" * 4, b"", b"y" * 6)])
def test_body_up_to_the_limit_arrives_whole(chunks: tuple[bytes, ...]) -> None:
    sent, _, _ = exchange(*chunks)
    assert sent[0]["status"] == 200
    assert sent[1]["body"] == b"".join(chunks)


@pytest.mark.parametrize(
    ("chunks", "headers"),
    [
        ((b"x" * 11,), ()),
        ((b"x" * 6, b"x" * 5), ()),
        ((b"x",), ((b"content-length", b"11"),)),
        ((b"x" * 11,), ((b"content-length", b"5"),)),
        ((b"x" * 11,), ((b"content-length", b"-1"),)),
    ],
)
def test_body_beyond_the_limit_never_reaches_the_app(
    chunks: tuple[bytes, ...], headers: tuple[tuple[bytes, bytes], ...]
) -> None:
    sent, _, echo = exchange(*chunks, headers=headers)
    assert sent[0]["status"] == 413
    assert (b"connection", b"close") in sent[0]["headers"]
    assert echo.scope == {}


def test_answer_is_complete_before_the_rest_is_thrown_away() -> None:
    sent, left, _ = exchange(*[b"x" * 11] * 5)
    assert [message.get("more_body", False) for message in sent] == [False, True, False]
    assert b"bodyTooLarge" in sent[1]["body"]
    assert left == 0


def test_endless_body_is_not_read_to_its_end() -> None:
    _, left, _ = exchange(*[b"x" * 11] * 100)
    assert left > 80


def test_reading_methods_pass_as_they_are() -> None:
    sent, _, _ = exchange(b"x" * 11, method="GET")
    assert sent[1]["body"] == b"x" * 11


def test_app_sees_one_content_type_in_small_letters() -> None:
    headers = (
        (b"content-type", b"Application/JSON"),
        (b"x-other", b"Kept"),
        (b"content-type", b"text/plain"),
    )
    _, _, echo = exchange(b"{}", headers=headers)
    assert sorted(echo.scope["headers"]) == [
        (b"content-type", b"application/json"),
        (b"x-other", b"Kept"),
    ]


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        (((b"content-encoding", b"gzip"),), b"unsupportedContentEncoding"),
        (((b"content-type", b"application/json; charset=utf-16"),), b"unsupportedCharset"),
        (((b"content-type", b'application/json;charset="LATIN1"'),), b"unsupportedCharset"),
    ],
)
def test_body_that_would_have_to_be_decoded_is_refused(
    headers: tuple[tuple[bytes, bytes], ...], code: bytes
) -> None:
    sent, _, echo = exchange(b"{}", headers=headers)
    assert sent[0]["status"] == 415
    assert code in sent[1]["body"]
    assert echo.scope == {}


@pytest.mark.parametrize("charset", [b"utf-8", b"UTF-8", b'"utf-8"', b"us-ascii"])
def test_body_in_utf_8_passes_however_it_says_so(charset: bytes) -> None:
    headers = ((b"content-type", b"application/json; charset=" + charset),)
    sent, _, _ = exchange(b"{}", headers=(*headers, (b"content-encoding", b"identity")))
    assert sent[0]["status"] == 200


def test_headers_beyond_their_limit_are_refused() -> None:
    sent, _, echo = exchange(b"", headers=((b"x-long", b"x" * LARGEST_HEADERS),), method="GET")
    assert sent[0]["status"] == 431
    assert echo.scope == {}


@pytest.mark.parametrize(("path", "query"), [(LONGEST_URL + 1, 0), (1, LONGEST_URL)])
def test_address_beyond_its_limit_is_refused(path: int, query: int) -> None:
    sent, _, echo = exchange(b"", method="GET", raw_path=b"/" * path, query_string=b"x" * query)
    assert sent[0]["status"] == 414
    assert echo.scope == {}


def test_body_that_does_not_come_is_not_waited_for() -> None:
    sent, _, echo = exchange(b"{", b"", stalls=True)
    assert sent[0]["status"] == 408
    assert (b"connection", b"close") in sent[0]["headers"]
    assert echo.scope == {}


def test_lifespan_passes() -> None:
    echo = Echo()

    async def receive() -> Message:
        raise AssertionError

    async def send(_: Message) -> None:
        return

    asyncio.run(Guard(echo, max_body=LIMIT, body_time=0.2)({"type": "lifespan"}, receive, send))
    assert echo.scope == {"type": "lifespan"}
