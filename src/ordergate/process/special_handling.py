"""Special handling: mark what no standard set fits, and hand it over.

eTOM 1.5.6.7: a special order for which feasibility wasn't assessed before is marked as requiring
special handling and passed to Track & Manage Resource Provisioning (the design's C5).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ordergate.model.common import Specification
from ordergate.model.ids import id_of
from ordergate.model.order import (
    OrderType,
    Resource,
    ResourceOrderItem,
    SpecialHandling,
)
from ordergate.process.determine import (
    ORDER_IDS,
    external_references,
    order_for,
    order_id_of,
)

if TYPE_CHECKING:
    from datetime import datetime

    from ordergate.model.addresses import Addresses
    from ordergate.model.order import (
        Reason,
        ResourceOrder,
    )
    from ordergate.process.assessment import Assessment
    from ordergate.process.request import InitiatingRequest

DOMAIN = "specialHandling"
UNSPECIFIED = Specification("unspecified")
"""Stands in an order item for what the request doesn't name."""


@dataclass(frozen=True, slots=True)
class HandOver:
    """One item handed over to people, with the order that stands for it."""

    id: str
    href: str
    order: ResourceOrder
    requested_item_id: str
    reason: tuple[Reason, ...]
    handed_over_date: datetime

    @property
    def specification(self) -> Specification | None:
        """What is asked for, if the request names it."""
        asked = self.order.item[0].resource_specification
        return None if asked is UNSPECIFIED else asked


def special_handling(
    request: InitiatingRequest, assessment: Assessment, addresses: Addresses, moment: datetime
) -> HandOver:
    """Return the hand-over of a special item: one feasibility order that carries what was asked."""
    item = assessment.item
    order_id = order_id_of(request, OrderType.FEASIBILITY, f"special/{item.id}")
    order = order_for(
        request,
        order_id,
        order_type=OrderType.FEASIBILITY,
        domain=DOMAIN,
        addresses=addresses,
        moment=moment,
        item=(_order_item(order_id, assessment, addresses),),
        external_reference=tuple(external_references(request)),
    )
    name = f"{request.id}/hand-over/{item.id}"
    name = name if request.round == 1 else f"{name}/{request.round}"
    handling_id = id_of(ORDER_IDS, name)
    return HandOver(
        id=handling_id,
        href=addresses.special_handling(handling_id),
        order=replace(
            order,
            name=f"Special handling of item {item.id}",
            special_handling=SpecialHandling(assessment.reason, moment),
        ),
        requested_item_id=item.id,
        reason=assessment.reason,
        handed_over_date=moment,
    )


def _order_item(order_id: str, assessment: Assessment, addresses: Addresses) -> ResourceOrderItem:
    """Return the item as it was asked for: what it takes is what people have to find out."""
    item = assessment.item
    asked = item.specification or UNSPECIFIED
    resource_id = id_of(ORDER_IDS, f"{order_id}/{item.id}")
    return ResourceOrderItem(
        id=item.id,
        action=item.action,
        resource=Resource(
            id=resource_id,
            href=addresses.resource(resource_id),
            name=asked.name or asked.id,
            description="As requested; the resources it takes are to be assessed.",
            place=next(iter(item.place.values()), None),
            characteristic=item.characteristic,
        ),
        resource_specification=asked,
        requested_item_id=item.id,
        service_id=item.service_id,
        quantity=item.quantity,
        appointment=item.appointment,
    )
