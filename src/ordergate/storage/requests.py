"""Records of requests in MongoDB (`process.ports.RequestBook`, collection `initiatingRequest`).

One document holds the record, the TMF641 order where the request is one, and what is still to be
issued. Inserting it is the commit point.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pymongo import IndexModel

from ordergate.model.common import timestamp
from ordergate.process.ports import Plan, RecordedRequest
from ordergate.storage.database import in_our_words
from ordergate.storage.entities import (
    EntityReader,
    entity_of,
    from_plan,
    insert,
    stored,
)

if TYPE_CHECKING:
    from datetime import datetime

    from ordergate.storage.database import Database, Stored

COLLECTION = "initiatingRequest"


class MongoRequestBook:
    """Keeps the records of requests, and the service orders among them.

    Args:
        page_limit: the most that a list answers with.
    """

    def __init__(self, database: Database, *, page_limit: int) -> None:
        self._collection = database[COLLECTION]
        self.records = EntityReader(
            self._collection,
            kind="initiating request",
            page_limit=page_limit,
            default_sort="receivedDate",
        )
        self.service_orders = EntityReader(
            self._collection, kind="service order", page_limit=page_limit, root="serviceOrder"
        )

    async def ensure_indexes(self) -> None:
        """Make the indexes that are not there yet."""
        unsettled = IndexModel(
            [("document.receivedDate", 1)],
            name="unsettled",
            partialFilterExpression={"plan": {"$exists": True}},
        )
        lists = [*self.records.indexes(), *self.service_orders.indexes()]
        with in_our_words():
            await self._collection.create_indexes([unsettled, *lists])

    async def add(self, record: RecordedRequest) -> RecordedRequest | None:
        """Store the record in one write; return None, or the one that has its id already."""
        kept = stored(record.entity)
        if record.service_order is not None:
            kept["serviceOrder"] = record.service_order
        if record.plan:
            kept["plan"] = {
                "resourceOrder": [stored(one) for one in record.plan.resource_order],
                "specialHandling": [stored(one) for one in record.plan.special_handling],
            }
        existing = await insert(self._collection, kept)
        return None if existing is None else _recorded(existing)

    async def settle(self, request_id: str) -> None:
        """Note that the whole plan of the record is issued."""
        with in_our_words():
            await self._collection.update_one({"_id": request_id}, {"$unset": {"plan": ""}})

    async def unsettled(self, *, received_before: datetime, limit: int) -> list[RecordedRequest]:
        """Return records of before that moment whose plan isn't known to be issued."""
        wanted: Stored = {
            "plan": {"$exists": True},
            "document.receivedDate": {"$lte": timestamp(received_before)},
        }
        with in_our_words():
            found = await self._collection.find(wanted).limit(limit).to_list()
        return [_recorded(kept) for kept in found]


def _recorded(kept: Stored) -> RecordedRequest:
    plan = kept.get("plan", {})
    return RecordedRequest(
        entity_of(kept),
        kept.get("serviceOrder"),
        Plan(
            tuple(from_plan(one) for one in plan.get("resourceOrder", [])),
            tuple(from_plan(one) for one in plan.get("specialHandling", [])),
        ),
    )
