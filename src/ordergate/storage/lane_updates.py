"""The updates of a lane, as pipelines of MongoDB: each reads and writes it in one step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pymongo import UpdateOne

from ordergate.model.notification import LONGEST_HISTORY

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ordergate.model.notification import FailureKind

Stages = list[dict[str, Any]]

MAY_BE_CLAIMED = {"$or": [{"$ne": ["$leased", True]}, {"$lte": ["$due", "$$NOW"]}]}
"""Nobody holds it, or whoever did has lost it."""
IS_DUE = {"$lte": ["$due", "$$NOW"]}


def from_now(seconds: float) -> dict[str, Any]:
    """Return the moment so many seconds from now."""
    return {"$add": ["$$NOW", round(seconds * 1000)]}


def lane_id(hub_id: str, entity_id: str) -> str:
    """Return the `_id` of a lane."""
    return f"{hub_id}:{entity_id}"


def push(hub_id: str, entity_id: str, sequences: Sequence[int]) -> UpdateOne:
    """Return an upsert that fails with a duplicate key if the lane had them all before."""
    fresh = {"$filter": {"input": list(sequences), "cond": {"$gt": ["$$this", _or_zero("$last")]}}}
    last = max(sequences)
    queue = {"$concatArrays": [_or_none("$queue"), _waiting_from_now(fresh)]}
    selector = {"_id": lane_id(hub_id, entity_id), "last": {"$lt": last}}
    lane = {**_pending(hub_id, entity_id), "queue": queue, "last": last}
    return UpdateOne(selector, [{"$set": lane}], upsert=True)


def put_back(hub_id: str, entity_id: str, sequences: Sequence[int]) -> UpdateOne:
    """Return an upsert by which they wait again, in order; those that do already keep their age."""
    again = {"$setDifference": [list(sequences), _or_none("$queue.n")]}
    both = {"$concatArrays": [_or_none("$queue"), _waiting_from_now(again)]}
    queue = {"$sortArray": {"input": both, "sortBy": {"n": 1}}}
    last = {"$max": [_or_zero("$last"), max(sequences)]}
    # The oldest event is another one now: what failed before didn't fail for it.
    lane = {**_pending(hub_id, entity_id), "queue": queue, "last": last}
    fresh = {"attempts": 0, "streak": "$$REMOVE", "history": "$$REMOVE"}
    due = {"$cond": [{"$eq": ["$leased", True]}, "$due", "$$NOW"]}
    return UpdateOne(
        {"_id": lane_id(hub_id, entity_id)}, [{"$set": {**lane, **fresh, "due": due}}], upsert=True
    )


def lease(seconds: float, fence: str) -> Stages:
    """Return the stage that takes a lane; `fence` tells afterwards who took it."""
    taken = {"due": from_now(seconds), "leased": True, "fence": fence, "claimed": "$$NOW"}
    stolen = {"$cond": [{"$eq": ["$leased", True]}, True, "$$REMOVE"]}
    return [{"$set": {**taken, "stolen": stolen}}]


def drop(sequences: Sequence[int]) -> Stages:
    """Return the stages that take what is delivered or buried out of the queue."""
    gone = list(sequences)
    left = {"$filter": {"input": "$queue", "cond": {"$not": [{"$in": ["$$this.n", gone]}]}}}
    # The attempts were at the oldest event.
    is_gone = {"$in": [{"$first": "$queue.n"}, gone]}
    count = {"$cond": [is_gone, 0, "$attempts"]}
    told = {name: {"$cond": [is_gone, "$$REMOVE", f"${name}"]} for name in ("streak", "history")}
    return [{"$set": {"attempts": count, **told}}, {"$set": {"queue": left}}]


def count(failure: FailureKind) -> Stages:
    """Return the stage that counts a failed attempt at the oldest event."""
    alike = {"$eq": ["$streak.kind", str(failure)]}
    streak = {
        "kind": str(failure),
        "count": {"$cond": [alike, {"$add": ["$streak.count", 1]}, 1]},
        "since": {"$cond": [alike, "$streak.since", "$$NOW"]},
    }
    return [{"$set": {"attempts": {"$add": ["$attempts", 1]}, "streak": streak}}]


def tell(attempt: Mapping[str, Any]) -> Stages:
    """Return the stage that remembers an attempt at the oldest event, for people."""
    both = {"$concatArrays": [_or_none("$history"), [{"$literal": attempt}]]}
    return [{"$set": {"history": {"$slice": [both, -LONGEST_HISTORY]}}}]


def give_back(due: Any) -> Stages:
    """Return the stage that ends the lease: idle if nothing is left, else due then."""
    empty = {"$eq": ["$queue", []]}
    given = {
        "pending": {"$not": [empty]},
        "due": {"$cond": [empty, "$$REMOVE", due]},
        "idleSince": {"$cond": [empty, "$$NOW", "$$REMOVE"]},
        "leased": "$$REMOVE",
        "fence": "$$REMOVE",
    }
    return [{"$set": given}]


def _pending(hub_id: str, entity_id: str) -> dict[str, Any]:
    """Return what holds of every lane with events in it."""
    return {
        "hub": {"$literal": hub_id},
        "entity": {"$literal": entity_id},
        "attempts": _or_zero("$attempts"),
        "pending": True,
        "due": {"$cond": [{"$eq": ["$pending", True]}, "$due", "$$NOW"]},
        "idleSince": "$$REMOVE",
    }


def _waiting_from_now(sequences: Any) -> dict[str, Any]:
    return {"$map": {"input": sequences, "in": {"n": "$$this", "at": "$$NOW"}}}


def _or_zero(field: str) -> dict[str, Any]:
    return {"$ifNull": [field, 0]}


def _or_none(field: str) -> dict[str, Any]:
    return {"$ifNull": [field, []]}
