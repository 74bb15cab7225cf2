"""Lifecycle: change and remove a resource order that is there (C7).

Orchestration is Track & Manage's: Ordergate takes its state changes by PATCH, keeps to the state
machine and tells the listeners.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

from ordergate.errors import IllegalTransitionError, InvalidPatchError
from ordergate.model.common import Action, timestamp
from ordergate.model.completion import completed
from ordergate.model.events import EventType
from ordergate.model.states import FINAL, OrderState, next_states
from ordergate.process.acknowledge import action_of, check_items
from ordergate.process.notify import notify
from ordergate.tmf630.patch import merge_patch

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from ordergate.model.common import Document
    from ordergate.process.ports import Entity

    Check: TypeAlias = Callable[[Document], None]

IMMUTABLE = ("id", "href", "orderDate", "completionDate")
OPEN_WHEN_FINAL = frozenset(
    {"note", "externalReference", "description", "category", "relatedParty", "name", "state"}
)
"""What may still change in a final state (W9); a state may be sent again as it is."""

_STARTED = OrderState.IN_PROGRESS
_FINISHED = frozenset({OrderState.COMPLETED, OrderState.PARTIAL, OrderState.FAILED})
_REMOVABLE = FINAL | {OrderState.ACKNOWLEDGED}


def amend(entity: Entity, patch: Document, moment: datetime, check: Check) -> Entity | None:
    """Return the order after a merge patch (RFC 7396), or None where nothing changes.

    Args:
        check: raises where the result breaks the contract.

    Raises:
        InvalidPatchError: it changes what is immutable (W6).
        IllegalTransitionError: the state machine or a final state forbids it (W7 to W9).
        InvalidDocumentError: the result is not a valid order.
    """
    before = entity.document
    merged = merge_patch(before, patch)
    check(merged)
    after = _with_given(before, completed(merged, moment))
    if after == before:
        return None
    _check_immutables(before, after)
    changed = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    _check_final(before, changed)
    _check_state(before, after)
    _check_order_items(before, after)
    check_items(after)
    _stamp(before, after, moment)
    return _with_events(entity, after, changed, moment)


def removal(entity: Entity, moment: datetime) -> Entity:
    """Return the order as it leaves, owing the event that says so.

    Raises:
        IllegalTransitionError: it is being worked on; cancel it first.
    """
    state = OrderState(entity.document["state"])
    if state not in _REMOVABLE:
        raise IllegalTransitionError(
            f"The order is {state}: it can be deleted when it is acknowledged or final. "
            "Let it end, or cancel it.",
            path="state",
        )
    sequence = entity.sequence + 1
    kind = EventType.RESOURCE_ORDER_DELETE
    event = notify(kind, entity.document, sequence, moment, description="Deleted.")
    return replace(entity, revision=entity.revision + 1, sequence=sequence, owed=(event,))


def _with_given(before: Document, after: Document) -> Document:
    """Return the order whose items keep what the server gave them and the patch leaves out.

    A patch replaces the whole list; the state, and the id of a resource to come, aren't asked for.
    """
    old_items = {item["id"]: item for item in before["orderItem"]}
    items = []
    for item in after["orderItem"]:
        old = old_items.get(item.get("id"), {})
        state = {"state": old["state"]} if old else {}
        kept = {**state, **item, "action": action_of(item)}
        given = {k: v for k, v in old.get("resource", {}).items() if k in {"id", "href"}}
        if "resource" in item and item["resource"].get("id") in {None, given.get("id")}:
            kept["resource"] = {**given, **item["resource"]}
        items.append(kept)
    return {**after, "orderItem": items}


def _check_immutables(before: Document, after: Document) -> None:
    for name in IMMUTABLE:
        if before.get(name) != after.get(name):
            raise InvalidPatchError(f"{name} can't be changed.", path=name)
    actions = {item["id"]: item["action"] for item in before["orderItem"]}
    for index, item in enumerate(after["orderItem"]):
        if item.get("action") != actions.get(item.get("id"), item.get("action")):
            raise InvalidPatchError(
                "The action of an item can't be changed.", path=f"orderItem[{index}].action"
            )


def _check_final(before: Document, changed: list[str]) -> None:
    late = [name for name in changed if name not in OPEN_WHEN_FINAL]
    if late and before["state"] in FINAL:
        raise IllegalTransitionError(
            f"The order is {before['state']}: {', '.join(late)} can't change any more.",
            path=late[0],
        )


def _check_state(before: Document, after: Document) -> None:
    """Refuse a state that isn't next (S2 to S12); cancelling has a task of its own (S13 to S22)."""
    old, new = before["state"], after.get("state")
    if old != new:
        _check_transition("The order", old, new, next_states(OrderState(old)), "state")


def _check_transition(
    what: str, old: str, new: object, allowed: tuple[OrderState, ...], path: str
) -> None:
    if new not in allowed:
        names = ", ".join(allowed) or "none"
        raise IllegalTransitionError(
            f"{what} can't go from {old} to {new}; next states by PATCH: {names}.", path=path
        )


def _check_order_items(before: Document, after: Document) -> None:
    """Hold the items to their own state machine, and to the order's for coming and going (W8)."""
    old_items = {item["id"]: item for item in before["orderItem"]}
    kept = {item.get("id") for item in after["orderItem"]}
    amendable = before["state"] in {OrderState.ACKNOWLEDGED, OrderState.PENDING}
    if kept != set(old_items) and not amendable:
        raise IllegalTransitionError(
            f"The order is {before['state']}: items can't be added or removed any more.",
            path="orderItem",
        )
    for index, item in enumerate(after["orderItem"]):
        path = f"orderItem[{index}]"
        if item.get("id") not in old_items:
            raise InvalidPatchError(
                "New items come in a new order; a patch names items by their id.", path=f"{path}.id"
            )
        old = old_items[item["id"]]
        if item.get("resource") != old.get("resource") and not amendable:
            raise IllegalTransitionError(
                f"The order is {before['state']}: what an item asks for can't change any more.",
                path=f"{path}.resource",
            )
        if item["state"] != old["state"]:
            allowed = _next_item_states(old)
            _check_transition("The item", old["state"], item["state"], allowed, f"{path}.state")


def _next_item_states(item: Document) -> tuple[OrderState, ...]:
    """Return what may follow for an item: as for an order but `partial`, and I1 and I2."""
    state = OrderState(item["state"])
    allowed = [one for one in next_states(state) if one is not OrderState.PARTIAL]
    if state is OrderState.ACKNOWLEDGED:
        allowed.append(OrderState.CANCELLED)
        if item["action"] == Action.NO_CHANGE:
            allowed.append(OrderState.COMPLETED)
    return tuple(allowed)


def _stamp(before: Document, after: Document, moment: datetime) -> None:
    """Set the dates that belong to a new state."""
    if before["state"] == after["state"]:
        return
    if after["state"] == _STARTED:
        after.setdefault("startDate", timestamp(moment))
    if after["state"] in _FINISHED:
        after["completionDate"] = timestamp(moment)


def _with_events(entity: Entity, after: Document, changed: list[str], moment: datetime) -> Entity:
    """Return the changed order with an event for its state and one for all else."""
    owed = []
    sequence = entity.sequence
    if "state" in changed:
        sequence += 1
        said = f"{entity.document['state']} -> {after['state']}"
        kind = EventType.RESOURCE_ORDER_STATE_CHANGE
        owed.append(notify(kind, after, sequence, moment, description=said))
    others = [name for name in changed if name != "state"]
    if others:
        sequence += 1
        kind = EventType.RESOURCE_ORDER_ATTRIBUTE_VALUE_CHANGE
        path = ",".join(others)
        said = f"Changed: {', '.join(others)}."
        owed.append(notify(kind, after, sequence, moment, description=said, field_path=path))
    return replace(
        entity,
        document=after,
        revision=entity.revision + 1,
        sequence=sequence,
        owed=tuple(owed),
    )
