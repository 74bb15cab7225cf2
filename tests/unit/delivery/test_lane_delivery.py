from __future__ import annotations

import asyncio
import time
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
from fakes_requests import InMemoryHandOverBook
from ordergate.delivery.breaker import Breaker
from ordergate.delivery.lane_delivery import LaneDelivery
from ordergate.delivery.lane_sender import HeldLane, LaneSender
from ordergate.delivery.listeners import Listeners
from ordergate.delivery.ports import Attempt, Outcome
from ordergate.delivery.retry import RetryPolicy
from ordergate.errors import StoreUnavailableError
from ordergate.model.notification import TRACK_AND_MANAGE
from ordergate.process.entity import Entity

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ordergate.model.events import OwedEvent
    from ordergate.model.notification import LaneClaim

HUB = hub("hub")
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


class House:
    """One lane with three events, and what delivers it."""

    def __init__(self) -> None:
        self.lanes = MemoryLanes()
        self.events = MemoryEvents()
        self.hubs = MemoryHubs(HUB, lanes=self.lanes)
        self.hand_overs = InMemoryHandOverBook()

    async def fill(self) -> None:
        await self.events.add_again([owed("order", sequence) for sequence in (1, 2, 3)])
        await self.lanes.push({("hub", "order"): [1, 2, 3]})

    def deliver(
        self, sender: ScriptedSender, is_stopped: Callable[[], bool] = lambda: False
    ) -> list[int]:
        """Deliver the lane once; return what was sent."""
        retry = RetryPolicy(schedule=(0.01, 50), max_age=3600, random=lambda: 0.5)
        listeners = Listeners(self.hubs, self.lanes, Breaker())
        delivery = LaneDelivery(
            lanes=self.lanes,
            events=self.events,
            listeners=listeners,
            hand_overs=self.hand_overs,
            retry=retry,
            clock=SystemClock(),
        )
        sending = LaneSender(sender, listeners, is_stopped)

        async def story() -> None:
            (hub_id,) = {lane.hub_id for lane in self.lanes.lanes.values() if lane.queue}
            known = await listeners.get(hub_id)
            (claim,) = await self.lanes.claim(hub_id, 30, 1)
            events = await self.events.get({claim.entity_id: claim.sequences})
            lanes = [HeldLane(claim, events[claim.entity_id], time.monotonic() + 20)]
            while lanes:
                assert sending.send(lanes[0], lambda: known)
                lanes = [*await delivery.conclude(known.hub, lanes)]

        asyncio.run(story())
        return [sequence for _, _, sequence in sender.sent]

    @property
    def queue(self) -> list[int]:
        return list(self.lanes.lanes["hub:order"].queue)

    @property
    def attempts(self) -> int:
        return self.lanes.lanes["hub:order"].attempts


@pytest.fixture
def house() -> House:
    house = House()
    asyncio.run(house.fill())
    return house


def test_events_are_sent_in_order_and_leave_the_lane(house: House) -> None:
    assert house.deliver(ScriptedSender()) == [1, 2, 3]
    assert house.queue == []


def test_failed_event_holds_back_the_later_ones(house: House) -> None:
    assert house.deliver(ScriptedSender({2: [REFUSED]})) == [1, 2]
    assert house.queue == [2, 3]
    assert house.attempts == 1


def test_what_became_of_an_attempt_is_told(house: House) -> None:
    timed_out = Attempt(Outcome.TIMED_OUT, error="TimeoutError", seconds=1.0004)
    for failed in (REFUSED, timed_out):
        house.deliver(ScriptedSender({1: [failed]}))
        asyncio.run(asyncio.sleep(0.02))
    first, second = house.lanes.lanes["hub:order"].history
    assert (first.outcome, first.status, first.error) == ("refused", 500, None)
    assert (second.outcome, second.error, second.milliseconds) == ("timedOut", "TimeoutError", 1000)
    assert first.date <= second.date


def test_failures_of_one_event_add_up(house: House) -> None:
    house.deliver(ScriptedSender({1: [REFUSED]}))
    asyncio.run(asyncio.sleep(0.02))
    house.deliver(ScriptedSender({1: [REFUSED]}))
    assert house.attempts == 2
    assert not asyncio.run(house.lanes.claim("hub", 30, 1))  # the second wait is long


@pytest.mark.parametrize("failure", [REFUSED, ValueError("a defect")])
def test_aged_event_that_fails_is_dead_and_the_lane_goes_on(
    house: House, failure: Attempt | Exception
) -> None:
    house.lanes.age("hub", "order", 1, LONG_AGO)
    assert house.deliver(ScriptedSender({1: [failure]})) == [1, 2, 3]
    assert [(lane, sequence) for lane, sequence, _ in house.lanes.dead_letters] == [
        ("hub:order", 1)
    ]
    assert house.queue == []


def test_aged_event_has_one_attempt_at_least(house: House) -> None:
    house.lanes.age("hub", "order", 1, LONG_AGO)
    house.deliver(ScriptedSender())
    assert house.lanes.dead_letters == []


def test_young_event_behind_a_dead_one_starts_its_own_count(house: House) -> None:
    house.lanes.lanes["hub:order"].attempts = 9
    house.lanes.age("hub", "order", 1, LONG_AGO)
    assert house.deliver(ScriptedSender({1: [REFUSED], 2: [REFUSED]})) == [1, 2]
    assert house.queue == [2, 3]
    assert house.attempts == 1
    asyncio.run(asyncio.sleep(0.02))
    assert asyncio.run(house.lanes.claim("hub", 30, 1))  # the first wait is short


def test_event_that_is_no_longer_kept_becomes_a_dead_letter(house: House) -> None:
    del house.events.kept["order", 2]
    assert house.deliver(ScriptedSender()) == [1, 3]
    assert house.lanes.dead_letters == [("hub:order", 2, "the event is no longer kept")]
    assert house.queue == []


def test_lane_is_given_back_when_its_time_is_over(house: House) -> None:
    answers = iter([False, False, True])
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
    house.lanes.age("hub", "order", 1, datetime.now(UTC) - timedelta(days=9))

    class StealingSender(ScriptedSender):
        def send(self, callback: str, event: OwedEvent, **named: Any) -> Attempt:
            house.lanes.lanes["hub:order"].fence = "another"
            return super().send(callback, event, **named)

    assert house.deliver(StealingSender({1: [REFUSED]})) == [1]
    assert house.queue == [1, 2, 3]


class TestTrackAndManage:
    """The gateway's own subscription: orders in place of events, and how far each has got."""

    @pytest.fixture
    def house(self) -> House:
        house = House()
        asyncio.run(self._prepare(house))
        return house

    async def _prepare(self, house: House) -> None:
        await house.hubs.hand_over_to("http://127.0.0.1/orders")
        await house.events.add_again([owed("order", 1)])
        await house.lanes.push({(TRACK_AND_MANAGE, "order"): [1]})
        document = {"id": "ho", "state": "open", "resourceOrder": {"id": "order"}}
        await house.hand_overs.add_all([Entity("ho", document)])

    def _delivery(self, house: House) -> dict[str, Any]:
        (one,) = house.hand_overs.all()
        found: dict[str, Any] = one.document["delivery"]
        assert found["lastAttempt"].pop("date")
        return found

    def test_order_itself_is_sent(self, house: House) -> None:
        sender = ScriptedSender()
        house.deliver(sender)
        assert sender.sent == [("http://127.0.0.1/orders", "order", 1)]
        assert sender.documents == [owed("order", 1).document["event"]["resourceOrder"]]

    def test_delivered_order_is_noted_with_its_date(self, house: House) -> None:
        house.deliver(ScriptedSender())
        found = self._delivery(house)
        assert found.pop("deliveredDate")
        assert found == {"state": "delivered", "attempts": 1, "lastAttempt": {"status": 201}}

    def test_failed_attempt_is_noted_and_the_order_waits(self, house: House) -> None:
        unreachable = Attempt(Outcome.UNREACHABLE, error="ConnectionRefusedError")
        house.deliver(ScriptedSender({1: [unreachable]}))
        tried = {"error": "ConnectionRefusedError"}
        expected = {"state": "pending", "attempts": 1, "lastAttempt": tried}
        assert self._delivery(house) == expected
        assert house.lanes.lanes[f"{TRACK_AND_MANAGE}:order"].queue.keys() == {1}

    def test_order_that_was_tried_for_long_enough_has_failed(self, house: House) -> None:
        house.lanes.age(TRACK_AND_MANAGE, "order", 1, LONG_AGO)
        house.deliver(ScriptedSender({1: [REFUSED]}))
        expected = {"state": "failed", "attempts": 1, "lastAttempt": {"status": 500}}
        assert self._delivery(house) == expected

    def test_order_whose_event_is_no_longer_kept_has_failed(self, house: House) -> None:
        house.events.kept.clear()
        assert house.deliver(ScriptedSender()) == []
        assert self._delivery(house)["state"] == "failed"

    def test_store_that_does_not_answer_has_the_order_sent_again(self, house: House) -> None:
        house.hand_overs.is_away = True
        with pytest.raises(StoreUnavailableError):
            house.deliver(ScriptedSender())
        assert house.lanes.lanes[f"{TRACK_AND_MANAGE}:order"].queue.keys() == {1}

    def test_other_listeners_deliveries_are_not_noted(self, house: House) -> None:
        asyncio.run(house.lanes.settle({asyncio.run(self._claim(house)): 1}))
        asyncio.run(house.lanes.push({("hub", "order"): [1]}))
        assert house.deliver(ScriptedSender()) == [1]
        assert "delivery" not in house.hand_overs.all()[0].document

    async def _claim(self, house: House) -> LaneClaim:
        (claim,) = await house.lanes.claim(TRACK_AND_MANAGE, 30, 1)
        return claim
