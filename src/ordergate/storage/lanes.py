"""Lanes, in the collection `lane`.

`{_id: "<hubId>:<entityId>", hub, entity, queue: [{n, at}], last, attempts, streak?{kind, count,
since}, history?, pending, due, leased?, fence?, claimed?, stolen?, idleSince?}`; `n` is an event's
sequence and `at` since when it waits. `history` is told by `storage.attempts`, and `stolen` says
that the lease before ran out. `due` is the schedule and the lease at once: whoever claims a lane
moves it to the end of the lease, and puts up a fence of his own. Each change is one step of one
document, and all times are the server's `$$NOW`, so no gateway's clock matters. An idle lane stays
for a day: its `last` stops a late relay from pushing twice.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from pymongo import UpdateMany

from ordergate.model.notification import FailureKind, LaneClaim, Streak, WaitingLanes
from ordergate.storage import lane_updates
from ordergate.storage.attempts import past_attempt, stored_attempt
from ordergate.storage.database import in_our_words
from ordergate.storage.dead_letters import MongoDeadLetters
from ordergate.storage.events import write_repeatable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from ordergate.model.notification import PastAttempt, StoredEvent
    from ordergate.storage.database import Database, Stored

_IDLE_KEPT = 86_400
_HEAD = {"queue": {"$slice": 50}}
_BY_HUB = ["pending", "hub", "due"]


class MongoLanes:
    """Keeps the lanes."""

    def __init__(self, database: Database) -> None:
        self._lanes = database["lane"]
        self._hubs = database["hub"]
        self._dead_letters = MongoDeadLetters(database)

    async def ensure_indexes(self) -> None:
        """Make the index of each listener's due lanes, and the one by which idle lanes expire."""
        with in_our_words():
            await self._lanes.create_index(_BY_HUB)
            await self._lanes.create_index("idleSince", expireAfterSeconds=_IDLE_KEPT)

    async def push(self, waiting: Mapping[tuple[str, str], Sequence[int]]) -> None:
        """Append to the lane of each (hub id, entity id) the sequences that it never had.

        An idle lane becomes due at once; a leased or postponed one keeps its time.
        """
        pushes = [
            lane_updates.push(hub, entity, sequences)
            for (hub, entity), sequences in waiting.items()
        ]
        with in_our_words():
            await write_repeatable(self._lanes, pushes)

    async def put_back(self, hub_id: str, again: Mapping[str, Sequence[int]]) -> None:
        """Let the events of each entity (its id) wait once more, in order with those that do."""
        updates = [lane_updates.put_back(hub_id, *one) for one in again.items()]
        with in_our_words():
            await self._lanes.bulk_write(updates, ordered=False)

    async def waiting(self) -> Sequence[WaitingLanes]:
        """Return for which listeners anything waits, the one whose lanes are due longest first."""
        stages: list[Stored] = [
            {"$match": {"pending": True}},
            {"$sort": {"pending": 1, "hub": 1, "due": 1}},
            {"$group": {"_id": "$hub", "due": {"$first": "$due"}}},  # one step in the index each
            {"$set": {"now": "$$NOW"}},
            {"$sort": {"due": 1}},
        ]
        with in_our_words():
            found = await self._lanes.aggregate(stages)
            return [WaitingLanes(one["_id"], one["due"], one["now"]) async for one in found]

    async def claim(
        self, hub_id: str, lease: float, limit: int, *, takes_over: bool = True
    ) -> Sequence[LaneClaim]:
        """Lease up to `limit` of the listener's lanes for `lease` seconds, longest due first.

        A claim holds the oldest events of its lane, not more than can be sent meanwhile.

        Args:
            takes_over: also lanes whose lease ran out without being given back.
        """
        due: Stored = {"pending": True, "hub": hub_id, "$expr": lane_updates.IS_DUE}
        if not takes_over:
            due["leased"] = {"$ne": True}
        return await self._claim(due, [("due", 1)], lease, limit)

    async def claim_ahead(
        self, hub_id: str, lease: float, limit: int, *, waiting_before: datetime | None = None
    ) -> Sequence[LaneClaim]:
        """Lease lanes though they aren't due, but none that is leased; longest untried first.

        Args:
            waiting_before: only those whose oldest event has waited since before then.
        """
        free: Stored = {"pending": True, "hub": hub_id, "$expr": lane_updates.MAY_BE_CLAIMED}
        if waiting_before is not None:
            free["queue.0.at"] = {"$lt": waiting_before}
        return await self._claim(free, [("claimed", 1), ("due", 1)], lease, limit)

    async def hasten(self, hub_id: str) -> None:
        """Make every lane of the listener due that isn't leased."""
        resting = {"pending": True, "hub": hub_id, "leased": {"$ne": True}}
        later = {"$expr": {"$gt": ["$due", "$$NOW"]}}
        with in_our_words():
            await self._lanes.update_many({**resting, **later}, [{"$set": {"due": "$$NOW"}}])

    async def settle(self, delivered: Mapping[LaneClaim, int]) -> None:
        """Give lanes back, each delivered up to that sequence; what is left is due at once.

        Like the next two, change nothing if somebody else claimed a lane meanwhile.
        """
        alike: defaultdict[tuple[str, tuple[int, ...]], list[str]] = defaultdict(list)
        for claim, up_to in delivered.items():
            alike[claim.fence, _gone(claim, up_to)].append(claim.lane_id)
        # One update for many lanes costs the server a third of as many updates.
        updates = [
            UpdateMany(
                {"_id": {"$in": ids}, "fence": fence}, _ended(gone, [], "$$NOW"), hint={"_id": 1}
            )
            for (fence, gone), ids in alike.items()
        ]
        with in_our_words():
            await self._lanes.bulk_write(updates, ordered=False)

    async def postpone(
        self,
        claim: LaneClaim,
        seconds: float,
        delivered_up_to: int = 0,
        *,
        failure: FailureKind | None = None,
        attempt: PastAttempt | None = None,
    ) -> None:
        """Give the lane back after an attempt at the first event that is left.

        Args:
            failure: what is counted as an attempt; None if none is.
            attempt: what is told of it, counted or not.
        """
        counted = [] if failure is None else lane_updates.count(failure)
        if attempt is not None:
            counted += lane_updates.tell(stored_attempt(attempt))
        due = lane_updates.from_now(seconds)
        stages = _ended(_gone(claim, delivered_up_to), counted, due)
        with in_our_words():
            await self._lanes.update_one(_held(claim), stages)

    async def bury(
        self,
        claim: LaneClaim,
        sequence: int,
        reason: str,
        event: StoredEvent | None,
        attempt: PastAttempt | None = None,
    ) -> bool:
        """Move the event from the head of the lane to the dead letters; keep the lease.

        Return whether the lane was still ours.
        """
        # Before the lane: after a crash in between it is buried again, not lost.
        await self._dead_letters.add(claim, sequence, reason, event, attempt)
        with in_our_words():
            result = await self._lanes.update_one(_held(claim), lane_updates.drop([sequence]))
        return result.matched_count == 1

    async def remove(self, claim: LaneClaim) -> None:
        """Delete the lane: its listener is gone."""
        with in_our_words():
            await self._lanes.delete_one({"_id": claim.lane_id})

    async def _claim(
        self, wanted: Stored, order: list[tuple[str, int]], lease: float, limit: int
    ) -> Sequence[LaneClaim]:
        """Lease what is found, if nobody else took it meanwhile."""
        fence = uuid4().hex
        with in_our_words():
            found = await self._lanes.find(wanted, {"_id": 1}).sort(order).limit(limit).to_list()
            if not found:
                return []
            ids = {"$in": [lane["_id"] for lane in found]}
            taken = lane_updates.lease(lease, fence)
            await self._lanes.update_many({**wanted, "_id": ids}, taken, hint={"_id": 1})
            ours = await self._lanes.find({"_id": ids, "fence": fence}, _HEAD).to_list()
            if stolen := sum(lane.get("stolen", False) for lane in ours):
                of = {"_id": ours[0]["hub"]}
                await self._hubs.update_one(of, {"$inc": {"leaseSteals": stolen}})
            return [_claim_of(lane) for lane in ours]


def _gone(claim: LaneClaim, delivered_up_to: int) -> tuple[int, ...]:
    """Return what was delivered of what was claimed; others may have been put back before it."""
    return tuple(one for one in claim.sequences if one <= delivered_up_to)


def _ended(gone: Sequence[int], counted: lane_updates.Stages, due: Any) -> lane_updates.Stages:
    """Return the stages that end a lease."""
    dropped = lane_updates.drop(gone) if gone else []
    return [*dropped, *counted, *lane_updates.give_back(due)]


def _held(claim: LaneClaim) -> dict[str, Any]:
    return {"_id": claim.lane_id, "fence": claim.fence}


def _claim_of(lane: Stored) -> LaneClaim:
    streak = lane.get("streak")
    return LaneClaim(
        lane_id=lane["_id"],
        hub_id=lane["hub"],
        entity_id=lane["entity"],
        fence=lane["fence"],
        sequences=tuple(one["n"] for one in lane["queue"]),
        since=tuple(one["at"] for one in lane["queue"]),
        claimed_at=lane["claimed"],
        attempts=lane["attempts"],
        streak=Streak(FailureKind(streak["kind"]), streak["count"], streak["since"])
        if streak
        else None,
        history=tuple(map(past_attempt, lane.get("history", ()))),
    )
