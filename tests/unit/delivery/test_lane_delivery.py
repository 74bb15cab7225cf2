from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from fakes_delivery import (
    REFUSED,
    MemoryEvents,
    MemoryHubs,
    MemoryLanes,
    ScriptedSender,
    SystemClock,
    hub,
    owed,
)
from ordergate.delivery.lane_delivery import LaneDelivery
from ordergate.delivery.retry import RetryPolicy
from ordergate.model.common import Api

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ordergate.delivery.ports import Attempt

HUB = hub("hub")
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


class House:
    """One lane with three events, and what delivers it."""

    def __init__(self, threads: ThreadPoolExecutor) -> None:
        self.lanes = MemoryLanes()
        self.events = MemoryEvents()
        self.hubs = MemoryHubs(HUB, lanes=self.lanes)
        self._threads = threads

    async def fill(self) -> None:
        await self.events.add([owed("order", sequence) for sequence in (1, 2, 3)])
        await self.lanes.push({("hub", "order"): [1, 2, 3]})

    def deliver(
        self, sender: ScriptedSender, may_send: Callable[[], bool] = lambda: True
    ) -> list[int]:
        """Deliver the lane once; return what was sent."""
        retry = RetryPolicy(schedule=(0.01, 50), max_age=3600, random=lambda: 0.5)
        delivery = LaneDelivery(
            lanes=self.lanes,
            events=self.events,
            hubs=self.hubs,
            sender=sender,
            retry=retry,
            clock=SystemClock(),
        )

        async def story() -> None:
            claim = await self.lanes.claim(30)
            assert claim is not None
            await delivery.deliver(claim, self._threads, may_send)

        asyncio.run(story())
        return [sequence for _, _, sequence in sender.sent]

    @property
    def queue(self) -> list[int]:
        return self.lanes.lanes["hub:order"].queue

    @property
    def attempts(self) -> int:
        return self.lanes.lanes["hub:order"].attempts


@pytest.fixture
def house() -> Iterator[House]:
    with ThreadPoolExecutor(1) as threads:
        house = House(threads)
        asyncio.run(house.fill())
        yield house


def test_events_are_sent_in_order_and_leave_the_lane(house: House) -> None:
    assert house.deliver(ScriptedSender()) == [1, 2, 3]
    assert house.queue == []


def test_failed_event_holds_back_the_later_ones(house: House) -> None:
    assert house.deliver(ScriptedSender({2: [REFUSED]})) == [1, 2]
    assert house.queue == [2, 3]
    assert house.attempts == 1


def test_failures_of_one_event_add_up(house: House) -> None:
    house.deliver(ScriptedSender({1: [REFUSED]}))
    asyncio.run(asyncio.sleep(0.02))
    house.deliver(ScriptedSender({1: [REFUSED]}))
    assert house.attempts == 2
    assert asyncio.run(house.lanes.claim(30)) is None  # the second wait is long


@pytest.mark.parametrize("failure", [REFUSED, ValueError("a defect")])
def test_aged_event_that_fails_is_dead_and_the_lane_goes_on(
    house: House, failure: Attempt | Exception
) -> None:
    house.events.age("order", 1, LONG_AGO)
    assert house.deliver(ScriptedSender({1: [failure]})) == [1, 2, 3]
    assert [(lane, sequence) for lane, sequence, _ in house.lanes.dead_letters] == [
        ("hub:order", 1)
    ]
    assert house.queue == []


def test_aged_event_has_one_attempt_at_least(house: House) -> None:
    house.events.age("order", 1, LONG_AGO)
    house.deliver(ScriptedSender())
    assert house.lanes.dead_letters == []


def test_young_event_behind_a_dead_one_starts_its_own_count(house: House) -> None:
    house.lanes.lanes["hub:order"].attempts = 9
    house.events.age("order", 1, LONG_AGO)
    assert house.deliver(ScriptedSender({1: [REFUSED], 2: [REFUSED]})) == [1, 2]
    assert house.queue == [2, 3]
    assert house.attempts == 1
    asyncio.run(asyncio.sleep(0.02))
    assert asyncio.run(house.lanes.claim(30)) is not None  # the first wait is short


def test_event_that_is_no_longer_kept_becomes_a_dead_letter(house: House) -> None:
    del house.events.kept["order", 2]
    assert house.deliver(ScriptedSender()) == [1, 3]
    assert house.lanes.dead_letters == [("hub:order", 2, "the event is no longer kept")]
    assert house.queue == []


def test_nothing_is_sent_to_a_removed_listener(house: House) -> None:
    del house.hubs.hubs["hub"]
    assert house.deliver(ScriptedSender()) == []
    assert house.lanes.lanes == {}


def test_listener_removed_between_two_events_gets_no_more(house: House) -> None:
    class RemovingSender(ScriptedSender):
        def send(self, callback: str, event: object) -> Attempt:
            asyncio.run(house.hubs.remove("hub", Api.RESOURCE_ORDERING))
            return super().send(callback, event)  # type: ignore[arg-type]  # it is an OwedEvent

    assert house.deliver(RemovingSender()) == [1]


def test_lane_is_given_back_when_its_time_is_over(house: House) -> None:
    answers = iter([True, True, False])
    assert house.deliver(ScriptedSender(), lambda: next(answers)) == [1, 2]
    assert house.queue == [3]
    assert house.deliver(ScriptedSender()) == [3]


def test_listener_gets_the_fields_it_asked_for(house: House) -> None:
    house.hubs.hubs["hub"] = hub("hub", "fields=state")
    sender = ScriptedSender()
    house.deliver(sender)
    assert sender.documents[0]["event"] == {"resourceOrder": {"id": "order", "state": "inProgress"}}
    assert sender.documents[0]["eventId"] == "event-order-1"


def test_lost_lease_ends_the_delivery(house: House) -> None:
    house.events.age("order", 1, datetime.now(UTC) - timedelta(days=9))

    class StealingSender(ScriptedSender):
        def send(self, callback: str, event: object) -> Attempt:
            house.lanes.lanes["hub:order"].fence += 1
            return super().send(callback, event)  # type: ignore[arg-type]  # it is an OwedEvent

    assert house.deliver(StealingSender({1: [REFUSED]})) == [1]
    assert house.queue == [1, 2, 3]
