"""Hand-overs in MongoDB (`process.ports.HandOverBook`, collection `specialHandling`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ordergate.errors import NotFoundError
from ordergate.model.common import timestamp
from ordergate.model.notification import DeliveryState
from ordergate.storage.database import in_our_words
from ordergate.storage.entities import DELETED_INDEX, entity_of, write_over
from ordergate.storage.insertion import Insertion
from ordergate.storage.reading import EntityReader

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from ordergate.process.entity import Entity
    from ordergate.storage.database import Database, Stored

COLLECTION = "specialHandling"
_REQUEST = "initiatingRequest.id"
_SPECIFICATION = "requestedItem.specification.id"
_ORDER = "resourceOrder.id"
_DELIVERY = "delivery.state"
_FILTERED = (_REQUEST, _SPECIFICATION, _ORDER, _DELIVERY, "owner", "resolution", "reason.code")


class MongoHandOverBook(EntityReader):
    """Keeps the hand-overs to Track & Manage Resource Provisioning.

    Also notes how far their orders have got there (`delivery.ports.HandOvers`).

    Args:
        page_limit: the most that a list answers with.
    """

    def __init__(self, database: Database, *, page_limit: int) -> None:
        super().__init__(
            database[COLLECTION],
            kind="hand-over",
            page_limit=page_limit,
            default_sort="handedOverDate",
        )
        self._insertion = Insertion(self._collection)

    async def ensure_indexes(self) -> None:
        """Make the indexes that are not there yet."""
        with in_our_words():
            await self._collection.create_indexes([*self.indexes(_FILTERED), DELETED_INDEX])

    async def add_all(self, hand_overs: Sequence[Entity]) -> None:
        """Store the hand-overs; one whose id is there already is left as it is."""
        await self._insertion.insert_missing(hand_overs)

    async def get(self, handling_id: str) -> Entity:
        """Return the hand-over.

        Raises:
            NotFoundError: there is none.
        """
        with in_our_words():
            kept = await self._collection.find_one({"_id": handling_id})
        if kept is None:
            raise NotFoundError(f"There is no hand-over with the id {handling_id!r}.", path="id")
        return entity_of(kept)

    async def replace(self, hand_over: Entity) -> bool:
        """Store a changed hand-over; return False if it changed meanwhile."""
        return await write_over(self._collection, hand_over, {"document": hand_over.document})

    async def open_for(
        self, *, request_ids: Collection[str] = (), specifications: Collection[str] = ()
    ) -> Sequence[Entity]:
        """Return those not resolved yet, of one of the requests or specifications, by id."""
        wanted = {_REQUEST: list(request_ids), _SPECIFICATION: list(specifications)}
        asked: list[Stored] = [
            {f"document.{path}": {"$in": ids}} for path, ids in wanted.items() if ids
        ]
        if not asked:
            return []
        matching: Stored = {"$or": asked, "document.state": {"$ne": "resolved"}}
        with in_our_words():
            found = await self._collection.find(matching).sort("_id", 1).to_list()
        return [entity_of(kept) for kept in found]

    async def attempted(
        self,
        order_id: str,
        state: DeliveryState,
        moment: datetime,
        *,
        status: int | None = None,
        error: str | None = None,
    ) -> None:
        """Note an attempt at bringing the order, and what it came to; delivered stays delivered.

        Does nothing where no hand-over is of that order.
        """
        tried = {"date": timestamp(moment), "status": status, "error": error}
        changes = {
            f"document.{_DELIVERY}": str(state),
            "document.delivery.lastAttempt": {k: v for k, v in tried.items() if v is not None},
        }
        if state is DeliveryState.DELIVERED:
            changes["document.delivery.deliveredDate"] = timestamp(moment)
        counts = {"document.delivery.attempts": 1, "revision": 1}
        undelivered: Stored = {
            f"document.{_ORDER}": order_id,
            f"document.{_DELIVERY}": {"$ne": str(DeliveryState.DELIVERED)},
        }
        with in_our_words():
            await self._collection.update_one(undelivered, {"$set": changes, "$inc": counts})

    async def give_up(self) -> int:
        """Note that nothing is brought any more of what waits for it; return how many it was."""
        changes = {f"document.{_DELIVERY}": str(DeliveryState.NOT_CONFIGURED)}
        with in_our_words():
            result = await self._collection.update_many(
                {f"document.{_DELIVERY}": str(DeliveryState.PENDING)},
                {"$set": changes, "$inc": {"revision": 1}},
            )
        return result.modified_count
