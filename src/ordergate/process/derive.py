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
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from ordergate.model.common import Document

_STOPPED = frozenset({OrderState.FAILED, OrderState.CANCELLED, OrderState.REJECTED})
_ENDED = _STOPPED | {OrderState.COMPLETED, OrderState.PARTIAL}
_NEVER_STARTED = frozenset({OrderState.ACKNOWLEDGED, OrderState.REJECTED, OrderState.CANCELLED})
_CANCELLATION = (
    OrderState.ASSESSING_CANCELLATION,
    OrderState.PENDING_CANCELLATION,
    OrderState.CANCELLED,
)


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
    target = order_state(state, _found(items), runnable=bool(_runnable(items, waiting)))
    return Derivation(items, way(state, target))


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


def _found(items: Sequence[Document]) -> set[OrderState]:
    """Return the states that count: what takes no work does only where nothing else is there."""
    counted = [item for item in items if _counts(item)] or items
    return {OrderState(item["state"]) for item in counted}


def state_of(found: Collection[OrderState], *, runnable: bool) -> OrderState:
    """Return what the states of its parts make of a whole, wherever it was before.

    Args:
        runnable: whether any part could start now.
    """
    found = set(found)
    if found <= _ENDED:
        return _ended(found)
    if found <= _NEVER_STARTED:
        return OrderState.ACKNOWLEDGED
    if OrderState.IN_PROGRESS not in found and not runnable:
        for one in (OrderState.PENDING, OrderState.HELD):
            if one in found:
                return one
    return OrderState.IN_PROGRESS


def order_state(state: OrderState, found: Collection[OrderState], *, runnable: bool) -> OrderState:
    """Return the state that follows for an order in `state` from those of its parts.

    It neither goes back to where it began, nor ends as what it can't become any more.
    """
    target = state_of(found, runnable=runnable)
    if target is OrderState.ACKNOWLEDGED:
        waits = state is OrderState.ACKNOWLEDGED or set(found) == {OrderState.ACKNOWLEDGED}
        return state if waits else OrderState.IN_PROGRESS
    if target in {OrderState.CANCELLED, OrderState.REJECTED} and target not in next_states(state):
        return OrderState.FAILED
    return target


def way_of_request(
    state: OrderState, found: Collection[OrderState], *, runnable: bool
) -> tuple[OrderState, ...]:
    """Return the way of a request, or its service order, that follows from those of its parts.

    One whose parts were all cancelled is cancelled too, as a cancellation goes (S13 to S22).
    """
    is_cancelled = state_of(found, runnable=runnable) is OrderState.CANCELLED
    if is_cancelled and OrderState.CANCELLED not in next_states(state):
        return _CANCELLATION
    return way(state, order_state(state, found, runnable=runnable))


def _ended(found: set[OrderState]) -> OrderState:
    """Return the state of a whole none of whose parts is open any more."""
    if found & {OrderState.COMPLETED, OrderState.PARTIAL}:
        return OrderState.COMPLETED if found == {OrderState.COMPLETED} else OrderState.PARTIAL
    return next(iter(found)) if len(found) == 1 else OrderState.FAILED


def way(state: OrderState, target: OrderState) -> tuple[OrderState, ...]:
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
