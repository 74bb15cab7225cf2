"""Determine: from a standard set to the resource orders that it takes.

eTOM 1.5.6.7: determine the associated resource orders; an order may ask for a feasibility
assessment or for new provisioning. Everything is deterministic: the same request and rules give
the same orders, ids included.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid5

from ordergate.model.common import Reference
from ordergate.model.order import (
    ItemReference,
    OrderType,
    Resource,
    ResourceOrder,
    ResourceOrderItem,
)
from ordergate.process.assess import scope_of
from ordergate.process.rules import ExpressionError, Feasibility

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from ordergate.model.addresses import Addresses
    from ordergate.model.common import Document
    from ordergate.process.assess import Assessment
    from ordergate.process.request import InitiatingRequest, RequestedItem
    from ordergate.process.rules import OrderItemTemplate, Rule, Scope

ORDER_IDS = UUID("6f0d3c3e-5d0b-5f3e-9d0c-8c5f1f2f6520")
"""Namespace of the ids of everything that is issued for a request."""

MOST_ITEMS = 1000
"""Order items that one line of a rule may make for one requested item."""

_PRIORITY_NAMES = {"critical": 0, "high": 1, "medium": 2, "low": 3}


@dataclass(frozen=True, slots=True)
class Draft:
    """An order item before it is known which order it goes to.

    Args:
        key: the line of the rule it is made from; `element` the index in that line's `forEach`.
        depends_on: ids of drafts that must be complete first.
    """

    id: str
    requested_item_id: str
    order_type: OrderType
    template: OrderItemTemplate
    element: int | None
    quantity: int
    resource: Mapping[str, str]
    characteristic: Mapping[str, Any]
    place: Document | None
    item: RequestedItem
    depends_on: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """The line of the rule."""
        return self.template.key


def draft(request: InitiatingRequest, assessment: Assessment, rule: Rule) -> tuple[Draft, ...]:
    """Return the order items that `rule` takes for the assessed item.

    Raises:
        ExpressionError: a value of the rule can't be computed for it, or makes no sense.
    """
    scope = scope_of(request, assessment.item)
    drafts = [
        one
        for template in rule.order_item
        for one in _from_template(template, assessment.item, rule, scope)
    ]
    return tuple(replace(one, depends_on=tuple(_within(one, drafts))) for one in drafts)


def _from_template(
    template: OrderItemTemplate, item: RequestedItem, rule: Rule, scope: Scope
) -> Iterator[Draft]:
    """Yield the drafts of one line: one for each element and each unit."""
    if template.when is not None and template.when.evaluate(scope) is not True:
        return
    units = [
        (element, bulk, inner)
        for element, inner in _elements(template, scope)
        for bulk in _units(template, item, inner)
    ]
    if len(units) > MOST_ITEMS:
        raise ExpressionError(f"{template.key} makes {len(units)} items; {MOST_ITEMS} is the most")
    numbered = template.for_each is not None or len(units) > 1
    for number, (element, quantity, inner) in enumerate(units, start=1):
        yield Draft(
            id=f"{item.id}-{template.key}" + (f"-{number}" if numbered else ""),
            requested_item_id=item.id,
            order_type=_order_type(rule),
            template=template,
            element=element,
            quantity=quantity,
            resource={
                name: _text(name, one.evaluate(inner)) for name, one in template.resource.items()
            },
            characteristic={
                name: one.evaluate(inner) for name, one in template.characteristic.items()
            },
            place=item.place.get(template.place) if template.place else None,
            item=item,
        )


def _text(name: str, value: object) -> str:
    """Return an attribute of a resource, which is always a text."""
    if not isinstance(value, str):
        raise ExpressionError(f"{name} of the resource is not a text: {value!r}")
    return value


def _order_type(rule: Rule) -> OrderType:
    """Return what is issued first: nothing is provisioned before a survey that a rule wants."""
    always = rule.feasibility is Feasibility.ALWAYS
    return OrderType.FEASIBILITY if always else OrderType.PROVISION


def _elements(template: OrderItemTemplate, scope: Scope) -> Iterator[tuple[int | None, Scope]]:
    """Yield the scope of each element of the line's list; the plain scope where it has none."""
    if template.for_each is None:
        yield None, scope
        return
    elements = template.for_each.over.evaluate(scope)
    if not isinstance(elements, list):
        raise ExpressionError(f"forEach of {template.key} is not a list: {elements!r}")
    for index, element in enumerate(elements):
        yield index, {**scope, template.for_each.name: element}


def _units(template: OrderItemTemplate, item: RequestedItem, scope: Scope) -> Iterator[int]:
    """Yield the quantity of each order item: all in one when bulk, else one by one."""
    quantity = template.quantity.evaluate(scope)
    if isinstance(quantity, bool) or not isinstance(quantity, int) or quantity < 1:
        raise ExpressionError(f"quantity of {template.key} is not a positive number: {quantity!r}")
    wanted = quantity * item.quantity
    if template.bulk:
        yield wanted
    elif wanted > MOST_ITEMS:
        raise ExpressionError(f"{template.key} makes {wanted} items; {MOST_ITEMS} is the most")
    else:
        yield from [1] * wanted


def _within(one: Draft, drafts: Sequence[Draft]) -> Iterator[str]:
    """Yield what `one` waits for by its rule; lines over the same list wait element by element."""
    for other in drafts:
        if other.key in one.template.depends_on and (
            not _over_same_list(one.template, other.template) or one.element == other.element
        ):
            yield other.id


def _over_same_list(one: OrderItemTemplate, other: OrderItemTemplate) -> bool:
    return (
        one.for_each is not None
        and other.for_each is not None
        and one.for_each.over.source == other.for_each.over.source
    )


def linked(drafts_by_item: Mapping[str, Sequence[Draft]]) -> tuple[Draft, ...]:
    """Return all drafts, with the dependencies between the requested items laid on them.

    Every entry item of the one that waits depends on every exit item of the one it waits for.
    """
    exits = {item_id: _exits(drafts) for item_id, drafts in drafts_by_item.items()}
    return tuple(
        one
        if one.depends_on
        else replace(
            one,
            depends_on=tuple(
                exit_id for target in one.item.relies_on for exit_id in exits.get(target, ())
            ),
        )
        for drafts in drafts_by_item.values()
        for one in drafts
    )


def _exits(drafts: Sequence[Draft]) -> tuple[str, ...]:
    """Return the ids of the items that nothing else of the same set waits for."""
    waited_for = {target for one in drafts for target in one.depends_on}
    return tuple(one.id for one in drafts if one.id not in waited_for)


def determine(
    request: InitiatingRequest, drafts: Iterable[Draft], addresses: Addresses, moment: datetime
) -> tuple[ResourceOrder, ...]:
    """Return the resource orders: the drafts grouped by what they ask for and by domain."""
    groups: dict[tuple[OrderType, str], list[Draft]] = {}
    for one in drafts:
        groups.setdefault((one.order_type, one.template.domain), []).append(one)
    ids = {group: order_id_of(request, *group) for group in groups}
    home = {one.id: ids[group] for group, members in groups.items() for one in members}
    return tuple(
        replace(
            order_for(
                request,
                ids[group],
                order_type=group[0],
                domain=group[1],
                addresses=addresses,
                moment=moment,
            ),
            item=tuple(_order_item(one, ids[group], home, addresses) for one in members),
        )
        for group, members in groups.items()
    )


def order_id_of(request: InitiatingRequest, order_type: OrderType, part: str) -> str:
    """Return the id of the order for that part of the request; always the same one."""
    return str(uuid5(ORDER_IDS, f"{request.id}/{order_type}/{part}"))


def order_for(
    request: InitiatingRequest,
    order_id: str,
    *,
    order_type: OrderType,
    domain: str,
    addresses: Addresses,
    moment: datetime,
) -> ResourceOrder:
    """Return an order without items that carries what the request says for all of them."""
    what = f"{request.source.referred_type} {request.source.id}" if request.source else request.id
    return ResourceOrder(
        id=order_id,
        href=addresses.resource_order(order_id),
        order_type=order_type,
        order_date=moment,
        item=(),
        domain=domain,
        initiating_request=Reference(request.id, request.href, "InitiatingRequest"),
        name=f"{order_type.capitalize()} {domain} for {what}",
        category=request.category,
        description=request.description,
        external_id=request.source.id if request.source else request.external_id,
        priority=_priority(request.priority),
        requested_start_date=request.requested_start_date,
        requested_completion_date=request.requested_completion_date,
        external_reference=tuple(_external_references(request)),
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


def _external_references(request: InitiatingRequest) -> Iterator[Document]:
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
    template = one.template
    resource_id = str(uuid5(ORDER_IDS, f"{order_id}/{one.id}"))
    return ResourceOrderItem(
        id=one.id,
        action=one.item.action,
        resource=Resource(
            id=resource_id,
            href=addresses.resource(resource_id),
            name=one.resource.get("name"),
            category=one.resource.get("category"),
            description=one.resource.get("description"),
            at_type=one.resource.get("@type"),
            place=one.place,
            characteristic=one.characteristic,
            specification=template.resource_specification,
        ),
        resource_specification=template.resource_specification,
        requested_item_id=one.requested_item_id,
        quantity=one.quantity,
        depends_on=tuple(
            _reference(target, order_id, home, addresses) for target in one.depends_on
        ),
        appointment=one.item.appointment if template.appointment else None,
        point_of_no_return=template.point_of_no_return,
    )


def _reference(
    target: str, order_id: str, home: Mapping[str, str], addresses: Addresses
) -> ItemReference:
    """Return the reference to an item; one in another order says which."""
    if home[target] == order_id:
        return ItemReference(target)
    return ItemReference(target, home[target], addresses.resource_order(home[target]))
