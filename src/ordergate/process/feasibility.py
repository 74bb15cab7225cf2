"""Feasibility: remember what was found out before about a special request.

eTOM 1.5.6.7: a special request whose feasibility was assessed before takes the orders that were
determined then (the design's C6).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from ordergate.model.common import timestamp
from ordergate.model.feasibility import FeasibilityResult

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from ordergate.model.common import Document
    from ordergate.model.feasibility import AppliesTo, FeasibilityAssessment
    from ordergate.process.request import InitiatingRequest, RequestedItem

KIND = "FeasibilityAssessment"
"""`externalReferenceType` (or `entityType`) of an explicit reference."""
ROLE = "feasibilityAssessment"
"""Role of a related entity that is an explicit reference."""


@dataclass(frozen=True, slots=True)
class LookedUp:
    """An assessment that was looked at, and why it was or wasn't used: part of the why.

    Args:
        code: `used`, or what is in the way.
    """

    id: str
    href: str | None
    code: str
    message: str

    @property
    def used(self) -> bool:
        """Whether the decision rests on it."""
        return self.code == "used"


@dataclass(frozen=True, slots=True)
class Remembered:
    """What is known of an item's feasibility.

    Args:
        found: the assessment to act on; an infeasible one only where it answers this very item.
    """

    found: FeasibilityAssessment | None = None
    looked_up: tuple[LookedUp, ...] = ()


def references(request: InitiatingRequest, item: RequestedItem) -> tuple[str, ...]:
    """Return the ids of the assessments that the requester names for the item."""
    outer = (
        one["id"]
        for one in request.external_reference
        if "id" in one and KIND in (one.get("externalReferenceType"), one.get("entityType"))
    )
    entities = (*item.related_entity, *request.related_entity)
    inner = (one["id"] for one in entities if one.get("role") == ROLE and "id" in one)
    return tuple(dict.fromkeys((*inner, *outer)))


def look_up(
    request: InitiatingRequest,
    item: RequestedItem,
    known: Sequence[FeasibilityAssessment],
    moment: datetime,
) -> Remembered:
    """Return the first assessment that holds: named, made for this item, or matching.

    Args:
        known: the newest first.
    """
    by_id = {one.id: one for one in known}
    looked_up = []
    seen: set[str] = set()
    for name in references(request, item):
        if name not in by_id:
            said = "There is no such feasibility assessment."
            looked_up.append(LookedUp(name, None, "unknown", said))
    for one, mine in _candidates(request, item, known, by_id):
        if one.id in seen:
            continue
        seen.add(one.id)
        hindrance = _hindrance(one, item, moment, mine=mine)
        code, said = hindrance or ("used", _SAID[one.result])
        looked_up.append(LookedUp(one.id, one.href, code, said))
        if hindrance is None:
            return Remembered(one, tuple(looked_up))
    return Remembered(None, tuple(looked_up))


_SAID = {
    FeasibilityResult.FEASIBLE: "It is feasible, as it was assessed.",
    FeasibilityResult.INFEASIBLE: "It was assessed, and is not feasible.",
}


def _candidates(
    request: InitiatingRequest,
    item: RequestedItem,
    known: Iterable[FeasibilityAssessment],
    by_id: dict[str, FeasibilityAssessment],
) -> Iterator[tuple[FeasibilityAssessment, bool]]:
    """Yield assessments in the order they are looked at, and whether each answers this item."""
    for name in references(request, item):
        if name in by_id:
            yield by_id[name], False
    for one in known:
        if one.for_request == (request.id, item.id):
            yield one, True
    for one in known:
        wanted = one.applies_to
        if wanted and item.specification and wanted.specification.id == item.specification.id:
            yield one, False


def _hindrance(
    one: FeasibilityAssessment, item: RequestedItem, moment: datetime, *, mine: bool
) -> tuple[str, str] | None:
    """Return why an assessment can't be used for the item; None if it can."""
    hindrances = _invalid(one, moment) if mine else chain(_invalid(one, moment), _unfit(one, item))
    return next(hindrances, None)


def _invalid(one: FeasibilityAssessment, moment: datetime) -> Iterator[tuple[str, str]]:
    """Yield why an assessment doesn't hold any more, or yet."""
    if one.replaced_by:
        yield "replaced", f"It was replaced by {one.replaced_by}."
    if one.valid_until and moment >= one.valid_until:
        yield "expired", f"It was valid until {timestamp(one.valid_until)}."
    if one.valid_from and moment < one.valid_from:
        yield "notYetValid", f"It is valid from {timestamp(one.valid_from)}."


def _unfit(one: FeasibilityAssessment, item: RequestedItem) -> Iterator[tuple[str, str]]:
    """Yield why an assessment that doesn't answer this very item says nothing about it."""
    if one.result is FeasibilityResult.INFEASIBLE:
        yield "infeasible", "It found that this can't be delivered; ask again by special handling."
    fits = one.applies_to or one.assessed_for
    if fits is None:
        yield "otherRequest", "It answers one item of another request, and says for no other."
    else:
        yield from _mismatches(fits, item)


def _mismatches(wanted: AppliesTo, item: RequestedItem) -> Iterator[tuple[str, str]]:
    """Yield in what the item differs from what was assessed."""
    asked = item.specification
    if asked is None or asked.id != wanted.specification.id:
        yield "otherSpecification", f"It is for {wanted.specification.id}."
    elif wanted.specification.version not in (None, asked.version):
        yield "otherVersion", f"It is for version {wanted.specification.version} of {asked.id}."
    if wanted.action not in (None, item.action):
        yield "otherAction", f"It is for {wanted.action}."
    for role, place in wanted.place.items():
        if not _same_place(place, item.place.get(role)):
            yield "otherPlace", f"It is for another place with the role {role}."
    for name, value in wanted.characteristic.items():
        if name not in item.characteristic or item.characteristic[name] != value:
            yield "otherCharacteristic", f"It is for {name} = {value!r}."


def _same_place(one: Document, other: Document | None) -> bool:
    """Return whether two places are one: by id or href where both say it, else by all they say."""
    if other is None:
        return False
    for name in ("id", "href"):
        if name in one and name in other:
            return bool(one[name] == other[name])
    return one == other
