"""Books of orders and cancel tasks in memory, proven by the contract suites."""

from __future__ import annotations

import copy
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ordergate.errors import DuplicateError, NotFoundError, StoreUnavailableError
from ordergate.model.cancel_task import CANCEL_RESOURCE_ORDER
from ordergate.model.common import timestamp
from ordergate.model.states import FINAL, FINAL_OF_TASK
from ordergate.process.entity import ToRollUp
from ordergate.process.record import request_id_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from datetime import datetime

    from ordergate.model.cancel_task import CancelTaskKind
    from ordergate.model.common import Document
    from ordergate.model.events import OwedEvent
    from ordergate.process.entity import Entity


@dataclass
class Kept:
    """A stored entity with its outbox, which outlives the entity until it is told of."""

    entity: Entity
    outbox: list[OwedEvent]
    deleted: bool = False
    is_to_roll_up: bool = False

    @classmethod
    def of(cls, entity: Entity) -> Kept:
        return cls(copy.deepcopy(replace(entity, owed=())), list(entity.owed))


class Away:
    """A store that answers unless `is_away` is set; then it is as silent as one that is down."""

    is_away = False

    def answer(self) -> None:
        if self.is_away:
            raise StoreUnavailableError("It is away.")


class InMemoryOrderBook(Away):
    """Keeps resource orders with revision and outbox; a removed one stays hidden with its events.

    Args:
        changed_between: called before each change is written, as somebody else would come between.
    """

    def __init__(
        self, changed_between: Callable[[InMemoryOrderBook], object] | None = None
    ) -> None:
        self._kept: dict[str, Kept] = {}
        self._changed_between = changed_between
        self.writes = 0
        self.looked_back = 0

    async def add(self, order: Entity) -> Entity | None:
        self.answer()
        kept = self._kept.get(order.id)
        if kept is not None:
            if kept.deleted:
                raise DuplicateError("The order was deleted.", path="Idempotency-Key")
            return copy.deepcopy(kept.entity)
        self._kept[order.id] = Kept.of(order)
        self.writes += 1
        return None

    async def add_all(self, orders: Sequence[Entity]) -> None:
        for order in orders:
            with suppress(DuplicateError):
                await self.add(order)

    async def get(self, order_id: str) -> Entity:
        self.answer()
        kept = self._kept.get(order_id)
        if kept is None or kept.deleted:
            raise NotFoundError(f"There is no resource order with the id {order_id!r}.", path="id")
        return copy.deepcopy(kept.entity)

    async def of_request(self, request_id: str) -> Sequence[Entity]:
        self.answer()
        found = [
            kept.entity
            for _, kept in sorted(self._kept.items())
            if request_id_of(kept.entity.document) == request_id and not kept.deleted
        ]
        return copy.deepcopy(found)

    async def replace(self, order: Entity) -> bool:
        return self._write(order, deleted=False)

    async def remove(self, order: Entity) -> bool:
        return self._write(order, deleted=True)

    async def concerning(
        self, services: Collection[str], resources: Collection[str]
    ) -> Sequence[Document]:
        def concerned(item: Document) -> bool:
            service = item.get("requestedItem", {}).get("service", {}).get("id")
            return service in services or item.get("resource", {}).get("id") in resources

        return self._issued(lambda order: any(map(concerned, order.get("orderItem", []))))

    async def issued_by(self, requests: Collection[str]) -> Sequence[Document]:
        return self._issued(lambda order: order.get("initiatingRequest", {}).get("id") in requests)

    async def waiting_for(self, orders: Collection[str]) -> Sequence[Document]:
        return self._issued(
            lambda order: any(
                related.get("orderItem", {}).get("resourceOrderId") in orders
                for item in order.get("orderItem", [])
                for related in item.get("orderItemRelationship", [])
            )
        )

    def _issued(self, wanted: Callable[[Document], bool]) -> Sequence[Document]:
        self.answer()
        self.looked_back += 1
        found = [
            kept.entity.document
            for kept in self._kept.values()
            if wanted(kept.entity.document)
            and not (kept.deleted and kept.entity.document["state"] not in FINAL)
        ]
        return copy.deepcopy(sorted(found, key=lambda one: (one["orderDate"], one["id"])))

    async def to_roll_up(self, *, after: str, limit: int) -> Sequence[ToRollUp]:
        self.answer()
        left = [
            ToRollUp(order_id, request_id, kept.entity.revision)
            for order_id, kept in sorted(self._kept.items())
            if kept.is_to_roll_up
            and order_id > after
            and (request_id := request_id_of(kept.entity.document)) is not None
        ]
        return left[:limit]

    async def rolled_up(self, change: ToRollUp) -> None:
        self.answer()
        kept = self._kept.get(change.order_id)
        if kept is not None and kept.entity.revision == change.revision:
            kept.is_to_roll_up = False

    def owed(self, order_id: str) -> list[OwedEvent]:
        """Return what waits in the order's outbox, removed or not."""
        kept = self._kept.get(order_id)
        return [] if kept is None else list(kept.outbox)

    def ids(self) -> set[str]:
        """Return the ids of the orders that can be read."""
        return {order_id for order_id, kept in self._kept.items() if not kept.deleted}

    def put(self, document: dict[str, Any]) -> None:
        """Set an order's document to what the test begins with."""
        kept = self._kept[document["id"]]
        kept.entity = replace(kept.entity, document=copy.deepcopy(document))

    def touch(self, order_id: str) -> None:
        """Raise the revision, as another writer does."""
        kept = self._kept[order_id]
        kept.entity = replace(kept.entity, revision=kept.entity.revision + 1)

    def _write(self, order: Entity, *, deleted: bool) -> bool:
        self.answer()
        if self._changed_between is not None:
            self._changed_between(self)
        kept = self._kept.get(order.id)
        if kept is None or kept.deleted or kept.entity.revision != order.revision - 1:
            return False
        document = kept.entity.document if deleted else copy.deepcopy(order.document)
        mark = kept.entity.idempotency
        kept.entity = replace(order, document=document, owed=(), idempotency=mark)
        kept.outbox += order.owed
        kept.deleted = deleted
        kept.is_to_roll_up = True
        self.writes += 1
        return True


class InMemoryCancelTaskBook(Away):
    """Keeps cancel tasks; one at a time for an order."""

    def __init__(self, kind: CancelTaskKind = CANCEL_RESOURCE_ORDER) -> None:
        self._kind = kind
        self._kept: dict[str, Kept] = {}

    async def add(self, task: Entity) -> Entity | None:
        self.answer()
        if task.id in self._kept:
            return copy.deepcopy(self._kept[task.id].entity)
        if await self.unfinished_for(task.document[self._kind.order]["id"]):
            raise DuplicateError("Another one isn't over yet.", path=f"{self._kind.order}.id")
        self._kept[task.id] = Kept.of(task)
        return None

    async def get(self, task_id: str) -> Entity:
        self.answer()
        if task_id not in self._kept:
            raise NotFoundError(f"There is no cancellation with the id {task_id!r}.", path="id")
        return copy.deepcopy(self._kept[task_id].entity)

    async def unfinished_for(self, order_id: str) -> Entity | None:
        self.answer()
        every = self._unfinished()
        found = (one for one in every if one.document[self._kind.order]["id"] == order_id)
        return copy.deepcopy(next(found, None))

    async def replace(self, task: Entity) -> bool:
        self.answer()
        kept = self._kept.get(task.id)
        if kept is None or kept.entity.revision != task.revision - 1:
            return False
        mark = kept.entity.idempotency
        kept.entity = replace(copy.deepcopy(task), owed=(), idempotency=mark)
        kept.outbox += task.owed
        return True

    async def unfinished(self, *, due: datetime, after: str, limit: int) -> Sequence[Entity]:
        self.answer()
        found = [
            one
            for one in sorted(self._unfinished(), key=lambda one: one.id)
            if one.id > after
            and one.document.get("requestedCancellationDate", "") <= timestamp(due)
        ]
        return copy.deepcopy(found[:limit])

    def owed(self, task_id: str) -> list[OwedEvent]:
        """Return what waits in the task's outbox."""
        kept = self._kept.get(task_id)
        return [] if kept is None else list(kept.outbox)

    def _unfinished(self) -> list[Entity]:
        every = [kept.entity for kept in self._kept.values()]
        return [one for one in every if one.document["state"] not in FINAL_OF_TASK]


def replaced(kept: dict[str, Entity], changed: Entity) -> bool:
    """Write over the revision before, and tell whether it was still there."""
    before = kept.get(changed.id)
    if before is None or before.revision != changed.revision - 1:
        return False
    kept[changed.id] = replace(copy.deepcopy(changed), owed=(), idempotency=before.idempotency)
    return True
