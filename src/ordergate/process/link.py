"""Link: lay the dependencies between requested items on the order items that they take.

What waits for an item waits for all of it: its entry items depend on the other's exit items. An
item that takes nothing hands on what it waits for itself, so no chain of waiting breaks.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from graphlib import TopologicalSorter
from itertools import chain
from typing import TYPE_CHECKING

from ordergate.model.common import Action
from ordergate.process.draft import Draft
from ordergate.process.previous import NOTHING, there
from ordergate.process.waiting import waits_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ordergate.model.order import ItemReference
    from ordergate.process.previous import Delivered, Previous
    from ordergate.process.request import RequestedItem


@dataclass(frozen=True, slots=True, kw_only=True)
class Elsewhere:
    """Order items outside of what is drafted now.

    Args:
        exits: of requested items whose orders are not drafted here: what stands for them.
        awaited: of other orders that requested items wait for, by the id of that order.
        previous: what was issued before, by requested item.
    """

    exits: Mapping[str, Sequence[ItemReference]] = field(default_factory=dict)
    awaited: Mapping[str, Sequence[ItemReference]] = field(default_factory=dict)
    previous: Mapping[str, Previous] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Exits:
    """What has to be complete before whatever waits: drafts and issued items."""

    drafts: tuple[str, ...] = ()
    issued: tuple[ItemReference, ...] = ()

    @classmethod
    def of_all(cls, *several: _Exits) -> _Exits:
        """Return those of several, each once."""
        drafts = dict.fromkeys(chain.from_iterable(one.drafts for one in several))
        issued = dict.fromkeys(chain.from_iterable(one.issued for one in several))
        return cls(tuple(drafts), tuple(issued))


_NO_EXITS = _Exits()


def linked(
    drafts_by_item: Mapping[str, Sequence[Draft]],
    items: Sequence[RequestedItem],
    elsewhere: Elsewhere | None = None,
) -> tuple[Draft, ...]:
    """Return all drafts, with the dependencies between the requested items laid on them.

    Args:
        items: all that the request holds, in no circle.
    """
    known = elsewhere or Elsewhere()
    waits = waits_of(items)
    drafts = {**drafts_by_item, **_unchanged(drafts_by_item, items, waits, known.previous)}
    by_id = {item.id: item for item in items}
    first: dict[str, _Exits] = {}
    exits: dict[str, _Exits] = {}
    for item_id in TopologicalSorter(waits).static_order():
        if item_id not in by_id:
            continue
        awaited = (known.awaited.get(one, ()) for one in by_id[item_id].waits_for_order)
        start = _Exits((), tuple(one for several in awaited for one in several))
        first[item_id] = _Exits.of_all(
            start, *(exits[one] for one in waits[item_id] if one in exits)
        )
        exits[item_id] = _exits_of(item_id, drafts, known, first[item_id])
    return tuple(
        one
        if one.depends_on or first[item_id] == _NO_EXITS
        else replace(
            one,
            depends_on=first[item_id].drafts,
            waits_for=tuple(dict.fromkeys((*one.waits_for, *first[item_id].issued))),
        )
        for item_id, several in drafts.items()
        for one in several
    )


def _exits_of(
    item_id: str, drafts: Mapping[str, Sequence[Draft]], known: Elsewhere, first: _Exits
) -> _Exits:
    """Return what stands for the item; what it waits for itself where it takes nothing."""
    mine = drafts.get(item_id, ())
    if mine:
        waited_for = {target for one in mine for target in one.depends_on}
        return _Exits(tuple(one.id for one in mine if one.id not in waited_for))
    if item_id not in drafts and known.exits.get(item_id):
        return _Exits((), tuple(known.exits[item_id]))
    coming = known.previous.get(item_id, NOTHING).delivered
    on_its_way = (one.last for one in coming if one.is_open and one.last is not None)
    return _Exits.of_all(first, _Exits((), tuple(on_its_way)))


def _unchanged(
    drafts_by_item: Mapping[str, Sequence[Draft]],
    items: Iterable[RequestedItem],
    waits: Mapping[str, Sequence[str]],
    previous: Mapping[str, Previous],
) -> dict[str, tuple[Draft, ...]]:
    """Return `noChange` drafts for what others wait for, beside the first of those (standards 7.4).

    Only thereby can an order say that it waits for something that stays as it is.
    """
    home = {item_id: several[0] for item_id, several in drafts_by_item.items() if several}
    waiting: dict[str, list[str]] = {}
    for item_id, targets in waits.items():
        for target in targets:
            waiting.setdefault(target, []).append(item_id)
    by_id = {item.id: item for item in items}
    made: dict[str, tuple[Draft, ...]] = {}
    # Those that wait come first, for what they wait for goes where they go.
    for item_id in reversed(tuple(TopologicalSorter(waits).static_order())):
        item, beside = by_id.get(item_id), [one for one in waiting.get(item_id, ()) if one in home]
        if item is None or item.action is not Action.NO_CHANGE or not beside:
            continue
        if item_id not in drafts_by_item or drafts_by_item[item_id]:
            continue
        made[item_id] = _standing(item, previous.get(item_id, NOTHING), home[beside[0]])
        if made[item_id]:
            home[item_id] = home[beside[0]]
    return made


def _standing(item: RequestedItem, previous: Previous, beside: Draft) -> tuple[Draft, ...]:
    """Return a draft for each resource that nothing else of the same service is built upon."""
    standing = there(item, previous)
    below = {target for one in standing for target in one.relies_on}
    ends = [one for one in standing if one.resource_id not in below]
    return tuple(_as_it_is(item, number, one, beside) for number, one in enumerate(ends, start=1))


def _as_it_is(item: RequestedItem, number: int, one: Delivered, beside: Draft) -> Draft:
    return Draft(
        id=f"{item.id}-noChange-{number}",
        item=item,
        order_type=beside.order_type,
        domain=beside.domain,
        line=one.line,
        specification=one.specification,
        action=Action.NO_CHANGE,
        quantity=one.quantity,
        resource={name: one.resource.get(name) for name in ("name", "@type")},
        delivered=one,
        requested_start_date=beside.requested_start_date,
        waits_for=(one.last,) if one.is_open and one.last is not None else (),
    )
