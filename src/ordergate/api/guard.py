"""In front of everything: no body is read beyond its limit, and none reaches the app half-read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ordergate.api.exchange import answer
from ordergate.api.problems import error_body

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})


class _BodyTooLargeError(Exception):
    """The body goes beyond the limit; what is left of it is not read."""


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
        except _BodyTooLargeError:
            reason = f"A body has at most {self._max_body} bytes."
            response = answer(error_body(413, "bodyTooLarge", reason), 413, {"Connection": "close"})
            await response(scope, receive, send)
            return

        async def replay() -> Message:
            return next(messages, None) or await receive()

        await self._app(scope, replay, send)

    async def _read(self, scope: Scope, receive: Receive) -> list[Message]:
        """Return the messages of the body.

        Raises:
            _BodyTooLargeError: it is announced, or turns out, to be too large.
        """
        announced = dict(scope["headers"]).get(b"content-length", b"0")
        if announced.isdigit() and int(announced) > self._max_body:
            raise _BodyTooLargeError
        messages: list[Message] = []
        size = 0
        while True:
            message = await receive()
            messages.append(message)
            size += len(message.get("body", b""))
            if size > self._max_body:
                raise _BodyTooLargeError
            if message["type"] != "http.request" or not message.get("more_body"):
                return messages
