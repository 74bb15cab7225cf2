"""Match: find for each line of a rule the resource that stands for it already.

By the line that it was issued for. A resource that only the requester names, or that people ordered
without a rule, is known by its specification, then by its name; where that leaves a choice, people
choose.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ordergate.process.draft import Draft
    from ordergate.process.previous import Delivered
    from ordergate.process.request import RequestedItem


class AmbiguousResourceError(Exception):
    """Nobody can tell which resource is to become what."""


def match(
    item: RequestedItem, wanted: Sequence[Draft], standing: Sequence[Delivered]
) -> dict[str, Delivered]:
    """Return the resource that is there for each of the wanted drafts, by the draft's id.

    Raises:
        AmbiguousResourceError: there is a resource that could stand for several of them, or none.
    """
    by_line: dict[str, list[Delivered]] = defaultdict(list)
    loose = []
    for one in standing:
        ours = one.line is not None and one.service_id == item.service_id
        if one.line is not None and ours and item.service_id is not None:
            by_line[one.line].append(one)
        else:
            loose.append(one)
    matched = {}
    for draft in wanted:
        if draft.line is not None and by_line[draft.line]:
            matched[draft.id] = by_line[draft.line].pop(0)
    left = [draft for draft in wanted if draft.id not in matched]
    return {**matched, **_by_description(left, loose)} if loose else matched


def _by_description(wanted: Sequence[Draft], loose: Sequence[Delivered]) -> Mapping[str, Delivered]:
    matched: dict[str, Delivered] = {}
    for one in loose:
        fits = [draft for draft in wanted if _same_specification(draft, one)]
        named = [draft for draft in fits if one.resource.get("name") in _names(draft)]
        chosen = fits if len(fits) == 1 else named
        if len(chosen) != 1 or chosen[0].id in matched:
            name = one.resource.get("name") or one.resource_id
            raise AmbiguousResourceError(
                f"{name} could be meant by {len(chosen) or len(fits)} lines of the rule, "
                "or by a resource that another one names too."
                if fits
                else f"No line of the rule is for {name}."
            )
        matched[chosen[0].id] = one
    return matched


def _same_specification(draft: Draft, one: Delivered) -> bool:
    """Return whether they may be the same; one that nobody specified may be anything."""
    if one.specification is None or draft.specification is None:
        return True
    return one.specification.id == draft.specification.id


def _names(draft: Draft) -> set[str | None]:
    """Return what a resource for the draft might be called."""
    specification, template = draft.specification, draft.template
    return {
        draft.resource.get("name"),
        specification.name if specification else None,
        specification.id if specification else None,
        template.key if template else None,
    } - {None}
