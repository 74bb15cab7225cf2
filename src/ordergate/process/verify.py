"""Verify: see that a set of resource orders is correct and complete before anything is stored.

eTOM 1.5.6.7: issue correct and complete resource orders (the design's C8).
"""

from __future__ import annotations

from dataclasses import replace
from graphlib import CycleError, TopologicalSorter
from itertools import chain
from typing import TYPE_CHECKING

from ordergate.model.common import Action
from ordergate.model.order import Reason
from ordergate.process.assess import Outcome, by_id

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from ordergate.model.order import ResourceOrder, ResourceOrderItem
    from ordergate.process.assess import Assessment

MOST_DEPENDENCIES = 10_000
"""Dependencies that the items of one requested item may have: they are written out one by one."""


def verify(
    assessments: Sequence[Assessment], orders: Sequence[ResourceOrder]
) -> Iterator[tuple[str, Reason]]:
    """Yield (requested item, finding) where the set is not correct and complete (C8).

    Rules are checked before they are active, so a finding is a defect of a rule that the check
    couldn't see: its item is handed over, never half-issued.
    """
    ours = {order.id for order in orders}
    items = [_within(item, ours) for order in orders for item in order.item]
    covered = {item.requested_item_id for item in items}
    for one in assessments:
        needs_items = one.outcome is Outcome.STANDARD and one.item.action is not Action.NO_CHANGE
        if needs_items and one.item.id not in covered:
            yield one.item.id, _finding(one, "its rule gives no order item for it")
    owners = by_id(assessments)
    own: dict[str, list[ResourceOrderItem]] = {}
    for item in items:
        own.setdefault(item.requested_item_id, []).append(item)
    for owner_id, problem in chain(_wrong_items(items), _tangled(own)):
        yield owner_id, _finding(owners[owner_id], problem)


def _within(item: ResourceOrderItem, ours: Collection[str]) -> ResourceOrderItem:
    """Return the item without what it waits for in orders that were issued before."""
    targets = (one for one in item.depends_on if one.resource_order_id in {None, *ours})
    return replace(item, depends_on=tuple(targets))


def _wrong_items(items: Sequence[ResourceOrderItem]) -> Iterator[tuple[str, str]]:
    """Yield (requested item, problem) of items that can't stand beside the others."""
    ids = {item.id for item in items}
    seen: set[str] = set()
    for item in items:
        if item.id in seen:
            yield item.requested_item_id, f"{item.id} would be ordered twice"
        if item.quantity < 1:
            yield item.requested_item_id, f"{item.id} would be ordered {item.quantity} times"
        if any(target.item_id not in ids for target in item.depends_on):
            yield item.requested_item_id, f"{item.id} waits for what isn't ordered"
        seen.add(item.id)


def _tangled(own: Mapping[str, Sequence[ResourceOrderItem]]) -> Iterator[tuple[str, str]]:
    """Yield (requested item, problem) where its items wait for too much, or in a circle.

    A circle can't go through several of them: `assess` refuses requested items in a circle.
    """
    for owner_id, items in own.items():
        waits = {item.id: [target.item_id for target in item.depends_on] for item in items}
        if sum(map(len, waits.values())) > MOST_DEPENDENCIES:
            yield owner_id, f"there would be more dependencies than {MOST_DEPENDENCIES}, the most"
            continue
        try:
            TopologicalSorter(waits).prepare()
        except CycleError as error:
            yield owner_id, f"items would wait in a circle: {' → '.join(error.args[1])}"


def _finding(assessment: Assessment, what: str) -> Reason:
    return Reason(
        "incompleteDetermination", f"The set is not complete: {what}.", assessment.item.path
    )
