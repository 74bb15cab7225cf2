"""Relayed events, in the collection `event`.

`{_id: "<entityId>.<sequence in ten digits>", entityId, sequence, api, event, storedAt}`
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pymongo import UpdateOne
from pymongo.errors import BulkWriteError, OperationFailure

from ordergate.model.common import Api
from ordergate.model.events import OwedEvent
from ordergate.model.notification import StoredEvent
from ordergate.storage.database import in_our_words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ordergate.storage.database import Collection, Database, Stored

_DUPLICATE_KEY = 11_000
_INDEX_OPTIONS_CONFLICT = 85


class MongoEvents:
    """Keeps events.

    Args:
        retention: seconds for which each is kept.
    """

    def __init__(self, database: Database, *, retention: float) -> None:
        self._database = database
        self._events = database["event"]
        self._retention = round(retention)

    async def ensure_indexes(self) -> None:
        """Make the index by which events expire, or bring it to the present retention."""
        with in_our_words():
            try:
                await self._events.create_index("storedAt", expireAfterSeconds=self._retention)
            except OperationFailure as error:
                if error.code != _INDEX_OPTIONS_CONFLICT:
                    raise
                index = {"keyPattern": {"storedAt": 1}, "expireAfterSeconds": self._retention}
                await self._database.command("collMod", self._events.name, index=index)

    async def add(self, events: Sequence[OwedEvent]) -> None:
        """Keep the events; one that is there already stays as it is, its age included."""
        with in_our_words():
            await write_repeatable(self._events, [_insertion(event) for event in events])

    async def get(self, entity_id: str, sequences: Sequence[int]) -> Mapping[int, StoredEvent]:
        """Return those of the entity's events that are still kept, by sequence."""
        ids = [_id(entity_id, sequence) for sequence in sequences]
        with in_our_words():
            found = self._events.find({"_id": {"$in": ids}})
            return {stored["sequence"]: _stored_event(stored) async for stored in found}


async def write_repeatable(collection: Collection, upserts: Sequence[UpdateOne]) -> None:
    """Write them all; a duplicate key tells that an earlier or concurrent run did it already."""
    try:
        await collection.bulk_write(upserts, ordered=False)
    except BulkWriteError as error:
        details = error.details or {}
        others = [e for e in details.get("writeErrors", ()) if e["code"] != _DUPLICATE_KEY]
        if others or details.get("writeConcernErrors"):
            raise


def _id(entity_id: str, sequence: int) -> str:
    return f"{entity_id}.{sequence:010d}"


def _insertion(event: OwedEvent) -> UpdateOne:
    """Return an insert that takes the store's time; what is there already wins over it."""
    stored = {
        "entityId": event.entity_id,
        "sequence": event.sequence,
        "api": str(event.api),
        "event": event.document,
    }
    # $literal: a text in an event that begins with $ would else be read as an expression.
    merged = {"$mergeObjects": [{"$literal": stored}, {"storedAt": "$$NOW"}, "$$ROOT"]}
    selector = {"_id": _id(event.entity_id, event.sequence)}
    return UpdateOne(selector, [{"$replaceWith": merged}], upsert=True)


def _stored_event(stored: Stored) -> StoredEvent:
    event = OwedEvent(Api(stored["api"]), stored["entityId"], stored["sequence"], stored["event"])
    return StoredEvent(event, stored["storedAt"])
