"""Predetermined: the orders that a feasibility assessment holds, issued for a request.

eTOM 1.5.6.7: where feasibility was assessed before, issue the previously determined orders (C6).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ordergate.model.order import ItemReference, OrderType
from ordergate.model.relationships import is_dependency
from ordergate.process.acknowledge import acknowledge
from ordergate.process.determine import external_references, order_id_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from datetime import datetime

    from ordergate.model.addresses import Addresses
    from ordergate.model.common import Document
    from ordergate.model.feasibility import FeasibilityAssessment
    from ordergate.process.entity import Entity
    from ordergate.process.request import InitiatingRequest, RequestedItem

DOMAIN = "predetermined"
"""Domain of an order that doesn't say which part of the network it goes to."""


@dataclass(frozen=True, slots=True)
class Predetermined:
    """One order that was determined before, and the requested item that it serves."""

    item_id: str
    order: Entity

    @property
    def exits(self) -> tuple[ItemReference, ...]:
        """The items that nothing else in the order waits for."""
        document = self.order.document
        return tuple(exit_items(document, {item["id"] for item in document["orderItem"]}))


def exit_items(order: Document, item_ids: Collection[str]) -> Iterator[ItemReference]:
    """Yield references to those of the items that none of the others waits for."""
    waited_for = {
        related.get("orderItem", {}).get("itemId")
        for item in order["orderItem"]
        if item["id"] in item_ids
        for related in item.get("orderItemRelationship", [])
        if is_dependency(related.get("relationshipType"))
    }
    for item in order["orderItem"]:
        if item["id"] in item_ids and item["id"] not in waited_for:
            yield ItemReference(item["id"], order["id"], order["href"])


def predetermined(
    request: InitiatingRequest,
    item: RequestedItem,
    assessment: FeasibilityAssessment,
    addresses: Addresses,
    moment: datetime,
) -> Iterator[Predetermined]:
    """Yield the orders that the assessment holds, acknowledged and tied to the request.

    Raises:
        InvalidDocumentError: one of them is not correct and complete; see `acknowledge`.
    """
    tie = {"id": request.id, "href": request.href, "@referredType": "InitiatingRequest"}
    requested: Document = {"id": item.id}
    if item.service_id:
        requested["service"] = {"id": item.service_id}
    for number, body in enumerate(assessment.resource_order, start=1):
        document: Document = {
            "orderType": str(OrderType.PROVISION),
            "domain": DOMAIN,
            **body,
            "initiatingRequest": tie,
            "externalReference": [
                *external_references(request),
                *body.get("externalReference", []),
            ],
            "orderItem": [{**one, "requestedItem": requested} for one in body["orderItem"]],
        }
        part = f"predetermined/{item.id}/{assessment.id}/{number}"
        order_id = order_id_of(request, OrderType.PROVISION, part)
        yield Predetermined(item.id, acknowledge(document, order_id, addresses, moment))
