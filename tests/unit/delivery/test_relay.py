from __future__ import annotations

import asyncio
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING

import pytest

from fakes_delivery import MemoryEvents, MemoryHubs, MemoryLanes, MemoryOutboxes, hub, owed
from ordergate.delivery.relay import Relay, waiting_events
from ordergate.errors import StoreUnavailableError
from ordergate.model.common import Api
from ordergate.model.notification import SPECIAL_ORDERS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ordergate.model.events import OwedEvent

CREATED = "ResourceOrderCreateEvent"
EVENTS = [
    owed("order", 1, event_type=CREATED, state="acknowledged"),
    owed("order", 2, state="inProgress"),
    owed("order", 3, state="completed"),
]


@pytest.mark.parametrize(
    ("query", "sequences"),
    [
        (None, [1, 2, 3]),
        (f"eventType={CREATED}", [1]),
        ("event.resourceOrder.state=completed", [3]),
        ("state=completed,inProgress", [2, 3]),
        ("?eventType=ResourceOrderStateChangeEvent&state=inProgress", [2]),
        ("fields=state", [1, 2, 3]),
    ],
)
def test_listener_gets_the_events_its_query_selects(
    query: str | None, sequences: list[int]
) -> None:
    assert waiting_events(EVENTS, [hub("hub", query)]) == {("hub", "order"): sequences}


def test_listener_of_another_door_gets_nothing() -> None:
    assert waiting_events(EVENTS, [hub("hub", api=Api.SERVICE_ORDERING)]) == {}


def test_unreadable_query_of_a_former_release_gets_every_event() -> None:
    waiting = waiting_events(EVENTS, [hub("hub", "sort=state")])
    assert waiting == {("hub", "order"): [1, 2, 3]}


def test_each_listener_and_entity_has_a_lane_of_its_own() -> None:
    events = [*EVENTS, owed("another", 7, event_type=CREATED)]
    waiting = waiting_events(events, [hub("all"), hub("created", f"eventType={CREATED}")])
    assert waiting == {
        ("all", "order"): [1, 2, 3],
        ("all", "another"): [7],
        ("created", "order"): [1],
        ("created", "another"): [7],
    }


def test_track_and_manage_gets_each_special_order_when_it_is_issued() -> None:
    special = {"id": "special", "specialHandling": {"required": True}}
    events = [
        replace(
            owed(order_id, sequence, event_type=event_type),
            document={"eventType": event_type, "event": {"resourceOrder": order}},
        )
        for order_id, order in {
            "special": special,
            "standard": {"id": "standard"},
            "other": {"id": "other", "specialHandling": {"required": False}},
        }.items()
        for sequence, event_type in enumerate((CREATED, "ResourceOrderStateChangeEvent"), 1)
    ]
    waiting = waiting_events(events, [hub("own", SPECIAL_ORDERS)])
    assert waiting == {("own", "special"): [1]}


class Store:
    """The ports of a relay over one memory; its calls can be made to fail or to wait."""

    def __init__(self) -> None:
        self.outboxes = MemoryOutboxes()
        self.events = MemoryEvents()
        self.lanes = MemoryLanes()
        self.hubs = MemoryHubs(hub("all"), hub("done", "state=completed"), lanes=self.lanes)

    def relay(self) -> Relay:
        return Relay(self.outboxes, self.events, self.lanes, self.hubs)

    def queues(self) -> dict[str, list[int]]:
        return {lane_id: list(lane.queue) for lane_id, lane in self.lanes.lanes.items()}


@pytest.fixture
def store() -> Store:
    store = Store()
    store.outboxes.outboxes["order"] = list(EVENTS)
    return store


RELAYED = {"all:order": [1, 2, 3], "done:order": [3]}


def test_owed_events_are_kept_pushed_and_cleared(store: Store) -> None:
    assert asyncio.run(store.relay().relay()) == 3
    assert set(store.events.kept) == {("order", 1), ("order", 2), ("order", 3)}
    assert store.queues() == RELAYED
    assert asyncio.run(store.relay().relay()) == 0


def test_events_without_any_listener_are_kept_and_cleared(store: Store) -> None:
    store.hubs.hubs.clear()
    assert asyncio.run(store.relay().relay()) == 3
    assert len(store.events.kept) == 3
    assert store.queues() == {}


class Crash(Exception):  # noqa: N818 - no error of ours: the process ends here
    pass


def crash_after(calls: int, store: Store) -> None:
    """Let the process end after so many calls to the store, each of them done."""
    done = count(1)

    def crashing(port: object, name: str) -> None:
        call = getattr(port, name)

        async def then_crash(*args: object) -> object:
            result = await call(*args)
            if next(done) == calls:
                raise Crash
            return result

        setattr(port, name, then_crash)

    for port, name in (
        (store.outboxes, "owing"),
        (store.hubs, "all"),
        (store.events, "add"),
        (store.lanes, "push"),
        (store.outboxes, "clear"),
    ):
        crashing(port, name)


@pytest.mark.parametrize("calls", range(1, 6))
def test_crash_between_any_two_steps_neither_loses_nor_repeats(store: Store, calls: int) -> None:
    crash_after(calls, store)
    with pytest.raises(Crash):
        asyncio.run(store.relay().relay())
    asyncio.run(store.relay().relay())
    assert store.queues() == RELAYED
    assert store.outboxes.outboxes["order"] == []


class SlowLanes(MemoryLanes):
    """Lets its first push wait until the rest is over."""

    def __init__(self) -> None:
        super().__init__()
        self.go_on = asyncio.Event()
        self._pushes = count()

    async def push(self, waiting: Mapping[tuple[str, str], Sequence[int]]) -> None:
        if next(self._pushes) == 0:
            await self.go_on.wait()
        await super().push(waiting)


def test_slow_relay_overtaken_by_another_pushes_nothing_twice(store: Store) -> None:
    async def story() -> list[OwedEvent]:
        store.lanes = lanes = SlowLanes()
        slow = asyncio.create_task(store.relay().relay())
        await asyncio.sleep(0)
        store.outboxes.outboxes["order"].append(owed("order", 4, state="completed"))
        await store.relay().relay()
        store.outboxes.outboxes["order"].append(owed("order", 5))
        lanes.go_on.set()
        await slow
        return store.outboxes.outboxes["order"]

    left = asyncio.run(story())
    assert store.queues() == {"all:order": [1, 2, 3, 4], "done:order": [3, 4]}
    assert [event.sequence for event in left] == [5]


def test_unavailable_store_clears_no_outbox(store: Store) -> None:
    async def refuse(_: object) -> None:
        raise StoreUnavailableError("down")

    store.lanes.push = refuse  # type: ignore[assignment,method-assign]  # one call of the fake fails
    with pytest.raises(StoreUnavailableError):
        asyncio.run(store.relay().relay())
    assert store.outboxes.outboxes["order"] == EVENTS
