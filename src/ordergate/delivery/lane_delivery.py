"""What follows from the attempts at a lane's events: it is settled, tried later, or goes on."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from ordergate.delivery.breaker import told
from ordergate.delivery.ports import Attempt, Outcome
from ordergate.delivery.retry import kind_of, lengthened
from ordergate.model.notification import TRACK_AND_MANAGE, DeliveryState, PastAttempt

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from ordergate.delivery.lane_sender import HeldLane
    from ordergate.delivery.listeners import Listeners
    from ordergate.delivery.ports import Events, HandOvers, Lanes
    from ordergate.delivery.retry import RetryPolicy
    from ordergate.model.hub_health import HubHealth
    from ordergate.model.notification import EventSubscription, LaneClaim, StoredEvent, Streak
    from ordergate.process.ports import Clock

_log = logging.getLogger(__name__)

_NOT_KEPT_ANY_MORE = "the event is no longer kept"
_NOT_KEPT = Attempt(Outcome.UNREACHABLE, error="eventNotKept")


class LaneDelivery:
    """Concludes what was sent: event k+1 is first sent when k was delivered or buried.

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
        retry: RetryPolicy,
        clock: Clock,
    ) -> None:
        self._lanes = lanes
        self._events = events
        self._listeners = listeners
        self._hand_overs = hand_overs
        self._retry = retry
        self._clock = clock

    async def conclude(
        self, hub: EventSubscription, lanes: Sequence[HeldLane]
    ) -> Sequence[HeldLane]:
        """Give lanes back as far as they got; return those that go on, rid of a dead event.

        If the store fails, it's to be repeated with the same lanes.
        """
        await self._note_delivered(lanes)
        attempts = [attempt for lane in lanes for _, attempt in lane.taken_attempts()]
        health = await self._listeners.attempted(hub, attempts)
        going_on: list[HeldLane] = []
        settled: dict[LaneClaim, int] = {}
        for lane in lanes:
            if lane.is_stuck:
                if not await self._is_freed(lane, health):
                    continue
                if lane.left:
                    going_on.append(lane)
                    continue
            settled[lane.claim] = lane.delivered
        if settled:
            await self._lanes.settle(settled)
        return going_on

    async def bury_aged(self, claim: LaneClaim, before: datetime, reason: str) -> None:
        """Bury the events that have waited since before then, and give the lane back."""
        events = (await self._events.get({claim.entity_id: claim.sequences}))[claim.entity_id]
        for sequence, since in zip(claim.sequences, claim.since, strict=True):
            if since >= before:
                break
            stored = events.get(sequence)
            if not await self._bury(claim, sequence, reason, stored, Attempt(Outcome.UNREACHABLE)):
                return
        await self._lanes.settle({claim: 0})

    async def _is_freed(self, lane: HeldLane, health: HubHealth) -> bool:
        """Bury the event that a lane is stuck at, or give the lane back for later.

        Return whether it was buried, and the lane is still ours.
        """
        claim, sequence = lane.claim, lane.left[0]
        if lane.failed is None:
            reason, failed = _NOT_KEPT_ANY_MORE, _NOT_KEPT
        else:
            failed = lane.failed
            streak = self._streak(claim, sequence, failed)
            death = self._death(claim, sequence, failed, streak, health)
            if death is None:
                await self._note(claim, failed, DeliveryState.PENDING)
                await self._postpone(lane, failed, streak)
                return False
            reason = death
        if not await self._bury(claim, sequence, reason, lane.head, failed):
            return False
        lane.rid_of_head()
        return True

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

    async def _note_delivered(self, lanes: Sequence[HeldLane]) -> None:
        for lane in lanes:
            for _, attempt in lane.attempts:
                if attempt.outcome is Outcome.DELIVERED:
                    await self._note(lane.claim, attempt, DeliveryState.DELIVERED)

    async def _note(self, claim: LaneClaim, attempt: Attempt, state: DeliveryState) -> None:
        """Note how far a hand-over is; before the lane, so that a crash in between repeats it."""
        if claim.hub_id == TRACK_AND_MANAGE:
            moment = self._clock.now()
            await self._hand_overs.attempted(
                claim.entity_id, state, moment, status=attempt.status, error=attempt.error
            )

    async def _postpone(self, lane: HeldLane, failed: Attempt, streak: Streak) -> None:
        """Give the lane back for later; a failed probe counts for the listener, not the event."""
        claim, sequence = lane.claim, lane.left[0]
        attempts = claim.attempts if sequence == claim.sequences[0] else 0
        seconds = self._retry.wait(attempts, failed, streak.count)
        _log.info(
            "A notification failed; it is tried again",
            extra={
                **_about(claim, sequence),
                "attempts": attempts + (not lane.was_probe),
                "reason": told(failed),
                "seconds": round(seconds, 1),
            },
        )
        failure = None if lane.was_probe else streak.kind
        told_of = self._past(failed)
        await self._lanes.postpone(claim, seconds, lane.delivered, failure=failure, attempt=told_of)

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
        # Of an event that was only waiting there is nothing to tell.
        told_of = self._past(attempt) if attempt.status or attempt.error else None
        return await self._lanes.bury(claim, sequence, reason, stored, told_of)

    def _past(self, attempt: Attempt) -> PastAttempt:
        took = attempt.seconds
        return PastAttempt(
            self._clock.now(),
            str(attempt.outcome),
            status=attempt.status,
            error=attempt.error,
            milliseconds=None if took is None else round(took * 1000),
        )


def _about(claim: LaneClaim, sequence: int) -> dict[str, object]:
    return {"hub": claim.hub_id, "entity": claim.entity_id, "sequence": sequence}
