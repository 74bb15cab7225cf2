"""What every book of resource orders promises, on the fake and on MongoDB."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from fakes_delivery import empty, owed, temporary_database
from fakes_orders import InMemoryOrderBook
from ordergate.errors import DuplicateError, NotFoundError, StoreUnavailableError
from ordergate.model.states import OrderState
from ordergate.process.entity import Cancellation, Entity, Idempotency, ToRollUp
from ordergate.storage import resource_orders
from ordergate.storage.outboxes import MongoOutboxes
from ordergate.storage.resource_orders import MongoOrderBook
from ordergate.tmf630.query import parse_query

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ordergate.process.ports import OrderBook
    from ordergate.storage.database import Database


class Owing(Protocol):
    """Looks into the outboxes: the sequences that an order owes, oldest first."""

    def __call__(self, order_id: str) -> list[int]: ...


def order(order_id: str = "a", **changes: Any) -> Entity:
    document = {"id": order_id, "state": "acknowledged", "orderDate": "2026-01-01T00:00:00.000Z"}
    return Entity(order_id, {**document, **changes}, sequence=1, owed=(owed(order_id, 1),))


def started(first: Entity) -> Entity:
    """Return the order after its first change."""
    return replace(
        first,
        document={**first.document, "state": "inProgress"},
        revision=first.revision + 1,
        sequence=first.sequence + 1,
        owed=(owed(first.id, first.sequence + 1),),
    )


def issued(
    order_id: str, service: str = "s", resource: str = "r", request: str = "q", **changes: Any
) -> Entity:
    """Return an order that was issued for a request, with one item."""
    item = {
        "id": "1",
        "state": "acknowledged",
        "resource": {"id": resource},
        "requestedItem": {"id": "1", "service": {"id": service}},
    }
    tie = {"initiatingRequest": {"id": request}, "orderItem": [item]}
    return order(order_id, **{**tie, **changes})


class OrderBookContract:
    def test_orders_that_concern_services_or_resources_come_oldest_first(
        self, runner: asyncio.Runner, book: OrderBook
    ) -> None:
        later = "2026-01-02T00:00:00.000Z"
        orders = [
            issued("a", service="s1", orderDate=later),
            issued("b", service="s2"),
            issued("c", service="s3", resource="r3"),
            issued("d", service="s4", resource="r4"),
            order("e"),
        ]
        runner.run(book.add_all(orders))
        found = runner.run(book.concerning({"s1", "s2"}, {"r3"}))
        assert [one["id"] for one in found] == ["b", "c", "a"]
        assert found[0] == orders[1].document
        assert list(runner.run(book.concerning({"s9"}, set()))) == []
        assert list(runner.run(book.concerning(set(), set()))) == []

    def test_orders_of_requests_and_those_that_wait_for_others_are_found(
        self, runner: asyncio.Runner, book: OrderBook
    ) -> None:
        waits = [{"relationshipType": "dependency", "orderItem": {"resourceOrderId": "a"}}]
        items = [{"id": "1"}, {"id": "2", "orderItemRelationship": waits}]
        runner.run(book.add_all([issued("a", request="q1"), issued("b", request="q2")]))
        runner.run(book.add(issued("c", request="q3", orderItem=items)))
        assert [one["id"] for one in runner.run(book.issued_by({"q1", "q3"}))] == ["a", "c"]
        assert [one["id"] for one in runner.run(book.waiting_for({"a", "b"}))] == ["c"]

    @pytest.mark.parametrize(("state", "expected"), [("completed", ["a"]), ("acknowledged", [])])
    def test_removed_order_concerns_a_service_for_what_it_delivered(
        self, runner: asyncio.Runner, book: OrderBook, state: str, expected: list[str]
    ) -> None:
        runner.run(book.add(issued("a", state=state)))
        runner.run(book.remove(started(runner.run(book.get("a")))))
        assert [one["id"] for one in runner.run(book.concerning({"s"}, set()))] == expected

    def test_added_order_is_read_as_it_was_without_its_events(
        self, runner: asyncio.Runner, book: OrderBook, owing: Owing
    ) -> None:
        assert runner.run(book.add(order())) is None
        assert runner.run(book.get("a")) == replace(order(), owed=())
        assert owing("a") == [1]

    def test_added_under_a_known_id_answers_with_the_one_that_is_kept(
        self, runner: asyncio.Runner, book: OrderBook, owing: Owing
    ) -> None:
        first = replace(order(), idempotency=Idempotency("key", "body"))
        runner.run(book.add(first))
        kept = runner.run(book.add(order(state="held")))
        assert kept == replace(first, owed=())
        assert runner.run(book.get("a")).document["state"] == "acknowledged"
        assert owing("a") == [1]

    def test_all_added_again_changes_nothing_and_adds_only_the_new_one(
        self, runner: asyncio.Runner, book: OrderBook, owing: Owing
    ) -> None:
        runner.run(book.add_all([order("a"), order("b")]))
        runner.run(book.add_all([order("a", state="held"), order("c"), order("b", state="held")]))
        states = [runner.run(book.get(one)).document["state"] for one in "abc"]
        assert states == ["acknowledged"] * 3
        assert [owing(one) for one in "abc"] == [[1], [1], [1]]

    def test_those_of_a_request_are_found_by_id_but_for_removed_ones(
        self, runner: asyncio.Runner, book: OrderBook
    ) -> None:
        issued = [order(one, initiatingRequest={"id": "req-1"}) for one in "cab"]
        other = order("d", initiatingRequest={"id": "req-2"})
        runner.run(book.add_all([*issued, other, order("e")]))
        runner.run(book.remove(started(issued[2])))
        found = runner.run(book.of_request("req-1"))
        assert found == [replace(issued[1], owed=()), replace(issued[0], owed=())]
        assert runner.run(book.of_request("req-9")) == []

    def test_change_for_a_request_is_to_be_rolled_up_until_it_is(
        self, runner: asyncio.Runner, book: OrderBook
    ) -> None:
        issued = [order(one, initiatingRequest={"id": f"req-{one}"}) for one in "abc"]
        runner.run(book.add_all([*issued, order("d")]))
        assert runner.run(book.to_roll_up(after="", limit=9)) == []
        runner.run(book.replace(started(issued[0])))
        runner.run(book.remove(started(issued[1])))
        runner.run(book.replace(started(order("d"))))
        first, second = ToRollUp("a", "req-a", 2), ToRollUp("b", "req-b", 2)
        assert runner.run(book.to_roll_up(after="", limit=9)) == [first, second]
        assert runner.run(book.to_roll_up(after="", limit=1)) == [first]
        assert runner.run(book.to_roll_up(after="a", limit=9)) == [second]
        runner.run(book.rolled_up(second))
        runner.run(book.rolled_up(ToRollUp("x", "req-x", 1)))
        assert runner.run(book.to_roll_up(after="", limit=9)) == [first]

    def test_change_that_came_later_is_still_to_be_rolled_up(
        self, runner: asyncio.Runner, book: OrderBook
    ) -> None:
        issued = order("a", initiatingRequest={"id": "req-1"})
        runner.run(book.add(issued))
        runner.run(book.replace(started(issued)))
        runner.run(book.replace(started(started(issued))))
        runner.run(book.rolled_up(ToRollUp("a", "req-1", 2)))
        assert runner.run(book.to_roll_up(after="", limit=9)) == [ToRollUp("a", "req-1", 3)]

    @pytest.mark.parametrize("named", ["req-1", {}, {"id": 7}, None])
    def test_what_names_no_request_is_not_rolled_up(
        self, runner: asyncio.Runner, book: OrderBook, named: Any
    ) -> None:
        runner.run(book.add(order("a", initiatingRequest=named)))
        assert runner.run(book.replace(started(order("a", initiatingRequest=named))))
        assert runner.run(book.to_roll_up(after="", limit=9)) == []

    def test_adding_no_orders_is_fine(self, runner: asyncio.Runner, book: OrderBook) -> None:
        runner.run(book.add_all([]))

    def test_change_over_the_revision_before_is_kept_with_its_events(
        self, runner: asyncio.Runner, book: OrderBook, owing: Owing
    ) -> None:
        mark = Idempotency("key", "body")
        runner.run(book.add(replace(order(), idempotency=mark)))
        changed = started(runner.run(book.get("a")))
        assert runner.run(book.replace(changed)) is True
        assert runner.run(book.get("a")) == replace(changed, owed=(), idempotency=mark)
        assert owing("a") == [1, 2]

    def test_what_an_order_remembers_of_its_cancel_task_stays_beside_its_document(
        self, runner: asyncio.Runner, book: OrderBook
    ) -> None:
        runner.run(book.add(order()))
        marks = (
            Cancellation("task-1", OrderState.HELD, compensated=("1", "2")),
            Cancellation("task-2", OrderState.PENDING, denied="Too late."),
        )
        for mark in marks:
            changed = replace(started(runner.run(book.get("a"))), cancellation=mark)
            assert runner.run(book.replace(changed)) is True
            assert runner.run(book.get("a")) == replace(changed, owed=())
        assert "cancellation" not in runner.run(book.get("a")).document
        runner.run(book.replace(started(runner.run(book.get("a")))))
        assert runner.run(book.get("a")).cancellation == marks[-1]

    def test_change_over_a_stale_revision_writes_nothing(
        self, runner: asyncio.Runner, book: OrderBook, owing: Owing
    ) -> None:
        runner.run(book.add(order()))
        changed = started(order())
        assert runner.run(book.replace(changed)) is True
        late = replace(changed, document={**changed.document, "state": "held"})
        assert runner.run(book.replace(late)) is False
        assert runner.run(book.remove(late)) is False
        assert runner.run(book.get("a")).document["state"] == "inProgress"
        assert owing("a") == [1, 2]

    def test_change_of_an_unknown_order_writes_nothing(
        self, runner: asyncio.Runner, book: OrderBook, owing: Owing
    ) -> None:
        assert runner.run(book.replace(started(order()))) is False
        assert runner.run(book.remove(started(order()))) is False
        assert owing("a") == []

    def test_unknown_order_is_not_found(self, runner: asyncio.Runner, book: OrderBook) -> None:
        with pytest.raises(NotFoundError, match="'a'"):
            runner.run(book.get("a"))

    def test_removed_order_is_hidden_at_once_and_still_told_of(
        self, runner: asyncio.Runner, book: OrderBook, owing: Owing
    ) -> None:
        runner.run(book.add(order()))
        assert runner.run(book.remove(started(order()))) is True
        with pytest.raises(NotFoundError):
            runner.run(book.get("a"))
        assert owing("a") == [1, 2]

    def test_removed_order_is_never_made_again(
        self, runner: asyncio.Runner, book: OrderBook, owing: Owing
    ) -> None:
        runner.run(book.add(order()))
        runner.run(book.remove(started(order())))
        with pytest.raises(DuplicateError, match="deleted"):
            runner.run(book.add(order()))
        runner.run(book.add_all([order()]))
        with pytest.raises(NotFoundError):
            runner.run(book.get("a"))
        assert owing("a") == [1, 2]

    def test_removed_order_can_be_neither_changed_nor_removed(
        self, runner: asyncio.Runner, book: OrderBook, owing: Owing
    ) -> None:
        runner.run(book.add(order()))
        gone = started(order())
        runner.run(book.remove(gone))
        assert runner.run(book.replace(started(gone))) is False
        assert runner.run(book.remove(started(gone))) is False
        assert owing("a") == [1, 2]

    def test_two_changes_at_once_let_one_win(
        self, runner: asyncio.Runner, book: OrderBook, owing: Owing
    ) -> None:
        runner.run(book.add(order()))

        async def both() -> list[bool]:
            return list(await asyncio.gather(*(book.replace(started(order())) for _ in range(2))))

        assert sorted(runner.run(both())) == [False, True]
        assert owing("a") == [1, 2]

    def test_document_handed_out_is_nobody_elses(
        self, runner: asyncio.Runner, book: OrderBook
    ) -> None:
        runner.run(book.add(order()))
        runner.run(book.get("a")).document["state"] = "held"
        assert runner.run(book.get("a")).document["state"] == "acknowledged"


class TestInMemoryOrderBook(OrderBookContract):
    @pytest.fixture
    def runner(self) -> Iterator[asyncio.Runner]:
        with asyncio.Runner() as runner:
            yield runner

    @pytest.fixture
    def book(self) -> InMemoryOrderBook:
        return InMemoryOrderBook()

    @pytest.fixture
    def owing(self, book: InMemoryOrderBook) -> Owing:
        return lambda order_id: [event.sequence for event in book.owed(order_id)]


@pytest.fixture(scope="module")
def loop_and_database(mongodb_uri: str) -> Iterator[tuple[asyncio.Runner, Database]]:
    with temporary_database(mongodb_uri) as (runner, database):
        runner.run(MongoOrderBook(database, page_limit=5).ensure_indexes())
        yield runner, database


class TestMongoOrderBook(OrderBookContract):
    @pytest.fixture
    def runner(self, loop_and_database: tuple[asyncio.Runner, Database]) -> asyncio.Runner:
        return loop_and_database[0]

    @pytest.fixture
    def book(self, loop_and_database: tuple[asyncio.Runner, Database]) -> MongoOrderBook:
        runner, database = loop_and_database
        runner.run(empty(database))
        return MongoOrderBook(database, page_limit=5)

    @pytest.fixture
    def owing(self, loop_and_database: tuple[asyncio.Runner, Database]) -> Owing:
        runner, database = loop_and_database
        outboxes = MongoOutboxes(database)

        def sequences(order_id: str) -> list[int]:
            events = runner.run(outboxes.owing(100))
            return [one.event.sequence for one in events if one.event.entity_id == order_id]

        return sequences

    def test_order_whose_events_nobody_relays_takes_no_more_than_it_has_room_for(
        self, runner: asyncio.Runner, book: MongoOrderBook, owing: Owing
    ) -> None:
        large = owed("a", 1, state="x" * 4_200_000)
        runner.run(book.add(replace(order(), owed=(large, replace(large, sequence=2)), sequence=2)))
        changed = started(runner.run(book.get("a")))
        with pytest.raises(StoreUnavailableError):
            runner.run(book.replace(changed))
        assert owing("a") == [1, 2]
        runner.run(MongoOutboxes(book._collection.database).clear({"a": 2}))
        assert runner.run(book.replace(changed)) is True

    def test_removed_order_is_neither_read_nor_listed(
        self, runner: asyncio.Runner, book: MongoOrderBook
    ) -> None:
        runner.run(book.add_all([order("a"), order("b")]))
        runner.run(book.remove(started(order("a"))))
        with pytest.raises(NotFoundError):
            runner.run(book.read("a"))
        assert runner.run(book.list(parse_query("", page_limit=5))) == ([order("b").document], 1)

    def test_removed_order_keeps_what_it_delivered_when_its_listeners_were_told(
        self,
        runner: asyncio.Runner,
        book: MongoOrderBook,
        loop_and_database: tuple[asyncio.Runner, Database],
    ) -> None:
        mine = issued("a", state="completed", note=[{"text": "secret"}], domain="core")
        runner.run(book.add_all([mine, order("b", state="completed")]))
        for one in "ab":
            runner.run(book.remove(started(runner.run(book.get(one)))))
        outboxes = MongoOutboxes(loop_and_database[1])
        for _ in range(2):
            runner.run(outboxes.clear({"a": 9, "b": 9}))
        (kept,) = runner.run(book.concerning({"s"}, set()))
        assert kept == {name: mine.document[name] for name in kept}
        assert kept.keys() == mine.document.keys() - {"note"}
        assert runner.run(book.list(parse_query("", page_limit=5))) == ([], 0)
        with pytest.raises(NotFoundError):
            runner.run(book.get("a"))
        assert runner.run(book.add_all([mine])) is None
        assert runner.run(book.list(parse_query("", page_limit=5))) == ([], 0)

    @pytest.mark.parametrize("attribute", ["_SERVICE", "_RESOURCE", "_AWAITED"])
    def test_looking_back_is_served_by_an_index(
        self,
        runner: asyncio.Runner,
        loop_and_database: tuple[asyncio.Runner, Database],
        attribute: str,
    ) -> None:
        path = getattr(resource_orders, attribute)
        found = loop_and_database[1][resource_orders.COLLECTION].find({path: {"$in": ["x"]}})
        plan = runner.run(found.explain())["queryPlanner"]["winningPlan"]
        assert "IXSCAN" in str(plan)
        assert "COLLSCAN" not in str(plan)

    def test_attributes_a_client_names_like_ours_stay_its_own(
        self, runner: asyncio.Runner, book: MongoOrderBook
    ) -> None:
        mine: dict[str, Any] = {"deleted": True, "revision": 7, "outbox": ["x"], "$set": {"a.b": 1}}
        runner.run(book.add(order(**mine)))
        assert runner.run(book.read("a")) == (order(**mine).document, 1)
