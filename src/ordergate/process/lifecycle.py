"""Lifecycle: change and remove a resource order that is there (C7).

Orchestration is Track & Manage's: Ordergate takes its state changes by PATCH, keeps to the state
machine and tells the listeners.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from ordergate.errors import IllegalTransitionError, InvalidPatchError
from ordergate.model.completion import completed
from ordergate.model.events import EventType, Occurrence
from ordergate.model.states import FINAL, UNDER_CANCELLATION, OrderState, next_item_states
from ordergate.process.acknowledge import acknowledged_items, action_of, check_items
from ordergate.process.amendment import (
    changed_attributes,
    check_final,
    check_immutable,
    check_removable,
    check_state,
    dated,
)
from ordergate.process.derive import derive
from ordergate.process.notify import changed

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from ordergate.model.addresses import Addresses
    from ordergate.model.common import Document
    from ordergate.process.entity import Closing, Entity
    from ordergate.tmf630.patch import Change

    Check: TypeAlias = Callable[[Document], None]

IMMUTABLE = (
    "id",
    "href",
    "orderDate",
    "completionDate",
    "cancellationDate",
    "initiatingRequest",
)
OPEN_WHEN_FINAL = frozenset(
    {"note", "externalReference", "description", "category", "relatedParty", "name", "state"}
)
"""What may still change in a final state (W9); a state may be sent again as it is."""


def amend(
    entity: Entity, change: Change, moment: datetime, check: Check, addresses: Addresses
) -> Entity | None:
    """Return the order after a patch, or None where nothing changes.

    Where the items' states change and the patch doesn't set the order's, that follows from them.

    Args:
        change: what the patch does to the document.
        check: raises where the result breaks the contract.

    Raises:
        InvalidPatchError: it changes what is immutable (W6), or can't be applied.
        IllegalTransitionError: the state machine or a final state forbids it (W7 to W9).
        InvalidDocumentError: the result is not a valid order.
    """
    before = entity.document
    changed_to = change(before)
    check(changed_to)
    after = _with_given(before, completed(changed_to, moment), addresses)
    if after == before:
        return None
    check_immutable(before, after, IMMUTABLE)
    _check_actions(before, after)
    check_final(before, after, OPEN_WHEN_FINAL)
    check_state(before, after)
    _check_order_items(before, after)
    check_items(after)
    way: tuple[str, ...] = (after["state"],) if after["state"] != before["state"] else ()
    if not way and _item_states(before) != _item_states(after):
        derivation = derive(after)
        after, way = {**after, "orderItem": derivation.order_item}, derivation.way
    return _with_events(entity, after, way, moment)


def conclude(entity: Entity, closing: Closing, moment: datetime) -> Entity | None:
    """Return the order with these items at their end, because they were answered elsewhere.

    None where the order, or each of the items, is over already, or is being cancelled.
    """
    before = entity.document
    if OrderState(before["state"]) in FINAL | UNDER_CANCELLATION:
        return None
    items = [
        {**item, "state": str(closing.state)}
        if item["id"] in closing.item_ids and item["state"] not in FINAL
        else item
        for item in before["orderItem"]
    ]
    if items == before["orderItem"]:
        return None
    note = {"author": "Ordergate", "text": closing.text}
    after = {**before, "orderItem": items, "note": [*before.get("note", []), note]}
    derivation = derive(completed(after, moment))
    after = {**completed(after, moment), "orderItem": derivation.order_item}
    return _with_events(entity, after, derivation.way, moment)


def removal(entity: Entity, moment: datetime) -> Entity:
    """Return the order as it leaves, owing the event that says so.

    Raises:
        IllegalTransitionError: it is being worked on; cancel it first.
    """
    check_removable(entity.document)
    deleted = Occurrence(EventType.RESOURCE_ORDER_DELETE, entity.document, "Deleted.")
    return changed(entity, entity.document, moment, deleted)


def _with_given(before: Document, after: Document, addresses: Addresses) -> Document:
    """Return the order whose items have what the server gives them.

    A patch replaces the whole list. An item that was there keeps its state and the id of its
    resource to come if the patch leaves them out; a new one gets them as in a new order (W8).
    """
    old_items = {item["id"]: item for item in before["orderItem"]}
    new_items = acknowledged_items(after["orderItem"], before["id"], addresses, old_items)
    pairs = zip(after["orderItem"], new_items, strict=True)
    items = [
        _with_kept(old_items[item["id"]], item) if item.get("id") in old_items else new
        for item, new in pairs
    ]
    return {**after, "orderItem": items}


def _with_kept(old: Document, item: Document) -> Document:
    kept = {"state": old["state"], **item, "action": action_of(item)}
    given = {k: v for k, v in old.get("resource", {}).items() if k in {"id", "href"}}
    if "resource" in item and item["resource"].get("id") in {None, given.get("id")}:
        kept["resource"] = {**given, **item["resource"]}
    return kept


def _check_actions(before: Document, after: Document) -> None:
    actions = {item["id"]: item["action"] for item in before["orderItem"]}
    for index, item in enumerate(after["orderItem"]):
        if item.get("action") != actions.get(item.get("id"), item.get("action")):
            raise InvalidPatchError(
                "The action of an item can't be changed.", path=f"orderItem[{index}].action"
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
    order = OrderState(before["state"])
    for index, item in enumerate(after["orderItem"]):
        old = old_items.get(item["id"])
        if old is None:
            continue
        path = f"orderItem[{index}]"
        if item.get("resource") != old.get("resource") and not amendable:
            raise IllegalTransitionError(
                f"The order is {order}: what an item asks for can't change any more.",
                path=f"{path}.resource",
            )
        if item["state"] != old["state"]:
            allowed = next_item_states(OrderState(old["state"]), old["action"], order)
            _check_item_state(old["state"], item["state"], allowed, f"{path}.state")


def _check_item_state(old: str, new: object, allowed: tuple[OrderState, ...], path: str) -> None:
    if new not in allowed:
        names = ", ".join(allowed) or "none"
        raise IllegalTransitionError(
            f"The item can't go from {old} to {new}; next states by PATCH: {names}.", path=path
        )


def _item_states(order: Document) -> dict[str, str]:
    return {item["id"]: item["state"] for item in order["orderItem"]}


def _with_events(entity: Entity, after: Document, way: tuple[str, ...], moment: datetime) -> Entity:
    """Return the changed order with an event for each state on its way and one for all else.

    What a pending order or item waits for is told too, as far as it is known.
    """
    before = entity.document
    others = [name for name in changed_attributes(before, after) if name != "state"]
    document = {**after, "state": before["state"]}
    told = []
    for state in way:
        said = f"{document['state']} -> {state}"
        document = dated(document, {**document, "state": str(state)}, moment)
        told.append(Occurrence(EventType.RESOURCE_ORDER_STATE_CHANGE, document, said))
    if others:
        names = ", ".join(others)
        kind = EventType.RESOURCE_ORDER_ATTRIBUTE_VALUE_CHANGE
        told.append(Occurrence(kind, document, f"Changed: {names}.", ",".join(others)))
    if missing := _missing(before, document, way):
        kind = EventType.RESOURCE_ORDER_INFORMATION_REQUIRED
        told.append(Occurrence(kind, document, "Waiting for information.", missing))
    return changed(entity, document, moment, *told)


def _missing(before: Document, after: Document, way: tuple[str, ...]) -> str:
    """Return the paths of what just became pending, comma separated; empty if nothing did."""
    states = _item_states(before)
    entered = [
        f"orderItem[{index}]"
        for index, item in enumerate(after["orderItem"])
        if item["state"] == OrderState.PENDING and states.get(item["id"]) != OrderState.PENDING
    ]
    if not entered and OrderState.PENDING in way:
        return "orderItem"
    return ",".join(entered)
