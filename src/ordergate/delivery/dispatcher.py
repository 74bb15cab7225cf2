"""Keeps notifications going: relays what is owed, and delivers the lanes that are due."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING

from ordergate.delivery.listeners import Pace
from ordergate.errors import NotFoundError, StoreUnavailableError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Sequence
    from concurrent.futures import Executor

    from ordergate.delivery.expiry import Expiry
    from ordergate.delivery.lane_delivery import LaneDelivery
    from ordergate.delivery.listeners import Listeners
    from ordergate.delivery.ports import Lanes
    from ordergate.delivery.relay import Relay
    from ordergate.model.notification import EventSubscription, LaneClaim, WaitingLanes

_log = logging.getLogger(__name__)

_LONGEST_HOLD = 20.0
_LONGEST_BACK_OFF = 5.0
_TELLING = 1.0
_AGEING = 60.0
_AHEAD = 4
"""Lanes claimed of a quick listener, for each that may be in flight."""
_SHARES = {Pace.QUICK: 1.0, Pace.UNTRIED: 0.75, Pace.SLOW: 0.5}
"""Of the senders, for all listeners that are so slow, or slower."""


class Dispatcher:
    """Relays and delivers until it is stopped; any number of them may share a store.

    Polling is the truth: `wake` only shortens the wait for it.

    Args:
        senders: lanes in flight at once, each with a thread. No listener gets more than half of
            what is free, nor more than the breaker allows it; and those that were slow the last
            time leave room for others, however many they are.
        lease: seconds for which a claimed lane is ours. Sends begin in the first third of it (20
            at most), so that the last one ends before the lease does.
        poll_interval: seconds between looks at the store when nothing wakes it.
    """

    def __init__(
        self,
        relay: Relay,
        lanes: Lanes,
        listeners: Listeners,
        delivery: LaneDelivery,
        expiry: Expiry,
        *,
        senders: int,
        lease: float,
        poll_interval: float,
    ) -> None:
        self._relay = relay
        self._lanes = lanes
        self._listeners = listeners
        self._delivery = delivery
        self._expiry = expiry
        self._senders = senders
        self._lease = lease
        self._hold = min(_LONGEST_HOLD, lease / 3)
        self._poll_interval = poll_interval
        self._owed = asyncio.Event()
        self._due = asyncio.Event()
        self._active: dict[asyncio.Task[None], str] = {}

    def wake(self) -> None:
        """Say that new events are owed, or wait again (`process.ports.Relay`)."""
        self._owed.set()
        self._due.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set; then end the sends in flight and give back their lanes."""
        threads = ThreadPoolExecutor(self._senders, thread_name_prefix="sender")
        # Not `stop` itself: asyncio and the driver may swallow the cancellation of a loop.
        ended = asyncio.Event()
        try:
            async with asyncio.TaskGroup() as loops:
                loops.create_task(self._repeat(self._relay_owed, self._owed, ended))
                loops.create_task(
                    self._repeat(lambda: self._claim_due(threads, ended), self._due, ended)
                )
                for step, interval in ((self._tell, _TELLING), (self._expiry.bury_aged, _AGEING)):
                    loops.create_task(self._repeat(step, ended, ended, interval))
                try:
                    await stop.wait()
                finally:
                    ended.set()
                    self._owed.set()
                    self._due.set()
            await asyncio.gather(*self._active)
            with suppress(StoreUnavailableError):
                await self._listeners.tell_all()
        finally:
            # After a cancellation only: the leases of these lanes run out, and others take over.
            for task in self._active:
                task.cancel()
            threads.shutdown(wait=False, cancel_futures=True)

    async def _repeat(
        self,
        step: Callable[[], Awaitable[bool]],
        signal: asyncio.Event,
        ended: asyncio.Event,
        interval: float | None = None,
    ) -> None:
        """Repeat `step`: at once while it says so, else on the signal or after the interval.

        Without an interval it's that of polling.
        """
        failures = 0
        while not ended.is_set():
            if signal is not ended:
                signal.clear()
            try:
                at_once = await step()
                failures = 0
            except StoreUnavailableError as error:
                failures += 1
                _log.warning("Notifications wait for the store", extra={"reason": error.reason})
            except Exception:  # noqa: BLE001 - a defect met once must not end all notifications
                failures += 1
                _log.exception("Notifications failed unexpectedly; they go on")
            if failures:
                back_off = self._poll_interval * 2 ** min(failures, 10)
                await _either(ended, min(back_off, _LONGEST_BACK_OFF))
            elif not at_once:
                await _either(signal, interval or self._poll_interval)

    async def _relay_owed(self) -> bool:
        """Relay one batch; return whether to look again at once."""
        relayed = await self._relay.relay()
        if relayed:
            self._due.set()
        return relayed > 0

    async def _tell(self) -> bool:
        await self._listeners.tell_all()
        return False

    async def _claim_due(self, threads: Executor, ended: asyncio.Event) -> bool:
        """Claim as many lanes as there is room for, and set about delivering them."""
        for waiting in await self._lanes.waiting():
            if ended.is_set():
                break
            until = time.monotonic() + self._hold
            claims, is_probe = await self._claim_of(waiting)
            events = await self._delivery.events_of(claims) if claims else {}

            def may_send(until: float = until) -> bool:
                return time.monotonic() < until and not ended.is_set()

            for claim in claims:
                delivery = self._delivery.deliver(
                    claim, events[claim.entity_id], threads, may_send, is_probe=is_probe
                )
                task = asyncio.create_task(self._guarded(claim, delivery))
                self._active[task] = claim.hub_id
                task.add_done_callback(self._ended)
        return False

    async def _claim_of(self, waiting: WaitingLanes) -> tuple[Sequence[LaneClaim], bool]:
        """Claim what may be sent to one listener now; say whether it's to see if it's back."""
        try:
            hub = (await self._listeners.get(waiting.hub_id)).hub
        except NotFoundError:  # its lanes came late: claimed, they are removed
            return await self._lanes.claim(waiting.hub_id, self._lease, 1), False
        if await self._listeners.may_probe(hub, waiting.now):
            return await self._lanes.claim_ahead(hub.id, self._lease, 1), True
        room = self._room(hub)
        if room <= 0 or waiting.due > waiting.now:
            return [], False
        return await self._lanes.claim(hub.id, self._lease, room), False

    def _room(self, hub: EventSubscription) -> int:
        """Return how many more lanes of the listener are to be claimed now."""
        most = self._listeners.lanes_of(hub)
        in_flight = {
            other: min(lanes, self._listeners.most_lanes)
            for other, lanes in Counter(self._active.values()).items()
        }
        pace = self._listeners.pace_of(hub.id)
        share = max(1, (self._senders - sum(in_flight.values())) // 2)
        as_slow = sum(n for other, n in in_flight.items() if self._listeners.pace_of(other) >= pace)
        left = max(1, int(self._senders * _SHARES[pace])) - as_slow
        held = list(self._active.values()).count(hub.id)
        if pace is Pace.QUICK and most == self._listeners.most_lanes <= min(share, left) + held:
            # Some wait with their events at hand, so that no sender waits for the store.
            return _AHEAD * most - held if held <= most else 0
        return min(min(most, share) - held, left)

    def _ended(self, task: asyncio.Task[None]) -> None:
        hub_id = self._active.pop(task)
        if list(self._active.values()).count(hub_id) <= self._listeners.most_lanes:
            self._due.set()  # else enough of its lanes are at hand

    async def _guarded(self, claim: LaneClaim, delivery: Coroutine[None, None, None]) -> None:
        """Deliver one lane; whatever goes wrong, its lease runs out and it is claimed again."""
        try:
            await delivery
        except StoreUnavailableError as error:
            about = {"lane": claim.lane_id, "reason": error.reason}
            _log.warning("A lane waits for the store", extra=about)
        except Exception:  # noqa: BLE001 - a defect in one lane must not touch the others
            _log.exception("A lane failed unexpectedly", extra={"lane": claim.lane_id})


async def _either(signal: asyncio.Event, seconds: float) -> None:
    """Wait for the signal, but no longer than that."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await signal.wait()
