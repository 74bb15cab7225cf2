"""Resource orders in MongoDB (`process.ports.OrderBook`, collection `resourceOrder`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pymongo import IndexModel

from ordergate.errors import DuplicateError, NotFoundError
from ordergate.model.states import FINAL
from ordergate.process.entity import ToRollUp
from ordergate.process.record import request_id_of
from ordergate.storage.database import in_our_words
from ordergate.storage.entities import (
    DELETED_INDEX,
    entity_of,
    stored,
    stored_cancellation,
    write_over,
)
from ordergate.storage.insertion import Insertion
from ordergate.storage.reading import EntityReader

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from ordergate.model.common import Document
    from ordergate.process.entity import Entity
    from ordergate.storage.database import Database, Stored

COLLECTION = "resourceOrder"
_ROLL_UP = "rollUp"
_LEFT = {_ROLL_UP: {"$exists": True}}
# Every first-level attribute of the contract that holds a value to compare, those inside arrays
# that kits and systems filter by, and what the gateway adds. MongoDB takes 64 in a collection.
_FILTERED = (
    "@baseType",
    "@schemaLocation",
    "@type",
    "cancellationDate",
    "cancellationReason",
    "category",
    "completionDate",
    "description",
    "expectedCompletionDate",
    "externalId",
    "name",
    "orderType",
    "priority",
    "requestedCompletionDate",
    "requestedStartDate",
    "startDate",
    "externalReference.id",
    "orderItem.action",
    "orderItem.state",
    "orderItem.resource.resourceSpecification.id",
    "orderItem.resourceSpecification.id",
    "relatedParty.id",
    "domain",
    "initiatingRequest.id",
    # What later requests look back by.
    "orderItem.requestedItem.service.id",
    "orderItem.resource.id",
    "orderItem.orderItemRelationship.orderItem.resourceOrderId",
)
_SERVICE = "document.orderItem.requestedItem.service.id"
_RESOURCE = "document.orderItem.resource.id"
_AWAITED = "document.orderItem.orderItemRelationship.orderItem.resourceOrderId"


class MongoOrderBook(EntityReader):
    """Keeps resource orders; every change is one single-document majority write.

    Args:
        page_limit: the most that a list answers with.
    """

    def __init__(self, database: Database, *, page_limit: int) -> None:
        super().__init__(database[COLLECTION], kind="resource order", page_limit=page_limit)
        self._insertion = Insertion(self._collection)

    async def ensure_indexes(self) -> None:
        """Make the indexes that are not there yet."""
        left = IndexModel([("_id", 1), (_ROLL_UP, 1)], name=_ROLL_UP, partialFilterExpression=_LEFT)
        with in_our_words():
            await self._collection.create_indexes([*self.indexes(_FILTERED), DELETED_INDEX, left])

    async def add(self, order: Entity) -> Entity | None:
        """Store the order in one write; return None, or the one that has its id already.

        Raises:
            DuplicateError: the one that its Idempotency-Key made was deleted since.
            InProgressError: see `Insertion.insert`.
        """
        kept = await self._insertion.insert(stored(order))
        if kept is not None and kept.get("deleted"):
            raise DuplicateError(
                "The order that this Idempotency-Key made was deleted; use a new key.",
                path="Idempotency-Key",
            )
        return None if kept is None else entity_of(kept)

    async def add_all(self, orders: Sequence[Entity]) -> None:
        """Store the orders; one whose id is there already is left as it is."""
        await self._insertion.insert_missing(orders)

    async def get(self, order_id: str) -> Entity:
        """Return the order.

        Raises:
            NotFoundError: there is none.
        """
        with in_our_words():
            kept = await self._collection.find_one({"_id": order_id, "deleted": {"$ne": True}})
        if kept is None:
            raise NotFoundError(f"There is no resource order with the id {order_id!r}.", path="id")
        return entity_of(kept)

    async def of_request(self, request_id: str) -> Sequence[Entity]:
        """Return the orders that were issued for a request and are there, by id."""
        wanted: Stored = {"document.initiatingRequest.id": request_id, "deleted": {"$ne": True}}
        with in_our_words():
            found = await self._collection.find(wanted).sort("_id", 1).to_list()
        return [entity_of(kept) for kept in found]

    async def replace(self, order: Entity) -> bool:
        """Store a changed order and its owed events; return False if it changed meanwhile."""
        changes = {"document": order.document, **stored_cancellation(order.cancellation)}
        return await write_over(self._collection, order, {**changes, **_to_roll_up(order)})

    async def remove(self, order: Entity) -> bool:
        """Take the order away; it stays, hidden, until the relay has told of it."""
        return await write_over(self._collection, order, {"deleted": True, **_to_roll_up(order)})

    async def concerning(
        self, services: Collection[str], resources: Collection[str]
    ) -> Sequence[Document]:
        """Return the orders with an item for one of those services or resources, oldest first."""
        wanted = ((_SERVICE, services), (_RESOURCE, resources))
        return await self._issued([{path: {"$in": list(ids)}} for path, ids in wanted if ids])

    async def issued_by(self, requests: Collection[str]) -> Sequence[Document]:
        """Return the orders that were issued for those requests, oldest first."""
        return await self._issued([{"document.initiatingRequest.id": {"$in": list(requests)}}])

    async def waiting_for(self, orders: Collection[str]) -> Sequence[Document]:
        """Return the orders with an item that waits for one of those orders, oldest first."""
        return await self._issued([{_AWAITED: {"$in": list(orders)}}])

    async def _issued(self, wanted: list[Stored]) -> Sequence[Document]:
        """Return what matches any of these, deleted or not.

        An order that was deleted before anybody began with it has delivered nothing, and won't.
        """
        over = [str(state) for state in FINAL]
        if not wanted:
            return []
        alive = {"$or": [{"deleted": {"$ne": True}}, {"document.state": {"$in": over}}]}
        with in_our_words():
            found = self._collection.find({"$and": [{"$or": wanted}, alive]}, {"document": 1})
            kept = [one["document"] async for one in found]
        return sorted(kept, key=lambda one: (str(one.get("orderDate")), one["id"]))

    async def to_roll_up(self, *, after: str, limit: int) -> Sequence[ToRollUp]:
        """Return changes that may not be rolled up yet, by the order's id, from beyond `after`."""
        wanted: Stored = {**_LEFT, "_id": {"$gt": after}}
        with in_our_words():
            cursor = self._collection.find(wanted, {_ROLL_UP: 1, "revision": 1}).hint(_ROLL_UP)
            found = await cursor.sort("_id", 1).limit(limit).to_list()
        return [ToRollUp(kept["_id"], kept[_ROLL_UP], kept["revision"]) for kept in found]

    async def rolled_up(self, change: ToRollUp) -> None:
        """Note that the change is rolled up, unless the order changed since."""
        unchanged = {"_id": change.order_id, "revision": change.revision}
        with in_our_words():
            await self._collection.update_one(unchanged, {"$unset": {_ROLL_UP: ""}})


def _to_roll_up(order: Entity) -> Stored:
    """Return the field that says which request has to follow the order, if any."""
    request_id = request_id_of(order.document)
    return {} if request_id is None else {_ROLL_UP: request_id}
