"""The outboxes inside the entities that owe events.

`{_id, outbox: [{sequence, api, event}], deleted?: true, ...}`
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from pymongo import IndexModel, UpdateOne

from ordergate.model.common import Api
from ordergate.model.events import OwedEvent
from ordergate.model.notification import StoredEvent
from ordergate.storage.database import in_our_words
from ordergate.storage.entities import OUTBOX_INDEX

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ordergate.storage.database import Database, Stored

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
        self._kinds = {name: database[name] for name in KINDS}
        self._found: dict[str, tuple[str, bool]] = {}  # kind, and whether it is removed

    async def ensure_indexes(self) -> None:
        """Make the index that holds only the entities which owe something."""
        with in_our_words():
            for kind in self._kinds.values():
                await kind.create_indexes([OUTBOX_INDEX, _STUBS])

    async def owing(self, limit: int) -> Sequence[StoredEvent]:
        """Return all owed events of up to `limit` entities of each kind, as of the store's now.

        Those of one entity follow each other in sequence order, without a gap.
        """
        first, *others = KINDS
        rest = [{"$unionWith": {"coll": one, "pipeline": _owing(one, limit)}} for one in others]
        with in_our_words():
            cursor = await self._kinds[first].aggregate([*_owing(first, limit), *rest])
            found = await cursor.to_list()
        self._found = {one["_id"]: (one["kind"], one.get("deleted", False)) for one in found}
        return [
            StoredEvent(
                OwedEvent(Api(owed["api"]), stored["_id"], owed["sequence"], owed["event"]),
                stored["now"],
            )
            for stored in found
            for owed in sorted(stored["outbox"], key=lambda owed: owed["sequence"])
        ]

    async def clear(self, relayed: Mapping[str, int]) -> None:
        """Forget the events of each entity (its id) up to and with that sequence.

        Of a removed entity whose outbox is thereby empty a stub stays for a week, so that neither
        the same Idempotency-Key nor the sweeper makes it again. Of an order that was issued for a
        request what it delivered stays for good: a later request may have to recover it.

        One that is removed only after its events were found owes one more, and is found again.
        """
        operations: defaultdict[str, list[UpdateOne]] = defaultdict(list)
        for entity_id, sequence in relayed.items():
            found_in, is_removed = self._found.get(entity_id, (None, True))
            drain = {"$pull": {"outbox": {"sequence": {"$lte": sequence}}}}
            for kind in (found_in,) if found_in else KINDS:
                operations[kind].append(UpdateOne({"_id": entity_id}, drain))
                if is_removed:
                    operations[kind] += _stubbed(entity_id)
        with in_our_words():
            for kind, its in operations.items():
                await self._kinds[kind].bulk_write(its)


def _stubbed(entity_id: str) -> tuple[UpdateOne, UpdateOne]:
    """Return what leaves of a removed entity, once all is told of it, a stub or what it delivered.

    That takes three times as long as clearing its outbox, so it is done for removed ones alone.
    """
    told = {"_id": entity_id, "deleted": True, "outbox": []}
    gone = {**told, "document": {"$exists": True}, _LASTING: {"$exists": False}}
    stub = {"$unset": {"document": ""}, "$currentDate": {"removedDate": True}}
    rest = {**told, _LASTING: {"$exists": True}}
    return UpdateOne(gone, stub), UpdateOne(rest, _REDUCED)


def _owing(kind: str, limit: int) -> list[Stored]:
    """Return the stages that find the outboxes of one kind."""
    wanted = {"outbox": 1, "deleted": 1, "kind": {"$literal": kind}, "now": "$$NOW"}
    return [{"$match": _OWING}, {"$limit": limit}, {"$project": wanted}]
