"""Keeps notifications going: relays what is owed, and delivers the lanes that are due."""

from __future__ import annotations

import asyncio
import logging
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING

from ordergate.errors import StoreUnavailableError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from concurrent.futures import Executor

    from ordergate.delivery.lane_delivery import LaneDelivery
    from ordergate.delivery.ports import Lanes
    from ordergate.delivery.relay import Relay
    from ordergate.model.notification import LaneClaim

_log = logging.getLogger(__name__)

_LONGEST_HOLD = 20.0
_LONGEST_BACK_OFF = 5.0


class Dispatcher:
    """Relays and delivers until it is stopped; any number of them may share a store.

    Polling is the truth: `wake` only shortens the wait for it.

    Args:
        senders: attempts in flight at once, in threads; no listener gets more than half of them,
            so one that answers slowly leaves the rest to others.
        lease: seconds for which a claimed lane is ours. Sends begin in the first third of it (20
            at most), so that the last one ends before the lease does.
        poll_interval: seconds between looks at the store when nothing wakes it.
    """

    def __init__(
        self,
        relay: Relay,
        lanes: Lanes,
        delivery: LaneDelivery,
        *,
        senders: int,
        lease: float,
        poll_interval: float,
    ) -> None:
        self._relay = relay
        self._lanes = lanes
        self._delivery = delivery
        self._senders = senders
        self._share = max(1, senders // 2)
        self._lease = lease
        self._hold = min(_LONGEST_HOLD, lease / 3)
        self._poll_interval = poll_interval
        self._owed = asyncio.Event()
        self._due = asyncio.Event()
        self._active: dict[asyncio.Task[None], str] = {}

    def wake(self) -> None:
        """Say that new events are owed (`process.ports.Relay`)."""
        self._owed.set()

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
                try:
                    await stop.wait()
                finally:
                    ended.set()
                    self._owed.set()
                    self._due.set()
            await asyncio.gather(*self._active)
        finally:
            # After a cancellation only: the leases of these lanes run out, and others take over.
            for task in self._active:
                task.cancel()
            threads.shutdown(wait=False, cancel_futures=True)

    async def _repeat(
        self, step: Callable[[], Awaitable[bool]], signal: asyncio.Event, ended: asyncio.Event
    ) -> None:
        """Repeat `step`: at once while it says so, else on the signal or at the next poll."""
        failures = 0
        while not ended.is_set():
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
                await _either(signal, self._poll_interval)

    async def _relay_owed(self) -> bool:
        """Relay one batch; return whether to look again at once."""
        relayed = await self._relay.relay()
        if relayed:
            self._due.set()
        return relayed > 0

    async def _claim_due(self, threads: Executor, ended: asyncio.Event) -> bool:
        """Claim as many due lanes as there are free senders, and set about delivering them."""
        while len(self._active) < self._senders and not ended.is_set():
            until = time.monotonic() + self._hold
            claim = await self._lanes.claim(self._lease, passing_over=self._hubs_at_their_share())
            if claim is None:
                break

            def may_send(until: float = until) -> bool:
                return time.monotonic() < until and not ended.is_set()

            task = asyncio.create_task(self._deliver(claim, threads, may_send))
            self._active[task] = claim.hub_id
            task.add_done_callback(self._ended)
        return False

    def _hubs_at_their_share(self) -> set[str]:
        hubs = list(self._active.values())
        return {hub for hub in hubs if hubs.count(hub) >= self._share}

    def _ended(self, task: asyncio.Task[None]) -> None:
        del self._active[task]
        self._due.set()

    async def _deliver(
        self, claim: LaneClaim, threads: Executor, may_send: Callable[[], bool]
    ) -> None:
        """Deliver one lane; whatever goes wrong, its lease runs out and it is claimed again."""
        try:
            await self._delivery.deliver(claim, threads, may_send)
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
