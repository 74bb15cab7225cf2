"""Issue: decide the whole request, check that the set is correct and complete, and record it.

eTOM 1.5.6.7: issue correct and complete resource orders; a record is made of the initiating
request and its associated resource orders.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from ordergate.model.common import Action
from ordergate.model.completion import completed
from ordergate.model.events import EventType
from ordergate.model.order import OrderType, Reason
from ordergate.model.states import OrderState
from ordergate.process.assess import Outcome, assess, by_id, outcome_of, rule_failed
from ordergate.process.determine import determine
from ordergate.process.draft import MOST_ITEMS, draft, linked
from ordergate.process.notify import notify
from ordergate.process.ports import Entity, Plan, RecordedRequest
from ordergate.process.rules import ExpressionError, Feasibility
from ordergate.process.special_handling import special_handling
from ordergate.process.verify import verify

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from ordergate.model.addresses import Addresses
    from ordergate.model.common import Document
    from ordergate.model.events import OwedEvent
    from ordergate.model.order import ResourceOrder
    from ordergate.process.assess import Assessment
    from ordergate.process.draft import Draft
    from ordergate.process.knowledge import Knowledge
    from ordergate.process.ports import Idempotency
    from ordergate.process.request import InitiatingRequest
    from ordergate.process.special_handling import HandOver

_STATES = {
    Outcome.REJECTED: OrderState.REJECTED,
    Outcome.INFORMATION_REQUIRED: OrderState.PENDING,
    Outcome.SPECIAL: OrderState.ACKNOWLEDGED,
    Outcome.STANDARD: OrderState.ACKNOWLEDGED,
}


@dataclass(frozen=True, slots=True)
class Decision:
    """What a request takes, and why.

    Args:
        resource_order: the standard set; those of the hand-overs are in `hand_over`.
    """

    request: InitiatingRequest
    assessment: tuple[Assessment, ...]
    resource_order: tuple[ResourceOrder, ...] = ()
    hand_over: tuple[HandOver, ...] = ()

    @property
    def outcome(self) -> Outcome:
        """The request's own outcome."""
        return outcome_of(self.assessment)

    @property
    def state(self) -> OrderState:
        """The state that the request, and a service order, ends up in."""
        return _STATES[self.outcome]

    @property
    def all_orders(self) -> tuple[ResourceOrder, ...]:
        """Every order that is issued, the special ones last."""
        return (*self.resource_order, *(one.order for one in self.hand_over))


class Documents(Protocol):
    """Writes what was decided as documents; `schemas` provides it."""

    def resource_order(self, order: ResourceOrder) -> Document:
        """Return the TMF652 `ResourceOrder`."""

    def special_handling(self, hand_over: HandOver) -> Document:
        """Return the hand-over."""

    def initiating_request(self, decision: Decision) -> Document:
        """Return the record of the request, with its why."""


def decide(
    request: InitiatingRequest, known: Knowledge, addresses: Addresses, moment: datetime
) -> Decision:
    """Return what the request takes: all its orders, or none where an item stops it."""
    assessments = assess(request, known.rules, moment)
    if outcome_of(assessments) in {Outcome.REJECTED, Outcome.INFORMATION_REQUIRED}:
        return Decision(request, assessments)
    assessments, drafts = _drafted(request, assessments)
    orders: tuple[ResourceOrder, ...] = ()
    while True:
        assessments = _held_back(assessments)
        standing = {
            one.item.id: drafts.get(one.item.id, ())
            for one in assessments
            if one.outcome is Outcome.STANDARD
        }
        orders = determine(request, linked(standing), addresses, moment)
        findings = dict(verify(assessments, orders))
        if not findings:
            break
        assessments = tuple(
            one.as_special(findings[one.item.id]) if one.item.id in findings else one
            for one in assessments
        )
    hand_overs = tuple(
        special_handling(request, one, addresses, moment)
        for one in assessments
        if one.outcome is Outcome.SPECIAL
    )
    return Decision(request, assessments, orders, hand_overs)


def _drafted(
    request: InitiatingRequest, assessments: Sequence[Assessment]
) -> tuple[tuple[Assessment, ...], dict[str, tuple[Draft, ...]]]:
    """Draft the standard items; one whose rule fails, or makes too many, is handed over instead."""
    drafts: dict[str, tuple[Draft, ...]] = {}
    settled = []
    room = MOST_ITEMS
    for one in assessments:
        if one.outcome is Outcome.STANDARD and one.rule is not None:
            try:
                made = draft(request, one, one.rule, room)
            except ExpressionError as error:
                settled.append(one.as_special(rule_failed(one.item, error)))
                continue
            drafts[one.item.id] = made
            room -= len(made)
        settled.append(one)
    return tuple(settled), drafts


def _held_back(assessments: Sequence[Assessment]) -> tuple[Assessment, ...]:
    """Hand over also what waits for an item that isn't provisioned now, and what waits for that."""
    current = dict(by_id(assessments))
    waiting: dict[str, list[str]] = {}
    for one in assessments:
        for target in one.item.relies_on:
            waiting.setdefault(target, []).append(one.item.id)
    stopped = [one.item.id for one in assessments if not _is_provisioned(one)]
    while stopped:
        target = stopped.pop()
        for item_id in waiting.pop(target, ()):
            one = current[item_id]
            if one.outcome is Outcome.STANDARD and one.item.action is not Action.NO_CHANGE:
                said = f"It waits for {target}, which is not provisioned yet."
                reason = Reason("waitsForUnissued", said, one.item.path)
                current[item_id] = one.as_special(reason)
                stopped.append(item_id)
    return tuple(current.values())


def _is_provisioned(assessment: Assessment) -> bool:
    survey_first = assessment.rule and assessment.rule.feasibility is Feasibility.ALWAYS
    return assessment.outcome is Outcome.STANDARD and not survey_first


def issue(
    decision: Decision,
    documents: Documents,
    service_order: Document | None,
    idempotency: Idempotency | None,
) -> RecordedRequest:
    """Return the record of the request, with the plan of what is to be issued.

    Storing it is the commit point: what the plan holds is issued from then on, crash or not.
    """
    request = decision.request
    moment = request.received_date
    owed = tuple(_service_order_events(decision, service_order)) if service_order else ()
    record = Entity(
        request.id,
        documents.initiating_request(decision),
        sequence=len(owed),
        owed=owed,
        idempotency=idempotency,
    )
    orders = tuple(_issued(order, documents, moment) for order in decision.all_orders)
    hand_overs = tuple(
        Entity(one.id, documents.special_handling(one)) for one in decision.hand_over
    )
    return RecordedRequest(record, service_order, plan=Plan(orders, hand_overs))


def _issued(order: ResourceOrder, documents: Documents, moment: datetime) -> Entity:
    """Return an issued order with the events that tell of it."""
    document = completed(documents.resource_order(order), moment)
    create = EventType.RESOURCE_ORDER_CREATE
    kind = "feasibility assessment" if order.order_type is OrderType.FEASIBILITY else "provisioning"
    owed = [notify(create, document, 1, moment, description=f"Issued for {kind}.")]
    if order.special_handling is not None:
        owed.append(
            notify(
                EventType.RESOURCE_ORDER_INFORMATION_REQUIRED,
                document,
                2,
                moment,
                description="; ".join(one.message for one in order.special_handling.reason),
                field_path="specialHandling",
            )
        )
    return Entity(order.id, document, sequence=len(owed), owed=tuple(owed))


def _service_order_events(decision: Decision, document: Document) -> Iterator[OwedEvent]:
    """Yield what the listeners of the service order are told of its decision."""
    moment = decision.request.received_date
    missing = [
        reason
        for one in decision.assessment
        if one.outcome is Outcome.INFORMATION_REQUIRED
        for reason in one.reason
    ]
    create = EventType.SERVICE_ORDER_CREATE
    if decision.state is OrderState.REJECTED:
        received = _as_received(document)
        yield notify(create, received, 1, moment, description="Received.")
        change = EventType.SERVICE_ORDER_STATE_CHANGE
        yield notify(change, document, 2, moment, description="acknowledged -> rejected")
        return
    yield notify(create, document, 1, moment, description="Received.")
    if decision.state is OrderState.PENDING:
        yield notify(
            EventType.SERVICE_ORDER_INFORMATION_REQUIRED,
            document,
            2,
            moment,
            description="; ".join(reason.message for reason in missing),
            field_path=",".join(reason.path for reason in missing if reason.path),
        )


def _as_received(document: Document) -> Document:
    """Return the service order, or an item of it, as it was before its rejection (S1, then S2)."""
    received = {name: value for name, value in document.items() if name != "errorMessage"}
    if "serviceOrderItem" in document:
        received["serviceOrderItem"] = [_as_received(one) for one in document["serviceOrderItem"]]
    return {**received, "state": str(OrderState.ACKNOWLEDGED)}
