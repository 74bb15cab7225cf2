"""What is kept of an order, a task or a request, and what a record still has to do."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

    from ordergate.model.common import Document
    from ordergate.model.events import OwedEvent
    from ordergate.model.states import OrderState


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

    def is_issued_with(self, order_ids: Collection[str]) -> bool:
        """Return whether nothing is left to do, noted or not, where these orders are there."""
        ends_others = self.superseded or self.withdrawn or self.closing
        return not (ends_others or self.lacks_any(order_ids))

    def lacks_any(self, order_ids: Collection[str]) -> bool:
        """Return whether an order of it is none of these: it is still to come, or gone again."""
        return any(one.id not in order_ids for one in self.resource_order)

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


@dataclass(frozen=True, slots=True)
class ToRollUp:
    """A change of a resource order that its request may not show yet.

    Args:
        revision: of the order, after the change.
    """

    order_id: str
    request_id: str
    revision: int
