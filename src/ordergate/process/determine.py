"""Determine: from drafts to the resource orders that a request takes.

eTOM 1.5.6.7: determine the associated resource orders; an order may ask for a feasibility
assessment, for new provisioning, for a change or for recovery. Everything is deterministic: the
same request and rules give the same orders, ids included.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, TypeAlias
from uuid import UUID

from ordergate.model.common import Action, Reference
from ordergate.model.completion import in_utc
from ordergate.model.ids import id_of
from ordergate.model.order import (
    OPERATING,
    ItemReference,
    Resource,
    ResourceOrder,
    ResourceOrderItem,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from ordergate.model.addresses import Addresses
    from ordergate.model.common import Document
    from ordergate.model.order import OrderType
    from ordergate.process.draft import Draft
    from ordergate.process.request import InitiatingRequest

_Group: TypeAlias = "tuple[OrderType, str, str | None]"
"""Order type, domain, and when the work may begin."""

ORDER_IDS = UUID("6f0d3c3e-5d0b-5f3e-9d0c-8c5f1f2f6520")
"""Namespace of the ids of everything that is issued for a request."""

_PRIORITY_NAMES = {"critical": 0, "high": 1, "medium": 2, "low": 3}


def determine(
    request: InitiatingRequest, drafts: Iterable[Draft], addresses: Addresses, moment: datetime
) -> tuple[ResourceOrder, ...]:
    """Return the resource orders: the drafts grouped by what they ask for, domain and start."""
    groups: dict[_Group, list[Draft]] = {}
    for one in drafts:
        start = one.requested_start_date or request.requested_start_date
        groups.setdefault((one.order_type, one.domain, in_utc(start)), []).append(one)
    starts = Counter(group[:2] for group in groups)
    ids = {
        group: order_id_of(request, group[0], _part(group, split=starts[group[:2]] > 1))
        for group in groups
    }
    home = {one.id: ids[group] for group, members in groups.items() for one in members}
    references = tuple(external_references(request))
    return tuple(
        order_for(
            request,
            ids[group],
            order_type=group[0],
            domain=group[1],
            addresses=addresses,
            moment=moment,
            item=tuple(_order_item(one, ids[group], home, addresses) for one in members),
            requested_start_date=members[0].requested_start_date,
            external_reference=(*references, *_changed_orders(members)),
        )
        for group, members in groups.items()
    )


def _part(group: _Group, *, split: bool) -> str:
    """Return what tells the order from others of the same kind; the date only where it must."""
    return f"{group[1]}/{group[2] or ''}" if split else group[1]


def _changed_orders(drafts: Iterable[Draft]) -> Iterator[Document]:
    """Yield references to the orders that delivered what is changed or taken away."""
    last = (one.delivered.last for one in drafts if one.delivered is not None)
    orders = {one.resource_order_id: one for one in last if one is not None}
    for order_id, one in orders.items():
        reference: Document = {
            "id": order_id,
            "href": one.resource_order_href,
            "name": order_id,
            "entityType": "ResourceOrder",
            "externalReferenceType": "ResourceOrder",
            "owner": "Ordergate",
        }
        yield {name: value for name, value in reference.items() if value is not None}


def order_id_of(request: InitiatingRequest, order_type: OrderType, part: str) -> str:
    """Return the id of the order for that part of the request; always the same one."""
    name = f"{request.id}/{order_type}/{part}"
    return id_of(ORDER_IDS, name if request.round == 1 else f"{name}/{request.round}")


def order_for(
    request: InitiatingRequest,
    order_id: str,
    *,
    order_type: OrderType,
    domain: str,
    addresses: Addresses,
    moment: datetime,
    item: tuple[ResourceOrderItem, ...],
    external_reference: tuple[Document, ...],
    requested_start_date: str | None = None,
) -> ResourceOrder:
    """Return an order that carries what the request says for all of them.

    Args:
        requested_start_date: of its items; the request's own where they have none.
    """
    what = f"{request.source.referred_type} {request.source.id}" if request.source else request.id
    return ResourceOrder(
        id=order_id,
        href=addresses.resource_order(order_id),
        order_type=order_type,
        order_date=moment,
        item=item,
        domain=domain,
        initiating_request=Reference(request.id, request.href, "InitiatingRequest"),
        name=f"{order_type.capitalize()} {domain} for {what}",
        category=request.category,
        description=request.description,
        external_id=request.source.id if request.source else request.external_id,
        priority=_priority(request.priority),
        requested_start_date=requested_start_date or request.requested_start_date,
        requested_completion_date=request.requested_completion_date,
        external_reference=external_reference,
        note=request.note,
        related_party=request.related_party,
    )


def _priority(text: str | None) -> int | None:
    """Return TMF652's 0 (highest) to 4 for TMF641's text; what can't be read is left out."""
    if text is None:
        return None
    try:
        return min(max(int(text), 0), 4)
    except ValueError:
        return _PRIORITY_NAMES.get(text.lower())


def external_references(request: InitiatingRequest) -> Iterator[Document]:
    """Yield the way back to the request, in the shape of both publications of TMF652."""
    if request.source is not None:
        kind = request.source.referred_type or "InitiatingRequest"
        yield {
            "id": request.source.id,
            "href": request.source.href,
            "name": request.source.id,
            "entityType": kind,
            "externalReferenceType": kind,
            "owner": "Ordergate",
        }
        if request.external_id:
            yield {
                "id": request.external_id,
                "name": request.external_id,
                "entityType": f"{kind}.externalId",
                "externalReferenceType": f"{kind}.externalId",
                "owner": "requester",
            }
    yield from request.external_reference


def _order_item(
    one: Draft, order_id: str, home: Mapping[str, str], addresses: Addresses
) -> ResourceOrderItem:
    before, template = one.delivered, one.template
    return ResourceOrderItem(
        id=one.id,
        action=one.action,
        resource=_resource(one, order_id, addresses),
        resource_specification=one.specification,
        requested_item_id=one.requested_item_id,
        line=one.line,
        service_id=one.item.service_id or (before.service_id if before else None),
        quantity=one.quantity,
        depends_on=(
            *(_reference(target, order_id, home, addresses) for target in one.depends_on),
            *one.waits_for,
        ),
        appointment=one.item.appointment if _needs_visit(one) else None,
        point_of_no_return=template.point_of_no_return if template else None,
    )


def _resource(one: Draft, order_id: str, addresses: Addresses) -> Resource:
    """Return the resource: one that is new has its id from here, any other keeps its own."""
    before, said = one.delivered, one.resource
    resource_id = before.resource_id if before else id_of(ORDER_IDS, f"{order_id}/{one.id}")
    href = before.resource.get("href") if before else None
    return Resource(
        id=resource_id,
        href=href or addresses.resource(resource_id),
        name=said.get("name"),
        category=said.get("category"),
        description=said.get("description"),
        at_type=said.get("@type"),
        place=one.place,
        characteristic=one.characteristic,
        specification=one.specification,
        operating={name: said[name] for name in OPERATING if name in said},
    )


def _needs_visit(one: Draft) -> bool:
    """Return whether somebody has to come: as the rule says, else for what can be touched."""
    if one.template is not None:
        return one.template.appointment
    return one.action is not Action.NO_CHANGE and one.resource.get("@type") == "PhysicalResource"


def _reference(
    target: str, order_id: str, home: Mapping[str, str], addresses: Addresses
) -> ItemReference:
    """Return the reference to an item; one in another order says which."""
    if home[target] == order_id:
        return ItemReference(target)
    return ItemReference(target, home[target], addresses.resource_order(home[target]))
