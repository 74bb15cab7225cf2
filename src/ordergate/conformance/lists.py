"""Lists: what they hold, filters, and counts (K4, K7, K8; TMF630 part 1, §4.4)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

from ordergate.conformance import expect
from ordergate.conformance.check import AbsentError, check
from ordergate.model.common import timestamp

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ordergate.conformance.door import Door
    from ordergate.model.common import Document

_TOTAL, _HERE = "X-Total-Count", "X-Result-Count"


def _ids(orders: Iterable[Document]) -> list[str]:
    return [str(order.get("id")) for order in orders]


def _listed(door: Door, query: str) -> list[str]:
    """Return the ids that a query finds."""
    return _ids(expect.entities(door.get(door.orders, query)))


def _finds(door: Door, query: str, *orders: Document) -> None:
    """Expect a query to find just these orders."""
    found, wanted = _listed(door, query), _ids(orders)
    expect.that(
        sorted(found) == sorted(wanted),
        f"?{query} finds {len(found)} orders ({', '.join(found[:3]) or 'none'}), "
        f"not just {', '.join(wanted) or 'none'}.",
    )


@check(
    "lists.whole",
    why="Clients read state and dates off a list; an order without them breaks the screen.",
    clause="K1, K2, K4, K15, CP2",
)
def whole(door: Door) -> None:
    """A list without paging holds every order, each with its mandatory attributes."""
    wanted = set(_ids(door.samples()))
    answer = door.get(door.orders)
    orders = expect.entities(answer)
    expect.that(orders, f"{answer} with no orders; two were made just before.")
    for order in orders:
        where = f"Order {order.get('id')} of the list"
        expect.mandatory(order, door.profile.mandatory, where)
    # A 206 says itself that there is more; the samples may be on a later page.
    missing = wanted - set(_ids(orders)) if answer.status == expect.OK else set()
    expect.that(not missing, f"The list lacks {', '.join(sorted(missing))}, made just before.")


@check(
    "lists.counts",
    why="Without the counts nobody can page through a list or show its size.",
    clause="P4",
)
def counts(door: Door) -> None:
    """A list says how many orders match and how many it holds."""
    door.samples()
    answer = door.get(door.orders, "limit=2")
    orders = expect.entities(answer)
    total, here = expect.count(answer, _TOTAL), expect.count(answer, _HERE)
    expect.that(here == len(orders), f"{_HERE} is {here}, and the list holds {len(orders)}.")
    expect.that(total >= here, f"{_TOTAL} is {total}, less than the {here} in the list.")


@check(
    "lists.total",
    why="A client pages on through orders that aren't there, or reports wrong numbers.",
    clause="P4, Q13, CP10",
)
def total(door: Door) -> None:
    """The total counts what the filter selects, not the whole collection."""
    first, _ = door.samples()
    for query, expected in ((f"id={first['id']}", 1), (f"id={uuid4()}", 0)):
        answer = door.get(door.orders, query)
        found = expect.count(answer, _TOTAL)
        expect.that(found == expected, f"?{query}: {_TOTAL} is {found}, not {expected}.")


@check(
    "lists.filter-id",
    why="A client that asks for one order works on another one.",
    clause="K7, CP4, Q1",
)
def filter_id(door: Door) -> None:
    """A filter by id finds that order only."""
    first, _ = door.samples()
    _finds(door, f"id={first['id']}", first)


@check(
    "lists.filter-href",
    why="References between systems are by href.",
    clause="K7, CP4",
)
def filter_href(door: Door) -> None:
    """A filter by href finds that order only."""
    first, _ = door.samples()
    _finds(door, f"href={first.get('href')}", first)


@check(
    "lists.filter-state",
    why="Work lists are made by state; a wrong one sends people to finished orders.",
    clause="K7, CP4",
)
def filter_state(door: Door) -> None:
    """A filter by state finds orders in that state only."""
    first, _ = door.samples()
    state = expect.entity(door.get(door.url_of(first)), expect.OK).get("state")
    found = expect.entities(door.get(door.orders, f"state={state}"))
    others = sorted({str(one.get("state")) for one in found} - {str(state)})
    expect.that(not others, f"?state={state} finds orders that are {', '.join(others)}.")
    expect.that(first["id"] in _ids(found), f"?state={state} lacks order {first['id']}.")


@check(
    "lists.filter-date",
    why="The kit sends a response's own value back, as it is.",
    clause="K7, K8, Q7, Q8",
)
def filter_date(door: Door) -> None:
    """A filter by date-time takes the value as the server writes it, with quotes or without."""
    first, _ = door.samples()
    value = first.get("orderDate")
    for written in (value, f'"{value}"'):
        _finds(door, f"id={first['id']}&orderDate={written}", first)
    _finds(door, f"id={first['id']}&orderDate=1999-12-31T00:00:00Z")


@check(
    "lists.filter-range",
    why="'Everything since yesterday' is what every reconciliation asks for.",
    clause="K8, Q3, Q6",
)
def filter_range(door: Door) -> None:
    """Date-times can be compared with .gt and .lt."""
    first, _ = door.samples()
    made = expect.moment(first.get("orderDate"))
    before, after = (timestamp(made + timedelta(seconds=one)) for one in (-5, 5))
    one = f"id={first['id']}"
    _finds(door, f"{one}&orderDate.gt={before}&orderDate.lt={after}", first)
    _finds(door, f"{one}&orderDate.gt={after}")


@check(
    "lists.filter-and",
    why="Each further criterion narrows a search; here it would widen it.",
    clause="CP4, Q1",
)
def filter_and(door: Door) -> None:
    """Several filters all have to hold."""
    first, second = door.samples()
    _finds(door, f"id={first['id']}&externalId={first.get('externalId')}", first)
    _finds(door, f"id={first['id']}&externalId={second.get('externalId')}")


@check(
    "lists.filter-or",
    why="TMF630 has three ways to write it, and clients use each.",
    clause="Q2",
)
def filter_or(door: Door) -> None:
    """Several values of one attribute are alternatives, however they are written."""
    first, second = door.samples()
    one, two = first["id"], second["id"]
    for query in (f"id={one},{two}", f"id={one}&id={two}", f"id={one};id={two}"):
        _finds(door, query, first, second)


@check(
    "lists.filter-quoted",
    why="Older kits quote each value of a filter.",
    clause="K14, Q8",
)
def filter_quoted(door: Door) -> None:
    """Values in double quotes are taken without them."""
    first, _ = door.samples()
    query = f'externalId="{first.get("externalId")}"&category={first.get("category")}'
    _finds(door, query, first)


@check(
    "lists.filter-none",
    why="A 404 or an unfiltered list instead makes clients fail or act on other people's orders.",
    clause="Q13",
)
def filter_none(door: Door) -> None:
    """A filter that nothing matches gives an empty list."""
    answer = expect.status(door.get(door.orders, f"externalId={uuid4()}"), expect.OK)
    expect.that(answer.document == [], f"{answer} with something else than [].")


@check(
    "lists.filter-items",
    why="'Orders that add something' is a question about items.",
    clause="CP4 (optional), Q5, Q9",
)
def filter_items(door: Door) -> None:
    """A filter reaches into items."""
    first, _ = door.samples()
    action = f"id={first['id']}&{door.profile.item}.action"
    if _listed(door, f"{action}=nothing-of-the-kind"):
        raise AbsentError("Filters on attributes of items are ignored; they are optional.")
    actions = {str(item.get("action")) for item in first.get(door.profile.item, [])}
    for one in sorted(actions):
        _finds(door, f"{action}={one}", first)


CHECKS = (
    whole,
    counts,
    total,
    filter_id,
    filter_href,
    filter_state,
    filter_date,
    filter_range,
    filter_and,
    filter_or,
    filter_quoted,
    filter_none,
    filter_items,
)
