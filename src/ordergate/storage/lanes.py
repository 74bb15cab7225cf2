"""Lanes, in the collection `lane`, and their dead letters, in `deadLetter`.

`{_id: "<hubId>:<entityId>", hub, entity, queue: [sequence], last, fence, attempts, pending, due,
idleSince}`. `due` is the schedule and the lease at once: whoever claims a lane moves it to the end
of the lease. Each change is one update of one document, and all times are the server's `$$NOW`, so
no gateway's clock matters. An idle lane stays for a day: its `last` stops a late relay from pushing
twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pymongo import ReturnDocument, UpdateOne

from ordergate.model.notification import LaneClaim
from ordergate.storage.database import in_our_words
from ordergate.storage.events import write_repeatable

if TYPE_CHECKING:
    from collections.abc import Collection as Ids
    from collections.abc import Mapping, Sequence

    from ordergate.storage.database import Database

_IDLE_KEPT = 86_400
_DEAD_LETTERS_KEPT = 30 * 86_400


class MongoLanes:
    """Keeps the lanes."""

    def __init__(self, database: Database) -> None:
        self._lanes = database["lane"]
        self._dead_letters = database["deadLetter"]

    async def ensure_indexes(self) -> None:
        """Make the index of due lanes, and those by which idle lanes and dead letters expire."""
        with in_our_words():
            await self._lanes.create_index(["pending", "due", "hub"])
            await self._lanes.create_index("idleSince", expireAfterSeconds=_IDLE_KEPT)
            await self._dead_letters.create_index(
                "buriedDate", expireAfterSeconds=_DEAD_LETTERS_KEPT
            )

    async def push(self, waiting: Mapping[tuple[str, str], Sequence[int]]) -> None:
        """Append to the lane of each (hub id, entity id) the sequences that it never had.

        An idle lane becomes due at once; a leased or postponed one keeps its time.
        """
        pushes = [_push(hub, entity, sequences) for (hub, entity), sequences in waiting.items()]
        with in_our_words():
            await write_repeatable(self._lanes, pushes)

    async def claim(self, lease: float, *, passing_over: Ids[str] = ()) -> LaneClaim | None:
        """Lease the lane that has been due longest, for `lease` seconds; None if none is due.

        Args:
            passing_over: ids of hubs whose lanes are left alone.
        """
        due: dict[str, Any] = {"pending": True, "$expr": {"$lte": ["$due", "$$NOW"]}}
        if passing_over:
            due["hub"] = {"$nin": list(passing_over)}
        with in_our_words():
            lane = await self._lanes.find_one_and_update(
                due,
                [{"$set": {"due": _from_now(lease), "fence": {"$add": ["$fence", 1]}}}],
                sort={"due": 1},
                return_document=ReturnDocument.AFTER,
            )
        if lane is None:
            return None
        return LaneClaim(
            lane_id=lane["_id"],
            hub_id=lane["hub"],
            entity_id=lane["entity"],
            fence=lane["fence"],
            sequences=tuple(lane["queue"]),
            attempts=lane["attempts"],
        )

    async def settle(self, claim: LaneClaim, delivered_up_to: int = 0) -> bool:
        """Give the lane back; what is left in it is due at once.

        Like the next two, return False, and change nothing, if somebody else claimed it meanwhile.
        """
        return await self._update(claim, [*_drop(delivered_up_to), _give_back("$$NOW")])

    async def postpone(self, claim: LaneClaim, seconds: float, delivered_up_to: int = 0) -> bool:
        """Give the lane back after a failed attempt at the first event that is left."""
        count = {"$set": {"attempts": {"$add": ["$attempts", 1]}}}
        give_back = _give_back(_from_now(seconds))
        return await self._update(claim, [*_drop(delivered_up_to), count, give_back])

    async def bury(self, claim: LaneClaim, sequence: int, reason: str) -> bool:
        """Move the event from the head of the lane to the dead letters; keep the lease."""
        letter = {
            "hub": claim.hub_id,
            "entity": claim.entity_id,
            "sequence": sequence,
            "reason": reason,
        }
        selector = {"_id": f"{claim.lane_id}.{sequence:010d}"}
        with in_our_words():
            # Before the lane: after a crash in between it is buried again, not lost.
            await self._dead_letters.update_one(
                selector, {"$set": letter, "$currentDate": {"buriedDate": True}}, upsert=True
            )
        return await self._update(claim, _drop(sequence))

    async def remove(self, claim: LaneClaim) -> None:
        """Delete the lane: its listener is gone."""
        with in_our_words():
            await self._lanes.delete_one({"_id": claim.lane_id})

    async def _update(self, claim: LaneClaim, pipeline: list[dict[str, Any]]) -> bool:
        """Change the lane if it's still ours."""
        with in_our_words():
            result = await self._lanes.update_one(
                {"_id": claim.lane_id, "fence": claim.fence}, pipeline
            )
        return result.matched_count == 1


def _from_now(seconds: float) -> dict[str, Any]:
    return {"$add": ["$$NOW", round(seconds * 1000)]}


def _above(queue: Any, sequence: Any) -> dict[str, Any]:
    return {"$filter": {"input": queue, "cond": {"$gt": ["$$this", sequence]}}}


def _push(hub_id: str, entity_id: str, sequences: Sequence[int]) -> UpdateOne:
    """Return an upsert that fails with a duplicate key if the lane had them all before."""
    fresh = _above(list(sequences), {"$ifNull": ["$last", 0]})
    last = max(sequences)
    lane = {
        "hub": {"$literal": hub_id},
        "entity": {"$literal": entity_id},
        "queue": {"$concatArrays": [{"$ifNull": ["$queue", []]}, fresh]},
        "last": last,
        "fence": {"$ifNull": ["$fence", 0]},
        "attempts": {"$ifNull": ["$attempts", 0]},
        "pending": True,
        "due": {"$cond": [{"$eq": ["$pending", True]}, "$due", "$$NOW"]},
        "idleSince": "$$REMOVE",
    }
    selector = {"_id": f"{hub_id}:{entity_id}", "last": {"$lt": last}}
    return UpdateOne(selector, [{"$set": lane}], upsert=True)


def _drop(up_to: int) -> list[dict[str, Any]]:
    """Return the stages that take what is delivered or buried off the head of the queue."""
    dropped = {"$lte": [{"$ifNull": [{"$first": "$queue"}, up_to + 1]}, up_to]}
    attempts = {"$cond": [dropped, 0, "$attempts"]}
    return [{"$set": {"attempts": attempts, "queue": _above("$queue", up_to)}}]


def _give_back(due: Any) -> dict[str, Any]:
    """Return the stage that ends the lease: idle if nothing is left, else due then."""
    empty = {"$eq": ["$queue", []]}
    return {
        "$set": {
            "pending": {"$not": [empty]},
            "due": {"$cond": [empty, "$$REMOVE", due]},
            "idleSince": {"$cond": [empty, "$$NOW", "$$REMOVE"]},
        }
    }
