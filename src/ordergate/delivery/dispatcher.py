"""Keeps notifications going: relays what is owed, and delivers the lanes that are due."""

from __future__ import annotations

import asyncio
import logging
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING

from ordergate.delivery.contact import Contact
from ordergate.delivery.lane_sender import LaneSender
from ordergate.delivery.round import Round, RoundParts
from ordergate.delivery.seats import Seats
from ordergate.errors import StoreUnavailableError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from ordergate.delivery.expiry import Expiry
    from ordergate.delivery.lane_delivery import LaneDelivery
    from ordergate.delivery.listeners import Listeners
    from ordergate.delivery.ports import Events, Lanes, Sender
    from ordergate.delivery.relay import Relay

_log = logging.getLogger(__name__)

_LONGEST_HOLD = 20.0
_LONGEST_BACK_OFF = 5.0
_LONGEST_ANSWER = 1.0
_PATIENCE = 3.0
"""Seconds after an outage of the store in which those who had lanes settle them."""
_MANY = 50
"""Events that are worth a batch of their own."""
_GATHERING = 0.01
"""Seconds in which more may come where there were fewer: a batch costs as much for one."""
_TELLING = 1.0
_AGEING = 60.0


class Dispatcher:
    """Relays and delivers until it is stopped; any number of them may share a store.

    Polling is the truth: `wake` and `look` only shorten the wait for it.

    Args:
        senders: lanes in flight at once, each with a thread.
        lease: seconds for which a claimed lane is ours. Sends begin in the first third of it (20
            at most), so that the last one ends before the lease does.
        poll_interval: seconds between looks at the store when nothing wakes it.
    """

    def __init__(
        self,
        relay: Relay,
        expiry: Expiry,
        *,
        lanes: Lanes,
        events: Events,
        listeners: Listeners,
        delivery: LaneDelivery,
        sender: Sender,
        senders: int,
        lease: float,
        poll_interval: float,
    ) -> None:
        self._relay = relay
        self._expiry = expiry
        self._lanes = lanes
        self._listeners = listeners
        self._poll_interval = poll_interval
        self._owed = asyncio.Event()
        self._due = asyncio.Event()
        # Not the one that stops it: asyncio and the driver may swallow the cancellation of a loop.
        self._ended = asyncio.Event()
        self._contact = Contact(
            time.monotonic, silence=poll_interval + _LONGEST_ANSWER, patience=_PATIENCE
        )
        self._threads = ThreadPoolExecutor(senders, thread_name_prefix="sender")
        self._parts = RoundParts(
            lanes=lanes,
            events=events,
            listeners=listeners,
            delivery=delivery,
            sender=LaneSender(sender, listeners, self._ended.is_set),
            seats=Seats(senders, listeners),
            threads=self._threads,
            contact=self._contact,
            lease=lease,
            hold=min(_LONGEST_HOLD, lease / 3),
            ended=self._ended,
            wake=self._due.set,
        )
        self._rounds: dict[str, Round] = {}
        self._active: set[asyncio.Task[None]] = set()

    def wake(self) -> None:
        """Say that new events are owed (`process.ports.Relay`)."""
        self._owed.set()

    def look(self) -> None:
        """Say that events wait again."""
        self._due.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set; then end the sends in flight and give back their lanes."""
        try:
            async with asyncio.TaskGroup() as loops:
                loops.create_task(self._repeat(self._relay_owed, self._owed))
                loops.create_task(self._repeat(self._deliver_due, self._due))
                for step, interval in ((self._tell, _TELLING), (self._expiry.bury_aged, _AGEING)):
                    loops.create_task(self._repeat(step, self._ended, interval))
                try:
                    await stop.wait()
                finally:
                    self._ended.set()
                    self._owed.set()
                    self._due.set()
                    for one in self._rounds.values():
                        one.look()
            await asyncio.gather(*self._active)
            with suppress(StoreUnavailableError):
                await self._listeners.tell_all()
        finally:
            # After a cancellation only: the leases of these lanes run out, and others take over.
            for task in self._active:
                task.cancel()
            self._threads.shutdown(wait=False, cancel_futures=True)

    async def _repeat(
        self,
        step: Callable[[], Awaitable[bool]],
        signal: asyncio.Event,
        interval: float | None = None,
    ) -> None:
        """Repeat `step`: at once while it says so, else on the signal or after the interval.

        Without an interval it's that of polling.
        """
        failures = 0
        while not self._ended.is_set():
            if signal is not self._ended:
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
                await _either(self._ended, min(back_off, _LONGEST_BACK_OFF))
            elif not at_once:
                await _either(signal, interval or self._poll_interval)

    async def _relay_owed(self) -> bool:
        """Relay one batch; return whether to look again at once."""
        relayed = await self._relay.relay()
        if relayed:
            self._due.set()
            if relayed < _MANY:
                await _either(self._ended, _GATHERING)
        return relayed > 0

    async def _tell(self) -> bool:
        await self._listeners.tell_all()
        return False

    async def _deliver_due(self) -> bool:
        """Have a look at each listener for whom anything waits."""
        waiting_lanes = await self._lanes.waiting()
        self._contact.made()
        for waiting in waiting_lanes:
            if (under_way := self._rounds.get(waiting.hub_id)) is not None:
                under_way.look(waiting)
            elif not self._ended.is_set():
                begun = self._rounds[waiting.hub_id] = Round(waiting, self._parts)
                task = asyncio.create_task(self._guarded(waiting.hub_id, begun))
                self._active.add(task)
                task.add_done_callback(self._active.discard)
        return False

    async def _guarded(self, hub_id: str, begun: Round) -> None:
        """Deliver to one listener; whatever goes wrong, its leases run out and others take over."""
        try:
            await begun.run()
        except StoreUnavailableError as error:
            about = {"hub": hub_id, "reason": error.reason}
            _log.warning("A listener waits for the store", extra=about)
        except Exception:  # noqa: BLE001 - a defect with one listener must not touch the others
            _log.exception("A listener failed unexpectedly", extra={"hub": hub_id})
        finally:
            del self._rounds[hub_id]


async def _either(signal: asyncio.Event, seconds: float) -> None:
    """Wait for the signal, but no longer than that."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await signal.wait()
