"""Records of requests in MongoDB (`process.ports.RequestBook`, collection `initiatingRequest`).

One document holds the record, the TMF641 order where the request is one, and what is still to be
issued. Inserting it is the commit point.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pymongo import IndexModel, UpdateOne

from ordergate.errors import DuplicateError, NotFoundError
from ordergate.model.states import OrderState
from ordergate.process.entity import Closing, Plan, RecordedRequest, Waiting
from ordergate.storage.database import in_our_words
from ordergate.storage.entities import (
    DELETED_INDEX,
    entity_of,
    from_plan,
    stored,
    stored_cancellation,
    to_plan,
    write_over,
)
from ordergate.storage.insertion import Insertion
from ordergate.storage.reading import EntityReader

if TYPE_CHECKING:
    from ordergate.storage.database import Database, Stored

COLLECTION = "initiatingRequest"
CLAIMS = "idempotencyKey"
_RECEIVED = "document.receivedDate"
_SERVICE_ORDER = "serviceOrder"

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
        self._insertion = Insertion(self._collection)
        self._claims = Insertion(database[CLAIMS])
        self.records = EntityReader(
            self._collection,
            kind="initiating request",
            page_limit=page_limit,
            default_sort="receivedDate",
        )
        self.service_orders = EntityReader(
            self._collection, kind="service order", page_limit=page_limit, root=_SERVICE_ORDER
        )

    async def ensure_indexes(self) -> None:
        """Make the indexes that are not there yet."""
        unsettled = IndexModel(
            [(_RECEIVED, 1)],
            name="unsettled",
            partialFilterExpression={"plan": {"$exists": True}},
        )
        records = self.records.indexes(_FILTERED)
        service_orders = self.service_orders.indexes(_FILTERED_SERVICE_ORDER)
        waiting = IndexModel(
            [("waiting.specificationId", 1), ("_id", 1)],
            name="waiting",
            partialFilterExpression={"waiting.specificationId": {"$exists": True}},
        )
        with in_our_words():
            await self._collection.create_indexes(
                [unsettled, waiting, DELETED_INDEX, *records, *service_orders]
            )

    async def add(self, record: RecordedRequest) -> RecordedRequest | None:
        """Store the record in one write; return None, or the one that has its id already.

        Raises:
            DuplicateError: the service order that its Idempotency-Key made was deleted since.
            InProgressError: see `Insertion.insert`.
        """
        kept = stored(record.entity)
        if record.service_order is not None:
            kept[_SERVICE_ORDER] = record.service_order
        if record.asked is not None:
            kept["asked"] = record.asked
        if record.plan:
            kept["plan"] = _stored_plan(record.plan)
        if record.waiting:
            kept["waiting"] = _stored_waiting(record)
        existing = await self._insertion.insert(kept)
        if existing is not None and _SERVICE_ORDER in kept and _SERVICE_ORDER not in existing:
            mine = record.entity.idempotency
            named = mine.named if mine else "Idempotency-Key"
            raise DuplicateError(
                f"The order that this {named} made was deleted; use a new one.", path=named
            )
        return None if existing is None else _recorded(existing)

    async def claim(self, key: str, fingerprint: str) -> str:
        """Keep the fingerprint under the key unless one is there; return the one that is.

        Raises:
            InProgressError: see `Insertion.insert`.
        """
        existing = await self._claims.insert({"_id": key, "fingerprint": fingerprint})
        return fingerprint if existing is None else existing["fingerprint"]

    async def get(self, request_id: str) -> RecordedRequest:
        """Return the record.

        Raises:
            NotFoundError: there is none.
        """
        with in_our_words():
            kept = await self._collection.find_one({"_id": request_id}, {"outbox": 0})
        if kept is None:
            raise NotFoundError(f"There is no request with the id {request_id!r}.", path="id")
        return _recorded(kept)

    async def replace(self, record: RecordedRequest) -> bool:
        """Store a changed record, its service order and its owed events, all in one write.

        The plan is written if it was made with this change; else the one that is kept stays.
        Return whether its revision was still the one before; if not, nothing was written.
        """
        mark = stored_cancellation(record.entity.cancellation)
        changes: Stored = {"document": record.entity.document, **mark}
        gone: Stored = {}
        if record.service_order is None:
            gone[_SERVICE_ORDER] = ""
        else:
            changes[_SERVICE_ORDER] = record.service_order
        if record.plan.revision == record.revision:
            changes["plan"] = _stored_plan(record.plan)
        if record.waiting:
            changes["waiting"] = _stored_waiting(record)
        else:
            gone["waiting"] = ""
        return await write_over(self._collection, record.entity, changes, gone)

    async def settle(self, *records: RecordedRequest) -> None:
        """Note that the whole plan of each record is issued, unless there is a newer one."""
        plans = [{"_id": one.entity.id, "plan.revision": one.plan.revision} for one in records]
        done = [UpdateOne(this_plan, {"$unset": {"plan": ""}}) for this_plan in plans]
        with in_our_words():
            await self._collection.bulk_write(done, ordered=False)

    async def unsettled(self, *, limit: int) -> list[RecordedRequest]:
        """Return records whose plan isn't known to be issued, the oldest first."""
        wanted: Stored = {"plan": {"$exists": True}}
        with in_our_words():
            found = await self._collection.find(wanted).sort(_RECEIVED, 1).limit(limit).to_list()
        return [_recorded(kept) for kept in found]

    async def waiting_for(
        self, specification_id: str, *, after: str, limit: int
    ) -> list[RecordedRequest]:
        """Return records with an item of that specification that waits, by id, beyond `after`."""
        wanted: Stored = {"waiting.specificationId": specification_id, "_id": {"$gt": after}}
        with in_our_words():
            found = await self._collection.find(wanted).sort("_id", 1).limit(limit).to_list()
        return [_recorded(kept) for kept in found]


def _stored_waiting(record: RecordedRequest) -> list[Stored]:
    return [
        {"itemId": one.item_id, "specificationId": one.specification_id} for one in record.waiting
    ]


def _stored_plan(plan: Plan) -> Stored:
    return {
        "resourceOrder": [to_plan(one) for one in plan.resource_order],
        "specialHandling": [to_plan(one) for one in plan.special_handling],
        "superseded": list(plan.superseded),
        "withdrawn": list(plan.withdrawn),
        "closing": [
            {
                "orderId": one.order_id,
                "itemIds": list(one.item_ids),
                "state": str(one.state),
                "text": one.text,
                "handOverId": one.hand_over_id,
            }
            for one in plan.closing
        ],
        "revision": plan.revision,
    }


def _recorded(kept: Stored) -> RecordedRequest:
    waiting = (Waiting(one["itemId"], one["specificationId"]) for one in kept.get("waiting", ()))
    return RecordedRequest(
        entity_of(kept),
        kept.get(_SERVICE_ORDER),
        kept.get("asked"),
        _plan_of(kept["plan"]) if "plan" in kept else Plan(),
        tuple(waiting),
    )


def _plan_of(kept: Stored) -> Plan:
    return Plan(
        tuple(from_plan(one) for one in kept["resourceOrder"]),
        tuple(from_plan(one) for one in kept["specialHandling"]),
        tuple(kept["superseded"]),
        tuple(kept["withdrawn"]),
        tuple(
            Closing(
                one["orderId"],
                tuple(one["itemIds"]),
                OrderState(one["state"]),
                one["text"],
                one["handOverId"],
            )
            for one in kept["closing"]
        ),
        kept["revision"],
    )
