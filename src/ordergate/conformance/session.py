"""Requests to the server under test: paced, bounded in time and size, and remembered."""

from __future__ import annotations

import ipaddress
import json
import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import HTTPError, ReadTimeoutError

from ordergate.conformance.check import BlockedError, Exchange, ViolationError

if TYPE_CHECKING:
    from collections.abc import Mapping

_CONNECT = 5.0
_MOST_BYTES = 16 * 1024 * 1024
_KEPT_TEXT, _KEPT_EXCHANGES = 2_000, 4
_CHUNK = 65_536
_TOLD = ("Content-Type", "Location", "X-Total-Count", "X-Result-Count", "Link", "Allow")
JSON = "application/json"


class UnreachableError(ViolationError):
    """Nothing listens there."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A response, read to its end.

    Args:
        request: what was sent.
        document: the JSON in it; None where it holds none.
    """

    request: requests.PreparedRequest
    status: int
    headers: Mapping[str, str]
    content: bytes
    document: Any

    def __str__(self) -> str:
        parts = urlsplit(str(self.request.url))
        where = f"{parts.path}?{parts.query}" if parts.query else parts.path
        return f"{self.request.method} {where} answered {self.status}"


class Session:
    """Speaks with one server.

    Args:
        url: where it is, or any URL of it.
        headers: sent with every request, such as `Authorization`; never reported.
        rate: the most requests in a second.
        seconds: how long the whole session may take.
        patience: how many seconds an answer may take, to its last byte.
    """

    def __init__(
        self,
        url: str,
        *,
        headers: Mapping[str, str],
        rate: float,
        seconds: float,
        patience: float = 20.0,
    ) -> None:
        self._http = requests.Session()
        self._http.headers.update({"Accept": JSON, **headers})
        # A proxy of the environment can't know this machine's own addresses.
        self._http.trust_env = not is_loopback(url)
        self._patience = patience
        self._pause = 1 / rate
        self._next = 0.0
        self._until = time.monotonic() + seconds
        self._exchanges: deque[Exchange] = deque(maxlen=_KEPT_EXCHANGES)

    def close(self) -> None:
        """Close its connections."""
        self._http.close()

    def forget(self) -> None:
        """Begin a check: what was exchanged before doesn't belong to it."""
        self._exchanges.clear()

    def exchanges(self) -> tuple[Exchange, ...]:
        """Return the last exchanges of the check."""
        return tuple(self._exchanges)

    def extend(self, seconds: float) -> None:
        """Give it so many seconds from now, whatever it had."""
        self._until = time.monotonic() + seconds

    def call(
        self,
        method: str,
        url: str,
        *,
        body: Any = None,
        data: bytes | None = None,
        media_type: str = JSON,
    ) -> Answer:
        """Send a JSON body, or bytes as they are, and return the answer.

        Raises:
            ViolationError: none came in time.
            BlockedError: the time of the session is over.
        """
        sent = json.dumps(body).encode() if data is None and body is not None else data
        headers = {"Content-Type": media_type} if sent is not None else {}
        return self.send({"method": method, "url": url, "headers": headers, "data": sent})

    def send(self, options: Mapping[str, Any]) -> Answer:
        """Send what `requests.Request` takes, as `call` does."""
        request = self._http.prepare_request(requests.Request(**options))
        method, url = str(request.method), str(request.url)
        sent = request.body or b""
        body = _cut(sent if isinstance(sent, str) else sent.decode(errors="replace"))
        try:
            response, content = self._exchange(request)
        except (requests.RequestException, HTTPError) as error:
            why = self._why(error)
            self._exchanges.append(Exchange(method, url, body, None, {}, why))
            raise _ERRORS.get(type(error), ViolationError)(
                f"{method} {url} was not answered: {why}."
            ) from None
        told = {name: response.headers[name] for name in _TOLD if name in response.headers}
        text, status = content.decode(errors="replace"), response.status_code
        self._exchanges.append(Exchange(method, url, body, status, told, _cut(text)))
        return Answer(request, status, response.headers, content, _json(text))

    def _exchange(self, request: requests.PreparedRequest) -> tuple[requests.Response, bytes]:
        """Return the response and its body, read within the deadline and the size allowed."""
        self._wait()
        until = time.monotonic() + self._patience
        settings = self._http.merge_environment_settings(str(request.url), {}, None, None, None)
        settings["stream"] = True
        response = self._http.send(
            request, timeout=(_CONNECT, self._patience), allow_redirects=False, **settings
        )
        read = bytearray()
        with response:
            # Not iter_content: it waits for a whole chunk, however slowly that comes.
            while chunk := response.raw.read1(_CHUNK, decode_content=True):
                read += chunk
                if len(read) > _MOST_BYTES:
                    raise BlockedError(f"{request.url} answers with more than 16 MiB.")
                if time.monotonic() > until:
                    raise requests.ReadTimeout
        return response, bytes(read)

    def _why(self, error: Exception) -> str:
        if isinstance(error, requests.Timeout | ReadTimeoutError):
            return f"it took longer than {self._patience:g} s"
        if isinstance(error, requests.ConnectionError):
            return "the connection failed"
        return type(error).__name__

    def _wait(self) -> None:
        """Keep to the rate, and to the time of the whole session."""
        now = time.monotonic()
        if now > self._until:
            raise BlockedError("The time for the whole run is over.")
        time.sleep(max(0.0, self._next - now))
        self._next = max(now, self._next) + self._pause


_ERRORS: dict[type[Exception], type[ViolationError]] = {
    requests.ConnectionError: UnreachableError,
    requests.exceptions.SSLError: UnreachableError,
    requests.exceptions.ProxyError: UnreachableError,
    requests.ConnectTimeout: UnreachableError,
}


def is_loopback(url: str) -> bool:
    """Return whether `url` names this machine."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _cut(text: str) -> str:
    return text if len(text) <= _KEPT_TEXT else f"{text[:_KEPT_TEXT]} … ({len(text)} characters)"


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
