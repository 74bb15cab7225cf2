"""Derive: from the states of an order's items to the state of the order (standards 3.2, Q28).

Only what the items report is derived; nothing here starts or stops work.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ordergate.model.common import Action
from ordergate.model.relationships import is_dependency
from ordergate.model.states import FINAL, UNDER_CANCELLATION, OrderState, next_states

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ordergate.model.common import Document

_STOPPED = frozenset({OrderState.FAILED, OrderState.CANCELLED, OrderState.REJECTED})
_ENDED = _STOPPED | {OrderState.COMPLETED}
_NEVER_STARTED = frozenset({OrderState.ACKNOWLEDGED, OrderState.REJECTED, OrderState.CANCELLED})


@dataclass(frozen=True, slots=True)
class Derivation:
    """What the items' states make of each other and of their order.

    Args:
        order_item: the items, with those moved that nobody works on (I1, I2).
        way: the states that the order goes through, one legal step each; empty if it stays.
    """

    order_item: list[Document]
    way: tuple[OrderState, ...]


def derive(order: Document) -> Derivation:
    """Return what follows for the order from the states that its items have now.

    A final state stays, and a cancel task suspends the derivation.
    """
    state = OrderState(order["state"])
    if state in FINAL | UNDER_CANCELLATION:
        return Derivation(order["orderItem"], ())
    waiting = _waiting(order)
    items = _with_dependents_cancelled(order["orderItem"], waiting)
    if any(item["state"] not in _NEVER_STARTED for item in items):
        items = _with_no_change_completed(items, waiting)
    return Derivation(items, _way(state, _derived_state(state, items, waiting)))


def _with_dependents_cancelled(
    items: Sequence[Document], waiting: Mapping[str, Sequence[str]]
) -> list[Document]:
    """Cancel what never started and waits for an item that won't be completed (I1)."""
    current = {item["id"]: item for item in items}
    stopped = [item["id"] for item in items if item["state"] in _STOPPED]
    while stopped:
        for item_id in waiting.get(stopped.pop(), ()):
            if current[item_id]["state"] == OrderState.ACKNOWLEDGED:
                current[item_id] = {**current[item_id], "state": str(OrderState.CANCELLED)}
                stopped.append(item_id)
    return [current[item["id"]] for item in items]


def _with_no_change_completed(
    items: list[Document], waiting: Mapping[str, Sequence[str]]
) -> list[Document]:
    """Complete what takes no work, once the work has begun and nothing is in its way (I2)."""
    while True:
        ready = {item["id"] for item in _runnable(items, waiting) if not _counts(item)}
        if not ready:
            return items
        items = [
            {**item, "state": str(OrderState.COMPLETED)} if item["id"] in ready else item
            for item in items
        ]


def _derived_state(
    state: OrderState, items: Sequence[Document], waiting: Mapping[str, Sequence[str]]
) -> OrderState:
    counted = [item for item in items if _counts(item)] or items
    found = {OrderState(item["state"]) for item in counted}
    if found <= _ENDED:
        return _ended(state, found)
    if found == {OrderState.ACKNOWLEDGED} or (
        state is OrderState.ACKNOWLEDGED and found <= _NEVER_STARTED
    ):
        return state
    if OrderState.IN_PROGRESS not in found and not _runnable(items, waiting):
        for one in (OrderState.PENDING, OrderState.HELD):
            if one in found:
                return one
    return OrderState.IN_PROGRESS


def _ended(state: OrderState, found: set[OrderState]) -> OrderState:
    """Return the state of an order none of whose items is open any more."""
    if OrderState.COMPLETED in found:
        return OrderState.PARTIAL if len(found) > 1 else OrderState.COMPLETED
    if found == {OrderState.REJECTED} and state is OrderState.ACKNOWLEDGED:
        return OrderState.REJECTED
    given_up = found == {OrderState.CANCELLED} and OrderState.CANCELLED in next_states(state)
    return OrderState.CANCELLED if given_up else OrderState.FAILED


def _way(state: OrderState, target: OrderState) -> tuple[OrderState, ...]:
    """Return the shortest way along S2 to S12, without `state` itself."""
    ways: dict[OrderState, tuple[OrderState, ...]] = {state: ()}
    ahead = [state]
    while target not in ways:
        here = ahead.pop(0)
        for following in next_states(here):
            if following not in ways:
                ways[following] = (*ways[here], following)
                ahead.append(following)
    return ways[target]


def _counts(item: Document) -> bool:
    return bool(item["action"] != Action.NO_CHANGE)


def _runnable(items: Iterable[Document], waiting: Mapping[str, Sequence[str]]) -> list[Document]:
    """Return the items that could start now: what they wait for in this order is complete."""
    items = list(items)
    open_ones = [item["id"] for item in items if item["state"] != OrderState.COMPLETED]
    blocked = {one for item_id in open_ones for one in waiting.get(item_id, ())}
    return [
        item
        for item in items
        if item["state"] == OrderState.ACKNOWLEDGED and item["id"] not in blocked
    ]


def _waiting(order: Document) -> dict[str, list[str]]:
    """Return, for each item of the order, the items of the order that wait for it."""
    found: dict[str, list[str]] = {}
    for item in order["orderItem"]:
        for relationship in item.get("orderItemRelationship", []):
            target = relationship.get("orderItem", {})
            waits = is_dependency(relationship.get("relationshipType"))
            if waits and target.get("resourceOrderId") in {None, order["id"]}:
                found.setdefault(target["itemId"], []).append(item["id"])
    return found
