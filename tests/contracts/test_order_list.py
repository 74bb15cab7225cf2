"""Lists of resource orders on MongoDB mean what the same query means in process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from fakes_delivery import empty, temporary_database
from ordergate.process.entity import Entity
from ordergate.storage.resource_orders import MongoOrderBook
from ordergate.tmf630.filter import matches, values_at
from ordergate.tmf630.query import parse_query

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Iterator

    from ordergate.storage.database import Database


@pytest.fixture(scope="module")
def loop_and_database(mongodb_uri: str) -> Iterator[tuple[asyncio.Runner, Database]]:
    with temporary_database(mongodb_uri) as (runner, database):
        runner.run(MongoOrderBook(database, page_limit=5).ensure_indexes())
        yield runner, database


_STATES = ("acknowledged", "inProgress", "completed")


def _listed(number: int) -> dict[str, Any]:
    """Return one of forty documents in which every kind of value turns up."""
    document: dict[str, Any] = {
        "id": f"{number:02}",
        "state": _STATES[number % 3],
        "orderDate": f"2026-0{1 + number % 4}-{1 + number % 28:02}T{number % 24:02}:30:00.000Z",
        "note": [
            {"text": f"note {n}", "date": f"202{n}-05-0{1 + n}T00:00:00.000Z"}
            for n in range(number % 4)
            if number % 5 or n != 1  # an array with dates on both sides of a period, none within
        ],
    }
    if number % 2:
        document["priority"] = number % 5
    if number % 3:
        document["externalId"] = ("7", "BSS-1", "true", "2026-01-05", "a.b*c")[number % 5]
    if number % 7 == 0:
        document |= {
            "urgent": number % 14 == 0,
            "ratio": number / 4,
            "mixed": [number, str(number)],
        }
    document["orderItem"] = [
        {"id": str(n), "quantity": n * number, "action": "add" if n % 2 else "delete"}
        for n in range(1, 1 + number % 3)
    ]
    return document


_DOCUMENTS = [_listed(number) for number in range(40)]

FILTERS = (
    "state=completed",
    "state=completed,inProgress",
    "state.ne=completed",
    "state.ne=completed,inProgress",
    "state=Completed",
    "priority=3",
    "priority=3.0",
    "priority.gt=2",
    "priority.gte=2&priority.lt=4",
    "priority.ne=3",
    "externalId=7",
    "externalId=true",
    "externalId=a.b*c",
    "externalId.ne=7",
    "externalId.gt=B",
    "urgent=true",
    "urgent=false",
    "urgent.ne=true",
    "ratio.lte=3.5",
    "mixed=14",
    "mixed.gt=20",
    "missing=1",
    "missing.ne=1",
    "orderDate=2026-01-05",
    "orderDate=2026-03",
    "orderDate=2026-01-05T04:30:00Z",
    "orderDate=2026-01-05T06:30:00%2B02:00",
    "orderDate.ne=2026-03",
    "orderDate.gt=2026-03",
    "orderDate.gte=2026-03-05",
    "orderDate.lt=2026-01-05",
    "orderDate.lte=2026-01-05",
    "orderDate%3E2026-02-01&orderDate%3C2026-03-01",
    "externalId=2026-01-05",
    "externalId=2026-01",
    "note.date=2021-05",
    "note.date=2021-05-02",
    "note.date.ne=2021-05",
    "note.date.gt=2021-05-02",
    "note.date.lt=2021-05",
    "note.text=note 1",
    "orderItem.id=2",
    "orderItem.action=add&orderItem.id=2",
    "orderItem.quantity.gte=50",
    "orderItem.quantity.ne=0",
)


@pytest.fixture(scope="module")
def listed(
    loop_and_database: tuple[asyncio.Runner, Database],
) -> Callable[..., tuple[list[dict[str, Any]], int]]:
    """Forty documents in a collection of their own; the tests only read it."""
    runner, database = loop_and_database
    other = database.client[f"{database.name}_listed"]
    book = MongoOrderBook(other, page_limit=100)

    async def fill() -> None:
        await book.add_all([Entity(one["id"], one) for one in reversed(_DOCUMENTS)])

    runner.run(fill())

    def answer(raw: str) -> tuple[list[dict[str, Any]], int]:
        found, total = runner.run(book.list(parse_query(raw, page_limit=100)))
        return list(found), total

    return answer


class TestList:
    @pytest.mark.parametrize("raw", FILTERS)
    def test_filter_means_what_it_means_in_process(
        self, listed: Callable[[str], tuple[list[dict[str, Any]], int]], raw: str
    ) -> None:
        conditions = parse_query(raw, page_limit=100).conditions
        expected = {one["id"] for one in _DOCUMENTS if matches(one, conditions)}
        found, total = listed(raw)
        assert {one["id"] for one in found} == expected
        assert total == len(expected)

    def test_list_is_oldest_first_unless_asked_otherwise(
        self, listed: Callable[[str], tuple[list[dict[str, Any]], int]]
    ) -> None:
        dates = [(one["orderDate"], one["id"]) for one in listed("")[0]]
        assert dates == sorted(dates)
        assert len(dates) == 40

    def test_sort_keys_count_in_turn_and_the_id_decides_last(
        self, listed: Callable[[str], tuple[list[dict[str, Any]], int]]
    ) -> None:
        found = listed("sort=-state,orderDate")[0]
        keys = [(one["orderDate"], one["id"]) for one in found if one["state"] == "inProgress"]
        assert keys == sorted(keys)
        assert list(dict.fromkeys(one["state"] for one in found)) == sorted(_STATES, reverse=True)

    def test_pages_put_together_are_the_whole_list(
        self, listed: Callable[[str], tuple[list[dict[str, Any]], int]]
    ) -> None:
        pages = [listed(f"state.ne=completed&offset={start}&limit=7") for start in range(0, 28, 7)]
        whole, total = listed("state.ne=completed")
        assert [one for page, _ in pages for one in page] == whole
        assert {count for _, count in pages} == {total} == {27}

    def test_limit_of_zero_asks_for_the_count_alone(
        self, listed: Callable[[str], tuple[list[dict[str, Any]], int]]
    ) -> None:
        assert listed("limit=0") == ([], 40)

    def test_judge_sees_every_value_of_an_array(self) -> None:
        assert list(values_at(_DOCUMENTS[2], ["orderItem", "id"])) == ["1", "2"]


def test_list_without_a_limit_ends_at_the_page_limit(
    loop_and_database: tuple[asyncio.Runner, Database],
) -> None:
    runner, database = loop_and_database
    runner.run(empty(database))
    book = MongoOrderBook(database, page_limit=5)
    runner.run(book.add_all([Entity(one["id"], one) for one in _DOCUMENTS[:7]]))
    found, total = runner.run(book.list(parse_query("", page_limit=5)))
    assert (len(found), total) == (5, 7)
