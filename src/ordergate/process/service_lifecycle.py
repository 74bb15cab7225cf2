"""Service lifecycle: change and remove a service order that is there (TMF641).

Its record stays whatever becomes of it: that the request was made remains true.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ordergate.errors import IllegalTransitionError, InvalidPatchError
from ordergate.model.completion import completed
from ordergate.model.events import EventType, Occurrence
from ordergate.model.states import OrderState
from ordergate.process.amendment import (
    changed_attributes,
    check_final,
    check_immutable,
    check_removable,
    check_state,
    dated,
)
from ordergate.process.notify import changed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime

    from ordergate.model.common import Document
    from ordergate.process.entity import Entity
    from ordergate.tmf630.patch import Change

IMMUTABLE = frozenset(
    {
        "id",
        "href",
        "orderDate",
        "startDate",
        "completionDate",
        "cancellationDate",
        "cancellationReason",
        "errorMessage",
        "jeopardyAlert",
        "milestone",
    }
)
"""What `ServiceOrder_Update` leaves out of an order because the server owns it."""

OPEN_WHEN_FINAL = frozenset(
    {"note", "externalReference", "description", "category", "relatedParty", "state"}
)
"""What may still change in a final state (W9); a state may be sent again as it is."""

_GIVEN = ("state", "errorMessage")
_DATES = frozenset({"startDate", "completionDate", "cancellationDate"})
AMENDABLE = frozenset({OrderState.ACKNOWLEDGED, OrderState.PENDING})


def amend_service_order(
    before: Document, change: Change, moment: datetime, check: Callable[[Document], None]
) -> Document | None:
    """Return the service order as a patch leaves it, or None where nothing changes.

    What its items ask for may change as long as nothing of it is being delivered; then the whole
    order has to be assessed anew.

    Args:
        change: what the patch does to the document.
        check: raises where the result breaks the contract.

    Raises:
        InvalidPatchError: it changes what is immutable (W6), or can't be applied.
        PatchConflictError: it doesn't fit the order as it is.
        IllegalTransitionError: the state machine, a final state or the items forbid it.
        InvalidDocumentError: the result is not a valid order.
    """
    changed_to = change(before)
    check(changed_to)
    after = completed(changed_to, moment)
    after["serviceOrderItem"] = _with_given(before["serviceOrderItem"], after["serviceOrderItem"])
    if after == before:
        return None
    check_immutable(before, after, IMMUTABLE)
    _check_items(before, after)
    check_final(before, after, OPEN_WHEN_FINAL)
    check_state(before, after)
    return dated(before, after, moment)


def told(before: Document, after: Document) -> Iterator[Occurrence]:
    """Yield what listeners are told of a change: one event for the state, one for all else (Q23).

    The dates of a new state are told with it.
    """
    names = changed_attributes(before, after)
    if "state" in names:
        names = [name for name in names if name not in _DATES]
        said = f"{before['state']} -> {after['state']}"
        yield Occurrence(EventType.SERVICE_ORDER_STATE_CHANGE, after, said)
    if others := [name for name in names if name != "state"]:
        kind = EventType.SERVICE_ORDER_ATTRIBUTE_VALUE_CHANGE
        yield Occurrence(kind, after, f"Changed: {', '.join(others)}.", ",".join(others))
    if after["state"] == OrderState.PENDING:
        yield from _information_required(before, after)


def _information_required(before: Document, after: Document) -> Iterator[Occurrence]:
    """Yield what a pending order waits for, where that is news."""
    missing = [error for _, item in _each(after) for error in item.get("errorMessage", [])]
    known = [error for _, item in _each(before) for error in item.get("errorMessage", [])]
    if before["state"] == OrderState.PENDING and missing == known:
        return
    reasons = "; ".join(error["reason"] for error in missing if "reason" in error)
    where = ",".join(error["message"] for error in missing if error.get("message"))
    kind = EventType.SERVICE_ORDER_INFORMATION_REQUIRED
    said = reasons or "Waiting for information."
    yield Occurrence(kind, after, said, where or "serviceOrderItem")


def service_order_removal(entity: Entity, moment: datetime) -> Entity:
    """Return the service order as it leaves, owing the event that says so.

    Raises:
        IllegalTransitionError: it is being worked on.
    """
    check_removable(entity.document)
    deleted = Occurrence(EventType.SERVICE_ORDER_DELETE, entity.document, "Deleted.")
    return changed(entity, entity.document, moment, deleted)


def _with_given(before: Iterable[Document], after: Iterable[Document]) -> list[Document]:
    """Return the items with what the server gave them and the patch leaves out."""
    old_items = {item["id"]: item for item in before}
    items = []
    for item in after:
        old = old_items.get(item["id"], {})
        kept: Document = {**{name: old[name] for name in _GIVEN if name in old}, **item}
        if "serviceOrderItem" in item:
            inner = old.get("serviceOrderItem", [])
            kept["serviceOrderItem"] = _with_given(inner, item["serviceOrderItem"])
        items.append(kept)
    return items


def _check_items(before: Document, after: Document) -> None:
    """Refuse a change of the items that comes too late, or touches what isn't the client's."""
    if after["serviceOrderItem"] == before["serviceOrderItem"]:
        return
    actions = {item["id"]: item["action"] for _, item in _each(before)}
    for path, item in _each(after):
        if item["action"] != actions.get(item["id"], item["action"]):
            raise InvalidPatchError(
                "The action of an item can't be changed.", path=f"{path}.action"
            )
    _check_given(before, after)
    if before["state"] not in AMENDABLE:
        raise IllegalTransitionError(
            f"The order is {before['state']}: what its items ask for can't change any more. "
            "Send an order that modifies the service.",
            path="serviceOrderItem",
        )


def _check_given(before: Document, after: Document) -> None:
    """Refuse to set what follows from the resource orders."""
    old_items = {item["id"]: item for _, item in _each(before)}
    for path, item in _each(after):
        for name in _GIVEN:
            if item["id"] in old_items and item.get(name) != old_items[item["id"]].get(name):
                raise IllegalTransitionError(
                    f"{name} of an item follows from its resource orders.", path=f"{path}.{name}"
                )


def _each(holder: Document, path: str = "") -> Iterator[tuple[str, Document]]:
    """Yield the items of an order or an item with their paths, and those inside them."""
    for index, item in enumerate(holder.get("serviceOrderItem", [])):
        inner = f"{path}serviceOrderItem[{index}]"
        yield inner, item
        yield from _each(item, f"{inner}.")
