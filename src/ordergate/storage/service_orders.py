"""Service orders in MongoDB (`process.ports.ServiceOrderBook`): each lies in its record.

`{_id, serviceOrder?, revision, sequence, outbox, ...}`; the record and its service order share the
revision, so neither ever changes under the other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ordergate.errors import NotFoundError
from ordergate.process.ports import Entity
from ordergate.storage.database import in_our_words
from ordergate.storage.entities import EntityReader, write_over

if TYPE_CHECKING:
    from ordergate.storage.database import Collection

ROOT = "serviceOrder"


class MongoServiceOrderBook(EntityReader):
    """Keeps service orders; every change is one single-document majority write.

    Args:
        collection: where the records are, which hold them.
        page_limit: the most that a list answers with.
    """

    def __init__(self, collection: Collection, *, page_limit: int) -> None:
        super().__init__(collection, kind="service order", page_limit=page_limit, root=ROOT)

    async def get(self, order_id: str) -> Entity:
        """Return the service order.

        Raises:
            NotFoundError: there is none.
        """
        wanted = {ROOT: 1, "revision": 1, "sequence": 1}
        with in_our_words():
            kept = await self._collection.find_one({"_id": order_id}, wanted)
        if kept is None or ROOT not in kept:
            raise NotFoundError(f"There is no service order with the id {order_id!r}.", path="id")
        return Entity(order_id, kept[ROOT], kept["revision"], kept["sequence"])

    async def replace(self, order: Entity) -> bool:
        """Store a changed order and its owed events; return False if it changed meanwhile."""
        return await write_over(self._collection, order, {ROOT: order.document})

    async def remove(self, order: Entity) -> bool:
        """Take the order out of its record, which stays; its owed events are told all the same."""
        return await write_over(self._collection, order, {}, {ROOT: ""})
