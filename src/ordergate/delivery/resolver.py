"""Looks names up without ever holding up whoever asks."""

from __future__ import annotations

import socket
from concurrent.futures import Future
from ipaddress import ip_address
from threading import Lock, Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from ordergate.delivery.destination import IpAddress

    Find = Callable[[str], tuple[IpAddress, ...]]

_AT_ONCE = 64


class SystemResolver:
    """The machine's own resolver (`ports.Resolver`).

    It can't be interrupted, so each look-up has a thread of its own that nobody waits for longer
    than he likes. Whoever asks for a name that is being looked up gets that answer: a name whose
    servers hang costs one thread, however many listeners have it.

    Args:
        find: finds every address of a name, and takes as long as it likes.
        at_once: look-ups under way at once; any further ones fail.
    """

    def __init__(self, find: Find | None = None, *, at_once: int = _AT_ONCE) -> None:
        self._addresses_of = find or addresses_of
        self._at_once = at_once
        self._under_way: dict[str, Future[tuple[IpAddress, ...]]] = {}
        self._lock = Lock()

    def look_up(self, host: str) -> Future[tuple[IpAddress, ...]]:
        """Begin to look up, or join a look-up that is under way."""
        with self._lock:
            if (known := self._under_way.get(host)) is not None:
                return known
            found: Future[tuple[IpAddress, ...]] = Future()
            found.set_running_or_notify_cancel()  # it can't be called off any more
            if len(self._under_way) >= self._at_once:
                found.set_exception(OSError("too many names are being looked up"))
                return found
            self._under_way[host] = found
        Thread(target=self._find, args=(host, found), daemon=True, name=f"look-up {host}").start()
        return found

    def _find(self, host: str, found: Future[tuple[IpAddress, ...]]) -> None:
        try:
            addresses = self._addresses_of(host)
        except (OSError, ValueError) as error:
            self._end(host)
            found.set_exception(error)
        else:
            self._end(host)
            found.set_result(addresses)

    def _end(self, host: str) -> None:
        with self._lock:
            del self._under_way[host]


def addresses_of(host: str) -> tuple[IpAddress, ...]:
    """Return every address of a name, each once, in order of preference; wait as long as it takes.

    Raises:
        OSError: it has none.
    """
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(ip_address(str(address[0])) for *_, address in found))
