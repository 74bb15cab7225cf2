"""What every book of service orders promises, on the fake and on MongoDB."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from fakes import InMemoryOrderBook
from fakes_delivery import empty, owed, temporary_database
from ordergate.errors import DuplicateError, NotFoundError
from ordergate.process.ports import Entity, Idempotency, RecordedRequest
from ordergate.storage.outboxes import MongoOutboxes
from ordergate.storage.requests import MongoRequestBook

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ordergate.process.ports import ServiceOrderBook
    from ordergate.storage.database import Database

    Owing = Callable[[], list[int]]


def order(**changes: Any) -> Entity:
    document = {"id": "a", "state": "acknowledged", "orderDate": "2026-01-01T00:00:00.000Z"}
    return Entity("a", {**document, **changes}, sequence=1, owed=(owed("a", 1),))


def record() -> RecordedRequest:
    """Return the record that the order is added with."""
    document = {"id": "a", "receivedDate": "2026-01-01T00:00:00.000Z"}
    entity = replace(order(), document=document, idempotency=Idempotency("key", "body"))
    return RecordedRequest(entity, order().document)


def later(before: Entity, **changes: Any) -> Entity:
    return replace(
        before,
        document={**before.document, **changes},
        revision=before.revision + 1,
        sequence=before.sequence + 1,
        owed=(owed("a", before.sequence + 1),),
    )


class ServiceOrderBookContract:
    def test_order_is_read_with_its_revision(
        self, runner: asyncio.Runner, book: ServiceOrderBook
    ) -> None:
        assert runner.run(book.get("a")) == replace(order(), owed=())

    def test_unknown_order_is_not_found(
        self, runner: asyncio.Runner, book: ServiceOrderBook
    ) -> None:
        with pytest.raises(NotFoundError, match="'b'"):
            runner.run(book.get("b"))

    def test_change_is_kept_with_its_events(
        self, runner: asyncio.Runner, book: ServiceOrderBook, owing: Owing
    ) -> None:
        changed = later(runner.run(book.get("a")), state="inProgress")
        assert runner.run(book.replace(changed)) is True
        assert runner.run(book.get("a")) == replace(changed, owed=())
        assert owing() == [1, 2]

    def test_change_over_a_stale_revision_writes_nothing(
        self, runner: asyncio.Runner, book: ServiceOrderBook, owing: Owing
    ) -> None:
        first = runner.run(book.get("a"))
        assert runner.run(book.replace(later(first, state="inProgress"))) is True
        assert runner.run(book.replace(later(first, state="rejected"))) is False
        assert runner.run(book.remove(later(first))) is False
        assert runner.run(book.get("a")).document["state"] == "inProgress"
        assert owing() == [1, 2]

    def test_removed_order_is_gone_and_still_told_of(
        self, runner: asyncio.Runner, book: ServiceOrderBook, owing: Owing
    ) -> None:
        first = runner.run(book.get("a"))
        assert runner.run(book.remove(later(first))) is True
        with pytest.raises(NotFoundError):
            runner.run(book.get("a"))
        assert runner.run(book.replace(later(first))) is False
        assert owing() == [1, 2]


class TestInMemoryOrderBook(ServiceOrderBookContract):
    @pytest.fixture
    def runner(self) -> Iterator[asyncio.Runner]:
        with asyncio.Runner() as runner:
            yield runner

    @pytest.fixture
    def book(self, runner: asyncio.Runner) -> InMemoryOrderBook:
        book = InMemoryOrderBook()
        runner.run(book.add(order()))
        return book

    @pytest.fixture
    def owing(self, book: InMemoryOrderBook) -> Owing:
        return lambda: [event.sequence for event in book.owed("a")]


@pytest.fixture(scope="module")
def loop_and_database(mongodb_uri: str) -> Iterator[tuple[asyncio.Runner, Database]]:
    with temporary_database(mongodb_uri) as (runner, database):
        yield runner, database


class TestMongoServiceOrderBook(ServiceOrderBookContract):
    @pytest.fixture
    def runner(self, loop_and_database: tuple[asyncio.Runner, Database]) -> asyncio.Runner:
        return loop_and_database[0]

    @pytest.fixture
    def requests(self, loop_and_database: tuple[asyncio.Runner, Database]) -> MongoRequestBook:
        runner, database = loop_and_database
        runner.run(empty(database))
        requests = MongoRequestBook(database, page_limit=5)
        assert runner.run(requests.add(record())) is None
        return requests

    @pytest.fixture
    def book(self, requests: MongoRequestBook) -> ServiceOrderBook:
        return requests.service_orders

    @pytest.fixture
    def owing(self, loop_and_database: tuple[asyncio.Runner, Database]) -> Owing:
        runner, database = loop_and_database
        return lambda: [one.sequence for one in runner.run(MongoOutboxes(database).owing(10))]

    def test_record_outlives_its_service_order(
        self, runner: asyncio.Runner, requests: MongoRequestBook
    ) -> None:
        book = requests.service_orders
        runner.run(book.remove(later(runner.run(book.get("a")))))
        assert runner.run(requests.records.read("a")) == (record().entity.document, 2)
        with pytest.raises(NotFoundError):
            runner.run(book.read("a"))

    def test_key_of_a_removed_order_makes_no_other(
        self, runner: asyncio.Runner, requests: MongoRequestBook
    ) -> None:
        book = requests.service_orders
        runner.run(book.remove(later(runner.run(book.get("a")))))
        with pytest.raises(DuplicateError) as caught:
            runner.run(requests.add(record()))
        assert caught.value.path == "Idempotency-Key"
