"""Delivers the events of one claimed lane, one after the other."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from ordergate.delivery.breaker import told
from ordergate.delivery.ports import Attempt, Outcome
from ordergate.delivery.relay import hub_query
from ordergate.delivery.retry import kind_of, lengthened
from ordergate.errors import NotFoundError
from ordergate.model.hub_health import HubStatus
from ordergate.model.notification import TRACK_AND_MANAGE, DeliveryState

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from concurrent.futures import Executor
    from datetime import datetime

    from ordergate.delivery.listeners import Known, Listeners
    from ordergate.delivery.ports import Events, HandOvers, Lanes, Sender
    from ordergate.delivery.retry import RetryPolicy
    from ordergate.model.events import OwedEvent
    from ordergate.model.hub_health import HubHealth
    from ordergate.model.notification import EventSubscription, LaneClaim, StoredEvent, Streak
    from ordergate.process.ports import Clock

_log = logging.getLogger(__name__)

_NOT_KEPT_ANY_MORE = "the event is no longer kept"
_STALE = Attempt(Outcome.UNREACHABLE, error="stale")
"""No attempt: the subscription is to be read again first."""
_NOT_KEPT = Attempt(Outcome.UNREACHABLE, error="eventNotKept")


class LaneDelivery:
    """Delivers claimed lanes: event k+1 is first sent when k was delivered or buried.

    An event is dead when an attempt at it fails after it waited for `retry.max_age`; so each has
    at least one attempt, however long the gateway itself was down. Earlier than that it is dead if
    it's the event that a listener refuses, who takes others meanwhile.
    """

    def __init__(
        self,
        *,
        lanes: Lanes,
        events: Events,
        listeners: Listeners,
        hand_overs: HandOvers,
        sender: Sender,
        retry: RetryPolicy,
        clock: Clock,
    ) -> None:
        self._lanes = lanes
        self._events = events
        self._listeners = listeners
        self._hand_overs = hand_overs
        self._sender = sender
        self._retry = retry
        self._clock = clock

    async def events_of(
        self, claims: Sequence[LaneClaim]
    ) -> Mapping[str, Mapping[int, StoredEvent]]:
        """Return the events of lanes of one listener, by entity and sequence; the lost are not."""
        return await self._events.get({claim.entity_id: claim.sequences for claim in claims})

    async def deliver(
        self,
        claim: LaneClaim,
        events: Mapping[int, StoredEvent],
        threads: Executor,
        may_send: Callable[[], bool],
        *,
        is_probe: bool = False,
    ) -> None:
        """Deliver the lane's events as long as `may_send` says so, then give the lane back.

        Args:
            events: those of the lane, by sequence.
            is_probe: its first event may be sent although the listener is failing.
        """
        delivered = 0
        for sequence in claim.sequences:
            stored = events.get(sequence)
            if stored is None:
                if not await self._bury(claim, sequence, _NOT_KEPT_ANY_MORE, None, _NOT_KEPT):
                    return
                continue
            sent = await self._attempt(claim, stored.event, threads, may_send, is_probe=is_probe)
            if sent is None:
                break
            is_probe = False
            hub, attempt = sent
            health = await self._listeners.attempted(hub, attempt)
            if attempt.outcome is Outcome.DELIVERED:
                await self._note(claim, attempt, DeliveryState.DELIVERED)
                delivered = sequence
                continue
            streak = self._streak(claim, sequence, attempt)
            if reason := self._death(claim, sequence, attempt, streak, health):
                if not await self._bury(claim, sequence, reason, stored, attempt):
                    return
                continue
            await self._note(claim, attempt, DeliveryState.PENDING)
            was_probe = hub.health.status is HubStatus.FAILING
            await self._postpone(
                claim, sequence, attempt, streak, delivered=delivered, was_probe=was_probe
            )
            return
        await self._lanes.settle(claim, delivered)

    async def bury_aged(self, claim: LaneClaim, before: datetime, reason: str) -> None:
        """Bury the events that have waited since before then, and give the lane back."""
        events = (await self.events_of([claim]))[claim.entity_id]
        for sequence, since in zip(claim.sequences, claim.since, strict=True):
            if since >= before:
                break
            stored = events.get(sequence)
            if not await self._bury(claim, sequence, reason, stored, Attempt(Outcome.UNREACHABLE)):
                return
        await self._lanes.settle(claim)

    async def _attempt(
        self,
        claim: LaneClaim,
        event: OwedEvent,
        threads: Executor,
        may_send: Callable[[], bool],
        *,
        is_probe: bool,
    ) -> tuple[EventSubscription, Attempt] | None:
        """Send one event; return None if it was not to be sent any more."""
        attempt: Attempt | None = _STALE
        while attempt is _STALE:
            async with self._listeners.turn(claim.hub_id):
                try:
                    known = await self._listeners.get(claim.hub_id)
                except NotFoundError:
                    await self._lanes.remove(claim)
                    return None
                hub = known.hub
                may_probe = is_probe and hub.health.status is HubStatus.FAILING
                if not (may_probe or self._listeners.lanes_of(hub)):
                    return None
                shaped = event
                if not hub.takes_orders:
                    shaped = replace(event, document=hub_query(hub).shape(event.document))
                begin = time.monotonic()
                attempt = await asyncio.get_running_loop().run_in_executor(
                    threads, self._send, known, shaped, may_send
                )
                self._listeners.took(hub, time.monotonic() - begin)
        return None if attempt is None else (hub, attempt)

    def _send(self, known: Known, event: OwedEvent, may_send: Callable[[], bool]) -> Attempt | None:
        """Send from a thread; the last look at lease and hub is here, after every other wait."""
        if not may_send():
            return None
        if not known.is_fresh:
            return _STALE
        hub = known.hub
        try:
            if hub.takes_orders:
                return self._sender.hand_over(hub.callback, event)
            return self._sender.send(hub.callback, event)
        except Exception as error:  # noqa: BLE001 - retried, and dead in the end, as any failure
            about = {"hub": hub.id, "entity": event.entity_id, "sequence": event.sequence}
            _log.exception("Sending failed unexpectedly", extra=about)
            return Attempt(Outcome.UNREACHABLE, error=type(error).__name__)

    def _streak(self, claim: LaneClaim, sequence: int, attempt: Attempt) -> Streak:
        """Return the failures like this one in a row, at this event."""
        before = claim.streak if sequence == claim.sequences[0] else None
        return lengthened(before, kind_of(attempt), claim.claimed_at)

    def _death(
        self,
        claim: LaneClaim,
        sequence: int,
        attempt: Attempt,
        streak: Streak,
        health: HubHealth,
    ) -> str | None:
        """Return why the event is dead after that failure; None if it's to be tried again."""
        since = claim.since[claim.sequences.index(sequence)]
        if self._retry.is_dead(since, claim.claimed_at):
            return told(attempt)
        if self._retry.is_poison(streak, health.last_success):
            return f"{told(attempt)}, {streak.count} times, while other events were taken"
        return None

    async def _note(self, claim: LaneClaim, attempt: Attempt, state: DeliveryState) -> None:
        """Note how far a hand-over is; before the lane, so that a crash in between repeats it."""
        if claim.hub_id == TRACK_AND_MANAGE:
            moment = self._clock.now()
            await self._hand_overs.attempted(
                claim.entity_id, state, moment, status=attempt.status, error=attempt.error
            )

    async def _postpone(
        self,
        claim: LaneClaim,
        sequence: int,
        attempt: Attempt,
        streak: Streak,
        *,
        delivered: int,
        was_probe: bool,
    ) -> None:
        """Give the lane back for later; a failed probe counts for the listener, not the event."""
        attempts = claim.attempts if sequence == claim.sequences[0] else 0
        seconds = self._retry.wait(attempts, attempt, streak.count)
        _log.info(
            "A notification failed; it is tried again",
            extra={
                **_about(claim, sequence),
                "attempts": attempts + (not was_probe),
                "reason": told(attempt),
                "seconds": round(seconds, 1),
            },
        )
        failure = None if was_probe else streak.kind
        await self._lanes.postpone(claim, seconds, delivered, failure=failure)

    async def _bury(
        self,
        claim: LaneClaim,
        sequence: int,
        reason: str,
        stored: StoredEvent | None,
        attempt: Attempt,
    ) -> bool:
        await self._note(claim, attempt, DeliveryState.FAILED)
        about = {**_about(claim, sequence), "reason": reason}
        _log.warning("A notification is dead", extra=about)
        return await self._lanes.bury(claim, sequence, reason, stored)


def _about(claim: LaneClaim, sequence: int) -> dict[str, object]:
    return {"hub": claim.hub_id, "entity": claim.entity_id, "sequence": sequence}
