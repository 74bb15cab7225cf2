from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

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
from ordergate.delivery.contact import Contact
from ordergate.delivery.lane_delivery import LaneDelivery
from ordergate.delivery.lane_sender import LaneSender
from ordergate.delivery.listeners import Listeners
from ordergate.delivery.retry import RetryPolicy
from ordergate.delivery.round import Round, RoundParts
from ordergate.delivery.seats import Seats
from ordergate.errors import StoreUnavailableError
from ordergate.model.common import Api
from ordergate.model.hub_health import HubStatus

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ordergate.delivery.ports import Attempt
    from ordergate.model.events import OwedEvent
    from ordergate.model.notification import LaneClaim

LANES = 8


class House:
    """A listener, for whom one event of each of so many orders waits."""

    patience = 0.0

    def __init__(self, orders: int, events: int = 1, lanes: MemoryLanes | None = None) -> None:
        self.lanes = lanes or MemoryLanes()
        self.events = MemoryEvents()
        self.hubs = MemoryHubs(hub("hub"), lanes=self.lanes)
        self.ended = asyncio.Event()
        for number in range(orders):
            asyncio.run(self.fill(f"order {number}", events))

    async def fill(self, order: str, events: int) -> None:
        sequences = list(range(1, events + 1))
        await self.events.add_again([owed(order, sequence) for sequence in sequences])
        await self.lanes.push({("hub", order): sequences})

    def deliver(self, sender: ScriptedSender) -> ScriptedSender:
        """Have a round; return the sender."""
        asyncio.run(self._round(sender))
        return sender

    async def _round(self, sender: ScriptedSender) -> None:
        listeners = Listeners(self.hubs, self.lanes, Breaker(failures=3, lanes=LANES))
        delivery = LaneDelivery(
            lanes=self.lanes,
            events=self.events,
            listeners=listeners,
            hand_overs=InMemoryHandOverBook(),
            retry=RetryPolicy(schedule=(50,), max_age=3600, random=lambda: 0.5),
            clock=SystemClock(),
        )
        contact = Contact(time.monotonic, silence=1, patience=self.patience)
        with ThreadPoolExecutor(16) as threads:
            parts = RoundParts(
                lanes=self.lanes,
                events=self.events,
                listeners=listeners,
                delivery=delivery,
                sender=LaneSender(sender, listeners, self.ended.is_set),
                seats=Seats(16, listeners),
                threads=threads,
                contact=contact,
                lease=60,
                hold=20,
                ended=self.ended,
                wake=lambda: None,
            )
            (waiting,) = await self.lanes.waiting()
            async with asyncio.timeout(20):
                await Round(waiting, parts).run()
                await listeners.tell_all()

    @property
    def left(self) -> int:
        return sum(len(lane.queue) for lane in self.lanes.lanes.values())

    @property
    def leased(self) -> int:
        return sum(lane.leased for lane in self.lanes.lanes.values())


def test_round_delivers_all_that_is_due() -> None:
    house = House(orders=100, events=3)
    sent = house.deliver(ScriptedSender()).sent
    assert len(sent) == len(set(sent)) == 300
    for order in house.lanes.lanes.values():
        mine = [sequence for _, entity, sequence in sent if entity == order.entity_id]
        assert mine == [1, 2, 3]
    assert house.left == 0


def test_listener_that_begins_to_fail_gets_only_what_was_on_its_way_beyond_the_last_straw() -> None:
    house = House(orders=100)
    sender = house.deliver(ScriptedSender({1: [REFUSED] * 100}))
    assert 3 <= len(sender.sent) < 3 + 2 * LANES  # in flight, or answered and not yet looked at
    assert house.hubs.hubs["hub"].health.status is HubStatus.FAILING
    assert house.left == 100
    assert house.leased == 0  # what was claimed ahead is given back


def test_lanes_of_a_removed_listener_are_removed() -> None:
    house = House(orders=3)
    del house.hubs.hubs["hub"]
    assert house.deliver(ScriptedSender()).sent == []
    assert house.left == 0


def test_listener_removed_meanwhile_gets_no_more() -> None:
    class RemovingSender(ScriptedSender):
        def send(self, callback: str, event: OwedEvent, **named: Any) -> Attempt:
            asyncio.run(house.hubs.remove("hub", Api.RESOURCE_ORDERING))
            time.sleep(0.3)  # until what is known of it isn't fresh any more
            return super().send(callback, event, **named)

    house = House(orders=1, events=3)
    assert len(house.deliver(RemovingSender()).sent) == 1


def test_events_that_were_sent_while_the_store_was_away_are_settled_and_not_sent_again() -> None:
    class AwayLanes(MemoryLanes):
        is_away = True

        async def settle(self, delivered: Mapping[LaneClaim, int]) -> None:
            if self.is_away:
                self.is_away = False
                raise StoreUnavailableError("away")
            await super().settle(delivered)

    house = House(orders=20, lanes=AwayLanes())
    assert len(house.deliver(ScriptedSender()).sent) == 20
    assert house.left == 0
    assert house.hubs.hubs["hub"].health.attempts == {"delivered": 20}


def test_round_that_is_ended_gives_back_what_it_holds() -> None:
    class EndingSender(ScriptedSender):
        def send(self, callback: str, event: OwedEvent, **named: Any) -> Attempt:
            house.ended.set()
            return super().send(callback, event, **named)

    house = House(orders=50)
    sent = len(house.deliver(EndingSender()).sent)
    assert 1 <= sent <= LANES
    assert (house.left, house.leased) == (50 - sent, 0)


def test_what_the_store_was_not_told_of_is_never_much() -> None:
    unsettled: list[int] = []

    class LaggingLanes(MemoryLanes):
        async def settle(self, delivered: Mapping[LaneClaim, int]) -> None:
            await asyncio.sleep(0.1)
            unsettled.append(len(sender.sent) - (200 - house.left))
            await super().settle(delivered)

    house = House(orders=200, lanes=LaggingLanes())
    sender = ScriptedSender()
    house.deliver(sender)
    assert len(sender.sent) == 200
    assert unsettled[0] <= 2
    assert 2 * LANES < max(unsettled) <= 32


def test_lanes_that_others_may_still_hold_are_left_to_them_after_an_outage() -> None:
    house = House(orders=2)
    lost = asyncio.run(house.lanes.claim("hub", 0, 1))
    house.patience = 60
    assert [entity for _, entity, _ in house.deliver(ScriptedSender()).sent] == ["order 1"]
    asyncio.run(house.lanes.settle(dict.fromkeys(lost, 1)))
    assert house.left == 0
