"""The callback guard: nobody makes the gateway send to where only the gateway gets.

One check serves registration and every connection, and it's made on the very addresses that are
connected to; so a name that leads elsewhere afterwards changes nothing.
"""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ordergate.delivery.destination import Destination, RefusedError, read_destination
from ordergate.errors import DestinationNotAllowedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ordergate.delivery.destination import CallbackPolicy, IpAddress
    from ordergate.delivery.ports import Resolver

_log = logging.getLogger(__name__)

_GENERIC = (
    "destination not allowed: a callback is an absolute http or https URL, without user name and "
    "fragment, of a host and port that this gateway may notify."
)


class CallbackGuard:
    """Refuses callbacks that lead to where listeners can't be.

    Whoever is refused gets one and the same text; why, and which setting would change it, stands
    in the log.

    Args:
        within: seconds that a look-up may take when a listener registers.
    """

    def __init__(self, policy: CallbackPolicy, resolver: Resolver, *, within: float) -> None:
        self._policy = policy
        self._resolver = resolver
        self._within = within
        self._warnings = _Warnings()

    async def check(self, callback: str) -> None:
        """Check the callback of a listener that registers.

        A name that has no address now may get one; at delivery there is no such leniency.

        Raises:
            DestinationNotAllowedError: it would be refused at delivery.
        """
        destination = self.check_url(callback)
        if self._policy.trusts(destination):
            return
        with self._refusing(destination):
            literal = destination.literal()
            if literal is None:
                looking = asyncio.wrap_future(self._resolver.look_up(destination.host))
                try:
                    addresses = await asyncio.wait_for(looking, self._within)
                except OSError:  # it has none, or they didn't come in time
                    return
            else:
                addresses = (literal,)
            self._policy.check(destination, addresses)

    def check_url(self, callback: str) -> Destination:
        """Return where the callback leads, judged by its text alone.

        Raises:
            DestinationNotAllowedError: nothing may be sent there.
        """
        with self._refusing(None):
            destination = read_destination(callback)
        with self._refusing(destination):
            self._policy.check(destination, ())
        return destination

    def addresses(self, host: str, port: int, within: float) -> tuple[IpAddress, ...]:
        """Return the addresses to connect to, all of them checked; wait from a thread.

        Args:
            within: seconds that the look-up may take.

        Raises:
            DestinationNotAllowedError: one of them is refused.
            OSError: there are none, or they didn't come in time (TimeoutError).
        """
        destination = Destination(host, port)
        with self._refusing(destination):
            literal = destination.literal()
            found = self._resolver.look_up(host).result(within) if literal is None else (literal,)
            self._policy.check(destination, found)
        return found

    @contextmanager
    def _refusing(self, destination: Destination | None) -> Iterator[None]:
        """Tell the operator why, and whoever asks that it is so."""
        try:
            yield
        except RefusedError as refused:
            if self._warnings.is_due((destination, refused.setting)):
                about = {"reason": refused.why, "setting": refused.setting or "none"}
                if destination is not None:
                    about |= {"host": destination.host, "port": str(destination.port)}
                _log.warning("A callback is refused", extra=about)
            raise DestinationNotAllowedError(_GENERIC, path="callback") from None


class _Warnings:
    """Keeps the log from being flooded: each warning once an hour, and not too many of them."""

    _PERIOD = 3600.0
    _MOST = 1000

    def __init__(self) -> None:
        self._given: set[object] = set()
        self._until = 0.0

    def is_due(self, warning: object) -> bool:
        if (now := time.monotonic()) >= self._until:
            self._given, self._until = set(), now + self._PERIOD
        if warning in self._given or len(self._given) >= self._MOST:
            return False
        self._given.add(warning)
        return True
