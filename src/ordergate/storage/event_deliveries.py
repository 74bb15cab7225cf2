"""What waits for listeners and what is dead, as lists and in figures.

Each event of a lane's queue and each dead letter is shown as one document; `id` is the dead
letter's, before the event is one, too.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from ordergate.model.notification import Backlog
from ordergate.storage.attempts import shown_attempts
from ordergate.storage.database import in_our_words
from ordergate.storage.query import compile_filter, compile_missing_last
from ordergate.tmf630.query import Operator, SortKey

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ordergate.model.common import Document
    from ordergate.storage.database import Collection, Database, Stored
    from ordergate.tmf630.query import Query

_PENDING, _DEAD = "pending", "dead"
_DEADLINE = 5_000
_PUSHED_DOWN = {"hub.id": "hub", "entity.id": "entity"}
_BY_AGE = (SortKey("since"), SortKey("id"))


class MongoEventDeliveries:
    """Reads lanes and dead letters.

    Args:
        page_limit: the most that a list answers with.
    """

    def __init__(self, database: Database, *, page_limit: int) -> None:
        self._lanes = database["lane"]
        self._letters = database["deadLetter"]
        self._page_limit = page_limit

    async def list(self, query: Query) -> tuple[Sequence[Document], int]:
        """Return the asked-for page of what matches, and how many match in all; oldest first."""
        matching: list[Stored] = [{"$match": compile_filter(query.conditions, "document")}]
        found, begin = self._source(query)
        limit = self._page_limit if query.limit is None else query.limit
        order = compile_missing_last(query.sort or _BY_AGE, "document")
        page = [*matching, *order, {"$skip": query.offset}, {"$limit": limit or 1}]
        with in_our_words():
            shown, counted = await asyncio.gather(
                _run(found, [*begin, *page]), _run(found, [*begin, *matching, {"$count": "total"}])
            )
        documents = [one["document"] for one in shown] if limit else []
        return documents, counted[0]["total"] if counted else 0

    async def backlogs(self, hub_id: str | None = None) -> Mapping[str, Backlog]:
        """Return how much waits for each listener, or for that one; those without are left out."""
        wanted: Stored = {} if hub_id is None else {"hub": hub_id}
        waiting: list[Stored] = [
            {"$match": {"pending": True, **wanted}},
            {
                "$group": {
                    "_id": "$hub",
                    "events": {"$sum": {"$size": "$queue"}},
                    "oldest": {"$min": {"$first": "$queue.at"}},
                }
            },
            {"$set": {"age": {"$divide": [{"$subtract": ["$$NOW", "$oldest"]}, 1000]}}},
        ]
        dead: list[Stored] = [{"$match": wanted}, {"$group": {"_id": "$hub", "dead": {"$sum": 1}}}]
        with in_our_words():
            lanes, letters = await asyncio.gather(
                _run(self._lanes, waiting), _run(self._letters, dead)
            )
        buried = {one["_id"]: one["dead"] for one in letters}
        queued = {one["_id"]: one for one in lanes}
        nothing = {"events": 0, "age": 0.0}
        return {
            hub: Backlog(
                events=(one := queued.get(hub, nothing))["events"],
                oldest_age=one["age"],
                dead=buried.get(hub, 0),
            )
            for hub in {*queued, *buried}
        }

    def _source(self, query: Query) -> tuple[Collection, Sequence[Stored]]:
        """Return where to begin, and the stages that make documents of what lies there."""
        wanted: Stored = {}
        states = {_PENDING, _DEAD}
        for condition in query.conditions:
            if condition.operator is not Operator.EQ:
                continue
            if condition.path in _PUSHED_DOWN:
                wanted[_PUSHED_DOWN[condition.path]] = {"$in": list(condition.values)}
            elif condition.path == "state":
                states &= set(condition.values)
        dead: list[Stored] = [{"$match": wanted}, {"$project": {"document": _DEAD_DOCUMENT}}]
        if _PENDING not in states:
            return self._letters, dead
        pending: list[Stored] = [
            {"$match": {"pending": True, **wanted}},
            {"$unwind": {"path": "$queue", "includeArrayIndex": "position"}},
            {"$project": {"document": _PENDING_DOCUMENT}},
        ]
        if _DEAD not in states:
            return self._lanes, pending
        union: Stored = {"$unionWith": {"coll": self._letters.name, "pipeline": dead}}
        return self._lanes, [*pending, union]


async def _run(collection: Collection, stages: Sequence[Stored]) -> list[Stored]:
    found = await collection.aggregate(stages, maxTimeMS=_DEADLINE, allowDiskUse=True)
    return await found.to_list()


def _text(moment: str) -> dict[str, Any]:
    """Return a moment as documents carry it."""
    return {"$dateToString": {"date": moment, "format": "%Y-%m-%dT%H:%M:%S.%LZ"}}


def _of_the_first(value: Any) -> dict[str, Any]:
    """Return what only the first event of a lane has."""
    return {"$cond": [{"$eq": ["$position", 0]}, value, "$$REMOVE"]}


def _padded(number: str) -> dict[str, Any]:
    """Return a sequence in ten digits, as dead letters have it in their ids."""
    text = {"$concat": ["0000000000", {"$toString": number}]}
    return {"$substrCP": [text, {"$subtract": [{"$strLenCP": text}, 10]}, 10]}


_PENDING_DOCUMENT = {
    "id": {"$concat": ["$_id", ".", _padded("$queue.n")]},
    "hub": {"id": "$hub"},
    "entity": {"id": "$entity"},
    "sequence": "$queue.n",
    "state": {"$literal": _PENDING},
    "since": _text("$queue.at"),
    "attempts": {"$cond": [{"$eq": ["$position", 0]}, "$attempts", 0]},
    "nextAttempt": _of_the_first(_text("$due")),
    "attemptHistory": _of_the_first(shown_attempts("$history")),
}
_DEAD_DOCUMENT = {
    "id": "$_id",
    "hub": {"id": "$hub"},
    "entity": {"id": "$entity"},
    "sequence": "$sequence",
    "state": {"$literal": _DEAD},
    "since": _text("$since"),
    "attempts": "$attempts",
    "attemptHistory": shown_attempts("$history"),
    "reason": "$reason",
    "deadDate": _text("$buriedDate"),
}
