"""Orders that can't be meant and are to be refused (K14, CP5): one check for each rule."""

from __future__ import annotations

import copy
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from ordergate.conformance import expect
from ordergate.conformance.check import Check

if TYPE_CHECKING:
    from collections.abc import Callable

    from ordergate.conformance.door import Door
    from ordergate.model.common import Document

_SERVICE, _BOTH = "TMF641", ("TMF652", "TMF641")
_WHY = "An order that can't be carried out is found out days later, when it has cost money."


class _Rule(NamedTuple):
    """What makes an order wrong.

    Args:
        spoil: changes the first item, or the order where it is told so.
    """

    name: str
    title: str
    clause: str
    spoil: Callable[[Document, Document], None]
    apis: tuple[str, ...] = ("TMF652",)


def _without(*names: str) -> Callable[[Document, Document], None]:
    def spoil(_: Document, item: Document) -> None:
        for name in names:
            item.pop(name, None)

    return spoil


def _item(**attributes: object) -> Callable[[Document, Document], None]:
    return lambda _, item: item.update(attributes)


def _order(**attributes: object) -> Callable[[Document, Document], None]:
    return lambda order, _: order.update(attributes)


def _place(_: Document, item: Document) -> None:
    place = {"id": "1", "name": "Somewhere", "@referredType": "GeographicSite"}
    item["resource"] = {**item.get("resource", {}), "place": place}


def _unnamed(action: str) -> Callable[[Document, Document], None]:
    return _item(action=action, resource={"name": "Which one?"})


_RULES = (
    _Rule("no-items", "An order without items", "K14, CP5, W3", _order(), _BOTH),
    _Rule("no-action", "An item without an action", "CP5, W3", _without("action"), _BOTH),
    _Rule(
        "no-resource",
        "An item without resource and specification",
        "CP5, W3",
        _without("resource", "resourceSpecification"),
    ),
    _Rule("no-service", "An item without a service", "W3", _without("service"), (_SERVICE,)),
    _Rule("modify", "A change to a resource that isn't named", "CP5, W3", _unnamed("modify")),
    _Rule("remove", "A removal of a resource that isn't named", "CP5, W3", _unnamed("delete")),
    _Rule("note", "A note without text", "CP5, W4", _order(note=[{"author": "A"}])),
    _Rule(
        "party",
        "A party without id and href",
        "CP5, W4",
        _order(relatedParty=[{"name": "Who?", "role": "requester"}]),
    ),
    _Rule(
        "appointment",
        "An appointment without id and href",
        "CP5, W4",
        _item(appointment={"description": "In the morning"}),
    ),
    _Rule("place", "A place without its role", "CP5, W4", _place),
)


def _run(rule: _Rule, door: Door) -> None:
    """Expect 400 for an order that breaks the rule."""
    door.samples()  # where no order is taken at all, a 400 means nothing
    body = copy.deepcopy(door.new_order())
    rule.spoil(body, body[door.profile.item][0])
    if rule.name == "no-items":
        del body[door.profile.item]
    expect.status(door.post(door.orders, body), expect.BAD)


def checks(api: str) -> tuple[Check, ...]:
    """Return the checks of one API."""
    return tuple(
        Check(f"bodies.{one.name}", f"{one.title} is refused", _WHY, one.clause, partial(_run, one))
        for one in _RULES
        if api in one.apis
    )
