"""What a list of MongoDB's answers, held against brute force over the same documents."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, event, example, given, settings
from hypothesis import strategies as st

from fakes_delivery import empty, temporary_database
from ordergate.errors import InvalidQueryError, StoreUnavailableError
from ordergate.process.entity import Entity
from ordergate.schemas.patterns import compile_pattern
from ordergate.storage.reading import EntityReader
from ordergate.storage.resource_orders import COLLECTION, MongoOrderBook
from ordergate.tmf630.filter import matches, values_at
from ordergate.tmf630.query import parse_query

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Iterator, Sequence

    from ordergate.storage.database import Database
    from ordergate.tmf630.query import Query, SortKey

PROPERTY = settings(
    deadline=None,
    max_examples=60,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],  # the books are the module's
)
DATES = st.sampled_from(
    ["2026-01-05T00:00:00.000Z", "2026-01-05T10:30:00.000Z", "2026-02-01T23:59:59.999Z"]
)
TEXTS = st.sampled_from(["", "7", "a", "B", "a.b*c", "true", "2026-01-05", "é", "a\n", "x,y;z"])
NUMBERS = st.one_of(st.integers(-2, 8), st.sampled_from([0.5, 7.0]))


def documents(**optional: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=optional)


NOTES = st.lists(documents(text=TEXTS, date=DATES), max_size=3)
ITEMS = st.lists(
    documents(
        id=TEXTS,
        quantity=NUMBERS,
        resource=documents(resourceSpecification=documents(id=TEXTS)),
    ),
    max_size=3,
)
ORDER = st.fixed_dictionaries(
    {"state": st.sampled_from(["acknowledged", "held", "completed"]), "orderDate": DATES},
    optional={
        "priority": NUMBERS,
        "externalId": TEXTS,
        "requestedStartDate": DATES,
        "urgent": st.booleans(),
        "mixed": st.one_of(NUMBERS, TEXTS, st.lists(st.one_of(NUMBERS, TEXTS), max_size=3)),
        "note": NOTES,
        "orderItem": ITEMS,
    },
)
DATED = {"orderDate": "2026-01-05T10:30:00.000Z", "state": "held"}
"""What every order has."""
ORDERS = st.lists(ORDER, min_size=3, max_size=12).map(
    lambda found: [{"id": f"{number:02}", **one} for number, one in enumerate(found)]
)
DATE_PATHS = ["orderDate", "note.date", "requestedStartDate"]
OTHER_PATHS = [
    "id",
    "state",
    "priority",
    "externalId",
    "urgent",
    "mixed",
    "note.text",
    "note.0.text",
    "orderItem.id",
    "orderItem.quantity",
    "orderItem.resource.resourceSpecification.id",
    "unknown",
    "unknown.inner",
]
PATHS = st.sampled_from(DATE_PATHS + OTHER_PATHS)
ASKED = st.one_of(
    TEXTS,
    NUMBERS.map(str),
    st.sampled_from(["false", "2026-01", "2026-02-01", "2026-01-05T12:30:00+02:00", "held"]),
)
PATTERNS = st.sampled_from(
    ["", "^a", "a$", r"\.b\*", "[$a]$", r"^\$", "(?i)A", "(?m)a$", "^.{1,2}$", r"\d+|é", "^[^a]*$"]
)
DAYS = st.sampled_from(["2026-01", "2026-01-05", "2026-01-05T10:30:00Z"])


def spelled(path: str, operator: str, values: Sequence[str]) -> str:
    wanted = ",".join(f'"{value}"' if "," in value else value for value in values)
    return f"{path}.{operator}={quote(wanted, safe=',')}"


def filters() -> st.SearchStrategy[str]:
    values = st.lists(ASKED, min_size=1, max_size=3)
    dates, others = st.sampled_from(DATE_PATHS), st.sampled_from(OTHER_PATHS)
    orderings = st.sampled_from(["gt", "gte", "lt", "lte"])
    one = st.one_of(
        st.builds(spelled, PATHS, st.sampled_from(["eq", "ne"]), values),
        st.builds(spelled, others, orderings, values),
        st.builds(spelled, dates, orderings, st.lists(DAYS, min_size=1, max_size=2)),
        st.builds(spelled, PATHS, st.just("regex"), PATTERNS.map(lambda pattern: [pattern])),
    )
    return st.lists(one, min_size=1, max_size=2).map("&".join)


SORTS = st.lists(
    st.tuples(
        st.sampled_from(["", "-"]),
        st.sampled_from(["orderDate", "state", "priority", "externalId", "mixed", "note.date"]),
    ).map("".join),
    min_size=1,
    max_size=3,
).map(",".join)


def query(raw: str) -> Query:
    return parse_query(raw, page_limit=100, compile_pattern=compile_pattern)


@dataclass(frozen=True, slots=True)
class Book:
    """A book of real orders, on indexes as the gateway makes them."""

    runner: asyncio.Runner
    database: Database

    def keep(self, orders: list[dict[str, Any]]) -> None:
        async def replace() -> None:
            await empty(self.database)
            await MongoOrderBook(self.database, page_limit=100).add_all(
                [Entity(one["id"], one) for one in orders]
            )

        self.runner.run(replace())

    def list(self, raw: str, *, deadline: float = 2.0) -> tuple[list[dict[str, Any]], int]:
        reader = EntityReader(
            self.database[COLLECTION], kind="order", page_limit=100, deadline=deadline
        )
        found, total = self.runner.run(reader.list(query(raw)))
        return list(found), total


@pytest.fixture(scope="module")
def book(mongodb_uri: str) -> Iterator[Book]:
    with temporary_database(mongodb_uri) as (runner, database):
        runner.run(MongoOrderBook(database, page_limit=100).ensure_indexes())
        yield Book(runner, database)


@PROPERTY
@given(ORDERS, filters())
@example([{**DATED, "id": "0", "externalId": "a\n"}], "externalId.regex=a%24")
def test_filter_finds_what_brute_force_finds(
    book: Book, orders: list[dict[str, Any]], raw: str
) -> None:
    conditions = query(raw).conditions
    expected = [one["id"] for one in orders if matches(one, conditions)]
    event(f"finds {'none' if not expected else 'all' if len(expected) == len(orders) else 'some'}")
    book.keep(orders)
    found, total = book.list(raw)
    assert sorted(one["id"] for one in found) == expected
    assert total == len(expected)


def rank(value: Any) -> tuple[int, Any]:
    """Return how MongoDB orders values of different types: numbers before texts."""
    return (1, value) if isinstance(value, str) else (0, value)


def brute_force_sort(orders: list[dict[str, Any]], keys: Sequence[SortKey]) -> list[dict[str, Any]]:
    """Sort by the least or the greatest value of each key, missing ones last, then by id."""
    found = sorted(orders, key=lambda one: one["id"], reverse=keys[-1].descending)
    for key in reversed(keys):
        present, missing = [], []
        for one in found:
            values = [rank(value) for value in values_at(one, key.path.split("."))]
            extreme = max if key.descending else min
            present.append((extreme(values), one)) if values else missing.append(one)
        present.sort(key=lambda pair: pair[0], reverse=key.descending)
        found = [*(one for _, one in present), *missing]
    return found


@PROPERTY
@given(ORDERS, SORTS, st.integers(1, 5))
@example([{**DATED, "id": "0"}, {**DATED, "id": "1", "priority": 1}], "priority", 1)
@example([{**DATED, "id": "0", "mixed": [1], "note": [{"date": "2026"}]}], "-mixed,-note.date", 1)
def test_pages_of_any_sort_are_the_whole_sorted_list(
    book: Book, orders: list[dict[str, Any]], sort: str, limit: int
) -> None:
    book.keep(orders)
    keys = query(f"sort={sort}").sort
    starts = range(0, len(orders) + 1, limit)
    pages = [book.list(f"sort={sort}&offset={start}&limit={limit}") for start in starts]
    assert [one for page, _ in pages for one in page] == brute_force_sort(orders, keys)
    assert {total for _, total in pages} == {len(orders)}


def test_filter_that_takes_the_store_too_long_is_refused_by_its_name(book: Book) -> None:
    book.keep([{**DATED, "id": str(n), "name": f"{'a' * 60}!"} for n in range(300)])
    with pytest.raises(InvalidQueryError, match="too expensive") as refusal:
        book.list("state=held&name.regex=(a%2B)%2B%24", deadline=0.05)
    assert refusal.value.path == "name"


def test_sort_that_takes_the_store_too_long_is_refused_and_a_bare_list_is_not_blamed(
    book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    book.keep([{**DATED, "id": f"{n:05}", "name": str(n)} for n in range(10_000)])
    with pytest.raises(InvalidQueryError, match="too expensive") as refusal:
        book.list("sort=name", deadline=0.001)
    assert refusal.value.path == "sort"
    monkeypatch.setattr("ordergate.storage.reading._ALL_WITHIN", 0.001)
    with pytest.raises(StoreUnavailableError):
        book.list("", deadline=0.001)


def test_large_total_is_counted_again_only_after_a_while(
    book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ordergate.storage.totals._MANY", 2)
    reader = EntityReader(book.database[COLLECTION], kind="order", page_limit=100)

    def totals(raw: str) -> int:
        return book.runner.run(reader.list(query(raw)))[1]

    book.keep([{**DATED, "id": str(n), "priority": n} for n in range(3)])
    assert (totals(""), totals("priority=1"), totals("state=held&limit=0")) == (3, 1, 3)
    book.keep([{**DATED, "id": str(n), "priority": 1} for n in range(4)])
    assert (totals(""), totals("priority=1"), totals("state=held")) == (3, 4, 3)
    monkeypatch.setattr("ordergate.storage.totals._FRESH", 0.0)
    monkeypatch.setattr("ordergate.storage.totals._KEPT", 0.0)
    assert (totals(""), totals("state=held")) == (4, 4)


def test_deleted_orders_are_in_no_list_and_no_total(book: Book) -> None:
    book.keep([{**DATED, "id": str(n)} for n in range(3)])
    deleted = {"$set": {"deleted": True}}
    book.runner.run(book.database[COLLECTION].update_one({"_id": "1"}, deleted))
    for raw in ("", "state=held", "id.ne=2&state=held", "name.ne=x"):
        found, total = book.list(raw)
        assert len(found) == total
        assert "1" not in {one["id"] for one in found}
