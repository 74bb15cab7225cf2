"""What every book of hand-overs promises, on the fake and on MongoDB."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from fakes import InMemoryHandOverBook
from fakes_delivery import empty, temporary_database
from ordergate.process.ports import Entity
from ordergate.storage.special_handling import MongoHandOverBook
from ordergate.tmf630.query import parse_query

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ordergate.process.ports import HandOverBook
    from ordergate.storage.database import Database


class Listing(Protocol):
    """Lists the documents of all hand-overs, by id."""

    def __call__(self) -> dict[str, dict[str, Any]]: ...


def hand_over(number: int, state: str = "open") -> Entity:
    date = f"2026-01-0{number}T00:00:00.000Z"
    document = {"id": f"ho-{number}", "state": state, "handedOverDate": date}
    return Entity(f"ho-{number}", document)


class HandOverBookContract:
    def test_hand_overs_are_kept_as_they_are(
        self, runner: asyncio.Runner, book: HandOverBook, listing: Listing
    ) -> None:
        runner.run(book.add_all([hand_over(1), hand_over(2)]))
        assert listing() == {"ho-1": hand_over(1).document, "ho-2": hand_over(2).document}

    def test_added_again_they_stay_as_people_left_them(
        self, runner: asyncio.Runner, book: HandOverBook, listing: Listing
    ) -> None:
        runner.run(book.add_all([hand_over(1, "claimed")]))
        runner.run(book.add_all([hand_over(1), hand_over(2)]))
        assert {one: doc["state"] for one, doc in listing().items()} == {
            "ho-1": "claimed",
            "ho-2": "open",
        }

    def test_adding_none_is_fine(
        self, runner: asyncio.Runner, book: HandOverBook, listing: Listing
    ) -> None:
        runner.run(book.add_all([]))
        assert listing() == {}


class TestInMemoryHandOverBook(HandOverBookContract):
    @pytest.fixture
    def runner(self) -> Iterator[asyncio.Runner]:
        with asyncio.Runner() as runner:
            yield runner

    @pytest.fixture
    def book(self) -> InMemoryHandOverBook:
        return InMemoryHandOverBook()

    @pytest.fixture
    def listing(self, book: InMemoryHandOverBook) -> Listing:
        return lambda: {one.id: one.document for one in book.all()}


@pytest.fixture(scope="module")
def loop_and_database(mongodb_uri: str) -> Iterator[tuple[asyncio.Runner, Database]]:
    with temporary_database(mongodb_uri) as (runner, database):
        runner.run(MongoHandOverBook(database, page_limit=5).ensure_indexes())
        yield runner, database


class TestMongoHandOverBook(HandOverBookContract):
    @pytest.fixture
    def runner(self, loop_and_database: tuple[asyncio.Runner, Database]) -> asyncio.Runner:
        return loop_and_database[0]

    @pytest.fixture
    def book(self, loop_and_database: tuple[asyncio.Runner, Database]) -> MongoHandOverBook:
        runner, database = loop_and_database
        runner.run(empty(database))
        return MongoHandOverBook(database, page_limit=5)

    @pytest.fixture
    def listing(self, runner: asyncio.Runner, book: MongoHandOverBook) -> Listing:
        def documents() -> dict[str, dict[str, Any]]:
            found, _ = runner.run(book.list(parse_query("", page_limit=5)))
            return {one["id"]: one for one in found}

        return documents

    def test_list_begins_with_the_one_that_waits_longest(
        self, runner: asyncio.Runner, book: MongoHandOverBook
    ) -> None:
        runner.run(book.add_all([hand_over(number) for number in (3, 1, 2)]))
        found, _ = runner.run(book.list(parse_query("", page_limit=5)))
        assert [one["id"] for one in found] == ["ho-1", "ho-2", "ho-3"]
