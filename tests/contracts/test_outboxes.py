"""What every store of outboxes and of events promises, on the fakes and on MongoDB."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from fakes_delivery import MemoryEvents, MemoryOutboxes, empty, owed, temporary_database
from ordergate.model.common import Api
from ordergate.model.events import OwedEvent
from ordergate.model.notification import Span, StoredEvent
from ordergate.storage.events import MongoEvents
from ordergate.storage.outboxes import MongoOutboxes

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator

    from ordergate.delivery.ports import Events, Outboxes
    from ordergate.storage.database import Database

    Owe = Callable[..., Coroutine[Any, Any, None]]
    """Writes an entity that owes these events: `owe(*events, deleted=False)`."""

ORDER = [owed("order", 1), owed("order", 2)]
SERVICE_ORDER = [owed("service order", 1, api=Api.SERVICE_ORDERING)]


class OutboxesContract:
    def test_owed_events_of_both_doors_are_found_in_order(
        self, runner: asyncio.Runner, outboxes: Outboxes, owe: Owe
    ) -> None:
        runner.run(owe(*ORDER))
        runner.run(owe(*SERVICE_ORDER))
        found = [one.event for one in runner.run(outboxes.owing(10))]
        assert [one for one in found if one.entity_id == "order"] == ORDER
        assert [one for one in found if one.entity_id == "service order"] == SERVICE_ORDER

    def test_limit_counts_entities_and_never_splits_one(
        self, runner: asyncio.Runner, outboxes: Outboxes, owe: Owe
    ) -> None:
        runner.run(owe(*ORDER))
        runner.run(owe(owed("another", 1), owed("another", 2)))
        found = [one.event for one in runner.run(outboxes.owing(1))]
        assert [one.sequence for one in found] == [1, 2]
        assert len({one.entity_id for one in found}) == 1

    def test_cleared_events_are_owed_no_more_and_later_ones_still_are(
        self, runner: asyncio.Runner, outboxes: Outboxes, owe: Owe
    ) -> None:
        runner.run(owe(*ORDER))
        runner.run(outboxes.clear({"order": 1}))
        runner.run(outboxes.clear({"order": 1}))
        assert [one.event for one in runner.run(outboxes.owing(10))] == ORDER[1:]
        runner.run(outboxes.clear({"order": 2, "unknown": 7}))
        assert list(runner.run(outboxes.owing(10))) == []

    def test_owed_events_are_to_be_kept_as_of_now(
        self, runner: asyncio.Runner, outboxes: Outboxes, owe: Owe
    ) -> None:
        runner.run(owe(*ORDER))
        moments = [one.stored_at for one in runner.run(outboxes.owing(10))]
        assert len(moments) == 2
        assert all(abs(one - datetime.now(UTC)) < timedelta(seconds=5) for one in moments)


def as_of_now(*events: OwedEvent) -> list[StoredEvent]:
    """Return the events as an outbox that owes them has them, in the milliseconds of a store."""
    now = datetime.now(UTC)
    moment = now.replace(microsecond=now.microsecond // 1000 * 1000)
    return [StoredEvent(one, moment) for one in events]


class EventsContract:
    def test_event_is_kept_as_it_was_owed(self, runner: asyncio.Runner, events: Events) -> None:
        event = OwedEvent(Api.RESOURCE_ORDERING, "order", 3, {"eventId": "$x", "a.b": [{"$y": 1}]})
        (owed_now,) = as_of_now(event)
        runner.run(events.add([owed_now]))
        assert runner.run(events.get({"order": [3]}))["order"][3] == owed_now

    def test_event_that_is_no_longer_there_is_kept_again_as_of_now(
        self, runner: asyncio.Runner, events: Events
    ) -> None:
        event = OwedEvent(Api.RESOURCE_ORDERING, "order", 3, {"eventId": "$x", "a.b": [{"$y": 1}]})
        runner.run(events.add_again([event]))
        stored = runner.run(events.get({"order": [3]}))["order"][3]
        assert stored.event == event
        assert abs(stored.stored_at - datetime.now(UTC)) < timedelta(seconds=5)
        runner.run(asyncio.sleep(0.02))
        runner.run(events.add_again([owed("order", 3, state="held"), owed("order", 4)]))
        assert runner.run(events.get({"order": [3]}))["order"][3] == stored
        assert set(runner.run(events.get({"order": [4]}))["order"]) == {4}

    def test_only_asked_for_events_that_are_kept_are_returned(
        self, runner: asyncio.Runner, events: Events
    ) -> None:
        runner.run(events.add(as_of_now(*ORDER, owed("other", 3))))
        assert set(runner.run(events.get({"order": [2, 3]}))["order"]) == {2}

    def test_event_added_again_keeps_its_age_and_body(
        self, runner: asyncio.Runner, events: Events
    ) -> None:
        runner.run(events.add(as_of_now(ORDER[0])))
        before = runner.run(events.get({"order": [1]}))["order"]
        runner.run(asyncio.sleep(0.02))
        runner.run(events.add(as_of_now(owed("order", 1, state="held"), ORDER[1])))
        after = runner.run(events.get({"order": [1, 2]}))["order"]
        assert after[1] == before[1]
        assert after[2].event == ORDER[1]

    @pytest.mark.parametrize(
        ("span", "found"),
        [
            ((None, None, None), ["order", "order", "later"]),
            ((1, None, None), ["later"]),
            ((None, 1, None), ["order", "order"]),
            ((1, 2, None), ["later"]),
            ((2, None, None), []),
            ((None, None, "later"), ["later"]),
            ((None, 1, "later"), []),
        ],
    )
    def test_events_of_a_door_are_told_by_their_span(
        self,
        runner: asyncio.Runner,
        events: Events,
        span: tuple[int | None, int | None, str | None],
        found: list[str],
    ) -> None:
        async def story() -> list[str]:
            await events.add(as_of_now(*ORDER, *SERVICE_ORDER))
            await asyncio.sleep(0.01)
            await events.add(as_of_now(owed("later", 1)))
            stored = (await events.get({"later": [1]}))["later"][1].stored_at
            moments = {None: None, 1: stored, 2: stored + timedelta(milliseconds=1)}
            begin, end, entity = span
            told = events.told_by(Api.RESOURCE_ORDERING, Span(moments[begin], moments[end], entity))
            return [event.entity_id async for part in told for event in part]

        assert runner.run(story()) == found


@pytest.fixture(scope="module")
def loop_and_database(mongodb_uri: str) -> Iterator[tuple[asyncio.Runner, Database]]:
    with temporary_database(mongodb_uri) as (runner, database):
        runner.run(MongoOutboxes(database).ensure_indexes())
        runner.run(MongoEvents(database, retention=3600).ensure_indexes())
        yield runner, database


class TestMemoryOutboxes(OutboxesContract):
    @pytest.fixture
    def runner(self) -> Iterator[asyncio.Runner]:
        with asyncio.Runner() as runner:
            yield runner

    @pytest.fixture
    def outboxes(self) -> MemoryOutboxes:
        return MemoryOutboxes()

    @pytest.fixture
    def owe(self, outboxes: MemoryOutboxes) -> Owe:
        async def write(*events: OwedEvent) -> None:
            outboxes.outboxes[events[0].entity_id] = list(events)

        return write


class TestMongoOutboxes(OutboxesContract):
    @pytest.fixture
    def runner(self, loop_and_database: tuple[asyncio.Runner, Database]) -> asyncio.Runner:
        return loop_and_database[0]

    @pytest.fixture
    def database(self, loop_and_database: tuple[asyncio.Runner, Database]) -> Database:
        runner, database = loop_and_database
        runner.run(empty(database))
        return database

    @pytest.fixture
    def outboxes(self, database: Database) -> MongoOutboxes:
        return MongoOutboxes(database)

    @pytest.fixture
    def owe(self, database: Database) -> Owe:
        async def write(*events: OwedEvent, **more: Any) -> None:
            first = events[0]
            kinds = {
                Api.RESOURCE_ORDERING: "resourceOrder",
                Api.SERVICE_ORDERING: "initiatingRequest",
            }
            outbox = [
                {"sequence": one.sequence, "api": str(one.api), "event": one.document}
                for one in events
            ]
            entity = {"_id": first.entity_id, "document": {}, "outbox": outbox, **more}
            await database[kinds[first.api]].insert_one(entity)

        return write

    def test_of_a_removed_entity_only_a_stub_is_left_when_its_last_event_is_cleared(
        self, runner: asyncio.Runner, outboxes: MongoOutboxes, owe: Owe, database: Database
    ) -> None:
        async def left() -> int:
            return await database["resourceOrder"].count_documents({"removedDate": None})

        runner.run(owe(*ORDER, deleted=True))
        runner.run(owe(owed("kept", 1)))
        runner.run(outboxes.clear({"order": 1, "kept": 1}))
        assert runner.run(left()) == 2
        runner.run(outboxes.clear({"order": 2}))
        assert runner.run(left()) == 1

    def test_entity_that_is_removed_meanwhile_is_found_again_and_leaves_a_stub_then(
        self, runner: asyncio.Runner, outboxes: MongoOutboxes, owe: Owe, database: Database
    ) -> None:
        async def story() -> tuple[list[int], list[int], list[str]]:
            await owe(owed("order", 1))
            first = [one.event.sequence for one in await outboxes.owing(10)]
            last = {"sequence": 2, "api": "TMF652", "event": {}}
            removal = {"$set": {"deleted": True}, "$push": {"outbox": last}}
            await database["resourceOrder"].update_one({"_id": "order"}, removal)
            await outboxes.clear({"order": 1})
            then = [one.event.sequence for one in await outboxes.owing(10)]
            await outboxes.clear({"order": 2})
            stub = await database["resourceOrder"].find_one({"_id": "order"})
            return first, then, sorted(stub or {})

        left = ["_id", "deleted", "outbox", "removedDate"]
        assert runner.run(story()) == ([1], [2], left)

    def test_entities_that_owe_nothing_cost_nothing(
        self, runner: asyncio.Runner, outboxes: MongoOutboxes, owe: Owe, database: Database
    ) -> None:
        async def story() -> int:
            drained = [{"_id": str(number), "outbox": []} for number in range(50)]
            await database["resourceOrder"].insert_many(drained)
            await owe(*ORDER)
            await database.command("profile", 2)
            assert len(await outboxes.owing(10)) == 2
            await database.command("profile", 0)
            look = database["system.profile"].find({"docsExamined": {"$exists": True}})
            return sum([int(one["docsExamined"]) async for one in look])

        assert runner.run(story()) == 1


class TestMemoryEvents(EventsContract):
    @pytest.fixture
    def runner(self) -> Iterator[asyncio.Runner]:
        with asyncio.Runner() as runner:
            yield runner

    @pytest.fixture
    def events(self) -> MemoryEvents:
        return MemoryEvents()


class TestMongoEvents(EventsContract):
    @pytest.fixture
    def runner(self, loop_and_database: tuple[asyncio.Runner, Database]) -> asyncio.Runner:
        return loop_and_database[0]

    @pytest.fixture
    def events(self, loop_and_database: tuple[asyncio.Runner, Database]) -> MongoEvents:
        runner, database = loop_and_database
        runner.run(empty(database))
        return MongoEvents(database, retention=3600)

    def test_changed_retention_is_taken_over_at_the_next_start(
        self, loop_and_database: tuple[asyncio.Runner, Database]
    ) -> None:
        runner, database = loop_and_database

        async def story() -> int:
            await MongoEvents(database, retention=7200).ensure_indexes()
            indexes = await database["event"].index_information()
            return int(indexes["storedAt_1"]["expireAfterSeconds"])

        assert runner.run(story()) == 7200
