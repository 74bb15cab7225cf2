"""Delivers the events of one claimed lane, one after the other."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from ordergate.delivery.ports import Attempt, Outcome
from ordergate.delivery.relay import hub_query
from ordergate.errors import NotFoundError
from ordergate.model.notification import TRACK_AND_MANAGE, DeliveryState

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Executor

    from ordergate.delivery.ports import Events, HandOvers, Hubs, Lanes, Sender
    from ordergate.delivery.retry import RetryPolicy
    from ordergate.model.events import OwedEvent
    from ordergate.model.notification import EventSubscription, LaneClaim, StoredEvent
    from ordergate.process.ports import Clock

_log = logging.getLogger(__name__)

_NOT_KEPT = Attempt(Outcome.UNREACHABLE, error="eventNotKept")


class LaneDelivery:
    """Delivers claimed lanes: event k+1 is first sent when k was delivered or buried.

    An event is dead when an attempt at it fails at `retry.max_age` or later; so each has at least
    one attempt, however long the gateway itself was down.
    """

    def __init__(
        self,
        *,
        lanes: Lanes,
        events: Events,
        hubs: Hubs,
        hand_overs: HandOvers,
        sender: Sender,
        retry: RetryPolicy,
        clock: Clock,
    ) -> None:
        self._lanes = lanes
        self._events = events
        self._hubs = hubs
        self._hand_overs = hand_overs
        self._sender = sender
        self._retry = retry
        self._clock = clock

    async def deliver(
        self, claim: LaneClaim, threads: Executor, may_send: Callable[[], bool]
    ) -> None:
        """Deliver the lane's events as long as `may_send` says so, then give the lane back."""
        events = await self._events.get(claim.entity_id, claim.sequences)
        delivered = 0
        for sequence in claim.sequences:
            stored = events.get(sequence)
            if stored is None:
                await self._note(claim, _NOT_KEPT, DeliveryState.FAILED)
                if not await self._bury(claim, sequence, "the event is no longer kept"):
                    return
                continue
            attempt = await self._attempt(claim, stored.event, threads, may_send)
            if attempt is None:
                break
            state = self._state_after(attempt, stored)
            await self._note(claim, attempt, state)
            if state is DeliveryState.DELIVERED:
                delivered = sequence
            elif state is DeliveryState.FAILED:
                if not await self._bury(claim, sequence, _reason(attempt)):
                    return
            else:
                await self._postpone(claim, sequence, attempt, delivered)
                return
        await self._lanes.settle(claim, delivered)

    async def _attempt(
        self,
        claim: LaneClaim,
        event: OwedEvent,
        threads: Executor,
        may_send: Callable[[], bool],
    ) -> Attempt | None:
        """Send one event; return None if it was not to be sent any more."""
        try:
            hub = await self._hubs.get(claim.hub_id)
        except NotFoundError:
            await self._lanes.remove(claim)
            return None
        if not hub.takes_orders:
            event = replace(event, document=hub_query(hub).shape(event.document))
        return await asyncio.get_running_loop().run_in_executor(
            threads, self._send, hub, event, may_send
        )

    def _send(
        self, hub: EventSubscription, event: OwedEvent, may_send: Callable[[], bool]
    ) -> Attempt | None:
        """Send from a thread; the last look at the lease is here, after every other wait."""
        if not may_send():
            return None
        try:
            if hub.takes_orders:
                return self._sender.hand_over(hub.callback, event)
            return self._sender.send(hub.callback, event)
        except Exception as error:  # noqa: BLE001 - retried, and dead in the end, as any failure
            about = {"hub": hub.id, "entity": event.entity_id, "sequence": event.sequence}
            _log.exception("Sending failed unexpectedly", extra=about)
            return Attempt(Outcome.UNREACHABLE, error=type(error).__name__)

    def _state_after(self, attempt: Attempt, stored: StoredEvent) -> DeliveryState:
        if attempt.outcome is Outcome.DELIVERED:
            return DeliveryState.DELIVERED
        dead = self._retry.is_dead(stored.stored_at, self._clock.now())
        return DeliveryState.FAILED if dead else DeliveryState.PENDING

    async def _note(self, claim: LaneClaim, attempt: Attempt, state: DeliveryState) -> None:
        """Note how far a hand-over is; before the lane, so that a crash in between repeats it."""
        if claim.hub_id == TRACK_AND_MANAGE:
            moment = self._clock.now()
            await self._hand_overs.attempted(
                claim.entity_id, state, moment, status=attempt.status, error=attempt.error
            )

    async def _postpone(
        self, claim: LaneClaim, sequence: int, attempt: Attempt, delivered: int
    ) -> None:
        attempts = claim.attempts if sequence == claim.sequences[0] else 0
        seconds = self._retry.wait(attempts, attempt)
        _log.info(
            "A notification failed; it is tried again",
            extra={
                **_about(claim, sequence),
                "attempts": attempts + 1,
                "reason": _reason(attempt),
                "seconds": round(seconds, 1),
            },
        )
        await self._lanes.postpone(claim, seconds, delivered)

    async def _bury(self, claim: LaneClaim, sequence: int, reason: str) -> bool:
        about = {**_about(claim, sequence), "reason": reason}
        _log.warning("A notification is dead", extra=about)
        return await self._lanes.bury(claim, sequence, reason)


def _reason(attempt: Attempt) -> str:
    """Return why the attempt failed, in words fit for logs and dead letters."""
    detail = attempt.status if attempt.error is None else attempt.error
    return f"{attempt.outcome}: {detail}"


def _about(claim: LaneClaim, sequence: int) -> dict[str, object]:
    return {"hub": claim.hub_id, "entity": claim.entity_id, "sequence": sequence}
