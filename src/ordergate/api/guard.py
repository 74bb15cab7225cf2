"""In front of everything: no body is read beyond its limit, and none reaches the app half-read."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from ordergate.api.exchange import answer
from ordergate.api.problems import error_body

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
_DRAINED = 16
"""How many times the limit is read, and thrown away, so that the client gets to see its 413."""
_DRAINING = 2.0
"""Seconds that it may take."""


class _BodyTooLargeError(Exception):
    """The body goes beyond the limit.

    Args:
        has_more: whether some of it is not read yet.
    """

    def __init__(self, *, has_more: bool) -> None:
        super().__init__()
        self.has_more = has_more


class Guard:
    """Reads bodies up to the limit, then hands the request on; answers 413 beyond it.

    Args:
        max_body: bytes.
    """

    def __init__(self, app: ASGIApp, *, max_body: int) -> None:
        self._app = app
        self._max_body = max_body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection."""
        if scope["type"] != "http" or scope["method"] not in _WITH_BODY:
            await self._app(scope, receive, send)
            return
        try:
            messages = iter(await self._read(scope, receive))
        except _BodyTooLargeError as error:
            most = _DRAINED * self._max_body if error.has_more else 0
            await self._refuse(scope, receive, send, drained=most)
            return

        async def replay() -> Message:
            return next(messages, None) or await receive()

        await self._app({**scope, "headers": _headers(scope["headers"])}, replay, send)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send, *, drained: int) -> None:
        """Answer 413 at once, and end the answer when the client has sent what it meant to.

        A connection that is closed while the client still sends is reset, and what was answered
        is lost on it.
        """

        async def send_open(message: Message) -> None:
            await send({**message, "more_body": True} if "body" in message else message)

        reason = f"A body has at most {self._max_body} bytes."
        response = answer(error_body(413, "bodyTooLarge", reason), 413, {"Connection": "close"})
        await response(scope, receive, send_open)
        with suppress(TimeoutError):
            await asyncio.wait_for(_drain(receive, drained), _DRAINING)
        await send({"type": "http.response.body"})

    async def _read(self, scope: Scope, receive: Receive) -> list[Message]:
        """Return the messages of the body.

        Raises:
            _BodyTooLargeError: it is announced, or turns out, to be too large.
        """
        announced = dict(scope["headers"]).get(b"content-length", b"0")
        if announced.isdigit() and int(announced) > self._max_body:
            raise _BodyTooLargeError(has_more=True)
        messages: list[Message] = []
        size = 0
        while True:
            message = await receive()
            messages.append(message)
            size += len(message.get("body", b""))
            has_more = message["type"] == "http.request" and message.get("more_body", False)
            if size > self._max_body:
                raise _BodyTooLargeError(has_more=has_more)
            if not has_more:
                return messages


async def _drain(receive: Receive, most: int) -> None:
    """Read and forget the rest of a body, up to `most` bytes."""
    more = True
    while more and most > 0:
        message = await receive()
        most -= len(message.get("body", b""))
        more = message.get("more_body", False)


def _headers(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Return the headers with one Content-Type, in small letters: so Connexion looks for it."""
    kept = [(name, value) for name, value in headers if name != b"content-type"]
    first = next((value for name, value in headers if name == b"content-type"), None)
    return kept if first is None else [*kept, (b"content-type", first.lower())]
