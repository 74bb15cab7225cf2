"""Fakes of the process's ports; those of the books are proven by the contract suites."""

from __future__ import annotations

import copy
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from make import MOMENT
from ordergate.errors import DuplicateError, NotFoundError, StoreUnavailableError
from ordergate.model.cancel_task import CANCEL_RESOURCE_ORDER
from ordergate.model.common import timestamp
from ordergate.model.notification import DeliveryState
from ordergate.model.states import FINAL, FINAL_OF_TASK
from ordergate.process.entity import Plan, ToRollUp
from ordergate.process.record import request_id_of
from ordergate.process.rules import ExpressionError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
    from datetime import datetime

    from ordergate.model.cancel_task import CancelTaskKind
    from ordergate.model.common import Document
    from ordergate.model.events import OwedEvent
    from ordergate.process.entity import Entity, RecordedRequest
    from ordergate.process.evaluation import Effort
    from ordergate.process.rules import Rule


class FixedClock:
    """Shows the moment it is set to, and stands still."""

    def __init__(self, moment: datetime = MOMENT) -> None:
        self.moment = moment

    def now(self) -> datetime:
        return self.moment


class RecordingRelay:
    """Counts how often it is woken."""

    def __init__(self) -> None:
        self.woken = 0

    def wake(self) -> None:
        self.woken += 1


class CrashError(Exception):
    """The end of a process, as far as one test can tell."""


class NoFaults:
    """Lets every point pass."""

    def reached(self, point: str) -> None:
        """Do nothing."""


class FaultAt:
    """Ends the process at one named point, each time it is reached."""

    def __init__(self, point: str) -> None:
        self._point = point

    def reached(self, point: str) -> None:
        if point == self._point:
            raise CrashError(point)


class FixedRules:
    """Has always the same rules in force."""

    def __init__(self, *rules: Rule) -> None:
        self._rules = rules

    def current(self) -> Sequence[Rule]:
        return self._rules


class CountingMeter:
    """Keeps what it is told, in order: request type, outcome, order types."""

    def __init__(self) -> None:
        self.counted: list[tuple[str, str, list[str]]] = []

    def decided(self, request_type: str, outcome: str, order_types: Iterable[str]) -> None:
        self.counted.append((request_type, outcome, list(order_types)))


@dataclass(frozen=True, slots=True)
class Computed:
    """An expression in Python; what it hasn't got is an `ExpressionError`, as in the catalog."""

    source: str
    compute: Callable[[Mapping[str, Any]], Any] = field(compare=False)

    def names(self, variable: str) -> bool:  # noqa: ARG002 - it may look at anything
        return True

    def evaluate(self, scope: Mapping[str, Any], effort: Effort) -> Any:
        effort.take(1)
        try:
            return self.compute(scope)
        except (LookupError, TypeError, ValueError) as error:
            raise ExpressionError(f"{self.source}: {error!r}") from error

    def looked_at(self, scope: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the characteristics, as if it looked at each."""
        return {f"characteristic.{k}": value for k, value in scope["characteristic"].items()}


@dataclass
class _Kept:
    """A stored entity with its outbox, which outlives the entity until it is told of."""

    entity: Entity
    outbox: list[OwedEvent]
    deleted: bool = False
    is_to_roll_up: bool = False

    @classmethod
    def of(cls, entity: Entity) -> _Kept:
        return cls(copy.deepcopy(replace(entity, owed=())), list(entity.owed))


class _Away:
    """A store that answers unless `is_away` is set; then it is as silent as one that is down."""

    is_away = False

    def answer(self) -> None:
        if self.is_away:
            raise StoreUnavailableError("It is away.")


class InMemoryOrderBook(_Away):
    """Keeps resource orders with revision and outbox; a removed one stays hidden with its events.

    Args:
        changed_between: called before each change is written, as somebody else would come between.
    """

    def __init__(
        self, changed_between: Callable[[InMemoryOrderBook], object] | None = None
    ) -> None:
        self._kept: dict[str, _Kept] = {}
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
        self._kept[order.id] = _Kept.of(order)
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


class InMemoryCancelTaskBook(_Away):
    """Keeps cancel tasks; one at a time for an order."""

    def __init__(self, kind: CancelTaskKind = CANCEL_RESOURCE_ORDER) -> None:
        self._kind = kind
        self._kept: dict[str, _Kept] = {}

    async def add(self, task: Entity) -> Entity | None:
        self.answer()
        if task.id in self._kept:
            return copy.deepcopy(self._kept[task.id].entity)
        if await self.unfinished_for(task.document[self._kind.order]["id"]):
            raise DuplicateError("Another one isn't over yet.", path=f"{self._kind.order}.id")
        self._kept[task.id] = _Kept.of(task)
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


class InMemoryRequestBook(_Away):
    """Keeps the records of requests; a settled one has no plan any more.

    `asked` counts how often it was asked for what is left, `writes` what was written.

    Args:
        changed_between: called before each change is written, as somebody else would come between.
    """

    def __init__(
        self, changed_between: Callable[[InMemoryRequestBook], object] | None = None
    ) -> None:
        self._kept: dict[str, RecordedRequest] = {}
        self._claims: dict[str, str] = {}
        self._changed_between = changed_between
        self.asked = 0
        self.writes = 0

    async def add(self, record: RecordedRequest) -> RecordedRequest | None:
        self.answer()
        if record.entity.id in self._kept:
            return self._read(record.entity.id)
        self._kept[record.entity.id] = copy.deepcopy(record)
        self.writes += 1
        return None

    async def claim(self, key: str, fingerprint: str) -> str:
        self.answer()
        return self._claims.setdefault(key, fingerprint)

    async def get(self, request_id: str) -> RecordedRequest:
        self.answer()
        if request_id not in self._kept:
            raise NotFoundError(f"There is no request with the id {request_id!r}.", path="id")
        return self._read(request_id)

    async def replace(self, record: RecordedRequest) -> bool:
        self.answer()
        if self._changed_between is not None:
            self._changed_between(self)
        kept = self._kept.get(record.entity.id)
        if kept is None or kept.revision != record.revision - 1:
            return False
        mine = record.plan.revision == record.revision
        owed = (*kept.owed, *record.owed)
        entity = replace(record.entity, owed=owed, idempotency=kept.entity.idempotency)
        changed = replace(record, entity=entity, plan=record.plan if mine else kept.plan)
        self._kept[record.entity.id] = copy.deepcopy(changed)
        self.writes += 1
        return True

    async def settle(self, record: RecordedRequest) -> None:
        self.answer()
        kept = self._kept.get(record.entity.id)
        if kept is not None and kept.plan.revision == record.plan.revision:
            self._kept[record.entity.id] = replace(kept, plan=Plan())

    async def unsettled(self, *, received_before: datetime, limit: int) -> list[RecordedRequest]:
        self.answer()
        self.asked += 1
        left = [
            record.entity.id
            for record in self._kept.values()
            if record.plan and record.entity.document["receivedDate"] <= timestamp(received_before)
        ]
        return [self._read(request_id) for request_id in left[:limit]]

    async def waiting_for(
        self, specification_id: str, *, after: str, limit: int
    ) -> list[RecordedRequest]:
        self.answer()
        found = [
            request_id
            for request_id, record in sorted(self._kept.items())
            if request_id > after
            and any(one.specification_id == specification_id for one in record.waiting)
        ]
        return [self._read(request_id) for request_id in found[:limit]]

    def touch(self, request_id: str) -> None:
        """Raise the revision, as another writer does."""
        kept = self._kept[request_id]
        self._kept[request_id] = replace(
            kept, entity=replace(kept.entity, revision=kept.revision + 1)
        )

    def owed(self, request_id: str) -> list[OwedEvent]:
        """Return what waits in the record's outbox."""
        kept = self._kept.get(request_id)
        return [] if kept is None else list(kept.entity.owed)

    def _read(self, request_id: str) -> RecordedRequest:
        """Return the record; its outbox is the relay's business and stays behind."""
        kept = copy.deepcopy(self._kept[request_id])
        return replace(kept, entity=replace(kept.entity, owed=()))


class InMemoryHandOverBook(_Away):
    """Keeps the hand-overs."""

    def __init__(self) -> None:
        self._kept: dict[str, Entity] = {}

    async def add_all(self, hand_overs: Sequence[Entity]) -> None:
        self.answer()
        for one in hand_overs:
            self._kept.setdefault(one.id, copy.deepcopy(one))

    async def get(self, handling_id: str) -> Entity:
        self.answer()
        if handling_id not in self._kept:
            raise NotFoundError(f"There is no hand-over with the id {handling_id!r}.", path="id")
        return copy.deepcopy(self._kept[handling_id])

    async def replace(self, hand_over: Entity) -> bool:
        self.answer()
        return _replaced(self._kept, hand_over)

    async def open_for(
        self, *, request_ids: Collection[str] = (), specifications: Collection[str] = ()
    ) -> Sequence[Entity]:
        self.answer()

        def matches(document: dict[str, Any]) -> bool:
            specification = document.get("requestedItem", {}).get("specification", {}).get("id")
            request_id = document.get("initiatingRequest", {}).get("id")
            return request_id in request_ids or specification in specifications

        open_ones = [one for one in self.all() if one.document["state"] != "resolved"]
        found = [one for one in open_ones if matches(one.document)]
        return copy.deepcopy(sorted(found, key=lambda one: one.id))

    async def attempted(
        self,
        order_id: str,
        state: DeliveryState,
        moment: datetime,
        *,
        status: int | None = None,
        error: str | None = None,
    ) -> None:
        self.answer()
        for one in self.all():
            delivery = one.document.get("delivery", {})
            is_of_order = one.document.get("resourceOrder", {}).get("id") == order_id
            if not is_of_order or delivery.get("state") == "delivered":
                continue
            tried = {"date": timestamp(moment), "status": status, "error": error}
            noted = {
                **delivery,
                "state": str(state),
                "attempts": delivery.get("attempts", 0) + 1,
                "lastAttempt": {k: v for k, v in tried.items() if v is not None},
            }
            if state is DeliveryState.DELIVERED:
                noted["deliveredDate"] = timestamp(moment)
            document = {**one.document, "delivery": noted}
            self._kept[one.id] = replace(one, document=document, revision=one.revision + 1)

    async def give_up(self) -> int:
        self.answer()
        waiting = [one for one in self.all() if _delivery_state(one) == DeliveryState.PENDING]
        for one in waiting:
            delivery = {**one.document["delivery"], "state": str(DeliveryState.NOT_CONFIGURED)}
            document = {**one.document, "delivery": delivery}
            self._kept[one.id] = replace(one, document=document, revision=one.revision + 1)
        return len(waiting)

    def all(self) -> list[Entity]:
        """Return every hand-over."""
        return list(self._kept.values())


class InMemoryFeasibilityBook(_Away):
    """Keeps feasibility assessments."""

    def __init__(self) -> None:
        self._kept: dict[str, Entity] = {}
        self._unapplied: set[str] = set()

    async def add(self, assessment: Entity) -> Entity | None:
        self.answer()
        if assessment.id in self._kept:
            return copy.deepcopy(self._kept[assessment.id])
        self._kept[assessment.id] = copy.deepcopy(assessment)
        self._unapplied.add(assessment.id)
        return None

    async def get(self, assessment_id: str) -> Entity:
        self.answer()
        if assessment_id not in self._kept:
            raise NotFoundError(f"There is no assessment with the id {assessment_id!r}.", path="id")
        return copy.deepcopy(self._kept[assessment_id])

    async def replace(self, assessment: Entity) -> bool:
        self.answer()
        return _replaced(self._kept, assessment)

    async def known_for(
        self,
        *,
        ids: Collection[str] = (),
        requests: Collection[str] = (),
        specifications: Collection[str] = (),
        limit: int = 1000,
    ) -> Sequence[dict[str, Any]]:
        self.answer()

        def matches(one: dict[str, Any]) -> bool:
            request_id = one.get("for", {}).get("initiatingRequest", {}).get("id")
            specification = one.get("appliesTo", {}).get("specification", {}).get("id")
            wanted = (one["id"] in ids, request_id in requests, specification in specifications)
            return any(wanted)

        found = [kept.document for kept in self._kept.values() if matches(kept.document)]
        found.sort(key=lambda one: (one["recordedDate"], one["id"]), reverse=True)
        return copy.deepcopy(found[:limit])

    async def unapplied(self, *, recorded_before: datetime, limit: int) -> Sequence[Entity]:
        self.answer()
        left = [self._kept[one] for one in self._unapplied]
        left = [one for one in left if one.document["recordedDate"] <= timestamp(recorded_before)]
        left.sort(key=lambda one: str(one.document["recordedDate"]))
        return copy.deepcopy(left[:limit])

    async def applied(self, assessment_id: str) -> None:
        self.answer()
        self._unapplied.discard(assessment_id)


def _replaced(kept: dict[str, Entity], changed: Entity) -> bool:
    """Write over the revision before, and tell whether it was still there."""
    before = kept.get(changed.id)
    if before is None or before.revision != changed.revision - 1:
        return False
    kept[changed.id] = replace(copy.deepcopy(changed), owed=(), idempotency=before.idempotency)
    return True


def _delivery_state(hand_over: Entity) -> Any:
    return hand_over.document.get("delivery", {}).get("state")
