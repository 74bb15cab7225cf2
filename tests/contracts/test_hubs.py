"""What every store of listeners promises, on the fake and on MongoDB."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from fakes_delivery import MemoryHubs, MemoryLanes, empty, hub, temporary_database
from ordergate.errors import (
    DuplicateError,
    IdempotencyConflictError,
    NotFoundError,
    TooManyListenersError,
)
from ordergate.model.common import Api
from ordergate.model.hub_health import HubHealth, HubStatus, Tally
from ordergate.model.notification import SPECIAL_ORDERS, TRACK_AND_MANAGE
from ordergate.process.entity import Idempotency
from ordergate.storage.hubs import MongoHubs
from ordergate.storage.lanes import MongoLanes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ordergate.delivery.ports import Hubs, Lanes
    from ordergate.storage.database import Database

FIRST = hub("first", "eventType=ResourceOrderCreateEvent")


async def waiting_for(lanes: Lanes) -> list[str]:
    return sorted(one.hub_id for one in await lanes.waiting())


def failing(health: HubHealth, now: datetime) -> HubHealth:
    return replace(
        health,
        status=HubStatus.FAILING,
        reason="10 failures in a row",
        since=now,
        consecutive_failures=health.consecutive_failures + 1,
        failing_since=now,
        last_success=now,
        last_failure=now,
        lanes=2,
        probe_at=now,
        recent=(Tally(now, 3, 2), Tally(now, 1, 0)),
        attempts={"refused": 3},
    )


class HubsContract:
    def test_health_that_was_changed_is_read_back(self, runner: asyncio.Runner, hubs: Hubs) -> None:
        runner.run(hubs.add(FIRST))
        before, after = runner.run(hubs.change_health("first", failing))
        assert before == HubHealth() == FIRST.health
        assert after.since is not None
        expected = replace(FIRST, health=after)
        assert runner.run(hubs.get("first")) == expected
        assert list(runner.run(hubs.all())) == [expected]
        again, _ = runner.run(hubs.change_health("first", failing))
        assert again == after

    def test_health_is_told_the_time(self, runner: asyncio.Runner, hubs: Hubs) -> None:
        runner.run(hubs.add(FIRST))
        _, after = runner.run(hubs.change_health("first", failing))
        assert after.since is not None
        assert abs(datetime.now(UTC) - after.since) < timedelta(seconds=5)

    def test_health_of_nobody_can_not_be_changed(self, runner: asyncio.Runner, hubs: Hubs) -> None:
        with pytest.raises(NotFoundError):
            runner.run(hubs.change_health("nobody", failing))

    def test_own_subscription_starts_healthy_again(
        self, runner: asyncio.Runner, hubs: Hubs
    ) -> None:
        runner.run(hubs.hand_over_to("http://127.0.0.1/orders"))
        runner.run(hubs.change_health(TRACK_AND_MANAGE, failing))
        runner.run(hubs.hand_over_to("http://127.0.0.1/orders"))
        assert runner.run(hubs.get(TRACK_AND_MANAGE)).health == HubHealth()

    def test_registered_listener_is_found_and_listed(
        self, runner: asyncio.Runner, hubs: Hubs
    ) -> None:
        assert runner.run(hubs.add(FIRST)) == FIRST
        assert runner.run(hubs.get("first")) == FIRST
        assert runner.run(hubs.get("first", Api.RESOURCE_ORDERING)) == FIRST
        assert list(runner.run(hubs.all())) == [FIRST]

    def test_limits_of_a_listener_are_kept(self, runner: asyncio.Runner, hubs: Hubs) -> None:
        limited = replace(FIRST, deadline=2.5, max_in_flight=1)
        runner.run(hubs.add(limited))
        assert runner.run(hubs.get("first")) == limited

    def test_listeners_are_listed_oldest_first(self, runner: asyncio.Runner, hubs: Hubs) -> None:
        for hub_id in ("c", "a", "b"):
            runner.run(hubs.add(hub(hub_id)))
        assert [one.id for one in runner.run(hubs.all())] == ["c", "a", "b"]

    def test_same_callback_and_query_is_a_duplicate(
        self, runner: asyncio.Runner, hubs: Hubs
    ) -> None:
        runner.run(hubs.add(FIRST))
        with pytest.raises(DuplicateError):
            runner.run(hubs.add(replace(FIRST, id="again")))

    def test_same_callback_without_any_query_is_a_duplicate_too(
        self, runner: asyncio.Runner, hubs: Hubs
    ) -> None:
        runner.run(hubs.add(hub("one", callback="http://127.0.0.1/")))
        with pytest.raises(DuplicateError):
            runner.run(hubs.add(hub("two", callback="http://127.0.0.1/")))

    def test_same_callback_with_another_query_or_door_is_another_listener(
        self, runner: asyncio.Runner, hubs: Hubs
    ) -> None:
        runner.run(hubs.add(FIRST))
        runner.run(hubs.add(replace(FIRST, id="other query", query=None)))
        runner.run(hubs.add(replace(FIRST, id="other door", api=Api.SERVICE_ORDERING)))
        assert len(runner.run(hubs.all())) == 3

    def test_same_key_and_body_answer_with_the_same_listener(
        self, runner: asyncio.Runner, hubs: Hubs
    ) -> None:
        runner.run(hubs.add(FIRST, Idempotency("key", "body")))
        again = runner.run(hubs.add(replace(FIRST, id="again"), Idempotency("key", "body")))
        assert again == FIRST
        assert list(runner.run(hubs.all())) == [FIRST]

    def test_same_key_with_another_body_is_a_conflict(
        self, runner: asyncio.Runner, hubs: Hubs
    ) -> None:
        runner.run(hubs.add(FIRST, Idempotency("key", "body")))
        with pytest.raises(IdempotencyConflictError):
            runner.run(hubs.add(hub("second"), Idempotency("key", "another")))
        assert list(runner.run(hubs.all())) == [FIRST]

    def test_another_key_does_not_excuse_a_duplicate(
        self, runner: asyncio.Runner, hubs: Hubs
    ) -> None:
        runner.run(hubs.add(FIRST, Idempotency("key", "body")))
        with pytest.raises(DuplicateError):
            runner.run(hubs.add(replace(FIRST, id="again"), Idempotency("other", "body")))

    def test_listeners_without_a_key_do_not_get_in_each_others_way(
        self, runner: asyncio.Runner, hubs: Hubs
    ) -> None:
        for hub_id in ("a", "b"):
            runner.run(hubs.add(hub(hub_id)))
        assert len(runner.run(hubs.all())) == 2

    def test_listener_of_another_door_is_not_found(
        self, runner: asyncio.Runner, hubs: Hubs, lanes: Lanes
    ) -> None:
        runner.run(hubs.add(FIRST))
        runner.run(lanes.push({("first", "order"): [1]}))
        with pytest.raises(NotFoundError):
            runner.run(hubs.get("first", Api.SERVICE_ORDERING))
        with pytest.raises(NotFoundError):
            runner.run(hubs.remove("first", Api.SERVICE_ORDERING))
        assert runner.run(hubs.get("first")) == FIRST
        assert runner.run(waiting_for(lanes)) == ["first"]

    def test_removed_listener_is_gone_with_all_that_waits_for_it(
        self, runner: asyncio.Runner, hubs: Hubs, lanes: Lanes
    ) -> None:
        runner.run(hubs.add(FIRST))
        runner.run(lanes.push({("first", "order"): [1], ("firstborn", "order"): [1]}))
        runner.run(hubs.remove("first", Api.RESOURCE_ORDERING))
        with pytest.raises(NotFoundError):
            runner.run(hubs.get("first"))
        with pytest.raises(NotFoundError):
            runner.run(hubs.remove("first", Api.RESOURCE_ORDERING))
        assert runner.run(waiting_for(lanes)) == ["firstborn"]

    def test_own_subscription_is_told_of_special_orders_and_no_door_finds_it(
        self, runner: asyncio.Runner, hubs: Hubs, lanes: Lanes
    ) -> None:
        runner.run(hubs.hand_over_to("http://127.0.0.1/orders"))
        runner.run(lanes.push({(TRACK_AND_MANAGE, "order"): [1]}))
        (own,) = runner.run(hubs.all())
        assert (own.id, own.callback, own.takes_orders) == (
            TRACK_AND_MANAGE,
            "http://127.0.0.1/orders",
            True,
        )
        assert own.query == SPECIAL_ORDERS
        assert runner.run(hubs.get(TRACK_AND_MANAGE)) == own
        for api in Api:
            with pytest.raises(NotFoundError):
                runner.run(hubs.get(TRACK_AND_MANAGE, api))
            with pytest.raises(NotFoundError):
                runner.run(hubs.remove(TRACK_AND_MANAGE, api))
        assert list(runner.run(hubs.all())) == [own]
        assert runner.run(waiting_for(lanes)) == [TRACK_AND_MANAGE]

    def test_own_subscription_goes_to_the_url_that_was_set_last(
        self, runner: asyncio.Runner, hubs: Hubs, lanes: Lanes
    ) -> None:
        runner.run(hubs.hand_over_to("http://127.0.0.1/orders"))
        runner.run(lanes.push({(TRACK_AND_MANAGE, "order"): [1]}))
        runner.run(hubs.hand_over_to("http://127.0.0.1/elsewhere"))
        assert runner.run(hubs.get(TRACK_AND_MANAGE)).callback == "http://127.0.0.1/elsewhere"
        assert runner.run(waiting_for(lanes)) == [TRACK_AND_MANAGE]

    def test_own_subscription_is_in_no_listeners_way(
        self, runner: asyncio.Runner, hubs: Hubs
    ) -> None:
        for query in (None, SPECIAL_ORDERS):
            runner.run(hubs.add(hub(f"hub {query}", query, callback="http://127.0.0.1/orders")))
        runner.run(hubs.hand_over_to("http://127.0.0.1/orders"))
        assert len(runner.run(hubs.all())) == 3

    def test_own_subscription_is_given_up_with_all_that_waits_for_it(
        self, runner: asyncio.Runner, hubs: Hubs, lanes: Lanes
    ) -> None:
        runner.run(hubs.hand_over_to(None))
        runner.run(hubs.hand_over_to("http://127.0.0.1/orders"))
        runner.run(lanes.push({(TRACK_AND_MANAGE, "order"): [1], ("first", "order"): [1]}))
        runner.run(hubs.hand_over_to(None))
        assert list(runner.run(hubs.all())) == []
        assert runner.run(waiting_for(lanes)) == ["first"]


class TestMemoryHubs(HubsContract):
    @pytest.fixture
    def runner(self) -> Iterator[asyncio.Runner]:
        with asyncio.Runner() as runner:
            yield runner

    @pytest.fixture
    def lanes(self) -> MemoryLanes:
        return MemoryLanes()

    @pytest.fixture
    def hubs(self, lanes: MemoryLanes) -> MemoryHubs:
        return MemoryHubs(lanes=lanes)


@pytest.fixture(scope="module")
def loop_and_database(mongodb_uri: str) -> Iterator[tuple[asyncio.Runner, Database]]:
    with temporary_database(mongodb_uri) as (runner, database):
        runner.run(MongoHubs(database).ensure_indexes())
        yield runner, database


class TestMongoHubs(HubsContract):
    @pytest.fixture
    def runner(self, loop_and_database: tuple[asyncio.Runner, Database]) -> asyncio.Runner:
        return loop_and_database[0]

    @pytest.fixture
    def lanes(self, loop_and_database: tuple[asyncio.Runner, Database]) -> MongoLanes:
        return MongoLanes(loop_and_database[1])

    @pytest.fixture
    def hubs(self, loop_and_database: tuple[asyncio.Runner, Database]) -> MongoHubs:
        runner, database = loop_and_database
        runner.run(empty(database))
        return MongoHubs(database)

    def test_door_that_is_full_takes_no_other_listener(
        self, hubs: MongoHubs, loop_and_database: tuple[asyncio.Runner, Database]
    ) -> None:
        assert isinstance(hubs, MongoHubs)  # what was there is gone
        runner, database = loop_and_database
        few = MongoHubs(database, most=2)
        key = Idempotency("key", "body")
        runner.run(few.hand_over_to("http://127.0.0.1/orders"))
        runner.run(few.add(FIRST, key))
        runner.run(few.add(hub("second")))
        with pytest.raises(TooManyListenersError, match="has 2 listeners"):
            runner.run(few.add(hub("third")))
        # What is there already is told as ever, and another door has room of its own.
        assert runner.run(few.add(replace(FIRST, id="again"), key)) == FIRST
        with pytest.raises(DuplicateError):
            runner.run(few.add(replace(FIRST, id="again")))
        runner.run(few.add(replace(hub("third"), api=Api.SERVICE_ORDERING)))
        runner.run(few.remove("second", Api.RESOURCE_ORDERING))
        runner.run(few.add(hub("third, in its place")))

    def test_same_key_at_once_makes_one_listener(
        self, runner: asyncio.Runner, hubs: MongoHubs
    ) -> None:
        async def story() -> set[str]:
            ones = [replace(FIRST, id=f"hub {number}") for number in range(10)]
            key = Idempotency("key", "body")
            added = await asyncio.gather(*(hubs.add(one, key) for one in ones))
            return {one.id for one in added} | {one.id for one in await hubs.all()}

        assert len(runner.run(story())) == 1

    def test_changes_of_health_at_once_are_all_kept(
        self, runner: asyncio.Runner, hubs: MongoHubs
    ) -> None:
        async def story() -> int:
            await hubs.add(FIRST)
            await asyncio.gather(*(hubs.change_health("first", failing) for _ in range(10)))
            return (await hubs.get("first")).health.consecutive_failures

        assert runner.run(story()) == 10
