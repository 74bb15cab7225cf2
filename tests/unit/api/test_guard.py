"""The guard, spoken to in ASGI: limits, halves, and what it leaves alone."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from ordergate.api.guard import Guard

if TYPE_CHECKING:
    from starlette.types import Message, Receive, Scope, Send

LIMIT = 10


class Echo:
    """Answers with the body it got; keeps the scope."""

    def __init__(self) -> None:
        self.scope: Scope = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scope = scope
        body, more = b"", scope["type"] == "http"
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": body})


def exchange(
    *chunks: bytes, method: str = "POST", headers: tuple[tuple[bytes, bytes], ...] = ()
) -> tuple[list[Message], int, Echo]:
    """Return what was sent back, how many chunks were left unread, and the app behind."""
    waiting = [
        {"type": "http.request", "body": chunk, "more_body": number < len(chunks)}
        for number, chunk in enumerate(chunks, start=1)
    ]
    sent: list[Message] = []
    echo = Echo()

    async def receive() -> Message:
        return waiting.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    scope: dict[str, Any] = {"type": "http", "method": method, "headers": list(headers)}
    asyncio.run(Guard(echo, max_body=LIMIT)(scope, receive, send))
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


def test_lifespan_passes() -> None:
    echo = Echo()

    async def receive() -> Message:
        raise AssertionError

    async def send(_: Message) -> None:
        return

    asyncio.run(Guard(echo, max_body=LIMIT)({"type": "lifespan"}, receive, send))
    assert echo.scope == {"type": "lifespan"}
