"""Paging and order of lists (TMF630 part 1, §4.5 and §4.7)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ordergate.conformance import expect
from ordergate.conformance.check import AbsentError, check

if TYPE_CHECKING:
    from ordergate.conformance.door import Door
    from ordergate.model.common import Document

_RANGE = 416


def _both(door: Door) -> str:
    """Return a query for the two sample orders."""
    first, second = door.samples()
    return f"id={first['id']},{second['id']}"


def _page(door: Door, query: str) -> list[Document]:
    return expect.entities(door.get(door.orders, query))


@check(
    "paging.partial",
    why="A client that reads 200 believes that it has everything.",
    clause="P2, CP10",
)
def partial(door: Door) -> None:
    """limit= gives no more than that, with 206 while there is more."""
    door.samples()
    answer = expect.status(door.get(door.orders, "limit=1"), expect.PARTIAL)
    found = len(expect.entities(answer))
    expect.that(found == 1, f"{answer} with {found} orders, not with one.")


@check(
    "paging.complete",
    why="A client that reads 206 asks for more, for ever.",
    clause="P2, P3",
)
def complete(door: Door) -> None:
    """A list that holds all that matches is a 200."""
    expect.status(door.get(door.orders, _both(door)), expect.OK)


@check(
    "paging.walk",
    why="Orders that are skipped or repeated are lost or done twice.",
    clause="P1, P8",
)
def walk(door: Door) -> None:
    """Pages one after the other hold every order once."""
    query = _both(door)
    pages = [_page(door, f"{query}&offset={offset}&limit=1") for offset in (0, 1)]
    found = [str(order.get("id")) for page in pages for order in page]
    wanted = {str(order["id"]) for order in door.samples()}
    good = len(found) == len(wanted) and set(found) == wanted
    expect.that(good, f"Two pages of one order hold {', '.join(found) or 'nothing'}.")


@check(
    "paging.links",
    why="Clients follow the links instead of counting.",
    clause="P5 (should)",
)
def links(door: Door) -> None:
    """Link leads from one page to the next."""
    answer = door.get(door.orders, f"{_both(door)}&limit=1")
    header = answer.headers.get("Link")
    if not header:
        raise AbsentError("A paged list has no Link; it should.")
    found = {rel: url for url, rel in re.findall(r'<([^>]*)>\s*;\s*rel="?(\w+)"?', header)}
    expect.that("next" in found, f"{answer} with more to come and no link to the next page.")
    expect.that(urlsplit(found["next"]).scheme, f"The link to {found['next']} isn't absolute.")
    here = {order.get("id") for order in expect.entities(answer)}
    there = {order.get("id") for order in _page(door, urlsplit(found["next"]).query)}
    expect.that(there and not there & here, "The link to the next page doesn't lead there.")


@check(
    "paging.bad",
    why="Taken as zero it gives a client the wrong page without a word.",
    clause="P6",
)
def bad(door: Door) -> None:
    """An offset or limit that is no count is refused."""
    for query in ("offset=-1", "limit=-1", "limit=many"):
        expect.status(door.get(door.orders, query), expect.BAD)


@check(
    "paging.beyond",
    why="A client that walks to the end has to see that it is there.",
    clause="P7",
)
def beyond(door: Door) -> None:
    """An offset behind the last order finds nothing."""
    answer = door.get(door.orders, f"{_both(door)}&offset=1000&limit=1")
    expect.status(answer, expect.OK, expect.PARTIAL, _RANGE)
    found = answer.document if answer.status != _RANGE else []
    expect.that(found == [], f"{answer} with something else than [].")


@check(
    "paging.sort",
    why="Newest first is what people look at.",
    clause="S1 of TMF630 part 1, §4.7",
)
def sort(door: Door) -> None:
    """sort= orders a list, and turns it round with a minus."""
    query = _both(door)
    up, down = (
        [str(order.get("externalId")) for order in _page(door, f"{query}&sort={way}externalId")]
        for way in ("", "-")
    )
    if up == down:
        raise AbsentError("sort= changes nothing.")
    good = up == sorted(up) and down == sorted(up, reverse=True)
    expect.that(good, f"sort=externalId gives {up}, and sort=-externalId gives {down}.")


CHECKS = (partial, complete, walk, links, bad, beyond, sort)
