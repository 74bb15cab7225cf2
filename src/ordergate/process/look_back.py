"""Look back: gather what was issued before for what a request changes.

A request that only adds costs no look-up: nothing can have been issued for what it brings.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ordergate.model.common import Action
from ordergate.model.states import FINAL, OrderState
from ordergate.process.history import history
from ordergate.process.previous import named_resources, previous_of
from ordergate.process.supersede import CHANGES
from ordergate.process.waiting import waits_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ordergate.model.order import ItemReference
    from ordergate.process.history import IssuedOrder
    from ordergate.process.ports import OrderBook
    from ordergate.process.previous import Previous
    from ordergate.process.request import InitiatingRequest, RequestedItem


@dataclass(frozen=True, slots=True)
class LookedBack:
    """What was found; see `Knowledge`, which takes it over."""

    previous: Mapping[str, Previous] = field(default_factory=dict)
    waiting: Sequence[IssuedOrder] = ()
    awaited: Mapping[str, Sequence[ItemReference]] = field(default_factory=dict)


async def look_back(request: InitiatingRequest, orders: OrderBook) -> LookedBack:
    """Return what was issued before for the items that are about something delivered."""
    awaited = {one for item in request.item for one in item.waits_for_order} - {request.id}
    others = history(await orders.issued_by(awaited)) if awaited else ()
    concerned = _concerned(request)
    services, resources = _subjects(concerned)
    issued: Sequence[IssuedOrder] = ()
    if services or resources:
        issued = history(await orders.concerning(services, resources))
    untouched = {one.id for one in issued if one.is_untouched}
    waiting = history(await orders.waiting_for(untouched)) if untouched else ()
    return LookedBack(previous_of(concerned, issued), waiting, _awaited(others))


def changed_by(request: InitiatingRequest) -> frozenset[str]:
    """Return names of the services and resources that the request changes, or may change.

    Two such requests must not be decided at once: each would order the same difference.
    """
    services, resources = _subjects(_concerned(request))
    names = {f"service {one}" for one in services} | {f"resource {one}" for one in resources}
    return frozenset(names)


def _subjects(concerned: Iterable[RequestedItem]) -> tuple[set[str], set[str]]:
    """Return the ids of the services, and of the resources, that the items name."""
    items = tuple(concerned)
    services = {one.service_id for one in items if one.service_id}
    return services, {one for item in items for one in named_resources(item)}


def _concerned(request: InitiatingRequest) -> list[RequestedItem]:
    """Return the items that change something, or that stay as they are for others to wait for."""
    if all(item.action is Action.ADD for item in request.item):
        return []
    waited_for = {target for targets in waits_of(request.item).values() for target in targets}
    return [
        item
        for item in request.item
        if item.action in CHANGES or (item.action is Action.NO_CHANGE and item.id in waited_for)
    ]


def _awaited(issued: Sequence[IssuedOrder]) -> dict[str, tuple[ItemReference, ...]]:
    """Return what stands for each request: what is still open of its orders.

    One that ended badly, or of which nobody knows yet what it takes, is not there: whatever waits
    for it has to be looked at.
    """
    by_request: dict[str, list[IssuedOrder]] = {}
    for one in issued:
        by_request.setdefault(one.request_id or "", []).append(one)
    return {
        request_id: tuple(item for one in several if one.is_open for item in one.exits)
        for request_id, several in by_request.items()
        if all(_is_coming(one) for one in several)
    }


def _is_coming(order: IssuedOrder) -> bool:
    if order.is_survey:
        return order.state == OrderState.COMPLETED
    return order.state == OrderState.COMPLETED or order.state not in FINAL
