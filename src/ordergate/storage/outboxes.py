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

    from ordergate.storage.database import Collection, Database

_KINDS = ("resourceOrder", "initiatingRequest", "cancelResourceOrder", "cancelServiceOrder")
_OWING = {"outbox.sequence": {"$exists": True}}
_STUBS = IndexModel("removedDate", name="stubs", expireAfterSeconds=7 * 86_400)


class MongoOutboxes:
    """Reads and clears the outboxes of orders, cancel tasks and initiating requests."""

    def __init__(self, database: Database) -> None:
        self._kinds = [database[name] for name in _KINDS]

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
        the same Idempotency-Key nor the sweeper makes it again.
        """
        operations: list[UpdateOne] = []
        for entity_id, sequence in relayed.items():
            drain = {"$pull": {"outbox": {"sequence": {"$lte": sequence}}}}
            gone = {"_id": entity_id, "deleted": True, "outbox": [], "document": {"$exists": True}}
            stub = {"$unset": {"document": ""}, "$currentDate": {"removedDate": True}}
            operations += (UpdateOne({"_id": entity_id}, drain), UpdateOne(gone, stub))
        with in_our_words():
            await asyncio.gather(*(kind.bulk_write(operations) for kind in self._kinds))


async def _owed(kind: Collection, limit: int) -> list[OwedEvent]:
    found = kind.find(_OWING, {"outbox": 1}).limit(limit)
    return [
        OwedEvent(Api(owed["api"]), stored["_id"], owed["sequence"], owed["event"])
        async for stored in found
        for owed in sorted(stored["outbox"], key=lambda owed: owed["sequence"])
    ]
