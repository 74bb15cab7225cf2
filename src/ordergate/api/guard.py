"""In front of everything: what a stranger sends is limited before anybody reads it.

A request line, headers and a body that are too large, a body that doesn't come, and encodings that
aren't offered are answered here; the app behind only sees whole, bounded requests.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from http import HTTPStatus
from typing import TYPE_CHECKING

from ordergate.api.exchange import BODY_TEXT, answer
from ordergate.api.problems import error_body

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

LONGEST_URL = 8 * 1024
LARGEST_HEADERS = 16 * 1024
"""Bytes of all names and values; what there is to say in them takes a tenth."""

_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
_CHARSETS = frozenset({b"utf-8", b"utf8", b"us-ascii"})
_DRAINED = 16
"""How many times the limit is read, and thrown away, so that the client gets to see its 413."""
_DRAINING = 2.0
"""Seconds that it may take."""


class _RefusedError(Exception):
    """The request is answered here.

    Args:
        has_more: whether some of its body is not read yet.
    """

    def __init__(
        self, status: HTTPStatus, code: str, reason: str, *, has_more: bool = True
    ) -> None:
        super().__init__(reason)
        self.status = status
        self.code = code
        self.reason = reason
        self.has_more = has_more


class Guard:
    """Hands on bounded requests, each with its whole body in the scope; answers the others.

    Args:
        max_body: bytes.
        body_time: seconds that a body may take to come.
    """

    def __init__(self, app: ASGIApp, *, max_body: int, body_time: float) -> None:
        self._app = app
        self._max_body = max_body
        self._body_time = body_time

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        bounded = {**scope, "headers": _one_type(scope["headers"])}
        try:
            _check_head(scope)
            if scope["method"] in _WITH_BODY:
                _check_encoding(scope["headers"])
                bounded[BODY_TEXT] = await self._body(scope, receive)
        except _RefusedError as refused:
            await self._answer(refused, scope, receive, send)
            return
        await self._app(bounded, receive, send)

    async def _body(self, scope: Scope, receive: Receive) -> bytes:
        """Return the whole body.

        Raises:
            _RefusedError: it is too large, or doesn't come in time.
        """
        announced = dict(scope["headers"]).get(b"content-length", b"0")
        if announced.isdigit() and int(announced) > self._max_body:
            raise self._too_large(has_more=True)
        try:
            async with asyncio.timeout(self._body_time):
                return await self._read(receive)
        except TimeoutError:
            reason = f"The body did not come within {self._body_time:g} s."
            raise _RefusedError(HTTPStatus.REQUEST_TIMEOUT, "bodyTimeout", reason) from None

    async def _read(self, receive: Receive) -> bytes:
        body = bytearray()
        while True:
            message = await receive()
            body += message.get("body", b"")
            has_more = message["type"] == "http.request" and message.get("more_body", False)
            if len(body) > self._max_body:
                raise self._too_large(has_more=has_more)
            if not has_more:
                return bytes(body)

    def _too_large(self, *, has_more: bool) -> _RefusedError:
        reason = f"A body has at most {self._max_body} bytes."
        status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        return _RefusedError(status, "bodyTooLarge", reason, has_more=has_more)

    async def _answer(
        self, refused: _RefusedError, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Answer at once, and end the answer when the client has sent what it meant to.

        A connection that is closed while the client still sends is reset, and what was answered
        is lost on it. One that keeps its body back gets no more time.
        """

        async def send_open(message: Message) -> None:
            await send({**message, "more_body": True} if "body" in message else message)

        document = error_body(refused.status, refused.code, refused.reason)
        response = answer(document, refused.status, {"Connection": "close"})
        await response(scope, receive, send_open)
        if refused.has_more and refused.status is not HTTPStatus.REQUEST_TIMEOUT:
            with suppress(TimeoutError):
                await asyncio.wait_for(_drain(receive, _DRAINED * self._max_body), _DRAINING)
        await send({"type": "http.response.body"})


def _check_head(scope: Scope) -> None:
    """Check the sizes of address and headers.

    Raises:
        _RefusedError: one is too large.
    """
    url = len(scope.get("raw_path") or b"") + len(scope.get("query_string", b""))
    if url > LONGEST_URL:
        reason = f"An address has at most {LONGEST_URL} bytes."
        raise _RefusedError(HTTPStatus.REQUEST_URI_TOO_LONG, "addressTooLong", reason)
    if sum(len(name) + len(value) for name, value in scope["headers"]) > LARGEST_HEADERS:
        reason = f"Headers have at most {LARGEST_HEADERS} bytes together."
        status = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
        raise _RefusedError(status, "headersTooLarge", reason)


def _check_encoding(headers: Iterable[tuple[bytes, bytes]]) -> None:
    """Check that the body comes as it is, in UTF-8.

    Raises:
        _RefusedError: it is compressed, or in another charset.
    """
    for name, value in headers:
        if name == b"content-encoding" and value.strip().lower() not in {b"", b"identity"}:
            reason = "A body is sent as it is, without Content-Encoding."
            raise _RefusedError(
                HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unsupportedContentEncoding", reason
            )
        if name == b"content-type":
            for parameter in value.lower().split(b";")[1:]:
                key, _, charset = parameter.strip().partition(b"=")
                if key == b"charset" and charset.strip(b' "') not in _CHARSETS:
                    reason = "A body is in UTF-8; no other charset is offered."
                    raise _RefusedError(
                        HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unsupportedCharset", reason
                    )


async def _drain(receive: Receive, most: int) -> None:
    """Read and forget the rest of a body, up to `most` bytes."""
    more = True
    while more and most > 0:
        message = await receive()
        most -= len(message.get("body", b""))
        more = message.get("more_body", False)


def _one_type(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Return the headers with one Content-Type, in small letters: so Connexion looks for it."""
    kept = [(name, value) for name, value in headers if name != b"content-type"]
    first = next((value for name, value in headers if name == b"content-type"), None)
    return kept if first is None else [*kept, (b"content-type", first.lower())]
