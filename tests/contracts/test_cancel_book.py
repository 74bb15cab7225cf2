"""What every book of cancel tasks promises, on the fake and on MongoDB."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from fakes_delivery import empty, owed, temporary_database
from fakes_orders import InMemoryCancelTaskBook
from ordergate.errors import DuplicateError, NotFoundError
from ordergate.model.cancel_task import CANCEL_RESOURCE_ORDER, CANCEL_SERVICE_ORDER
from ordergate.process.entity import Entity, Idempotency
from ordergate.storage.cancel_tasks import MongoCancelTaskBook
from ordergate.storage.outboxes import MongoOutboxes
from ordergate.tmf630.query import parse_query

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ordergate.process.ports import CancelTaskBook
    from ordergate.storage.database import Database

    Owing = Callable[[str], list[int]]
    """Looks into the outboxes: the sequences that a task owes, oldest first."""

KINDS = [CANCEL_RESOURCE_ORDER, CANCEL_SERVICE_ORDER]
NOON = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)


def task(task_id: str = "a", order_id: str = "ro-1", **changes: Any) -> Entity:
    refers = {"resourceOrder": {"id": order_id}, "serviceOrder": {"id": order_id}}
    document = {"id": task_id, "state": "acknowledged", **refers}
    return Entity(task_id, {**document, **changes}, sequence=1, owed=(owed(task_id, 1),))


def moved(before: Entity, state: str) -> Entity:
    """Return the task after its next change."""
    return replace(
        before,
        document={**before.document, "state": state},
        revision=before.revision + 1,
        sequence=before.sequence + 1,
        owed=(owed(before.id, before.sequence + 1),),
    )


class CancelBookContract:
    def test_added_task_is_read_as_it_was_without_its_events(
        self, runner: asyncio.Runner, book: CancelTaskBook, owing: Owing
    ) -> None:
        new = replace(task(), idempotency=Idempotency("key", "body"))
        assert runner.run(book.add(new)) is None
        assert runner.run(book.get("a")) == replace(new, owed=())
        assert owing("a") == [1]

    def test_added_under_a_known_id_answers_with_the_one_that_is_kept(
        self, runner: asyncio.Runner, book: CancelTaskBook, owing: Owing
    ) -> None:
        runner.run(book.add(task()))
        runner.run(book.replace(moved(task(), "inProgress")))
        kept = runner.run(book.add(task()))
        assert kept is not None
        assert kept.document["state"] == "inProgress"
        assert owing("a") == [1, 2]

    @pytest.mark.parametrize("state", ["acknowledged", "inProgress"])
    def test_order_has_one_task_at_a_time(
        self, runner: asyncio.Runner, book: CancelTaskBook, owing: Owing, state: str
    ) -> None:
        runner.run(book.add(task()))
        if state != "acknowledged":
            runner.run(book.replace(moved(task(), state)))
        with pytest.raises(DuplicateError):
            runner.run(book.add(task("b")))
        with pytest.raises(NotFoundError):
            runner.run(book.get("b"))
        assert owing("b") == []
        assert runner.run(book.add(task("c", "ro-2"))) is None

    @pytest.mark.parametrize("state", ["done", "terminatedWithError"])
    def test_task_that_is_over_makes_room_for_another(
        self, runner: asyncio.Runner, book: CancelTaskBook, state: str
    ) -> None:
        runner.run(book.add(task()))
        runner.run(book.replace(moved(task(), state)))
        assert runner.run(book.add(task("b"))) is None
        assert runner.run(book.get("a")).document["state"] == state

    def test_task_that_is_not_over_is_found_by_its_order(
        self, runner: asyncio.Runner, book: CancelTaskBook
    ) -> None:
        assert runner.run(book.unfinished_for("ro-1")) is None
        runner.run(book.add(task()))
        runner.run(book.add(task("b", "ro-2")))
        found = runner.run(book.unfinished_for("ro-1"))
        assert found == replace(task(), owed=())
        runner.run(book.replace(moved(task(), "done")))
        assert runner.run(book.unfinished_for("ro-1")) is None

    def test_two_tasks_at_once_let_one_in(
        self, runner: asyncio.Runner, book: CancelTaskBook
    ) -> None:
        async def both() -> list[object]:
            tried = [book.add(task(one)) for one in "ab"]
            return list(await asyncio.gather(*tried, return_exceptions=True))

        first, second = sorted(runner.run(both()), key=lambda one: one is not None)
        assert first is None
        assert isinstance(second, DuplicateError)

    def test_change_over_a_stale_revision_writes_nothing(
        self, runner: asyncio.Runner, book: CancelTaskBook, owing: Owing
    ) -> None:
        runner.run(book.add(task()))
        assert runner.run(book.replace(moved(task(), "inProgress"))) is True
        assert runner.run(book.replace(moved(task(), "done"))) is False
        assert runner.run(book.replace(moved(task("z"), "done"))) is False
        assert runner.run(book.get("a")).document["state"] == "inProgress"
        assert owing("a") == [1, 2]

    def test_unknown_task_is_not_found(self, runner: asyncio.Runner, book: CancelTaskBook) -> None:
        with pytest.raises(NotFoundError, match="'a'"):
            runner.run(book.get("a"))

    def test_unfinished_are_those_that_are_due_and_not_over_by_id(
        self, runner: asyncio.Runner, book: CancelTaskBook
    ) -> None:
        days = {
            "d": {},
            "b": {"requestedCancellationDate": "2026-01-01T12:00:00.000Z"},
            "c": {"requestedCancellationDate": "2026-01-01T12:00:00.001Z"},
            "a": {},
            "e": {},
        }
        for name, day in days.items():
            runner.run(book.add(task(name, f"order-{name}", **day)))
        runner.run(book.replace(moved(task("a", "order-a"), "inProgress")))
        runner.run(book.replace(moved(task("e", "order-e"), "done")))

        def found(after: str, limit: int) -> str:
            left = runner.run(book.unfinished(due=NOON, after=after, limit=limit))
            return "".join(one.id for one in left)

        assert found("", 9) == "abd"
        assert found("", 2) == "ab"
        assert found("b", 2) == "d"
        assert found("d", 2) == ""


class TestInMemoryCancelTaskBook(CancelBookContract):
    @pytest.fixture
    def runner(self) -> Iterator[asyncio.Runner]:
        with asyncio.Runner() as runner:
            yield runner

    @pytest.fixture(params=KINDS, ids=lambda kind: kind.name)
    def book(self, request: pytest.FixtureRequest) -> InMemoryCancelTaskBook:
        return InMemoryCancelTaskBook(request.param)

    @pytest.fixture
    def owing(self, book: InMemoryCancelTaskBook) -> Owing:
        return lambda task_id: [event.sequence for event in book.owed(task_id)]


@pytest.fixture(scope="module")
def loop_and_database(mongodb_uri: str) -> Iterator[tuple[asyncio.Runner, Database]]:
    with temporary_database(mongodb_uri) as found:
        runner, database = found
        for kind in KINDS:
            runner.run(MongoCancelTaskBook(database, kind, page_limit=5).ensure_indexes())
        yield found


class TestMongoCancelTaskBook(CancelBookContract):
    @pytest.fixture
    def runner(self, loop_and_database: tuple[asyncio.Runner, Database]) -> asyncio.Runner:
        return loop_and_database[0]

    @pytest.fixture(params=KINDS, ids=lambda kind: kind.name)
    def book(
        self,
        request: pytest.FixtureRequest,
        loop_and_database: tuple[asyncio.Runner, Database],
    ) -> MongoCancelTaskBook:
        runner, database = loop_and_database
        runner.run(empty(database))
        return MongoCancelTaskBook(database, request.param, page_limit=5)

    @pytest.fixture
    def owing(self, loop_and_database: tuple[asyncio.Runner, Database]) -> Owing:
        runner, database = loop_and_database
        outboxes = MongoOutboxes(database)

        def sequences(task_id: str) -> list[int]:
            events = runner.run(outboxes.owing(100))
            return [one.event.sequence for one in events if one.event.entity_id == task_id]

        return sequences

    def test_list_goes_by_id(self, runner: asyncio.Runner, book: MongoCancelTaskBook) -> None:
        for name in "cab":
            runner.run(book.add(task(name, f"order-{name}")))
        found, total = runner.run(book.list(parse_query("", page_limit=5)))
        assert ([one["id"] for one in found], total) == (["a", "b", "c"], 3)
