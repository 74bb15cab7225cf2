"""Issue: record what was decided, with the plan of what is to be issued.

eTOM 1.5.6.7: issue correct and complete resource orders; a record is made of the initiating
request and its associated resource orders.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from ordergate.model.completion import completed
from ordergate.model.events import EventType
from ordergate.model.order import OrderType
from ordergate.model.states import OrderState
from ordergate.process.assessment import Outcome
from ordergate.process.entity import Entity, Plan, RecordedRequest, Waiting
from ordergate.process.notify import notify

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from ordergate.model.addresses import Addresses
    from ordergate.model.common import Document
    from ordergate.model.events import OwedEvent
    from ordergate.model.feasibility import FeasibilityAssessment
    from ordergate.model.order import ResourceOrder
    from ordergate.process.decision import Decision
    from ordergate.process.entity import Idempotency
    from ordergate.process.request import InitiatingRequest
    from ordergate.process.special_handling import HandOver


class Documents(Protocol):
    """Writes what was decided as documents; `schemas` provides it."""

    def resource_order(self, order: ResourceOrder) -> Document:
        """Return the TMF652 `ResourceOrder`."""

    def special_handling(self, hand_over: HandOver) -> Document:
        """Return the hand-over."""

    def initiating_request(self, decision: Decision) -> Document:
        """Return the record of the request, with its why."""

    def service_order(self, body: Document, decision: Decision, state: OrderState) -> Document:
        """Return the TMF641 order as the decision leaves it, in that state."""

    def identified(self, service_order: Document, request: InitiatingRequest) -> Document:
        """Return the TMF641 order with the ids of its services."""

    def feasibility_assessment(self, document: Document) -> FeasibilityAssessment:
        """Return what a kept feasibility assessment says."""

    def request_of(self, record: RecordedRequest, addresses: Addresses) -> InitiatingRequest:
        """Return the request that was recorded, as it was amended since."""


def issue(
    decision: Decision,
    documents: Documents,
    service_order: Document | None,
    idempotency: Idempotency | None,
    asked: Document | None = None,
) -> RecordedRequest:
    """Return the record of the request, with the plan of what is to be issued.

    Storing it is the commit point: what the plan holds is issued from then on, crash or not.

    Args:
        asked: what came in, where it is no service order.
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
    orders = planned(decision, documents, moment)
    plan = Plan(orders, hand_overs_of(decision, documents), decision.superseded)
    return RecordedRequest(record, service_order, asked, plan, waiting_in(decision))


def hand_overs_of(decision: Decision, documents: Documents) -> tuple[Entity, ...]:
    """Return the hand-overs to make."""
    return tuple(Entity(one.id, documents.special_handling(one)) for one in decision.hand_over)


def waiting_in(decision: Decision) -> tuple[Waiting, ...]:
    """Return the items for which nothing is provisioned until their feasibility is known."""
    if decision.stops:
        return ()
    return tuple(
        Waiting(one.item.id, one.item.specification.id if one.item.specification else "")
        for one in decision.assessment
        if one.item.id in decision.deferred or not one.is_provisioned
    )


def planned(decision: Decision, documents: Documents, moment: datetime) -> tuple[Entity, ...]:
    """Return the resource orders to issue, each with the events that tell of it."""
    determined = (_issued(order, documents, moment) for order in decision.all_orders)
    return (*determined, *(one.order for one in decision.predetermined))


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
