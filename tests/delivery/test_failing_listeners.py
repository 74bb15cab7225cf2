"""Listeners that fail, one after the other and beside good ones: real MongoDB, real HTTP."""

from __future__ import annotations

import asyncio
import time
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from delivery.house import BREAKER, DEADLINE, eventually
from delivery.listeners import created, free_port, listening, raw_listening
from ordergate.delivery.breaker import Breaker
from ordergate.delivery.listeners import Listeners
from ordergate.delivery.replay import Replay
from ordergate.model.common import Api
from ordergate.model.hub_health import HubStatus
from ordergate.model.notification import FRESH, Span

if TYPE_CHECKING:
    import socket
    from collections.abc import Mapping

    from delivery.house import House
    from delivery.listeners import Listener, Notification
    from ordergate.model.hub_health import HubHealth

PATIENT = Breaker(probe_interval=60)


async def health_of(house: House, hub_id: str = "hub") -> HubHealth:
    return (await house.hubs.get(hub_id)).health


async def has_status(house: House, status: HubStatus, hub_id: str = "hub") -> bool:
    return (await health_of(house, hub_id)).status is status


async def dead_letters(house: House) -> list[tuple[str, int, str]]:
    letters = house.database["deadLetter"].find().sort({"_id": 1})
    return [(one["entity"], one["sequence"], one["reason"]) async for one in letters]


def swallow(connection: socket.socket) -> None:
    """Take what comes, and never answer."""
    while connection.recv(65_536):
        pass


def late(_: Notification) -> tuple[int, Mapping[str, str]]:
    """Answer just in time."""
    time.sleep(0.9 * DEADLINE)
    return 201, {}


def test_good_listener_notices_nothing_of_one_that_refuses_one_that_swallows_and_one_that_is_late(
    runner: asyncio.Runner, house: House
) -> None:
    owed_at: dict[str, float] = {}

    async def orders(good: Listener, first: int) -> float:
        """Owe events at a steady pace; return how long the slowest took to the good listener."""
        for number in range(first, first + 30):
            order = f"order {number}"
            owed_at[order] = time.monotonic()
            await house.owe(order, 1)
            await asyncio.sleep(0.05)
        await eventually(lambda: len(good.told) == first + 30)
        return max(one.at - owed_at[one.entity_id] for one in good.told[first:])

    async def story(good: Listener, *bad: str) -> tuple[float, float]:
        await house.register("good", good.callback)
        async with house.dispatching(senders=16, breaker=PATIENT):
            alone = await orders(good, 0)
            for number, callback in enumerate(bad):
                await house.register(f"bad {number}", callback)
            return alone, await orders(good, 30)

    with ExitStack() as open_ones:
        good = open_ones.enter_context(listening())
        refusing = f"http://127.0.0.1:{free_port()}/"
        black_hole = open_ones.enter_context(raw_listening(swallow))
        slow = open_ones.enter_context(listening(late)).callback
        alone, beside = runner.run(story(good, refusing, black_hole, slow))
    assert beside < alone + DEADLINE  # no wait for even one attempt at the others


def test_many_slow_listeners_leave_room_for_a_good_one(
    runner: asyncio.Runner, house: House
) -> None:
    tireless = Breaker(failures=10_000, at_least=10_000)

    async def orders(good: Listener) -> list[float]:
        """Owe one event after the other; return how long each took to the good listener."""
        took = []
        for number in range(len(good.told) + 1, len(good.told) + 11):
            start = time.monotonic()
            await house.owe(f"order {number}", 1)
            await eventually(lambda told=number: len(good.told) == told)  # type: ignore[misc]
            took.append(time.monotonic() - start)
            await asyncio.sleep(0.2)
        return took

    async def story(good: Listener, black_hole: str) -> tuple[list[float], list[float]]:
        await house.register("good", good.callback, "eventType=ResourceOrderStateChangeEvent")
        async with house.dispatching(senders=16, breaker=tireless):
            alone = await orders(good)
            for number in range(20):
                await house.register(f"bad {number}", f"{black_hole}/{number}")
            return alone, await orders(good)

    with listening() as good, raw_listening(swallow) as black_hole:
        alone, beside = runner.run(story(good, black_hole))
    assert max(beside) < max(alone) + DEADLINE  # no wait for even one attempt at the others


def test_listener_that_is_down_is_tried_by_one_probe_at_a_time_and_no_attempt_counts(
    runner: asyncio.Runner, house: House
) -> None:
    async def story(listener: Listener) -> tuple[int, int, float]:
        await house.register("hub", listener.callback)
        for number in range(40):
            await house.owe(f"order {number}", 1)
        async with house.dispatching(2, schedule=(0.05,)):
            await eventually(lambda: has_status(house, HubStatus.FAILING))
            await asyncio.sleep(0.2)
            before, start = len(listener.told), time.monotonic()
            counted = await attempts()
            await asyncio.sleep(5 * BREAKER.probe_interval)
            probes = len(listener.told) - before
            assert await attempts() == counted
            return before, probes, time.monotonic() - start

    async def attempts() -> int:
        lanes = house.database["lane"].find({}, {"attempts": 1})
        return sum([lane["attempts"] async for lane in lanes])

    with listening(lambda _: (500, {})) as listener:
        before, probes, seconds = runner.run(story(listener))
        assert 10 <= before <= 10 + 2 * 8
        assert 2 <= probes <= seconds / BREAKER.probe_interval + 1
        tried = [one.entity_id for one in listener.told[-probes:]]
        assert len(set(tried)) == len(tried)  # a probe takes the lane that wasn't tried for longest


def test_listener_that_is_back_gets_its_backlog_soon_and_in_order_though_retries_are_far(
    runner: asyncio.Runner, house: House
) -> None:
    port = free_port()

    async def down() -> None:
        await house.register("hub", f"http://127.0.0.1:{port}/")
        for number in range(30):
            await house.owe(f"order {number}", 1, 2)
        async with house.dispatching(schedule=(600,)):
            await eventually(lambda: has_status(house, HubStatus.FAILING))

    async def up(listener: Listener) -> float:
        start = time.monotonic()
        async with house.dispatching(schedule=(600,)):
            await eventually(lambda: len(listener.told) > 0)
            first = time.monotonic() - start
            await eventually(house.drained)
            assert await has_status(house, HubStatus.ACTIVE)
        return first

    runner.run(down())
    with listening(port=port) as listener:
        assert runner.run(up(listener)) < BREAKER.probe_interval + 1
    for number in range(30):
        assert listener.sequences(f"order {number}") == [1, 2]
    assert len(listener.told) == 60


def test_recovering_listener_is_not_overrun(runner: asyncio.Runner, house: House) -> None:
    is_up = False

    def reply(_: Notification) -> tuple[int, Mapping[str, str]]:
        if not is_up:
            return 503, {}
        time.sleep(0.05)
        return 201, {}

    async def story(listener: Listener) -> list[float]:
        nonlocal is_up
        await house.register("hub", listener.callback)
        for number in range(20):
            await house.owe(f"order {number}", 1)
        async with house.dispatching():
            await eventually(lambda: has_status(house, HubStatus.FAILING))
            await asyncio.sleep(0.1)
            down = len(listener.told)
            is_up = True
            await eventually(house.drained)
        return [one.at for one in listener.told[down:]]

    with listening(reply) as listener:
        probe, first, second, *_ = runner.run(story(listener))
    assert first - probe >= 0.04
    assert second - first >= 0.04


def test_listener_that_answers_gone_is_disabled_keeps_its_backlog_and_can_be_enabled(
    runner: asyncio.Runner, house: House
) -> None:
    status = 410

    async def story(listener: Listener) -> None:
        nonlocal status
        await house.register("hub", listener.callback)
        await house.owe("order", 1, 2)
        async with house.dispatching() as (dispatcher,):
            await eventually(lambda: has_status(house, HubStatus.DISABLED))
            await house.owe("order", 3)
            dispatcher.wake()
            await asyncio.sleep(3 * BREAKER.probe_interval)
            assert len(listener.told) == 1
            assert (await house.deliveries.backlogs("hub"))["hub"].events == 3
            status = 201
            await Listeners(house.hubs, house.lanes, BREAKER).enable("hub")
            dispatcher.wake()
            await eventually(house.drained)

    with listening(lambda _: (status, {})) as listener:
        runner.run(story(listener))
    assert listener.sequences("order") == [1, 1, 2, 3]


def test_event_that_alone_is_refused_leaves_its_lane_and_the_rest_goes_on(
    runner: asyncio.Runner, house: House
) -> None:
    def reply(told: Notification) -> tuple[int, Mapping[str, str]]:
        is_poison = (told.entity_id, told.sequence) == ("poisoned", 1)
        return (422 if is_poison else 201), {}

    async def story(listener: Listener) -> list[tuple[str, int, str]]:
        await house.register("hub", listener.callback)
        await house.owe("poisoned", 1, 2)
        async with house.dispatching(schedule=(0.2,)):
            number = 0
            while not await dead_letters(house):
                number += 1
                await house.owe(f"order {number}", 1)
                await asyncio.sleep(0.1)
            await eventually(house.drained)
            assert await has_status(house, HubStatus.ACTIVE)
        return await dead_letters(house)

    with listening(reply) as listener:
        ((entity, sequence, reason),) = runner.run(story(listener))
    assert (entity, sequence) == ("poisoned", 1)
    assert reason == "refused: 422, 8 times, while other events were taken"
    assert listener.sequences("poisoned") == [1] * 8 + [2]


def test_event_is_no_poison_where_nothing_else_is_taken(
    runner: asyncio.Runner, house: House
) -> None:
    async def story(listener: Listener) -> None:
        await house.register("hub", listener.callback)
        await house.owe("order", 1)
        async with house.dispatching(schedule=(0.01,), breaker=Breaker(failures=99, at_least=99)):
            await eventually(lambda: len(listener.told) >= 12)
            assert await dead_letters(house) == []

    with listening(lambda _: (422, {})) as listener:
        runner.run(story(listener))


def test_backlog_of_a_disabled_listener_dies_of_age(runner: asyncio.Runner, house: House) -> None:
    async def story(listener: Listener) -> None:
        await house.register("hub", listener.callback)
        await house.owe("order", 1, 2)
        async with house.dispatching(max_age=0.5):
            await eventually(lambda: has_status(house, HubStatus.DISABLED))
            await asyncio.sleep(0.6)
        async with house.dispatching(max_age=0.5):
            await eventually(house.drained)

    with listening(lambda _: (410, {})) as listener:
        runner.run(story(listener))
    reason = "too old, and the listener is disabled: it answered 410 Gone"
    assert runner.run(dead_letters(house)) == [("order", 1, reason), ("order", 2, reason)]
    assert len(listener.told) == 1


def test_backlog_of_a_failing_listener_dies_only_after_it_was_tried_in_vain(
    runner: asyncio.Runner, house: House
) -> None:
    port = free_port()

    hour = timedelta(hours=1)

    async def down() -> None:
        await house.register("hub", f"http://127.0.0.1:{port}/")
        for number in range(12):
            await house.owe(f"order {number}", 1)
        async with house.dispatching(schedule=(600,), breaker=PATIENT):
            await eventually(lambda: has_status(house, HubStatus.FAILING))

    async def an_hour_ago() -> None:
        """Let all that happened so far have happened an hour ago."""
        long_ago = datetime.now(UTC) - hour
        await house.database["lane"].update_many({}, {"$set": {"queue.$[].at": long_ago}})
        await failed_at(long_ago)

    async def failed_at(moment: datetime) -> None:
        def change(health: HubHealth, _: datetime) -> HubHealth:
            return replace(health, last_failure=moment)

        await house.hubs.change_health("hub", change)

    async def dead_now() -> int:
        async with house.dispatching(max_age=1800, breaker=PATIENT):
            await asyncio.sleep(0.3)
        return len(await dead_letters(house))

    runner.run(down())
    runner.run(an_hour_ago())
    assert runner.run(dead_now()) == 0  # the gateway was down meanwhile
    runner.run(failed_at(datetime.now(UTC)))
    assert runner.run(dead_now()) == 12


def test_events_are_sent_again_in_order(runner: asyncio.Runner, house: House) -> None:
    async def story(listener: Listener) -> int:
        await house.register("hub", listener.callback)
        for number in range(3):
            await house.owe(f"order {number}", 1, 2, 3)
        async with house.dispatching() as (dispatcher,):
            await eventually(house.drained)
            replay = Replay(
                hubs=house.hubs,
                events=house.events,
                lanes=house.lanes,
                dead_letters=house.dead_letters,
                wake=dispatcher.wake,
            )
            count = await replay.replay("hub", Span(entity_id="order 1"))
            await eventually(house.drained)
        return count

    with listening() as listener:
        assert runner.run(story(listener)) == 3
    assert listener.sequences("order 0") == [1, 2, 3]
    assert listener.sequences("order 1") == [1, 2, 3, 1, 2, 3]
    ids = [one.body["eventId"] for one in listener.told if one.entity_id == "order 1"]
    assert ids[:3] == ids[3:]


@pytest.mark.parametrize("moment", [0.05, 0.1, 0.2])
def test_nothing_is_begun_to_be_sent_once_the_removal_was_answered(
    runner: asyncio.Runner, house: House, moment: float
) -> None:
    async def story(listener: Listener) -> None:
        await house.register("hub", listener.callback)
        for number in range(20):
            await house.owe(f"order {number}", *range(1, 11))
        async with house.dispatching(2):
            await asyncio.sleep(moment)
            await house.hubs.remove("hub", Api.RESOURCE_ORDERING)
            await asyncio.sleep(FRESH)  # as the door does
            answered = time.monotonic()
            await asyncio.sleep(0.5)
        assert [one for one in listener.told if one.at > answered + 0.05] == []

    def reply(told: Notification) -> tuple[int, Mapping[str, str]]:
        time.sleep(0.01)
        return created(told)

    with listening(reply) as listener:
        runner.run(story(listener))
    assert len(listener.told) < 200
