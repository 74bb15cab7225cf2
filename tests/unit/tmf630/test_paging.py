from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ordergate.tmf630.paging import page_of
from ordergate.tmf630.query import parse_query

if TYPE_CHECKING:
    from ordergate.tmf630.paging import Page

PROPERTY = settings(deadline=None, max_examples=60, derandomize=True, database=None)
URL = "http://gateway/tmf-api/resourceOrderingManagement/v4/resourceOrder"


def page(raw: str, total: int) -> tuple[Page, range]:
    """Answer a list of `total` numbers as a server would."""
    query = parse_query(raw, page_limit=10_000)
    beyond = total if query.limit is None else min(total, query.offset + query.limit)
    items = range(query.offset, max(query.offset, beyond))
    return page_of(query, total=total, count=len(items), url=URL, raw_query=raw), items


def links(answer: Page) -> dict[str, str]:
    """Return the query string of each link by its relation."""
    found = re.findall(r'<([^>]*)>; rel="(\w+)"', answer.headers["Link"])
    assert {url.split("?")[0] for url, _ in found} == {URL}
    return {rel: urlsplit(url).query for url, rel in found}


@pytest.mark.parametrize(
    ("raw", "total", "status", "count"),
    [
        pytest.param("", 3, 200, 3, id="P2 all"),
        pytest.param("limit=3", 3, 200, 3, id="P2 just all"),
        pytest.param("limit=2", 3, 206, 2, id="P2 a part"),
        pytest.param("offset=1", 3, 206, 2, id="P2 the rest"),
        pytest.param("", 0, 200, 0, id="P4 nothing"),
        pytest.param("limit=5", 0, 200, 0, id="Q13 nothing on a page"),
        pytest.param("limit=0", 3, 206, 0, id="P6 counts alone"),
        pytest.param("limit=0", 0, 200, 0, id="P6 counts of nothing"),
        pytest.param("offset=9&limit=2", 3, 206, 0, id="P7 beyond the end"),
    ],
)
def test_status_and_counts(raw: str, total: int, status: int, count: int) -> None:
    answer, _ = page(raw, total)
    assert answer.status == status
    assert answer.headers["X-Total-Count"] == str(total)
    assert answer.headers["X-Result-Count"] == str(count)


@pytest.mark.parametrize(
    ("raw", "total", "expected"),
    [
        pytest.param(
            "limit=10", 25, {"self": 0, "first": 0, "next": 10, "last": 20}, id="P5 first"
        ),
        pytest.param(
            "offset=10&limit=10",
            25,
            {"self": 10, "first": 0, "prev": 0, "next": 20, "last": 20},
            id="P5 middle",
        ),
        pytest.param(
            "offset=20&limit=10", 25, {"self": 20, "first": 0, "prev": 10, "last": 20}, id="P5 last"
        ),
        pytest.param("limit=5", 5, {"self": 0, "first": 0, "last": 0}, id="P5 only one"),
        pytest.param("limit=5", 0, {"self": 0, "first": 0, "last": 0}, id="P5 nothing"),
        pytest.param("limit=0", 5, {"self": 0, "first": 0, "last": 0}, id="P6 counts alone"),
        pytest.param(
            "offset=3&limit=5", 6, {"self": 3, "first": 0, "prev": 0, "last": 5}, id="P5 uneven"
        ),
        pytest.param(
            "offset=90&limit=10", 25, {"self": 90, "first": 0, "prev": 20, "last": 20}, id="P7"
        ),
    ],
)
def test_links_lead_to_the_pages_that_exist(raw: str, total: int, expected: dict[str, int]) -> None:
    answer, _ = page(raw, total)
    offsets = {
        rel: parse_query(query, page_limit=10_000).offset for rel, query in links(answer).items()
    }
    assert offsets == expected


def test_list_that_the_page_limit_cuts_short_leads_on() -> None:
    query = parse_query("state=held", page_limit=10)
    answer = page_of(query, total=25, count=10, url=URL, raw_query="state=held")
    assert answer.status == 206
    assert links(answer)["next"] == "state=held&offset=10&limit=10"


@pytest.mark.parametrize("raw", ["", "offset=1", "offset=9", "state=held"])
def test_without_a_limit_there_are_no_pages_to_link(raw: str) -> None:
    assert "Link" not in page(raw, 5)[0].headers


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        pytest.param("state=a,b&limit=1", "state=a,b&", id="P5 as sent"),
        pytest.param("offset=0&a=%3E1&limit=1&b=2", "a=%3E1&b=2&", id="P5 around"),
        pytest.param(
            "orderDate>2024-05&limit=1", "orderDate%3E2024-05&", id="P5 a bare > would end it"
        ),
        pytest.param('a="b"&limit=1', "a=%22b%22&", id="P5 bare quotes"),
        pytest.param("%6Cimit=1&&sort=-a;b", "sort=-a;b&", id="P5 encoded name"),
        pytest.param("limit==1&offset%3D0", "", id="P5 other equals signs"),
        pytest.param("note.limit=1&limit=1", "note.limit=1&", id="P5 attribute of that name"),
    ],
)
def test_links_keep_every_other_parameter(raw: str, expected: str) -> None:
    assert links(page(raw, 1)[0])["self"] == f"{expected}offset=0&limit=1"


@PROPERTY
@given(st.integers(0, 60), st.integers(1, 20))
def test_walking_next_from_first_meets_each_item_once(total: int, limit: int) -> None:
    answer, items = page(f"limit={limit}", total)
    met = list(items)
    while following := links(answer).get("next"):
        answer, items = page(following, total)
        met.extend(items)
    assert met == list(range(total))
    assert links(answer)["self"] == links(answer)["last"]


@PROPERTY
@given(st.integers(0, 60), st.integers(0, 80), st.integers(1, 20))
def test_walking_prev_from_anywhere_misses_nothing_before(
    total: int, offset: int, limit: int
) -> None:
    answer, items = page(f"offset={offset}&limit={limit}", total)
    met = set(items)
    while previous := links(answer).get("prev"):
        answer, items = page(previous, total)
        met.update(items)
    assert met == set(range(min(total, offset + limit)))
