"""Connections to listeners that keep a deadline over the whole attempt, and go where they may.

The timeouts of requests and urllib3 hold for one read each, so a listener that drips its reply
byte by byte holds a thread for as long as it likes. Here every wait gets only what is left.

They connect to addresses that were checked, not to a name that is looked up once more. `Host`,
SNI and the certificate's name stay those of the URL.
"""

from __future__ import annotations

import io
import socket
import threading
import time
from functools import partial
from http.client import HTTPResponse, IncompleteRead
from typing import TYPE_CHECKING, Any, Protocol

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

if TYPE_CHECKING:
    from collections.abc import Sequence

    from typing_extensions import Buffer

    from ordergate.delivery.destination import IpAddress

_LONGEST_REPLY = 131_072
"""Bytes, headers and all; of a listener that goes on and on no more is taken in."""


class Route(Protocol):
    """Finds the addresses to connect to."""

    def __call__(self, host: str, port: int, within: float) -> Sequence[IpAddress]:
        """Return them, within as many seconds; raise what ends the attempt."""


class Connector(Protocol):
    """Opens a connection to an address."""

    def __call__(self, address: IpAddress, port: int, within: float) -> socket.socket:
        """Return the socket, within as many seconds; raise OSError if there's none."""


def connect_tcp(address: IpAddress, port: int, within: float) -> socket.socket:
    """Connect by TCP (`Connector`)."""
    return socket.create_connection((str(address), port), within)


class ReplyTooLongError(OSError):
    """A listener says more than any reply has."""


class Deadline(threading.local):
    """The moment at which the attempt under way in this thread must end.

    One object serves an adapter and its pooled connections: each obeys the thread that uses it.
    """

    def __init__(self) -> None:
        self._at = 0.0

    def start(self, seconds: float) -> None:
        """Begin an attempt."""
        self._at = time.monotonic() + seconds

    @property
    def passed(self) -> bool:
        """Whether it is over."""
        return time.monotonic() >= self._at

    def left(self) -> float:
        """Return the seconds left, more than none.

        Raises:
            TimeoutError: none are.
        """
        left = self._at - time.monotonic()
        if left <= 0:
            raise TimeoutError("the attempt's deadline has passed")
        return left


class _DeadlineReader(io.RawIOBase):
    """Reads a reply from a socket, each read with the time that is left."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket, deadline: Deadline) -> None:
        self._raw = raw
        self._sock = sock
        self._deadline = deadline
        self._unread = _LONGEST_REPLY
        self.has_ended = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer) -> int | None:
        if self._unread <= 0:
            raise ReplyTooLongError("the reply is too long")
        self._sock.settimeout(self._deadline.left())
        count = self._raw.readinto(buffer)
        self._unread -= count or 0
        self.has_ended = count == 0
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()


class _DeadlineResponse(HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, deadline: Deadline, **named: Any) -> None:
        super().__init__(sock, *args, **named)
        self._reader = _DeadlineReader(self.fp.detach(), sock, deadline)
        self.fp = io.BufferedReader(self._reader)

    def begin(self) -> None:
        """Read status and headers.

        Raises:
            IncompleteRead: the connection ended in them; http.client would take what there is for
                a whole reply (RFC 9112, §8).
        """
        super().begin()
        if self._reader.has_ended:
            raise IncompleteRead(b"")

    def _read_status(self) -> tuple[str, int, str]:
        """Read up to the status that counts: http.client knows of 1xx only 100 (RFC 9110, §15.2).

        It would take another one for the reply, and the reply for that to the next event.
        """
        while True:
            status: tuple[str, int, str] = super()._read_status()  # type: ignore[misc]
            if status[1] // 100 != 1 or status[1] in _ENDED_BY_HTTP_CLIENT:
                return status
            while self.fp.readline(_LONGEST_LINE).strip():
                pass


_ENDED_BY_HTTP_CLIENT = (100, 101)
_LONGEST_LINE = 65_536


class _HTTPConnection(HTTPConnection):
    def __init__(
        self, *args: Any, deadline: Deadline, route: Route, connect: Connector, **named: Any
    ) -> None:
        super().__init__(*args, **named)
        self._deadline = deadline
        self._route = route
        self._connect = connect
        # A factory serves as well as the class that is asked for.
        self.response_class = partial(_DeadlineResponse, deadline=deadline)  # type: ignore[assignment]

    def _new_conn(self) -> socket.socket:
        """Connect; the look-up, all addresses and the TLS handshake share one time to connect."""
        within = min(self.timeout or 0, self._deadline.left())
        until = time.monotonic() + within
        addresses = self._route(self._dns_host, self.port, within)
        failure: OSError = OSError("the name has no address")
        for position, address in enumerate(addresses):
            left = until - time.monotonic()
            if left <= 0:
                raise TimeoutError("connecting took too long")
            try:
                sock = self._connect(address, self.port, left / (len(addresses) - position))
            except OSError as error:
                failure = error
                continue
            for option in self.socket_options or ():
                sock.setsockopt(*option)
            sock.settimeout(max(until - time.monotonic(), 0.001))
            return sock
        raise failure

    def send(self, data: Any) -> None:
        """Send it all; a peer that takes it in sips gets no more time for that."""
        if self.sock is None:
            self.connect()
        unsent = memoryview(data)
        while unsent:
            self.sock.settimeout(self._deadline.left())
            unsent = unsent[self.sock.send(unsent) :]


class _HTTPSConnection(_HTTPConnection, HTTPSConnection):
    pass


class _HTTPPool(HTTPConnectionPool):
    ConnectionCls = _HTTPConnection


class _HTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _HTTPSConnection


class DeadlineAdapter(HTTPAdapter):
    """An adapter of requests whose connections keep `deadline` and take `route`."""

    def __init__(
        self, deadline: Deadline, route: Route, connect: Connector, *, pool_size: int
    ) -> None:
        self._named: dict[str, Any] = {"deadline": deadline, "route": route, "connect": connect}
        super().__init__(pool_connections=pool_size, pool_maxsize=pool_size)

    def init_poolmanager(self, *args: Any, **named: Any) -> None:
        """Make the pools; called by `HTTPAdapter.__init__`."""
        super().init_poolmanager(*args, **named)
        self.poolmanager.pool_classes_by_scheme = {
            "http": partial(_HTTPPool, **self._named),
            "https": partial(_HTTPSPool, **self._named),
        }
