"""Relayed events, in the collection `event`.

`{_id: "<entityId>.<sequence in ten digits>", entityId, sequence, api, event, storedAt}`
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pymongo import InsertOne, UpdateOne
from pymongo.errors import BulkWriteError, OperationFailure

from ordergate.model.common import Api
from ordergate.model.events import OwedEvent
from ordergate.model.notification import StoredEvent
from ordergate.storage.database import in_our_words

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from ordergate.model.notification import Span
    from ordergate.storage.database import Collection, Database, Stored

_DUPLICATE_KEY = 11_000
_INDEX_OPTIONS_CONFLICT = 85
_PART = 500


class MongoEvents:
    """Keeps events.

    Args:
        retention: seconds for which each is kept.
    """

    def __init__(self, database: Database, *, retention: float) -> None:
        self._database = database
        self._events = database["event"]
        self._retention = retention

    async def ensure_indexes(self) -> None:
        """Make the indexes; bring the one by which events expire to the present retention."""
        await ensure_expiry(self._database, self._events.name, "storedAt", self._retention)
        with in_our_words():
            await self._events.create_index(["api", "storedAt"])

    async def add(self, events: Sequence[StoredEvent]) -> None:
        """Keep the events; one that is there already stays as it is, its age included."""
        insertions = [InsertOne({**_kept(one.event), "storedAt": one.stored_at}) for one in events]
        with in_our_words():
            await write_repeatable(self._events, insertions)

    async def add_again(self, events: Sequence[OwedEvent]) -> None:
        """Keep those that are no longer there, as of the store's now."""
        with in_our_words():
            await write_repeatable(self._events, [_insertion(event) for event in events])

    async def get(
        self, wanted: Mapping[str, Sequence[int]]
    ) -> Mapping[str, Mapping[int, StoredEvent]]:
        """Return those events of each entity (its id) that are still kept, by sequence."""
        ids = [_id(entity, sequence) for entity in wanted for sequence in wanted[entity]]
        events: dict[str, dict[int, StoredEvent]] = {entity: {} for entity in wanted}
        with in_our_words():
            async for stored in self._events.find({"_id": {"$in": ids}}):
                events[stored["entityId"]][stored["sequence"]] = _stored_event(stored)
        return events

    async def told_by(self, api: Api, span: Span) -> AsyncIterator[Sequence[OwedEvent]]:
        """Yield the door's events of that span in parts, oldest first."""
        wanted = {"api": str(api), **within(span, "storedAt", "entityId")}
        with in_our_words():
            found = self._events.find(wanted, batch_size=_PART).sort({"storedAt": 1, "_id": 1})
            while part := await found.to_list(_PART):
                yield [_stored_event(stored).event for stored in part]


async def ensure_expiry(database: Database, collection: str, moment: str, kept: float) -> None:
    """Have documents expire so many seconds after that moment of theirs."""
    seconds = round(kept)
    with in_our_words():
        try:
            await database[collection].create_index(moment, expireAfterSeconds=seconds)
        except OperationFailure as error:
            if error.code != _INDEX_OPTIONS_CONFLICT:
                raise
            index = {"keyPattern": {moment: 1}, "expireAfterSeconds": seconds}
            await database.command("collMod", collection, index=index)


async def write_repeatable(
    collection: Collection, writes: Sequence[InsertOne[Stored]] | Sequence[UpdateOne]
) -> None:
    """Write them all; a duplicate key tells that an earlier or concurrent run did it already."""
    try:
        await collection.bulk_write(writes, ordered=False)
    except BulkWriteError as error:
        details = error.details or {}
        others = [e for e in details.get("writeErrors", ()) if e["code"] != _DUPLICATE_KEY]
        if others or details.get("writeConcernErrors"):
            raise


def within(span: Span, moment: str, entity: str) -> dict[str, Any]:
    """Return the filter for what lies in a span, by the names of the two fields."""
    limits = {"$gte": span.begin, "$lt": span.end}
    given = {name: limit for name, limit in limits.items() if limit is not None}
    wanted: dict[str, Any] = {moment: given} if given else {}
    return wanted if span.entity_id is None else {**wanted, entity: span.entity_id}


def _id(entity_id: str, sequence: int) -> str:
    return f"{entity_id}.{sequence:010d}"


def _kept(event: OwedEvent) -> Stored:
    """Return an event as it is kept, but for its age."""
    return {
        "_id": _id(event.entity_id, event.sequence),
        "entityId": event.entity_id,
        "sequence": event.sequence,
        "api": str(event.api),
        "event": event.document,
    }


def _insertion(event: OwedEvent) -> UpdateOne:
    """Return an insert that takes the store's time; what is there already wins over it."""
    kept = _kept(event)
    # $literal: a text in an event that begins with $ would else be read as an expression.
    merged = {"$mergeObjects": [{"$literal": kept}, {"storedAt": "$$NOW"}, "$$ROOT"]}
    return UpdateOne({"_id": kept["_id"]}, [{"$replaceWith": merged}], upsert=True)


def _stored_event(stored: Stored) -> StoredEvent:
    event = OwedEvent(Api(stored["api"]), stored["entityId"], stored["sequence"], stored["event"])
    return StoredEvent(event, stored["storedAt"])
