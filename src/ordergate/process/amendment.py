"""Amendment: what a patch of an order keeps to, be it for resources or for services (W6 to W9)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ordergate.errors import IllegalTransitionError, InvalidPatchError
from ordergate.model.common import timestamp
from ordergate.model.states import FINAL, OrderState, next_states

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from ordergate.model.common import Document

_FINISHED = frozenset({OrderState.COMPLETED, OrderState.PARTIAL, OrderState.FAILED})
_REMOVABLE = FINAL | {OrderState.ACKNOWLEDGED}


def changed_attributes(before: Document, after: Document) -> list[str]:
    """Return the names of the attributes that differ, those that were there first."""
    return [name for name in {**before, **after} if before.get(name) != after.get(name)]


def check_immutable(before: Document, after: Document, names: Collection[str]) -> None:
    """Refuse another value for what is the server's (W6).

    Raises:
        InvalidPatchError: naming the attribute.
    """
    for name in changed_attributes(before, after):
        if name in names:
            raise InvalidPatchError(f"{name} can't be changed.", path=name)


def check_final(before: Document, after: Document, allowed: Collection[str]) -> None:
    """Refuse in a final state what isn't words about the order (W9).

    Raises:
        IllegalTransitionError: naming the attributes.
    """
    late = [name for name in changed_attributes(before, after) if name not in allowed]
    if late and before["state"] in FINAL:
        raise IllegalTransitionError(
            f"The order is {before['state']}: {', '.join(late)} can't change any more.",
            path=late[0],
        )


def check_state(before: Document, after: Document) -> None:
    """Refuse a state that isn't next (S2 to S12); cancelling has a task of its own (S13 to S22).

    Raises:
        IllegalTransitionError: with the states that are allowed.
    """
    old, new = before["state"], after.get("state")
    allowed = next_states(OrderState(old))
    if old != new and new not in allowed:
        names = ", ".join(allowed) or "none"
        raise IllegalTransitionError(
            f"The order can't go from {old} to {new}; next states by PATCH: {names}.", path="state"
        )


def check_removable(order: Document) -> None:
    """Refuse to delete an order that is being worked on (W13, Q12).

    Raises:
        IllegalTransitionError: it is neither acknowledged nor final.
    """
    if order["state"] not in _REMOVABLE:
        raise IllegalTransitionError(
            f"The order is {order['state']}: it can be deleted when it is acknowledged or final. "
            "Let it end, or cancel it.",
            path="state",
        )


def dated(before: Document, after: Document, moment: datetime) -> Document:
    """Return the order with the dates that belong to its state, if that is new."""
    state = after["state"]
    if state == before["state"]:
        return after
    dates: Document = {}
    if state == OrderState.IN_PROGRESS and "startDate" not in after:
        dates["startDate"] = timestamp(moment)
    if state in _FINISHED:
        dates["completionDate"] = timestamp(moment)
    if state == OrderState.CANCELLED:
        dates["cancellationDate"] = timestamp(moment)
    return {**after, **dates}
