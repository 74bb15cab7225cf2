"""Acknowledge: take a resource order that a client POSTs, or refuse it with the reason.

TMF652: `acknowledged` means that the order passed message and basic business validation (S1).
What the contract's schema can say is checked before; here is what it can't.
"""

from __future__ import annotations

from collections import Counter
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING
from uuid import UUID

from ordergate.errors import InvalidDocumentError
from ordergate.model.common import Action, timestamp
from ordergate.model.completion import completed
from ordergate.model.events import EventType
from ordergate.model.ids import id_of
from ordergate.model.relationships import is_dependency
from ordergate.model.states import OrderState
from ordergate.process.entity import Entity
from ordergate.process.notify import notify

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from ordergate.model.addresses import Addresses
    from ordergate.model.common import Document
    from ordergate.process.entity import Idempotency

SERVER_OWNED = (
    "id",
    "href",
    "state",
    "orderDate",
    "startDate",
    "completionDate",
    "expectedCompletionDate",
    "cancellationDate",
    "cancellationReason",
)
"""Attributes of an order that a client can't set by POST: ignored, not refused (TMF630)."""

_RESOURCE_IDS = UUID("1a6b6f8e-7f5c-5a53-8f6e-1b1c2f0a7d11")


def acknowledge(
    body: Document,
    order_id: str,
    addresses: Addresses,
    moment: datetime,
    idempotency: Idempotency | None = None,
) -> Entity:
    """Return the order as it is kept, with the event that it owes.

    Raises:
        InvalidDocumentError: an item's id is there twice, a relationship leads nowhere or in a
            circle, a resource to change isn't named, or `priority` is outside 0 to 4.
    """
    document: Document = {
        "id": order_id,
        "href": addresses.resource_order(order_id),
        **{k: value for k, value in body.items() if k not in SERVER_OWNED},
        "orderDate": timestamp(moment),
        "state": str(OrderState.ACKNOWLEDGED),
    }
    document.setdefault("@type", "ResourceOrder")
    document["orderItem"] = acknowledged_items(body["orderItem"], order_id, addresses)
    document = completed(document, moment)
    check_items(document)
    event = notify(EventType.RESOURCE_ORDER_CREATE, document, 1, moment, description="Received.")
    return Entity(order_id, document, sequence=1, owed=(event,), idempotency=idempotency)


def check_items(document: Document) -> None:
    """Check what concerns several items at once, and `priority`.

    Raises:
        InvalidDocumentError: see `acknowledge`.
    """
    if not 0 <= document.get("priority", 0) <= 4:  # noqa: PLR2004 - TMF652: 0 highest, 4 lowest
        raise InvalidDocumentError("priority goes from 0 (highest) to 4.", path="priority")
    items = document["orderItem"]
    for item_id, count in Counter(item["id"] for item in items).items():
        if count > 1:
            raise InvalidDocumentError(f"{count} items have the id {item_id!r}.", path="orderItem")
    _check_relationships(items, document["id"])
    for index, item in enumerate(items):
        resource = item.get("resource", {})
        named = resource.get("id") or resource.get("href")
        changes = item["action"] in {Action.MODIFY, Action.DELETE}
        if (changes or "resource" in item) and not named:
            raise InvalidDocumentError(
                f"To {item['action']} a resource, name it by id or href.",
                path=f"orderItem[{index}].resource",
            )


def action_of(item: Document) -> str:
    """Return the action of an item as it is kept.

    Two publications of TMF652 4.0.0 spell one differently; noChange is the later, TMF641's too.
    """
    action: str = item["action"]
    return str(Action.NO_CHANGE) if action == "no_change" else action


def acknowledged_items(
    items: Sequence[Document], order_id: str, addresses: Addresses, taken: Iterable[str] = ()
) -> list[Document]:
    """Return new items with their ids, states and the ids of resources to come.

    Args:
        taken: ids that the order has had already.
    """
    taken = {*taken, *(item["id"] for item in items if "id" in item)}
    free = (str(number) for number in range(1, 1_000_000) if str(number) not in taken)
    return [_item(item, item.get("id") or next(free), order_id, addresses) for item in items]


def _item(item: Document, item_id: str, order_id: str, addresses: Addresses) -> Document:
    action = action_of(item)
    state = str(OrderState.ACKNOWLEDGED)
    taken: Document = {**item, "id": item_id, "action": action, "state": state}
    if "resource" in item:
        taken["resource"] = _resource(item["resource"], action, f"{order_id}/{item_id}", addresses)
    return taken


def _resource(resource: Document, action: str, key: str, addresses: Addresses) -> Document:
    """Return the resource by id and href, as TMF652 has it; one that is to come gets an id here."""
    resource_id = resource.get("id") or resource.get("href", "").rpartition("/")[2]
    if not resource_id and action == Action.ADD:
        resource_id = id_of(_RESOURCE_IDS, key)
    if not resource_id:
        return resource
    href = resource.get("href") or addresses.resource(resource_id)
    return {**resource, "id": resource_id, "href": href}


def _check_relationships(items: list[Document], order_id: str) -> None:
    """Check that dependencies lead to items of this order, or to another order, in no circle."""
    ids = {item["id"] for item in items}
    waits: dict[str, set[str]] = {}
    for index, item in enumerate(items):
        for number, relationship in enumerate(item.get("orderItemRelationship", [])):
            target = relationship.get("orderItem", {})
            if target.get("resourceOrderId") not in {None, order_id}:
                continue
            if target.get("itemId") not in ids:
                raise InvalidDocumentError(
                    f"There is no item {target.get('itemId')!r} in this order.",
                    path=f"orderItem[{index}].orderItemRelationship[{number}].orderItem.itemId",
                )
            if is_dependency(relationship.get("relationshipType")):
                waits.setdefault(item["id"], set()).add(target["itemId"])
    try:
        TopologicalSorter(waits).prepare()
    except CycleError as error:
        circle = " → ".join(error.args[1])
        raise InvalidDocumentError(
            f"Items wait in a circle: {circle}.", path="orderItem"
        ) from error
