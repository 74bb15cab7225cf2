"""What the process needs from the world, in its own words; `storage` and `catalog` provide it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from datetime import datetime

    from ordergate.model.common import Document
    from ordergate.model.events import OwedEvent
    from ordergate.model.states import OrderState
    from ordergate.process.rules import Rule


@dataclass(frozen=True, slots=True)
class Idempotency:
    """What makes a request the same when it comes again, and the fingerprint of its body.

    Args:
        key: the client's `Idempotency-Key`, its `externalId`, or the id of an event.
        named: what the client calls it.
        claim: the `Idempotency-Key` at its door, where the id comes from the `externalId`.
    """

    key: str
    fingerprint: str
    named: str = "Idempotency-Key"
    claim: str | None = None


@dataclass(frozen=True, slots=True)
class Cancellation:
    """What an order remembers of the cancel task that was last at it (S13 to S22).

    Args:
        prior_state: where the order goes back to if the task is denied.
        denied: why it was denied; None if it wasn't.
        compensated: ids of a resource order's items whose work has to be undone (I3, I4).
    """

    task_id: str
    prior_state: OrderState
    denied: str | None = None
    compensated: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Entity:
    """A document as it is kept: with its revision, and how many events it has had.

    Args:
        owed: events that this change owes to listeners, written with it in one write.
        idempotency: the key that made it, if there was one.
        cancellation: of an order that a cancel task is or was at.
    """

    id: str
    document: Document
    revision: int = 1
    sequence: int = 0
    owed: tuple[OwedEvent, ...] = ()
    idempotency: Idempotency | None = None
    cancellation: Cancellation | None = None


@dataclass(frozen=True, slots=True)
class Closing:
    """Items of an order that an answer brings to their end, and the hand-over of it.

    Args:
        state: `completed`, or `failed` where what was asked can't be delivered.
        text: goes to the order as a note.
        hand_over_id: the hand-over that is resolved with them; None where there is none.
    """

    order_id: str
    item_ids: tuple[str, ...]
    state: OrderState
    text: str
    hand_over_id: str | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What a recorded request still has to do: every step may be taken again.

    Args:
        superseded: ids of orders to cancel, because others take their place.
        withdrawn: ids of hand-overs that nobody needs to see to any more.
        closing: what has been answered.
        revision: of the record, when the plan was made.
    """

    resource_order: tuple[Entity, ...] = ()
    special_handling: tuple[Entity, ...] = ()
    superseded: tuple[str, ...] = ()
    withdrawn: tuple[str, ...] = ()
    closing: tuple[Closing, ...] = ()
    revision: int = 1

    def __bool__(self) -> bool:
        """Return whether anything is to be done."""
        orders = self.resource_order or self.superseded or self.closing
        return bool(orders or self.special_handling or self.withdrawn)

    def after(self, earlier: Plan) -> Plan:
        """Return this plan with what an earlier one may have left undone."""
        return Plan(
            (*earlier.resource_order, *self.resource_order),
            (*earlier.special_handling, *self.special_handling),
            (*earlier.superseded, *self.superseded),
            (*earlier.withdrawn, *self.withdrawn),
            (*earlier.closing, *self.closing),
            self.revision,
        )


@dataclass(frozen=True, slots=True)
class Waiting:
    """A requested item for which nothing is provisioned yet."""

    item_id: str
    specification_id: str


@dataclass(frozen=True, slots=True)
class RecordedRequest:
    """The record of a request: the commit point of issuing (eTOM 1.5.6.7, C4).

    Args:
        entity: the record's document, and the events owed for the service order.
        service_order: the TMF641 order itself, where the request is one.
        asked: what came in at the gateway's own door, where the request is none.
        plan: what is not yet known to be issued; empty when all is.
        waiting: the items that a feasibility assessment could release.
    """

    entity: Entity
    service_order: Document | None = None
    asked: Document | None = None
    plan: Plan = field(default_factory=Plan)
    waiting: tuple[Waiting, ...] = ()

    @property
    def revision(self) -> int:
        """The revision of the record, and of its service order."""
        return self.entity.revision

    @property
    def owed(self) -> tuple[OwedEvent, ...]:
        """The events that its last change owes."""
        return self.entity.owed


class RuleBook(Protocol):
    """The rules in force, compiled."""

    def current(self) -> Sequence[Rule]:
        """Return them; changes by others are seen within `catalog_interval`."""


class RequestBook(Protocol):
    """Keeps the records of requests."""

    async def add(self, record: RecordedRequest) -> RecordedRequest | None:
        """Store the record in one write; return None, or the one that has its id already.

        Raises:
            DuplicateError: the service order that its Idempotency-Key made was deleted since.
            InProgressError: its id is taken, and the store doesn't show by what.
        """

    async def claim(self, key: str, fingerprint: str) -> str:
        """Keep the fingerprint under the key unless one is there; return the one that is.

        Raises:
            InProgressError: as `add`.
        """

    async def get(self, request_id: str) -> RecordedRequest:
        """Return the record.

        Raises:
            NotFoundError: there is none.
        """

    async def replace(self, record: RecordedRequest) -> bool:
        """Store a changed record, its service order and its owed events, all in one write.

        The plan is written if it was made with this change; else the one that is kept stays.
        Return whether its revision was still the one before; if not, nothing was written.
        """

    async def settle(self, record: RecordedRequest) -> None:
        """Note that the whole plan of the record is issued, unless there is a newer one."""

    async def unsettled(
        self, *, received_before: datetime, limit: int
    ) -> Sequence[RecordedRequest]:
        """Return records of before that moment whose plan isn't known to be issued."""

    async def waiting_for(
        self, specification_id: str, *, after: str, limit: int
    ) -> Sequence[RecordedRequest]:
        """Return records with an item of that specification that waits, by id, beyond `after`."""


@dataclass(frozen=True, slots=True)
class ToRollUp:
    """A change of a resource order that its request may not show yet.

    Args:
        revision: of the order, after the change.
    """

    order_id: str
    request_id: str
    revision: int


class OrderBook(Protocol):
    """Keeps resource orders.

    A change of one that was issued for a request is kept as to be rolled up, in the same write.
    """

    async def add(self, order: Entity) -> Entity | None:
        """Store the order in one write; return None, or the one that has its id already.

        Raises:
            DuplicateError: the one that its Idempotency-Key made was deleted since.
        """

    async def add_all(self, orders: Sequence[Entity]) -> None:
        """Store the orders; one whose id is there already is left as it is."""

    async def get(self, order_id: str) -> Entity:
        """Return the order.

        Raises:
            NotFoundError: there is none.
        """

    async def of_request(self, request_id: str) -> Sequence[Entity]:
        """Return the orders that were issued for a request and are there, by id."""

    async def replace(self, order: Entity) -> bool:
        """Store a changed order and its owed events, if its revision is still the one before.

        Return whether it was; if not, nothing was written.
        """

    async def remove(self, order: Entity) -> bool:
        """Take the order away; its owed events are told all the same. Return as `replace`."""

    async def concerning(
        self, services: Collection[str], resources: Collection[str]
    ) -> Sequence[Document]:
        """Return the orders with an item for one of those services or resources, oldest first.

        Also those that were deleted since, if they were over: what they delivered is still there.
        Of such a one only what `history` reads may be left.
        """

    async def issued_by(self, requests: Collection[str]) -> Sequence[Document]:
        """Return the orders that were issued for those requests, likewise."""

    async def waiting_for(self, orders: Collection[str]) -> Sequence[Document]:
        """Return the orders with an item that waits for one of those orders, likewise."""

    async def to_roll_up(self, *, after: str, limit: int) -> Sequence[ToRollUp]:
        """Return changes that may not be rolled up yet, by the order's id, from beyond `after`."""

    async def rolled_up(self, change: ToRollUp) -> None:
        """Note that the change is rolled up, unless the order changed since."""


class CancelTaskBook(Protocol):
    """Keeps the cancel tasks of resource orders, or those of service orders."""

    async def add(self, task: Entity) -> Entity | None:
        """Store the task in one write; return None, or the one that has its id already.

        Raises:
            DuplicateError: another task for the same order isn't over yet.
        """

    async def get(self, task_id: str) -> Entity:
        """Return the task.

        Raises:
            NotFoundError: there is none.
        """

    async def unfinished_for(self, order_id: str) -> Entity | None:
        """Return the task for that order that isn't over, if there is one."""

    async def replace(self, task: Entity) -> bool:
        """Store a changed task and its owed events; see `OrderBook.replace`."""

    async def unfinished(self, *, due: datetime, after: str, limit: int) -> Sequence[Entity]:
        """Return tasks that aren't over and were due by then, by id, from beyond `after`."""


class HandOverBook(Protocol):
    """Keeps the hand-overs to Track & Manage Resource Provisioning (eTOM 1.5.6.7, C5)."""

    async def add_all(self, hand_overs: Sequence[Entity]) -> None:
        """Store the hand-overs; one whose id is there already is left as it is."""

    async def get(self, handling_id: str) -> Entity:
        """Return the hand-over.

        Raises:
            NotFoundError: there is none.
        """

    async def replace(self, hand_over: Entity) -> bool:
        """Store a changed hand-over; see `OrderBook.replace`."""

    async def open_for(
        self, *, request_ids: Collection[str] = (), specifications: Collection[str] = ()
    ) -> Sequence[Entity]:
        """Return those not resolved yet, of one of the requests or specifications, by id."""


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """Return the present moment in UTC."""


class FaultPoints(Protocol):
    """Named points at which a test may end the process."""

    def reached(self, point: str) -> None:
        """Say that `point` is reached."""


class Relay(Protocol):
    """Brings owed events from outboxes to the lanes of their listeners."""

    def wake(self) -> None:
        """Say that new events are owed; returns at once."""


class Meter(Protocol):
    """Counts for whoever runs the gateway."""

    def decided(self, request_type: str, outcome: str, order_types: Iterable[str]) -> None:
        """Count a request with what it took."""


class FeasibilityBook(Protocol):
    """Keeps feasibility assessments (eTOM 1.5.6.7, C6)."""

    async def add(self, assessment: Entity) -> Entity | None:
        """Store the assessment in one write, as not yet applied; see `OrderBook.add`."""

    async def get(self, assessment_id: str) -> Entity:
        """Return the assessment.

        Raises:
            NotFoundError: there is none.
        """

    async def replace(self, assessment: Entity) -> bool:
        """Store a changed assessment; see `OrderBook.replace`."""

    async def known_for(
        self,
        *,
        ids: Collection[str] = (),
        requests: Collection[str] = (),
        specifications: Collection[str] = (),
        limit: int = 1000,
    ) -> Sequence[Document]:
        """Return those that may concern a request, the newest `recordedDate` first.

        They have one of the ids, answer one of the requests (by its id), or apply to one of the
        specifications (by its id).
        """

    async def unapplied(self, *, recorded_before: datetime, limit: int) -> Sequence[Entity]:
        """Return those of before that moment which nobody called applied, the oldest first."""

    async def applied(self, assessment_id: str) -> None:
        """Note that all that waited for the assessment has been decided by it."""
