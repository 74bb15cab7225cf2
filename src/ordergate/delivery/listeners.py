"""What this process knows of the listeners, and what it tells of them."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import TYPE_CHECKING

from ordergate.delivery.breaker import enabled
from ordergate.delivery.ports import Outcome
from ordergate.errors import NotFoundError
from ordergate.model.hub_health import HubStatus
from ordergate.model.notification import FRESH

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from ordergate.delivery.breaker import Breaker
    from ordergate.delivery.ports import Attempt, Hubs, Lanes
    from ordergate.model.hub_health import HubHealth
    from ordergate.model.notification import EventSubscription

_log = logging.getLogger(__name__)

_SLOW = 0.5
"""Seconds from which on an attempt is a long one."""
_TELLING = 1.0
"""Seconds for which successes are gathered, before the hub is told of them."""


class Pace(IntEnum):
    """How quick the last attempt at a listener was, in this process; the higher, the worse."""

    QUICK = 0
    UNTRIED = 1
    SLOW = 2


@dataclass(frozen=True, slots=True)
class Known:
    """A subscription, and how long one may go by it.

    Args:
        until: `time.monotonic()` up to which it's fresh.
    """

    hub: EventSubscription
    until: float

    @property
    def is_fresh(self) -> bool:
        """Whether it may still be gone by."""
        return time.monotonic() < self.until


@dataclass(slots=True)
class _Untold:
    """Attempts that the hub isn't told of yet."""

    attempts: list[Attempt] = field(default_factory=list)
    told_at: float = 0.0
    one_at_a_time: asyncio.Lock = field(default_factory=asyncio.Lock)


class Listeners:
    """Reads the subscriptions, each again when it isn't fresh, and keeps how it stands with them.

    All processes share that in the hubs; the breaker says what follows from it.
    """

    def __init__(self, hubs: Hubs, lanes: Lanes, breaker: Breaker) -> None:
        self._hubs = hubs
        self._lanes = lanes
        self._breaker = breaker
        self._known: dict[str, Known] = {}
        self._untold: dict[str, _Untold] = {}
        self._paces: dict[str, Pace] = {}

    async def get(self, hub_id: str) -> Known:
        """Return the subscription, fresh for a while.

        Raises:
            NotFoundError: there is none any more.
        """
        known = self._known.get(hub_id)
        if known is not None and time.monotonic() < known.until - FRESH / 2:
            return known  # else it would be read again in the midst of sending
        until = time.monotonic() + FRESH
        try:
            hub = await self._hubs.get(hub_id)
        except NotFoundError:
            self._known.pop(hub_id, None)
            self._untold.pop(hub_id, None)
            self._paces.pop(hub_id, None)
            raise
        self._known[hub_id] = known = Known(hub, until)
        return known

    def lanes_of(self, hub: EventSubscription) -> int:
        """Return how many of its lanes may be delivered at once, but for the probes."""
        most = self._breaker.lanes_of(hub.health)
        return most if hub.max_in_flight is None else min(most, hub.max_in_flight)

    async def may_probe(self, hub: EventSubscription, now: datetime) -> bool:
        """Take the right to try a failing listener once, if it's time for that by now.

        Args:
            now: by the store's clock.
        """
        if self._breaker.probed(hub.health, now) == hub.health:
            return False
        before, after = await self._hubs.change_health(hub.id, self._breaker.probed)
        self._note(hub.id, after)
        return before != after

    async def enable(self, hub_id: str) -> None:
        """Send to a listener again that was given up, as to a new one, and at once.

        Raises:
            NotFoundError: there is none.
        """
        await self._lanes.hasten(hub_id)
        _, after = await self._hubs.change_health(hub_id, enabled)
        self._note(hub_id, after)

    def took(self, hub: EventSubscription, seconds: float) -> None:
        """Note how long an attempt took."""
        self._paces[hub.id] = Pace.SLOW if seconds >= _SLOW else Pace.QUICK

    def pace_of(self, hub_id: str) -> Pace:
        """Return how quick its last attempt was."""
        return self._paces.get(hub_id, Pace.UNTRIED)

    async def attempted(self, hub: EventSubscription, attempts: Sequence[Attempt]) -> HubHealth:
        """Note how attempts ended; return how it stands with the listener after them.

        That an active listener takes what it's sent is told now and then; the rest at once.
        """
        untold = self._untold.setdefault(hub.id, _Untold())
        untold.attempts += attempts
        delivered = all(one.outcome is Outcome.DELIVERED for one in attempts)
        expected = delivered and hub.health.status is HubStatus.ACTIVE
        if not expected or time.monotonic() >= untold.told_at + _TELLING:
            await self._tell(hub.id, untold)
        known = self._known.get(hub.id)
        return hub.health if known is None else known.hub.health

    async def tell_all(self) -> None:
        """Tell the hubs of all attempts that they aren't told of yet."""
        for hub_id, untold in list(self._untold.items()):
            await self._tell(hub_id, untold)

    async def _tell(self, hub_id: str, untold: _Untold) -> None:
        async with untold.one_at_a_time:
            attempts = untold.attempts
            if not attempts:
                return  # somebody else told of it, while this waited
            untold.attempts = []
            untold.told_at = time.monotonic()
            try:
                await self._write(hub_id, attempts)
            except NotFoundError:
                self._known.pop(hub_id, None)
            except BaseException:
                untold.attempts = attempts + untold.attempts
                raise

    async def _write(self, hub_id: str, attempts: list[Attempt]) -> None:
        known = self._known.get(hub_id)
        was_failing = known is not None and known.hub.health.status is HubStatus.FAILING
        if was_failing and any(one.outcome is Outcome.DELIVERED for one in attempts):
            # Before it counts as recovering: after a crash in between the next probe does it.
            await self._lanes.hasten(hub_id)
        before, after = await self._hubs.change_health(
            hub_id, lambda health, now: self._breaker.after(health, attempts, now)
        )
        self._note(hub_id, after)
        if before.status is not after.status:
            about = {"hub": hub_id, "status": str(after.status), "reason": after.reason}
            _log.warning("It stands differently with a listener", extra=about)

    def _note(self, hub_id: str, health: HubHealth) -> None:
        """Keep the health that was just written with what is known, no longer than before."""
        if (known := self._known.get(hub_id)) is not None:
            self._known[hub_id] = replace(known, hub=replace(known.hub, health=health))
