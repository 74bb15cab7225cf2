"""Hand-over: its queue, as people work it: claimed by somebody, given back, or resolved (C5)."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING

from ordergate.errors import IllegalTransitionError, InvalidDocumentError, InvalidPatchError
from ordergate.model.completion import completed
from ordergate.process.amendment import changed_attributes

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from ordergate.model.common import Document
    from ordergate.process.entity import Entity
    from ordergate.tmf630.patch import Change


class HandOverState(StrEnum):
    """Where a hand-over is."""

    OPEN = "open"
    CLAIMED = "claimed"
    RESOLVED = "resolved"


class Resolution(StrEnum):
    """How a hand-over came to its end."""

    ASSESSED = "assessed"
    INFEASIBLE = "infeasible"
    WITHDRAWN = "withdrawn"
    BY_HAND = "byHand"


_NEXT: dict[str, tuple[HandOverState, ...]] = {
    HandOverState.OPEN: (HandOverState.CLAIMED,),
    HandOverState.CLAIMED: (HandOverState.OPEN, HandOverState.RESOLVED),
    HandOverState.RESOLVED: (),
}
"""What people may do; an assessment resolves a hand-over wherever it is."""

_CHANGEABLE = frozenset({"state", "owner", "note"})


def amend_hand_over(
    entity: Entity, change: Change, moment: datetime, check: Callable[[Document], None]
) -> Entity | None:
    """Return the hand-over after a patch, or None where nothing changes.

    Args:
        change: what the patch does to the document.
        check: raises where the result breaks the contract.

    Raises:
        InvalidPatchError: it changes what is the gateway's, or removes the state.
        IllegalTransitionError: another state is next, or it is resolved.
        InvalidDocumentError: nobody is named who claims it, or somebody who doesn't.
    """
    before = entity.document
    changed_to = change(before)
    check(changed_to)
    after = completed(changed_to, moment)
    _check_names(before, after)
    _check_state(before, after)
    after = _owned(before, after)
    if after["state"] == HandOverState.RESOLVED != before["state"]:
        after["resolution"] = str(Resolution.BY_HAND)
    if after == before:
        return None
    return replace(entity, document=after, revision=entity.revision + 1)


async def resolved(entity: Entity, *, resolution: Resolution) -> Entity | None:
    """Return the hand-over at its end, wherever it was; None if it is there already."""
    if entity.document["state"] == HandOverState.RESOLVED:
        return None
    over = {"state": str(HandOverState.RESOLVED), "resolution": str(resolution)}
    return replace(entity, document={**entity.document, **over}, revision=entity.revision + 1)


def _check_names(before: Document, after: Document) -> None:
    over = before["state"] == HandOverState.RESOLVED
    if "state" not in after:
        raise InvalidPatchError("state can't be removed.", path="state")
    for name in changed_attributes(before, after):
        if name not in _CHANGEABLE:
            raise InvalidPatchError(f"{name} can't be changed.", path=name)
        if over and name == "owner":
            raise IllegalTransitionError(
                "It is resolved: its owner can't change any more.", path=name
            )


def _check_state(before: Document, after: Document) -> None:
    old, new = before["state"], after["state"]
    if old != new and new not in _NEXT[old]:
        names = ", ".join(_NEXT[old]) or "none"
        raise IllegalTransitionError(
            f"A hand-over can't go from {old} to {new}; next states: {names}.", path="state"
        )


def _owned(before: Document, after: Document) -> Document:
    """Return the hand-over without an owner while it's open, and with one from then on."""
    owner = after.get("owner")
    if after["state"] == HandOverState.OPEN:
        if owner not in {None, before.get("owner")}:
            raise InvalidDocumentError("To have an owner, it has to be claimed.", path="owner")
        return {name: value for name, value in after.items() if name != "owner"}
    if not owner:
        raise InvalidDocumentError("Name who claims it.", path="owner")
    return after
