"""The record of a request, with its why, and all else that the process writes, as documents."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from ordergate.model.common import timestamp
from ordergate.model.notification import DeliveryState
from ordergate.model.states import OrderState
from ordergate.process.intake import intake
from ordergate.process.request import RequestType
from ordergate.schemas.characteristics import as_list
from ordergate.schemas.feasibility_assessment import read_feasibility_assessment
from ordergate.schemas.initiating_request import read_initiating_request
from ordergate.schemas.resource_order import (
    present,
    write_hand_over,
    write_reason,
    write_reference,
    write_resource_order,
)
from ordergate.schemas.service_order import read_service_order
from ordergate.schemas.service_order_kept import identified, rewrite_service_order

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ordergate.model.addresses import Addresses
    from ordergate.model.common import Document
    from ordergate.model.feasibility import FeasibilityAssessment
    from ordergate.model.order import ResourceOrder
    from ordergate.process.assessment import Assessment
    from ordergate.process.decision import Decision
    from ordergate.process.entity import RecordedRequest
    from ordergate.process.feasibility import LookedUp
    from ordergate.process.request import InitiatingRequest, RequestedItem
    from ordergate.process.special_handling import HandOver


class StandardDocuments:
    """Writes what the process decided as documents (`process.issue.Documents`).

    Args:
        delivery: where the passing of special orders to Track & Manage begins.
    """

    def __init__(self, delivery: DeliveryState = DeliveryState.NOT_CONFIGURED) -> None:
        self._delivery = delivery

    def resource_order(self, order: ResourceOrder) -> Document:
        """Return the TMF652 `ResourceOrder`."""
        return write_resource_order(order)

    def special_handling(self, hand_over: HandOver) -> Document:
        """Return the hand-over."""
        delivery = {"state": str(self._delivery), "attempts": 0}
        return {**write_hand_over(hand_over), "delivery": delivery}

    def service_order(self, body: Document, decision: Decision, state: OrderState) -> Document:
        """Return the TMF641 order as the decision leaves it, in that state."""
        return rewrite_service_order(body, decision, state)

    def identified(self, service_order: Document, request: InitiatingRequest) -> Document:
        """Return the TMF641 order with the ids of its services."""
        return identified(service_order, request)

    def feasibility_assessment(self, document: Document) -> FeasibilityAssessment:
        """Return what a kept feasibility assessment says."""
        return read_feasibility_assessment(document)

    def request_of(self, record: RecordedRequest, addresses: Addresses) -> InitiatingRequest:
        """Return the request that was recorded, as it was amended since.

        Raises:
            InvalidDocumentError: two items of a service order have the same id.
        """
        known = record.entity.document
        moment = datetime.fromisoformat(known["receivedDate"])
        if record.service_order is not None:
            order = read_service_order(record.service_order)
            request = intake(order, record.entity.id, addresses, moment)
        else:
            asked = record.asked or {}
            request = read_initiating_request(asked, record.entity.id, addresses, moment)
        kind = RequestType(known["requestType"])
        return replace(request, request_type=kind, round=known["assessment"]["round"])

    def initiating_request(self, decision: Decision) -> Document:
        """Return the record: the request, its assessment with every why, and what was issued."""
        request = decision.request
        record: Document = {
            "id": request.id,
            "href": request.href,
            "requestType": str(request.request_type),
            "externalId": request.external_id,
            "category": request.category,
            "description": request.description,
            "priority": request.priority,
            "requestedStartDate": request.requested_start_date,
            "requestedCompletionDate": request.requested_completion_date,
            "state": str(decision.state),
            "receivedDate": timestamp(request.received_date),
            "source": write_reference(request.source) if request.source else None,
            "relatedEntity": list(request.related_entity),
            "relatedParty": list(request.related_party),
            "note": list(request.note),
            "requestedItem": [_requested_item(item) for item in request.item],
            "assessment": assessment_of(decision),
            "resourceOrder": list(_references(decision)),
            "timeline": _timeline(decision),
        }
        return present(record)


def assessment_of(decision: Decision) -> Document:
    """Return the outcome of the request and of each item, with what each came to."""
    made: dict[str, list[Document]] = {}
    for order in decision.all_orders:
        for item in order.item:
            reference = {"resourceOrderId": order.id, "itemId": item.id}
            if item.line is not None:
                reference["line"] = item.line
            made.setdefault(item.requested_item_id, []).append(reference)
    for one in decision.predetermined:
        made.setdefault(one.item_id, []).extend(
            {"resourceOrderId": one.order.id, "itemId": item["id"]}
            for item in one.order.document["orderItem"]
        )
    handed = {one.requested_item_id: one for one in decision.hand_over}
    return {
        "outcome": str(decision.outcome),
        "round": decision.request.round,
        "item": [
            _assessed(one, made.get(one.item.id, []), handed.get(one.item.id))
            for one in decision.assessment
        ],
    }


def _references(decision: Decision) -> Iterator[Document]:
    """Yield references to the resource orders that the decision issues."""
    for order in decision.all_orders:
        kind = str(order.order_type)
        yield {"id": order.id, "href": order.href, "orderType": kind, "domain": order.domain}
    for one in decision.predetermined:
        document = one.order.document
        yield {name: document[name] for name in ("id", "href", "orderType", "domain")}


def _assessed(assessment: Assessment, made: list[Document], hand_over: HandOver | None) -> Document:
    rule = assessment.rule
    written: Document = {
        "id": assessment.item.id,
        "outcome": str(assessment.outcome),
        "rule": {"id": rule.id, "version": rule.version} if rule else None,
        "reason": [write_reason(one) for one in assessment.reason],
        "condition": [
            {
                "code": one.code,
                "expression": one.expression,
                "value": one.value,
                "given": [{"name": name, "value": value} for name, value in one.given.items()],
            }
            for one in assessment.condition
        ],
        "feasibilityAssessment": (
            {"id": found.id, "href": found.href} if (found := assessment.feasibility) else None
        ),
        "lookedUp": [_looked_up(one) for one in assessment.looked_up],
        "resourceOrderItem": made,
        "specialHandling": {"id": hand_over.id, "href": hand_over.href} if hand_over else None,
    }
    return present(written)


def _looked_up(one: LookedUp) -> Document:
    reference = {"id": one.id, "href": one.href} if one.href else {"id": one.id}
    return {
        "feasibilityAssessment": reference,
        "used": one.used,
        "why": one.code,
        "message": one.message,
    }


def _requested_item(item: RequestedItem) -> Document:
    """Return the item in the one shape, whatever door it came by."""
    asked = item.specification
    written: Document = {
        "id": item.id,
        "action": str(item.action),
        "quantity": item.quantity,
        "specification": (
            {"id": asked.id, "name": asked.name, "version": asked.version} if asked else None
        ),
        "characteristic": as_list(item.characteristic),
        "place": list(item.place.values()),
        "relatedParty": list(item.party.values()),
        "requestedItemRelationship": [
            {"relationshipType": "dependency", "itemId": target} for target in item.relies_on
        ],
        "service": {"id": item.service_id} if item.service_id else None,
        "requestedStartDate": item.requested_start_date,
        "path": item.path,
    }
    if asked:
        known = written["specification"]
        written["specification"] = {k: v for k, v in known.items() if v is not None}
    return present(written)


def _timeline(decision: Decision) -> list[Document]:
    """Return what happened so far; all of it at the moment of receipt."""
    moment = timestamp(decision.request.received_date)
    steps = [("received", f"{len(decision.request.item)} requested items")]
    steps.append(("assessed", str(decision.outcome)))
    if issued := len(decision.resource_order) + len(decision.predetermined):
        steps.append(("issued", f"{issued} resource orders"))
    if decision.hand_over:
        steps.append(("handedOver", f"{len(decision.hand_over)} items need special handling"))
    if decision.state is OrderState.PENDING:
        steps.append(("informationRequired", "what is missing is named in the assessment"))
    return [{"date": moment, "event": event, "detail": detail} for event, detail in steps]
