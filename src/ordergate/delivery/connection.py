"""Connections to listeners that keep a deadline over the whole attempt.

The timeouts of requests and urllib3 hold for one read each, so a listener that drips its reply
byte by byte holds a thread for as long as it likes. Here every wait gets only what is left.
"""

from __future__ import annotations

import io
import socket
import threading
import time
from functools import partial
from http.client import HTTPResponse
from typing import TYPE_CHECKING, Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.util.connection import create_connection

if TYPE_CHECKING:
    from typing_extensions import Buffer


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

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer) -> int | None:
        self._sock.settimeout(self._deadline.left())
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _DeadlineResponse(HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, deadline: Deadline, **named: Any) -> None:
        super().__init__(sock, *args, **named)
        self.fp = io.BufferedReader(_DeadlineReader(self.fp.detach(), sock, deadline))


class _HTTPConnection(HTTPConnection):
    def __init__(self, *args: Any, deadline: Deadline, **named: Any) -> None:
        super().__init__(*args, **named)
        self._deadline = deadline
        # A factory serves as well as the class that is asked for.
        self.response_class = partial(_DeadlineResponse, deadline=deadline)  # type: ignore[assignment]

    def _new_conn(self) -> socket.socket:
        """Connect; all addresses of the name share the time that urllib3 gives to each."""
        until = time.monotonic() + (self.timeout or 0)
        failure: OSError = OSError("the name has no address")
        for *_, address in socket.getaddrinfo(self._dns_host, self.port, type=socket.SOCK_STREAM):
            left = min(until - time.monotonic(), self._deadline.left())
            if left <= 0:
                break
            try:
                return create_connection(
                    (str(address[0]), self.port), left, socket_options=self.socket_options
                )
            except OSError as error:
                failure = error
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
    """An adapter of requests whose connections keep `deadline`."""

    def __init__(self, deadline: Deadline, *, pool_size: int) -> None:
        self._deadline = deadline
        super().__init__(pool_connections=pool_size, pool_maxsize=pool_size)

    def init_poolmanager(self, *args: Any, **named: Any) -> None:
        """Make the pools; called by `HTTPAdapter.__init__`."""
        super().init_poolmanager(*args, **named)
        self.poolmanager.pool_classes_by_scheme = {
            "http": partial(_HTTPPool, deadline=self._deadline),
            "https": partial(_HTTPSPool, deadline=self._deadline),
        }
