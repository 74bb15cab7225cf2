"""Waiting: which requested items wait for which, and whether any waits for itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ordergate.model.common import Action

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ordergate.process.request import RequestedItem


def waits_of(items: Iterable[RequestedItem]) -> dict[str, tuple[str, ...]]:
    """Return what must be complete before each item, in the order that it was asked for.

    What was built upon another is taken away before it: between two items that are both deleted a
    dependency is turned round (standards 7.4).
    """
    by_id = {item.id: item for item in items}
    waits: dict[str, dict[str, None]] = {item_id: {} for item_id in by_id}
    for item in by_id.values():
        for target in item.relies_on:
            both = item.action is Action.DELETE and _is_deleted(by_id.get(target))
            first, second = (item.id, target) if both else (target, item.id)
            waits[second][first] = None
    return {item_id: tuple(targets) for item_id, targets in waits.items()}


def _is_deleted(item: RequestedItem | None) -> bool:
    return item is not None and item.action is Action.DELETE


def in_a_cycle(waits: Mapping[str, Sequence[str]]) -> frozenset[str]:
    """Return the ids of items that wait for themselves, directly or through others.

    Kosaraju's way, without recursion: two walks, so a large request costs no more than its size.
    """
    waited: dict[str, list[str]] = {}
    for item_id, targets in waits.items():
        for target in targets:
            waited.setdefault(target, []).append(item_id)
    looped = {item_id for item_id, targets in waits.items() if item_id in targets}
    seen: set[str] = set()
    finished = [one for start in waits for one in _walk(start, waits, seen)]
    seen = set()
    for start in reversed(finished):
        component = _walk(start, waited, seen)
        if len(component) > 1:
            looped.update(component)
    return frozenset(looped)


def _walk(start: str, edges: Mapping[str, Sequence[str]], seen: set[str]) -> list[str]:
    """Return what is reached from `start` and wasn't seen before, each after what it leads to."""
    finished: list[str] = []
    left = [(start, iter(edges.get(start, ())))]
    if start in seen:
        return finished
    seen.add(start)
    while left:
        node, targets = left[-1]
        target = next((one for one in targets if one not in seen), None)
        if target is None:
            finished.append(node)
            left.pop()
        else:
            seen.add(target)
            left.append((target, iter(edges.get(target, ()))))
    return finished


def nearest(
    start: str, edges: Mapping[str, Iterable[str]], chosen: Mapping[str, object]
) -> Iterator[str]:
    """Yield the chosen ones that `start` leads to, without going on behind any of them."""
    seen = {start}
    left = list(edges.get(start, ()))
    for one in left:
        if one in seen:
            continue
        seen.add(one)
        if one in chosen:
            yield one
        else:
            left += edges.get(one, ())
