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
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import datetime

    from ordergate.model.common import Document
    from ordergate.process.ports import Entity
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
_AMENDABLE = frozenset({OrderState.ACKNOWLEDGED, OrderState.PENDING})


def amend_service_order(
    entity: Entity, change: Change, moment: datetime, check: Callable[[Document], None]
) -> Entity | None:
    """Return the service order after a patch, or None where nothing changes.

    Args:
        change: what the patch does to the document.
        check: raises where the result breaks the contract.

    Raises:
        InvalidPatchError: it changes what is immutable (W6), or can't be applied.
        PatchConflictError: it doesn't fit the order as it is.
        IllegalTransitionError: the state machine, a final state or the items forbid it.
        InvalidDocumentError: the result is not a valid order.
    """
    before = entity.document
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
    names = changed_attributes(before, after)
    after = dated(before, after, moment)
    return changed(entity, after, moment, *_told(before, after, names))


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
    """Refuse any change of the items: what they ask for was decided, and stays as it was."""
    if after["serviceOrderItem"] == before["serviceOrderItem"]:
        return
    actions = {item["id"]: item["action"] for _, item in _each(before)}
    for path, item in _each(after):
        if item["action"] != actions.get(item["id"], item["action"]):
            raise InvalidPatchError(
                "The action of an item can't be changed.", path=f"{path}.action"
            )
    why = "what its items ask for can't change any more."
    if before["state"] in _AMENDABLE:
        why = "a change of its items would have to be assessed anew, which isn't offered yet."
    raise IllegalTransitionError(
        f"The order is {before['state']}: {why} Send a new order.", path="serviceOrderItem"
    )


def _each(holder: Document, path: str = "") -> Iterator[tuple[str, Document]]:
    """Yield the items of an order or an item with their paths, and those inside them."""
    for index, item in enumerate(holder.get("serviceOrderItem", [])):
        inner = f"{path}serviceOrderItem[{index}]"
        yield inner, item
        yield from _each(item, f"{inner}.")


def _told(before: Document, after: Document, names: Sequence[str]) -> Iterator[Occurrence]:
    """Yield what listeners are told: one event for the state, one for all else (Q23).

    Args:
        names: what the patch changed; the dates of a new state are told with it.
    """
    others = [name for name in names if name != "state"]
    if "state" in names:
        said = f"{before['state']} -> {after['state']}"
        yield Occurrence(EventType.SERVICE_ORDER_STATE_CHANGE, after, said)
    if others:
        kind = EventType.SERVICE_ORDER_ATTRIBUTE_VALUE_CHANGE
        yield Occurrence(kind, after, f"Changed: {', '.join(others)}.", ",".join(others))
