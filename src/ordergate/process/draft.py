"""Draft: from a standard set to the order items that a requested item takes.

The first half of what eTOM 1.5.6.7 calls determining the associated resource orders; which order
each item goes to is `determine`'s. Everything is deterministic: the same request and rules give the
same drafts, ids included.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Any

from ordergate.model.order import OrderType
from ordergate.process.assess import scope_of
from ordergate.process.rules import ExpressionError, Feasibility

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ordergate.model.common import Document
    from ordergate.model.order import ItemReference
    from ordergate.process.assess import Assessment
    from ordergate.process.request import InitiatingRequest, RequestedItem
    from ordergate.process.rules import OrderItemTemplate, Rule, Scope

MOST_ITEMS = 2000
"""Order items that a request may take in all: its record, which plans them, is one document."""


@dataclass(frozen=True, slots=True)
class Draft:
    """An order item before it is known which order it goes to.

    Args:
        key: the line of the rule it is made from; `element` the index in that line's `forEach`.
        unit: which of the requested units it is for; None when it is ordered in bulk for all.
        depends_on: ids of drafts that must be complete first.
        waits_for: likewise, items of orders that were issued before.
    """

    id: str
    requested_item_id: str
    order_type: OrderType
    template: OrderItemTemplate
    element: int | None
    unit: int | None
    quantity: int
    resource: Mapping[str, str]
    characteristic: Mapping[str, Any]
    place: Document | None
    item: RequestedItem
    depends_on: tuple[str, ...] = ()
    waits_for: tuple[ItemReference, ...] = ()

    @property
    def key(self) -> str:
        """The line of the rule."""
        return self.template.key


def draft(
    request: InitiatingRequest, assessment: Assessment, rule: Rule, most: int = MOST_ITEMS
) -> tuple[Draft, ...]:
    """Return the order items that `rule` takes for the assessed item.

    Raises:
        ExpressionError: a value of the rule can't be computed for it, or makes no sense, or there
            would be more than `most` items.
    """
    scope = scope_of(request, assessment.item)
    order_type = _order_type(assessment, rule)
    by_key: dict[str, list[Draft]] = {}
    for template in rule.order_item:
        made = list(_from_template(template, assessment.item, order_type, scope, most))
        most -= len(made)
        by_key.setdefault(template.key, []).extend(made)
    waits = {key: _waits_for(key, rule, by_key) for key in by_key}
    return tuple(
        replace(one, depends_on=tuple(_within(one, waits[key], by_key)))
        for key, drafts in by_key.items()
        for one in drafts
    )


def _from_template(
    template: OrderItemTemplate,
    item: RequestedItem,
    order_type: OrderType,
    scope: Scope,
    most: int,
) -> Iterator[Draft]:
    """Yield the drafts of one line: one for each element and each unit."""
    if template.when is not None and template.when.evaluate(scope) is not True:
        return
    units = _all_units(template, item, scope, most)
    numbered = template.for_each is not None or len(units) > 1
    for number, (element, unit, quantity, inner) in enumerate(units, start=1):
        yield Draft(
            id=f"{item.id}-{template.key}" + (f"-{number}" if numbered else ""),
            requested_item_id=item.id,
            order_type=order_type,
            template=template,
            element=element,
            unit=unit,
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


def _all_units(
    template: OrderItemTemplate, item: RequestedItem, scope: Scope, most: int
) -> list[tuple[int | None, int | None, int, Scope]]:
    """Return element, unit, quantity and scope of each order item of a line."""
    every = (
        (element, unit, quantity, inner)
        for element, inner in _elements(template, scope)
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


def _units(
    template: OrderItemTemplate, item: RequestedItem, scope: Scope
) -> Iterator[tuple[int | None, int]]:
    """Yield unit and quantity of each order item: all in one when bulk, else one by one."""
    quantity = template.quantity.evaluate(scope)
    if isinstance(quantity, bool) or not isinstance(quantity, int) or quantity < 1:
        raise ExpressionError(f"quantity of {template.key} is not a positive number: {quantity!r}")
    if template.bulk:
        yield None, quantity * item.quantity
    else:
        yield from ((number // quantity, 1) for number in range(quantity * item.quantity))


def _waits_for(key: str, rule: Rule, by_key: Mapping[str, Sequence[Draft]]) -> tuple[str, ...]:
    """Return the lines that a line waits for; one that makes no item hands on what it waits for."""
    targets = {line.key: line.depends_on for line in rule.order_item}
    found: dict[str, None] = {}
    passed: set[str] = set()
    left = list(targets[key])
    while left:
        target = left.pop(0)
        if by_key.get(target):
            found[target] = None
        elif target not in passed:
            passed.add(target)
            left += targets.get(target, ())
    return tuple(found)


def _within(
    one: Draft, lines: Iterable[str], by_key: Mapping[str, Sequence[Draft]]
) -> Iterator[str]:
    """Yield what `one` waits for by its rule: of each line, what belongs together with it.

    Lines over the same list belong together element by element, and the sets of several requested
    units unit by unit; what is ordered in bulk belongs to all.
    """
    for other in (other for line in lines for other in by_key[line]):
        element = not _over_same_list(one.template, other.template) or one.element == other.element
        if element and (one.unit == other.unit or None in (one.unit, other.unit)):
            yield other.id


def _over_same_list(one: OrderItemTemplate, other: OrderItemTemplate) -> bool:
    return (
        one.for_each is not None
        and other.for_each is not None
        and one.for_each.over.source == other.for_each.over.source
    )


def linked(
    drafts_by_item: Mapping[str, Sequence[Draft]],
    elsewhere: Mapping[str, Sequence[ItemReference]] | None = None,
) -> tuple[Draft, ...]:
    """Return all drafts, with the dependencies between the requested items laid on them.

    Every entry item of the one that waits depends on every exit item of the one it waits for.

    Args:
        elsewhere: the exit items of requested items whose orders are not drafted here.
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
            waits_for=tuple(
                exit_item
                for target in one.item.relies_on
                if target not in exits
                for exit_item in (elsewhere or {}).get(target, ())
            ),
        )
        for drafts in drafts_by_item.values()
        for one in drafts
    )


def _exits(drafts: Sequence[Draft]) -> tuple[str, ...]:
    """Return the ids of the items that nothing else of the same set waits for."""
    waited_for = {target for one in drafts for target in one.depends_on}
    return tuple(one.id for one in drafts if one.id not in waited_for)
