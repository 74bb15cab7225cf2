"""The outboxes inside the entities that owe events.

`{_id, outbox: [{sequence, api, event}], deleted?: true, ...}`
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from pymongo import IndexModel, UpdateOne

from ordergate.model.common import Api
from ordergate.model.events import OwedEvent
from ordergate.storage.database import in_our_words
from ordergate.storage.entities import OUTBOX_INDEX

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ordergate.storage.database import Collection, Database, Stored

KINDS = ("resourceOrder", "initiatingRequest", "cancelResourceOrder", "cancelServiceOrder")
_OWING = {"outbox.sequence": {"$exists": True}}
_LASTING = "document.orderItem.requestedItem"
_KEPT = (
    "id",
    "href",
    "state",
    "orderType",
    "domain",
    "orderDate",
    "initiatingRequest",
    "orderItem",
)
_REDUCED: list[Stored] = [
    {"$set": {"reduced": {name: f"$document.{name}" for name in _KEPT}}},
    {"$unset": "document"},
    {"$set": {"document": "$reduced"}},
    {"$unset": "reduced"},
]
"""Leaves of a document what recovering its resources needs: no parties, notes or descriptions."""
_STUBS = IndexModel("removedDate", name="stubs", expireAfterSeconds=7 * 86_400)


class MongoOutboxes:
    """Reads and clears the outboxes of orders, cancel tasks and initiating requests."""

    def __init__(self, database: Database) -> None:
        self._kinds = [database[name] for name in KINDS]

    async def ensure_indexes(self) -> None:
        """Make the index that holds only the entities which owe something."""
        with in_our_words():
            for kind in self._kinds:
                await kind.create_indexes([OUTBOX_INDEX, _STUBS])

    async def owing(self, limit: int) -> Sequence[OwedEvent]:
        """Return all owed events of up to `limit` entities of each kind.

        Those of one entity follow each other in sequence order, without a gap.
        """
        with in_our_words():
            found = await asyncio.gather(*(_owed(kind, limit) for kind in self._kinds))
        return [event for events in found for event in events]

    async def clear(self, relayed: Mapping[str, int]) -> None:
        """Forget the events of each entity (its id) up to and with that sequence.

        Of a removed entity whose outbox is thereby empty a stub stays for a week, so that neither
        the same Idempotency-Key nor the sweeper makes it again. Of an order that was issued for a
        request what it delivered stays for good: a later request may have to recover it.
        """
        operations: list[UpdateOne] = []
        for entity_id, sequence in relayed.items():
            drain = {"$pull": {"outbox": {"sequence": {"$lte": sequence}}}}
            told = {"_id": entity_id, "deleted": True, "outbox": []}
            gone = {**told, "document": {"$exists": True}, _LASTING: {"$exists": False}}
            stub = {"$unset": {"document": ""}, "$currentDate": {"removedDate": True}}
            rest = {**told, _LASTING: {"$exists": True}}
            operations += (
                UpdateOne({"_id": entity_id}, drain),
                UpdateOne(gone, stub),
                UpdateOne(rest, _REDUCED),
            )
        with in_our_words():
            await asyncio.gather(*(kind.bulk_write(operations) for kind in self._kinds))


async def _owed(kind: Collection, limit: int) -> list[OwedEvent]:
    found = kind.find(_OWING, {"outbox": 1}).limit(limit)
    return [
        OwedEvent(Api(owed["api"]), stored["_id"], owed["sequence"], owed["event"])
        async for stored in found
        for owed in sorted(stored["outbox"], key=lambda owed: owed["sequence"])
    ]
