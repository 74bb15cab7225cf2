"""What every book of hand-overs promises, on the fake and on MongoDB."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from fakes_delivery import empty, temporary_database
from fakes_requests import InMemoryHandOverBook
from make import MOMENT
from ordergate.delivery.ports import HandOvers
from ordergate.errors import NotFoundError
from ordergate.model.common import timestamp
from ordergate.model.notification import DeliveryState
from ordergate.process.entity import Entity
from ordergate.process.ports import HandOverBook
from ordergate.storage.special_handling import MongoHandOverBook
from ordergate.tmf630.query import parse_query

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ordergate.storage.database import Database


class Listing(Protocol):
    """Lists the documents of all hand-overs, by id."""

    def __call__(self) -> dict[str, dict[str, Any]]: ...


class Delivering(HandOverBook, HandOvers, Protocol):
    """A book that also notes how far orders have got."""

    async def give_up(self) -> int: ...


def hand_over(number: int, state: str = "open", **changes: Any) -> Entity:
    date = f"2026-01-0{number}T00:00:00.000Z"
    document = {"id": f"ho-{number}", "state": state, "handedOverDate": date}
    return Entity(f"ho-{number}", {**document, **changes})


def handed(number: int, request_id: str, specification: str, state: str = "open") -> Entity:
    """Return a hand-over of an item of a request."""
    return hand_over(
        number,
        state,
        initiatingRequest={"id": request_id},
        requestedItem={"id": "1", "specification": {"id": specification}},
    )


def passed_on(number: int, state: str = "pending") -> Entity:
    """Return a hand-over whose order goes to Track & Manage."""
    delivery = {"state": state, "attempts": 0}
    return hand_over(number, resourceOrder={"id": f"ro-{number}"}, delivery=delivery)


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

    def test_hand_over_is_read_by_its_id(self, runner: asyncio.Runner, book: HandOverBook) -> None:
        runner.run(book.add_all([hand_over(1)]))
        assert runner.run(book.get("ho-1")) == hand_over(1)
        with pytest.raises(NotFoundError, match="'ho-2'"):
            runner.run(book.get("ho-2"))

    def test_change_is_written_over_the_revision_before_and_over_no_other(
        self, runner: asyncio.Runner, book: HandOverBook
    ) -> None:
        runner.run(book.add_all([hand_over(1)]))
        claimed = replace(hand_over(1, "claimed"), revision=2)
        assert runner.run(book.replace(claimed)) is True
        assert runner.run(book.replace(claimed)) is False
        assert runner.run(book.replace(replace(hand_over(2), revision=2))) is False
        assert runner.run(book.get("ho-1")) == claimed

    def test_open_ones_are_found_by_request_or_specification(
        self, runner: asyncio.Runner, book: HandOverBook
    ) -> None:
        those = [
            handed(4, "req-2", "vpn"),
            handed(1, "req-1", "fibre"),
            handed(2, "req-1", "vpn", "claimed"),
            handed(3, "req-1", "vpn", "resolved"),
            handed(5, "req-3", "fibre"),
            hand_over(6),
        ]
        runner.run(book.add_all(those))

        def found(**wanted: list[str]) -> list[str]:
            return [one.id for one in runner.run(book.open_for(**wanted))]

        assert found(request_ids=["req-1"]) == ["ho-1", "ho-2"]
        assert found(request_ids=["req-2", "req-3"]) == ["ho-4", "ho-5"]
        assert found(specifications=["vpn"]) == ["ho-2", "ho-4"]
        assert found(request_ids=["req-2"], specifications=["fibre"]) == ["ho-1", "ho-4", "ho-5"]
        assert found(specifications=["copper"]) == []
        assert found() == []

    def test_attempts_are_noted_until_the_order_is_delivered(
        self, runner: asyncio.Runner, book: Delivering
    ) -> None:
        runner.run(book.add_all([passed_on(1), passed_on(2)]))
        refused = "ConnectionRefusedError"
        runner.run(book.attempted("ro-1", DeliveryState.PENDING, MOMENT, error=refused))
        kept = runner.run(book.get("ho-1"))
        assert (kept.revision, kept.document["delivery"]) == (
            2,
            {
                "state": "pending",
                "attempts": 1,
                "lastAttempt": {"date": timestamp(MOMENT), "error": refused},
            },
        )
        runner.run(book.attempted("ro-1", DeliveryState.DELIVERED, MOMENT, status=201))
        runner.run(book.attempted("ro-1", DeliveryState.FAILED, MOMENT, status=500))
        kept = runner.run(book.get("ho-1"))
        assert (kept.revision, kept.document["delivery"]) == (
            3,
            {
                "state": "delivered",
                "attempts": 2,
                "lastAttempt": {"date": timestamp(MOMENT), "status": 201},
                "deliveredDate": timestamp(MOMENT),
            },
        )
        assert runner.run(book.get("ho-2")) == passed_on(2)

    def test_order_that_failed_may_still_be_delivered(
        self, runner: asyncio.Runner, book: Delivering
    ) -> None:
        runner.run(book.add_all([passed_on(1)]))
        for state in (DeliveryState.FAILED, DeliveryState.DELIVERED):
            runner.run(book.attempted("ro-1", state, MOMENT))
            assert runner.run(book.get("ho-1")).document["delivery"]["state"] == state

    def test_attempt_at_an_order_of_no_hand_over_is_nothing(
        self, runner: asyncio.Runner, book: Delivering, listing: Listing
    ) -> None:
        runner.run(book.attempted("ro-1", DeliveryState.DELIVERED, MOMENT))
        assert listing() == {}

    def test_what_waits_is_given_up(self, runner: asyncio.Runner, book: Delivering) -> None:
        states = ("pending", "delivered", "pending", "failed")
        runner.run(book.add_all([passed_on(n, state) for n, state in enumerate(states, 1)]))
        assert runner.run(book.give_up()) == 2
        kept = [runner.run(book.get(f"ho-{n}")) for n in (1, 2, 3, 4)]
        assert [(one.document["delivery"]["state"], one.revision) for one in kept] == [
            ("notConfigured", 2),
            ("delivered", 1),
            ("notConfigured", 2),
            ("failed", 1),
        ]
        assert runner.run(book.give_up()) == 0


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
