"""TMF652 resource orders and hand-overs, written as documents."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ordergate.model.common import timestamp
from ordergate.model.states import OrderState
from ordergate.schemas.characteristics import as_list

if TYPE_CHECKING:
    from ordergate.model.common import Document, Reference, Specification
    from ordergate.model.order import (
        ItemReference,
        Reason,
        Resource,
        ResourceOrder,
        ResourceOrderItem,
        SpecialHandling,
    )
    from ordergate.process.special_handling import HandOver

_ACKNOWLEDGED = str(OrderState.ACKNOWLEDGED)
_VALUES = (0, False, "")
"""What counts as a value though it counts as false; what is empty or None doesn't."""


def present(written: Document) -> Document:
    """Return what has a value: attributes are omitted, never null or empty (standards: W16)."""
    return {name: value for name, value in written.items() if value or value in _VALUES}


def write_resource_order(order: ResourceOrder) -> Document:
    """Return the TMF652 `ResourceOrder`."""
    special = order.special_handling
    return present(
        {
            "id": order.id,
            "href": order.href,
            "name": order.name,
            "category": order.category,
            "description": order.description,
            "externalId": order.external_id,
            "orderType": str(order.order_type),
            "priority": order.priority,
            "state": _ACKNOWLEDGED,
            "orderDate": timestamp(order.order_date),
            "requestedStartDate": order.requested_start_date,
            "requestedCompletionDate": order.requested_completion_date,
            "externalReference": list(order.external_reference),
            "note": list(order.note),
            "relatedParty": list(order.related_party),
            "orderItem": [_item(one) for one in order.item],
            "domain": order.domain,
            "initiatingRequest": write_reference(order.initiating_request),
            "specialHandling": _special_handling(special) if special else None,
            "@type": "ResourceOrder",
        }
    )


def write_hand_over(hand_over: HandOver) -> Document:
    """Return the hand-over of a special order, open."""
    order, request = hand_over.order, hand_over.order.initiating_request
    asked = hand_over.specification
    item: Document = {"id": hand_over.requested_item_id}
    return present(
        {
            "id": hand_over.id,
            "href": hand_over.href,
            "state": "open",
            "reason": [write_reason(one) for one in hand_over.reason],
            "handedOverDate": timestamp(hand_over.handed_over_date),
            "resourceOrder": {"id": order.id, "href": order.href},
            "initiatingRequest": present({"id": request.id, "href": request.href}),
            "requestedItem": {**item, "specification": {"id": asked.id}} if asked else item,
        }
    )


def write_reference(one: Reference) -> Document:
    """Return a reference to an entity."""
    return present({"id": one.id, "href": one.href, "@referredType": one.referred_type})


def write_reason(one: Reason) -> Document:
    """Return why something was decided."""
    return present({"code": one.code, "message": one.message, "path": one.path})


def _item(item: ResourceOrderItem) -> Document:
    return present(
        {
            "id": item.id,
            "action": str(item.action),
            "quantity": item.quantity,
            "state": _ACKNOWLEDGED,
            "appointment": item.appointment,
            "pointOfNoReturn": item.point_of_no_return,
            "orderItemRelationship": [_dependency(one) for one in item.depends_on],
            "resourceSpecification": _specification(item.resource_specification),
            "resource": _resource(item.resource),
            "requestedItem": _requested_item(item),
        }
    )


def _requested_item(item: ResourceOrderItem) -> Document:
    """Return what it was issued for, and as what: later requests know it again by that."""
    named: Document = {
        "id": item.requested_item_id,
        "line": item.line,
        "service": {"id": item.service_id} if item.service_id else None,
        "characteristic": list(item.resource.characteristic) if item.line else None,
    }
    return {name: value for name, value in named.items() if value is not None}


def _dependency(one: ItemReference) -> Document:
    """Return an item that must be complete first, as a relationship."""
    item = {
        "itemId": one.item_id,
        "resourceOrderId": one.resource_order_id,
        "resourceOrderHref": one.resource_order_href,
    }
    return {"relationshipType": "dependency", "orderItem": present(item)}


def _resource(resource: Resource) -> Document:
    """Return the resource, with what its service asks of it among the other attributes."""
    own = {
        "id": resource.id,
        "href": resource.href,
        "name": resource.name,
        "category": resource.category,
        "description": resource.description,
        "place": resource.place,
        "resourceCharacteristic": as_list(resource.characteristic),
        "resourceSpecification": _specification(resource.specification),
        "@type": resource.at_type,
    }
    return {**present(own), **resource.operating}


def _specification(one: Specification | None) -> Document | None:
    if one is None:
        return None
    return present({"id": one.id, "href": one.href, "name": one.name, "version": one.version})


def _special_handling(special: SpecialHandling) -> Document:
    return {
        "required": True,
        "reason": [write_reason(one) for one in special.reason],
        "handedOverDate": timestamp(special.handed_over_date),
    }
