"""Verify: see that a set of resource orders is correct and complete before anything is stored.

eTOM 1.5.6.7: issue correct and complete resource orders (the design's C8).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from graphlib import CycleError, TopologicalSorter
from itertools import chain
from typing import TYPE_CHECKING

from ordergate.model.common import Action
from ordergate.model.order import Reason
from ordergate.process.assessment import Outcome, by_id
from ordergate.process.waiting import nearest, waits_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from ordergate.model.order import ResourceOrder, ResourceOrderItem
    from ordergate.process.assessment import Assessment
    from ordergate.process.draft import Draft
    from ordergate.process.request import InitiatingRequest

MOST_DEPENDENCIES = 10_000
"""Dependencies that the items of one requested item may have: they are written out one by one."""


def entangled(
    request: InitiatingRequest, assessments: Sequence[Assessment], drafts: Iterable[Draft]
) -> Iterator[tuple[str, Reason]]:
    """Yield (requested item, finding) where more dependencies would be written out than may be.

    They are counted before they are made. What waits for such an item has to wait for it anyway,
    so the fault is not its own.
    """
    counted: Counter[str] = Counter()
    for one in drafts:
        counted[one.requested_item_id] += len(one.depends_on)
    many = {owner_id: None for owner_id, count in counted.items() if count > MOST_DEPENDENCIES}
    owners, waits = by_id(assessments), waits_of(request.item)
    for owner_id in many:
        if next(nearest(owner_id, waits, many), None) is None:
            what = f"there would be more dependencies than {MOST_DEPENDENCIES}, the most"
            yield owner_id, _finding(owners[owner_id], what)


def verify(
    request: InitiatingRequest,
    assessments: Sequence[Assessment],
    orders: Sequence[ResourceOrder],
) -> Iterator[tuple[str, Reason]]:
    """Yield (requested item, finding) where the set is not correct and complete (C8).

    Rules are checked before they are active, so a finding is a defect of a rule that the check
    couldn't see: its item is handed over, never half-issued.
    """
    owners = by_id(assessments)
    ours = {order.id for order in orders}
    items = [_within(item, ours) for order in orders for item in order.item]
    own: dict[str, list[ResourceOrderItem]] = {}
    for item in items:
        own.setdefault(item.requested_item_id, []).append(item)
    for owner_id, problem in chain(
        _uncovered(assessments, own),
        _without_the_request(request, orders),
        _wrong_items(items),
        _in_a_circle(items),
        _unrelated(request, own),
    ):
        yield owner_id, _finding(owners[owner_id], problem)


def _uncovered(
    assessments: Iterable[Assessment], own: Collection[str]
) -> Iterator[tuple[str, str]]:
    """Yield what nothing is ordered for, though neither it nor the request says why not."""
    for one in assessments:
        foreseen = one.feasibility is not None and one.feasibility.resource_order
        needs_items = one.outcome is Outcome.STANDARD and not one.takes_nothing and not foreseen
        if needs_items and one.item.id not in own:
            yield one.item.id, "its rule gives no order item for it"


def _without_the_request(
    request: InitiatingRequest, orders: Iterable[ResourceOrder]
) -> Iterator[tuple[str, str]]:
    """Yield the items of orders that don't say which request they were issued for."""
    for order in orders:
        if order.initiating_request.id != request.id:
            for owner_id in dict.fromkeys(item.requested_item_id for item in order.item):
                yield owner_id, f"order {order.id} doesn't refer to the request"


def _within(item: ResourceOrderItem, ours: Collection[str]) -> ResourceOrderItem:
    """Return the item without what it waits for in orders that were issued before."""
    if all(one.resource_order_id is None for one in item.depends_on):
        return item
    targets = (one for one in item.depends_on if one.resource_order_id in {None, *ours})
    return replace(item, depends_on=tuple(targets))


def _wrong_items(items: Sequence[ResourceOrderItem]) -> Iterator[tuple[str, str]]:
    """Yield (requested item, problem) of items that can't stand alone, or beside the others."""
    ids = {item.id for item in items}
    seen: set[str] = set()
    ordered: set[str] = set()
    for item in items:
        owner_id, resource_id = item.requested_item_id, item.resource.id
        if item.id in seen:
            yield owner_id, f"{item.id} would be ordered twice"
        if not resource_id:
            yield owner_id, f"{item.id} names no resource"
        elif resource_id in ordered:
            yield owner_id, f"the resource {resource_id} would be ordered twice"
        if item.action is Action.ADD and not (
            item.resource_specification and item.resource_specification.id
        ):
            yield owner_id, f"{item.id} has no specification"
        if item.quantity < 1:
            yield owner_id, f"{item.id} would be ordered {item.quantity} times"
        if any(target.item_id not in ids for target in item.depends_on):
            yield owner_id, f"{item.id} waits for what isn't ordered"
        seen.add(item.id)
        ordered.add(resource_id)


def _in_a_circle(items: Sequence[ResourceOrderItem]) -> Iterator[tuple[str, str]]:
    """Yield (requested item, problem) where items wait in a circle."""
    waits = {item.id: [one.item_id for one in item.depends_on] for item in items if item.depends_on}
    try:
        TopologicalSorter(waits).prepare()
    except CycleError as error:
        circle = error.args[1]
        owner = {item.id: item.requested_item_id for item in items}
        for owner_id in dict.fromkeys(owner[one] for one in circle if one in owner):
            yield owner_id, f"items would wait in a circle: {' → '.join(circle)}"


def _unrelated(
    request: InitiatingRequest, own: Mapping[str, Sequence[ResourceOrderItem]]
) -> Iterator[tuple[str, str]]:
    """Yield what could start before an item that it was asked to wait for is complete."""
    waits = waits_of(request.item)
    exits: dict[str, set[str]] = {}
    for owner_id, several in own.items():
        waited_for = {target.item_id for item in several for target in item.depends_on}
        exits[owner_id] = {item.id for item in several} - waited_for
    for owner_id, several in own.items():
        ids = {item.id for item in several}
        needed = [exits[one] for one in nearest(owner_id, waits, own)]
        for item in several if needed else ():
            targets = {target.item_id for target in item.depends_on}
            if targets.isdisjoint(ids) and not all(each <= targets for each in needed):
                yield owner_id, f"{item.id} doesn't wait for all that it was asked to wait for"


def _finding(assessment: Assessment, what: str) -> Reason:
    return Reason(
        "incompleteDetermination", f"The set is not complete: {what}.", assessment.item.path
    )
