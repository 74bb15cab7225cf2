"""Draft: from a standard set to the order items that a requested item takes.

The first half of what eTOM 1.5.6.7 calls determining the associated resource orders; which order
each item goes to is `determine`'s. Everything is deterministic: the same request and rules give the
same drafts, ids included.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

from ordergate.model.common import Action
from ordergate.model.order import OrderType
from ordergate.process.assess import scope_of
from ordergate.process.evaluation import Evaluator
from ordergate.process.lines import elements, line_of
from ordergate.process.previous import NOTHING
from ordergate.process.rules import ExpressionError, Feasibility
from ordergate.process.sequence import sequenced

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ordergate.model.common import Document, Specification
    from ordergate.model.order import ItemReference
    from ordergate.process.assessment import Assessment
    from ordergate.process.evaluation import Effort
    from ordergate.process.previous import Delivered, Previous
    from ordergate.process.request import InitiatingRequest, RequestedItem
    from ordergate.process.rules import OrderItemTemplate, Rule

MOST_ITEMS = 2000
"""Order items that a request may take in all: its record, which plans them, is one document."""


@dataclass(frozen=True, slots=True)
class Draft:
    """An order item before it is known which order it goes to.

    Args:
        line: what it stands for, the same in every request about the service.
        resource: attributes of the resource, by the names that TMF652 has for them.
        template: the line of the rule it is made from; None where no rule is needed.
        element: the index in that line's `forEach`.
        unit: which of the requested units it is for; None when it is ordered in bulk for all.
        delivered: the resource that it is about, where it was delivered before.
        depends_on: ids of drafts that must be complete first.
        waits_for: likewise, items of orders that were issued before.
    """

    id: str
    item: RequestedItem
    order_type: OrderType
    domain: str
    line: str | None
    specification: Specification | None
    action: Action = Action.ADD
    quantity: int = 1
    resource: Mapping[str, Any] = field(default_factory=dict)
    characteristic: Mapping[str, Any] = field(default_factory=dict)
    place: Document | None = None
    template: OrderItemTemplate | None = None
    element: int | None = None
    unit: int | None = None
    delivered: Delivered | None = None
    requested_start_date: str | None = None
    depends_on: tuple[str, ...] = ()
    waits_for: tuple[ItemReference, ...] = ()

    @property
    def requested_item_id(self) -> str:
        """The item of the request that it serves."""
        return self.item.id


def draft(
    request: InitiatingRequest,
    assessment: Assessment,
    rule: Rule,
    most: int = MOST_ITEMS,
    previous: Previous = NOTHING,
    *,
    effort: Effort | None = None,
) -> tuple[Draft, ...]:
    """Return the order items that `rule` takes for the assessed item, as if nothing were there.

    Raises:
        ExpressionError: a value of the rule can't be computed for it, or makes no sense, or there
            would be more than `most` items.
    """
    evaluator = Evaluator(scope_of(request, assessment.item, previous), effort)
    order_type = _order_type(assessment, rule)
    by_key: dict[str, list[Draft]] = {}
    for template in rule.order_item:
        made = list(_from_template(template, assessment.item, order_type, evaluator, most))
        most -= len(made)
        by_key.setdefault(template.key, []).extend(made)
    return tuple(sequenced(rule, by_key))


def _from_template(
    template: OrderItemTemplate,
    item: RequestedItem,
    order_type: OrderType,
    evaluator: Evaluator,
    most: int,
) -> Iterator[Draft]:
    """Yield the drafts of one line: one for each element and each unit."""
    if template.when is not None and evaluator.value_of(template.when) is not True:
        return
    units = _all_units(template, item, evaluator, most)
    numbered = template.for_each is not None or len(units) > 1
    repeated: dict[str | None, int] = {}
    for number, ((element, identity), unit, quantity, inner) in enumerate(units, start=1):
        repeated[identity] = repeated.get(identity, 0) + 1
        named = {name: _text(name, inner.value_of(one)) for name, one in template.resource.items()}
        yield Draft(
            id=f"{item.id}-{template.key}" + (f"-{number}" if numbered else ""),
            item=item,
            order_type=order_type,
            domain=template.domain,
            line=line_of(template.key, identity, repeated[identity]),
            specification=template.resource_specification,
            template=template,
            element=element,
            unit=unit,
            quantity=quantity,
            resource={**named, **item.operating},
            characteristic={
                name: inner.value_of(one) for name, one in template.characteristic.items()
            },
            place=item.place.get(template.place) if template.place else None,
            requested_start_date=item.requested_start_date,
        )


def _all_units(
    template: OrderItemTemplate, item: RequestedItem, evaluator: Evaluator, most: int
) -> list[tuple[tuple[int | None, str | None], int | None, int, Evaluator]]:
    """Return element, unit, quantity and evaluator of each order item of a line."""
    every = (
        (element, unit, quantity, inner)
        for element, inner in elements(template, evaluator)
        for unit, quantity in _units(template, item, inner)
    )
    units = list(islice(every, most + 1))
    if len(units) > most:
        raise ExpressionError(f"with {template.key} there are more than {MOST_ITEMS} order items")
    return units


def _text(name: str, value: object) -> str:
    """Return an attribute of a resource, which is always a text."""
    if not isinstance(value, str):
        raise ExpressionError(f"{name} of the resource is not a text: {value!r}")
    return value


def _order_type(assessment: Assessment, rule: Rule) -> OrderType:
    """Return what is issued now: nothing is provisioned before a survey that a rule wants."""
    survey = rule.feasibility is Feasibility.ALWAYS and not assessment.is_feasible
    return OrderType.FEASIBILITY if survey else OrderType.PROVISION


def _units(
    template: OrderItemTemplate, item: RequestedItem, evaluator: Evaluator
) -> Iterator[tuple[int | None, int]]:
    """Yield unit and quantity of each order item: all in one when bulk, else one by one."""
    quantity = evaluator.value_of(template.quantity)
    if isinstance(quantity, bool) or not isinstance(quantity, int) or quantity < 1:
        raise ExpressionError(f"quantity of {template.key} is not a positive number: {quantity!r}")
    if template.bulk:
        yield None, quantity * item.quantity
    else:
        yield from ((number // quantity, 1) for number in range(quantity * item.quantity))
