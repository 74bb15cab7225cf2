"""Records of requests in MongoDB (`process.ports.RequestBook`, collection `initiatingRequest`).

One document holds the record, the TMF641 order where the request is one, and what is still to be
issued. Inserting it is the commit point.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pymongo import IndexModel

from ordergate.errors import DuplicateError
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
from ordergate.storage.service_orders import ROOT, MongoServiceOrderBook

if TYPE_CHECKING:
    from datetime import datetime

    from ordergate.storage.database import Database, Stored

COLLECTION = "initiatingRequest"

# As for resource orders: every first-level attribute that holds a value, and what is inside
# arrays and asked for. Records and service orders share the 64 indexes that MongoDB takes.
_FILTERED = (
    "category",
    "description",
    "externalId",
    "priority",
    "requestType",
    "requestedCompletionDate",
    "requestedStartDate",
    "relatedEntity.id",
    "relatedParty.id",
    "resourceOrder.id",
    "source.id",
)
_FILTERED_SERVICE_ORDER = (
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
    "notificationContact",
    "priority",
    "requestedCompletionDate",
    "requestedStartDate",
    "startDate",
    "externalReference.id",
    "relatedParty.id",
    "serviceOrderItem.action",
    "serviceOrderItem.service.serviceSpecification.id",
    "serviceOrderItem.state",
)


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
        self.service_orders = MongoServiceOrderBook(self._collection, page_limit=page_limit)

    async def ensure_indexes(self) -> None:
        """Make the indexes that are not there yet."""
        unsettled = IndexModel(
            [("document.receivedDate", 1)],
            name="unsettled",
            partialFilterExpression={"plan": {"$exists": True}},
        )
        records = self.records.indexes(_FILTERED)
        service_orders = self.service_orders.indexes(_FILTERED_SERVICE_ORDER)
        with in_our_words():
            await self._collection.create_indexes([unsettled, *records, *service_orders])

    async def add(self, record: RecordedRequest) -> RecordedRequest | None:
        """Store the record in one write; return None, or the one that has its id already.

        Raises:
            DuplicateError: the service order that its Idempotency-Key made was deleted since.
        """
        kept = stored(record.entity)
        if record.service_order is not None:
            kept[ROOT] = record.service_order
        if record.plan:
            kept["plan"] = {
                "resourceOrder": [stored(one) for one in record.plan.resource_order],
                "specialHandling": [stored(one) for one in record.plan.special_handling],
            }
        existing = await insert(self._collection, kept)
        if existing is not None and ROOT in kept and ROOT not in existing:
            raise DuplicateError(
                "The order that this Idempotency-Key made was deleted; use a new key.",
                path="Idempotency-Key",
            )
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
        kept.get(ROOT),
        Plan(
            tuple(from_plan(one) for one in plan.get("resourceOrder", [])),
            tuple(from_plan(one) for one in plan.get("specialHandling", [])),
        ),
    )
