"""Attribute selection (K6, CP4; TMF630 part 1, §4.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ordergate.conformance import expect
from ordergate.conformance.check import check

if TYPE_CHECKING:
    from ordergate.conformance.door import Door
    from ordergate.model.common import Document

_ALWAYS = {"id", "href"}


def _holds(order: Document, names: set[str], what: str) -> None:
    """Expect these attributes and no others."""
    lacking, extra = sorted(names - set(order)), sorted(set(order) - names)
    expect.that(not lacking, f"{what} lacks {', '.join(lacking)}.")
    expect.that(not extra, f"{what} also holds {', '.join(extra)}.")


@check(
    "fields.list",
    why="Clients ask for little to get lists fast; the kit compares the attributes both ways.",
    clause="K6, CP4, F2",
)
def of_list(door: Door) -> None:
    """fields= selects one mandatory attribute of each order in a list."""
    first, second = door.samples()
    for name in door.profile.mandatory:
        query = f"id={first['id']},{second['id']}&fields={name}"
        orders = expect.entities(door.get(door.orders, query))
        expect.that(orders, f"?{query} finds nothing.")
        for order in orders:
            _holds(order, {name} | _ALWAYS, f"An order of ?{query}")


@check(
    "fields.one",
    why="What can't be selected has to be fetched whole.",
    clause="CP4, F2, F3, CP10",
)
def of_one(door: Door) -> None:
    """fields= selects any first-level attribute of an order."""
    first, _ = door.samples()
    for name in first:
        order = expect.entity(door.get(door.url_of(first), f"fields={name}"), expect.OK)
        _holds(order, {name} | _ALWAYS, f"The order with fields={name}")


@check(
    "fields.several",
    why="A client that names an attribute this server hasn't shouldn't fail for it.",
    clause="F2, F5",
)
def several(door: Door) -> None:
    """Several attributes can be selected, unknown ones are left out."""
    first, _ = door.samples()
    query = "fields=state,orderDate,noSuchAttribute"
    order = expect.entity(door.get(door.url_of(first), query), expect.OK)
    _holds(order, {"state", "orderDate"} | _ALWAYS, f"The order with {query}")


@check(
    "fields.none",
    why="It is TMF630's way to ask which orders there are.",
    clause="F4",
)
def none(door: Door) -> None:
    """fields=none selects id and href only."""
    first, _ = door.samples()
    order = expect.entity(door.get(door.url_of(first), "fields=none"), expect.OK)
    _holds(order, _ALWAYS, "The order with fields=none")


@check(
    "fields.items",
    why="The kit for service orders asks so.",
    clause="K14, F3",
)
def of_items(door: Door) -> None:
    """fields= with attributes of items gives the order with its items."""
    first, _ = door.samples()
    item = door.profile.item
    query = f"fields=id,state,{item}.id,{item}.state,{item}.action"
    order = expect.entity(door.get(door.url_of(first), query), expect.OK)
    items = order.get(item)
    expect.that("state" in order, f"The order with {query} lacks state.")
    good = isinstance(items, list) and items and all("action" in one for one in items)
    expect.that(good, f"The order with {query} lacks the items and their action.")


CHECKS = (of_list, of_one, several, none, of_items)
