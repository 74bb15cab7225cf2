"""Sequence: what each order item of a standard set waits for by its rule.

Items of one line are looked up by element and unit, never searched: 2,000 of them make four million
pairs.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ordergate.process.draft import Draft
    from ordergate.process.rules import OrderItemTemplate, Rule

_ANY = -1
"""Stands for any element, or any unit."""

_Index: TypeAlias = "Mapping[tuple[int | None, int | None], tuple[str, ...]]"
"""Element and unit to the ids of a line's drafts for them."""


def sequenced(rule: Rule, by_key: Mapping[str, Sequence[Draft]]) -> Iterator[Draft]:
    """Yield the drafts of all lines with what they wait for.

    Lines over the same list belong together element by element, and the sets of several requested
    units unit by unit; what is ordered in bulk belongs to all.
    """
    lines = {line.key: line for line in rule.order_item}
    found = {key: _by_element_and_unit(drafts) for key, drafts in by_key.items()}
    for key, drafts in by_key.items():
        targets = [
            (found[target], _over_same_list(lines[key], lines[target]))
            for target in _waits_for(key, rule, by_key)
        ]
        for one in drafts:
            ids = [each for index, same in targets for each in _together(one, index, same=same)]
            yield replace(one, depends_on=tuple(ids)) if ids else one


def _waits_for(key: str, rule: Rule, by_key: Mapping[str, Sequence[Draft]]) -> tuple[str, ...]:
    """Return the lines that a line waits for; one that makes no item hands on what it waits for."""
    targets = {line.key: line.depends_on for line in rule.order_item}
    found: dict[str, None] = {}
    passed: set[str] = set()
    left = list(targets[key])
    while left:
        target = left.pop(0)
        if by_key.get(target):
            found[target] = None
        elif target not in passed:
            passed.add(target)
            left += targets.get(target, ())
    return tuple(found)


def _by_element_and_unit(drafts: Sequence[Draft]) -> _Index:
    index: dict[tuple[int | None, int | None], list[str]] = defaultdict(list)
    for one in drafts:
        for element in {one.element, _ANY}:
            for unit in {one.unit, _ANY}:
                index[element, unit].append(one.id)
    return {place: tuple(ids) for place, ids in index.items()}


def _together(one: Draft, index: _Index, *, same: bool) -> tuple[str, ...]:
    """Return the ids of a line's drafts that belong together with `one`."""
    element = one.element if same else _ANY
    if one.unit is None:
        return index.get((element, _ANY), ())
    return (*index.get((element, one.unit), ()), *index.get((element, None), ()))


def _over_same_list(one: OrderItemTemplate, other: OrderItemTemplate) -> bool:
    return (
        one.for_each is not None
        and other.for_each is not None
        and one.for_each.over.source == other.for_each.over.source
    )
