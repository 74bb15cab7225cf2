"""What every book of requests promises, on the fake and on MongoDB."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

import pytest

from fakes_delivery import empty, owed, temporary_database
from fakes_requests import InMemoryRequestBook
from make import MOMENT
from ordergate.errors import DuplicateError, NotFoundError
from ordergate.model.common import Api, timestamp
from ordergate.model.events import EventType
from ordergate.model.states import OrderState
from ordergate.process.entity import (
    Cancellation,
    Closing,
    Entity,
    Idempotency,
    Plan,
    RecordedRequest,
    Waiting,
)
from ordergate.process.notify import notify
from ordergate.storage.outboxes import MongoOutboxes
from ordergate.storage.requests import MongoRequestBook

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from ordergate.process.ports import RequestBook
    from ordergate.storage.database import Database


class Owing(Protocol):
    """Looks into the outboxes: the sequences that a service order owes, oldest first."""

    def __call__(self, request_id: str) -> list[int]: ...


PLAN = Plan(
    resource_order=(
        Entity("ro-1", {"id": "ro-1"}, sequence=1, owed=(owed("ro-1", 1),)),
        Entity("ro-2", {"id": "ro-2"}, sequence=2, owed=(owed("ro-2", 1), owed("ro-2", 2))),
    ),
    special_handling=(Entity("ho-1", {"id": "ho-1", "state": "open"}),),
    superseded=("ro-0",),
    withdrawn=("ho-0",),
    closing=(Closing("ro-9", ("1",), OrderState.FAILED, "No.", "ho-9"),),
)


def record(
    request_id: str = "a", *, plan: Plan = PLAN, moment: datetime = MOMENT
) -> RecordedRequest:
    document = {"id": request_id, "state": "acknowledged", "receivedDate": timestamp(moment)}
    event = owed(request_id, 1, api=Api.SERVICE_ORDERING)
    entity = Entity(request_id, document, sequence=1, owed=(event,))
    return RecordedRequest(entity, {"id": request_id, "serviceOrderItem": []}, plan=plan)


def as_read(one: RecordedRequest) -> RecordedRequest:
    """Return the record as the book hands it out: its own outbox stays behind, its plan doesn't."""
    return replace(one, entity=replace(one.entity, owed=()))


def later(before: RecordedRequest, state: str) -> RecordedRequest:
    """Return the next revision of the record, which owes one event more."""
    entity = before.entity
    event = owed(entity.id, entity.sequence + 1, api=Api.SERVICE_ORDERING)
    changed = replace(
        entity,
        document={**entity.document, "state": state},
        revision=entity.revision + 1,
        sequence=entity.sequence + 1,
        owed=(event,),
    )
    return replace(before, entity=changed)


class RequestBookContract:
    def test_key_keeps_the_fingerprint_that_claimed_it_first(
        self, runner: asyncio.Runner, book: RequestBook
    ) -> None:
        assert runner.run(book.claim("key", "body")) == "body"
        assert runner.run(book.claim("key", "other")) == "body"
        assert runner.run(book.claim("another key", "other")) == "other"

    def test_record_is_kept_with_its_plan_and_what_it_owes(
        self, runner: asyncio.Runner, book: RequestBook, owing: Owing
    ) -> None:
        assert runner.run(book.add(record())) is None
        found = runner.run(book.unsettled(limit=10))
        assert list(found) == [as_read(record())]
        assert owing("a") == [1]

    def test_record_under_a_known_id_answers_with_the_one_that_is_kept(
        self, runner: asyncio.Runner, book: RequestBook, owing: Owing
    ) -> None:
        entity = replace(record().entity, idempotency=Idempotency("key", "body"))
        first = replace(record(), entity=entity)
        runner.run(book.add(first))
        assert runner.run(book.add(record(plan=Plan()))) == as_read(first)
        assert list(runner.run(book.unsettled(limit=10))) == [as_read(first)]
        assert owing("a") == [1]

    def test_planned_order_comes_back_with_an_event_that_tells_of_it_whole(
        self, runner: asyncio.Runner, book: RequestBook
    ) -> None:
        document = {"id": "ro-1", "state": "acknowledged", "orderItem": [{"id": "1"}]}
        said = "Issued for provisioning."
        event = notify(EventType.RESOURCE_ORDER_CREATE, document, 1, MOMENT, description=said)
        planned = Entity("ro-1", document, sequence=1, owed=(event,))
        runner.run(book.add(record(plan=Plan((planned,)))))
        assert runner.run(book.get("a")).plan.resource_order == (planned,)

    def test_settled_record_has_no_plan_and_is_not_left(
        self, runner: asyncio.Runner, book: RequestBook
    ) -> None:
        runner.run(book.add(record()))
        runner.run(book.settle(record()))
        runner.run(book.settle(record()))
        assert list(runner.run(book.unsettled(limit=10))) == []
        assert runner.run(book.add(record())) == as_read(record(plan=Plan()))

    def test_settling_what_is_not_there_is_nothing(
        self, runner: asyncio.Runner, book: RequestBook
    ) -> None:
        runner.run(book.settle(record()))
        assert list(runner.run(book.unsettled(limit=10))) == []

    def test_change_is_kept_whole_with_its_events(
        self, runner: asyncio.Runner, book: RequestBook, owing: Owing
    ) -> None:
        runner.run(book.add(record(plan=Plan())))
        changed = later(runner.run(book.get("a")), "inProgress")
        assert runner.run(book.replace(changed)) is True
        assert runner.run(book.get("a")) == as_read(changed)
        assert owing("a") == [1, 2]

    def test_change_over_a_stale_revision_writes_nothing(
        self, runner: asyncio.Runner, book: RequestBook, owing: Owing
    ) -> None:
        runner.run(book.add(record()))
        first = runner.run(book.get("a"))
        assert runner.run(book.replace(later(first, "inProgress"))) is True
        assert runner.run(book.replace(later(first, "rejected"))) is False
        assert runner.run(book.get("a")).entity.document["state"] == "inProgress"
        assert owing("a") == [1, 2]

    def test_change_leaves_an_older_plan_as_it_is_kept(
        self, runner: asyncio.Runner, book: RequestBook
    ) -> None:
        runner.run(book.add(record()))
        first = runner.run(book.get("a"))
        runner.run(book.settle(first))
        assert runner.run(book.replace(later(first, "inProgress"))) is True
        assert not runner.run(book.get("a")).plan

    def test_newer_plan_is_not_settled_with_an_older_one(
        self, runner: asyncio.Runner, book: RequestBook
    ) -> None:
        runner.run(book.add(record()))
        first = runner.run(book.get("a"))
        plan = replace(PLAN, special_handling=(), revision=2)
        assert runner.run(book.replace(replace(later(first, "inProgress"), plan=plan))) is True
        runner.run(book.settle(first))
        assert runner.run(book.get("a")).plan == plan

    def test_what_an_order_remembers_of_its_cancellation_stays_with_it(
        self, runner: asyncio.Runner, book: RequestBook
    ) -> None:
        runner.run(book.add(record()))
        mark = Cancellation("task-1", OrderState.ACKNOWLEDGED, denied="Too late.")
        first = runner.run(book.get("a"))
        marked = replace(first, entity=replace(first.entity, cancellation=mark))
        assert runner.run(book.replace(later(marked, "assessingCancellation"))) is True
        kept = runner.run(book.get("a"))
        assert kept.entity.cancellation == mark
        assert runner.run(book.replace(later(kept, "acknowledged"))) is True
        assert runner.run(book.get("a")).entity.cancellation == mark

    def test_deleted_service_order_leaves_its_record(
        self, runner: asyncio.Runner, book: RequestBook
    ) -> None:
        runner.run(book.add(record()))
        gone = replace(later(runner.run(book.get("a")), "completed"), service_order=None)
        assert runner.run(book.replace(gone)) is True
        assert runner.run(book.get("a")) == as_read(gone)

    def test_what_waits_is_found_by_its_specification_until_it_waits_no_more(
        self, runner: asyncio.Runner, book: RequestBook
    ) -> None:
        def ids(after: str = "", limit: int = 10) -> list[str]:
            found = runner.run(book.waiting_for("svc", after=after, limit=limit))
            return [one.entity.id for one in found]

        items = (Waiting("1", "svc"), Waiting("2", "svc"))
        for request_id in ("b", "a", "c"):
            runner.run(book.add(replace(record(request_id), waiting=items)))
        runner.run(book.add(replace(record("d"), waiting=(Waiting("1", "other"),))))
        assert ids() == ["a", "b", "c"]
        assert ids(after="a", limit=1) == ["b"]
        before = runner.run(book.get("b"))
        assert before.waiting == items
        runner.run(book.replace(replace(later(before, "inProgress"), waiting=())))
        assert ids() == ["a", "c"]

    def test_unknown_record_is_not_found(self, runner: asyncio.Runner, book: RequestBook) -> None:
        with pytest.raises(NotFoundError, match="'b'"):
            runner.run(book.get("b"))
        assert runner.run(book.replace(later(record("b"), "inProgress"))) is False

    def test_what_was_asked_at_the_own_door_is_kept(
        self, runner: asyncio.Runner, book: RequestBook
    ) -> None:
        asked = replace(record(), service_order=None, asked={"requestedItem": []})
        runner.run(book.add(asked))
        assert runner.run(book.get("a")) == as_read(asked)

    def test_record_without_a_plan_is_never_left(
        self, runner: asyncio.Runner, book: RequestBook
    ) -> None:
        runner.run(book.add(record(plan=Plan())))
        assert list(runner.run(book.unsettled(limit=10))) == []

    def test_records_that_are_left_come_oldest_first(
        self, runner: asyncio.Runner, book: RequestBook
    ) -> None:
        tick = timedelta(milliseconds=1)
        for request_id, moment in (("now", timedelta(0)), ("new", tick), ("old", -tick)):
            runner.run(book.add(record(request_id, moment=MOMENT + moment)))
        found = runner.run(book.unsettled(limit=10))
        assert [one.entity.id for one in found] == ["old", "now", "new"]
        assert [one.entity.id for one in runner.run(book.unsettled(limit=1))] == ["old"]

    def test_request_that_is_no_service_order_has_none(
        self, runner: asyncio.Runner, book: RequestBook
    ) -> None:
        runner.run(book.add(replace(record(), service_order=None)))
        (found,) = runner.run(book.unsettled(limit=10))
        assert found.service_order is None


class TestInMemoryRequestBook(RequestBookContract):
    @pytest.fixture
    def runner(self) -> Iterator[asyncio.Runner]:
        with asyncio.Runner() as runner:
            yield runner

    @pytest.fixture
    def book(self) -> InMemoryRequestBook:
        return InMemoryRequestBook()

    @pytest.fixture
    def owing(self, book: InMemoryRequestBook) -> Owing:
        return lambda request_id: [event.sequence for event in book.owed(request_id)]


@pytest.fixture(scope="module")
def loop_and_database(mongodb_uri: str) -> Iterator[tuple[asyncio.Runner, Database]]:
    with temporary_database(mongodb_uri) as (runner, database):
        runner.run(MongoRequestBook(database, page_limit=5).ensure_indexes())
        yield runner, database


class TestMongoRequestBook(RequestBookContract):
    @pytest.fixture
    def runner(self, loop_and_database: tuple[asyncio.Runner, Database]) -> asyncio.Runner:
        return loop_and_database[0]

    @pytest.fixture
    def book(self, loop_and_database: tuple[asyncio.Runner, Database]) -> MongoRequestBook:
        runner, database = loop_and_database
        runner.run(empty(database))
        return MongoRequestBook(database, page_limit=5)

    @pytest.fixture
    def owing(self, loop_and_database: tuple[asyncio.Runner, Database]) -> Owing:
        runner, database = loop_and_database
        outboxes = MongoOutboxes(database)

        def sequences(request_id: str) -> list[int]:
            events = runner.run(outboxes.owing(100))
            return [one.event.sequence for one in events if one.event.entity_id == request_id]

        return sequences

    def test_record_and_service_order_are_read_apart(
        self, runner: asyncio.Runner, book: MongoRequestBook
    ) -> None:
        runner.run(book.add(record()))
        assert runner.run(book.records.read("a")) == (record().entity.document, 1)
        assert runner.run(book.service_orders.read("a")) == (record().service_order, 1)

    def test_key_of_a_deleted_service_order_makes_no_other(
        self, runner: asyncio.Runner, book: MongoRequestBook
    ) -> None:
        runner.run(book.add(record()))
        gone = replace(later(runner.run(book.get("a")), "completed"), service_order=None)
        runner.run(book.replace(gone))
        with pytest.raises(NotFoundError):
            runner.run(book.service_orders.read("a"))
        with pytest.raises(DuplicateError) as caught:
            runner.run(book.add(record()))
        assert caught.value.path == "Idempotency-Key"

    def test_request_that_is_no_service_order_is_not_found_among_them(
        self, runner: asyncio.Runner, book: MongoRequestBook
    ) -> None:
        runner.run(book.add(replace(record(), service_order=None)))
        with pytest.raises(NotFoundError, match="service order"):
            runner.run(book.service_orders.read("a"))
