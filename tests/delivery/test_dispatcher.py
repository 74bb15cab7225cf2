"""Notifications from outbox to listener: real MongoDB, real HTTP."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from delivery.house import DEADLINE, eventually
from delivery.listeners import dripping, free_port, listening, raw_listening
from fakes_destinations import loopback_sender
from ordergate.errors import StoreUnavailableError
from ordergate.model.common import Api

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from delivery.house import House
    from delivery.listeners import Listener, Notification
    from ordergate.model.notification import LaneClaim


def test_events_of_each_entity_arrive_in_order(runner: asyncio.Runner, house: House) -> None:
    async def story(listener: Listener) -> None:
        await house.register("hub", listener.callback)
        for number in range(10):
            await house.owe(f"order {number}", 1, 2)
        async with house.dispatching() as (dispatcher,):
            for number in range(10):
                await house.owe(f"order {number}", 3)
                await house.owe(f"order {number}", 4, 5)
                dispatcher.wake()
            await eventually(lambda: len(listener.told) == 50)
            await eventually(house.drained)

    with listening() as listener:
        runner.run(story(listener))
        for number in range(10):
            assert listener.sequences(f"order {number}") == [1, 2, 3, 4, 5]


def test_listener_is_told_only_what_its_query_selects(runner: asyncio.Runner, house: House) -> None:
    async def story(listener: Listener) -> None:
        await house.register("done", f"{listener.callback}/done", "state=completed")
        await house.register("all", f"{listener.callback}/all")
        await house.owe("order", 1)
        await house.owe("order", 2, state="completed")
        async with house.dispatching():
            await eventually(lambda: len(listener.told) == 3)
            await eventually(house.drained)

    with listening() as listener:
        runner.run(story(listener))
        told = sorted((one.path, one.sequence) for one in listener.told)
    assert told == [("/listener/all", 1), ("/listener/all", 2), ("/listener/done", 2)]


def test_failed_event_is_sent_again_with_the_same_id(runner: asyncio.Runner, house: House) -> None:
    answers = iter([500, 500, 200])

    def reply(_: Notification) -> tuple[int, Mapping[str, str]]:
        return next(answers, 200), {}

    async def story(listener: Listener) -> None:
        await house.register("hub", listener.callback)
        await house.owe("order", 1, 2)
        async with house.dispatching():
            await eventually(house.drained)

    with listening(reply) as listener:
        runner.run(story(listener))
    assert listener.sequences("order") == [1, 1, 1, 2]
    assert {one.body["eventId"] for one in listener.told[:3]} == {"event-order-1"}
    waits = [b.at - a.at for a, b in zip(listener.told, listener.told[1:2], strict=False)]
    assert all(0.08 <= wait < 0.5 for wait in waits)


def test_listener_that_comes_back_gets_all_it_missed_in_order(
    runner: asyncio.Runner, house: House
) -> None:
    port = free_port()

    async def down() -> None:
        await house.register("hub", f"http://127.0.0.1:{port}/")
        await house.owe("order", 1, 2)
        async with house.dispatching() as (dispatcher,):
            await eventually(_attempted)
            await house.owe("order", 3, 4)
            dispatcher.wake()
            await asyncio.sleep(0.3)

    async def _attempted() -> bool:
        return await house.database["lane"].count_documents({"attempts": {"$gte": 1}}) == 1

    async def up() -> None:
        async with house.dispatching():
            await eventually(house.drained)

    runner.run(down())
    with listening(port=port) as listener:
        runner.run(up())
    assert listener.sequences("order") == [1, 2, 3, 4]


def test_slow_listener_delays_nobody_else(runner: asyncio.Runner, house: House) -> None:
    async def story(slow: str, quick: Listener) -> tuple[float, float]:
        await house.register("slow", slow)
        for number in range(20):
            await house.owe(f"order {number}", 1)
        async with house.dispatching(senders=4):
            await asyncio.sleep(0.2)
            await house.register("quick", quick.callback)
            start = time.monotonic()
            for number in range(20, 40):
                await house.owe(f"order {number}", 1)
            await eventually(lambda: len(quick.told) == 20)
            told = time.monotonic() - start
            stopping = time.monotonic()
        return told, time.monotonic() - stopping

    drip = dripping(b"HTTP/1.1 200 OK\r\n", b"X-Drip: 1\r\n")
    with raw_listening(drip) as slow, listening() as quick:
        told, stopped = runner.run(story(slow, quick))
    assert told < DEADLINE  # no wait for even one attempt at the slow one
    assert stopped < DEADLINE + 0.5


def test_redirect_counts_as_failure(runner: asyncio.Runner, house: House) -> None:
    async def story(listener: Listener) -> None:
        await house.register("hub", listener.callback)
        await house.owe("order", 1)
        async with house.dispatching():
            await eventually(lambda: len(listener.told) == 2)

    with listening() as target:
        redirect = {"Location": target.callback}
        with listening(lambda _: (307, redirect)) as listener:
            runner.run(story(listener))
        assert target.told == []
    assert listener.sequences("order") == [1, 1]


def test_removed_listener_gets_nothing_more(runner: asyncio.Runner, house: House) -> None:
    async def story(listener: Listener) -> None:
        await house.register("hub", listener.callback)
        await house.owe("order", 1)
        async with house.dispatching() as (dispatcher,):
            await eventually(lambda: len(listener.told) == 1)
            await house.owe("order", 2)
            await house.hubs.remove("hub", Api.RESOURCE_ORDERING)
            before = len(listener.told)
            await house.owe("order", 3)
            dispatcher.wake()
            await asyncio.sleep(0.4)
            assert len(listener.told) == before
            assert await house.drained()

    with listening(lambda _: (500, {})) as listener:
        runner.run(story(listener))


def test_two_dispatchers_neither_repeat_nor_reorder(runner: asyncio.Runner, house: House) -> None:
    async def story(listener: Listener) -> float:
        await house.register("hub", listener.callback)
        start = time.monotonic()
        async with house.dispatching(2) as dispatchers:
            for sequence in range(1, 21):
                for number in range(10):
                    await house.owe(f"order {number}", sequence)
                for dispatcher in dispatchers:
                    dispatcher.wake()
            await eventually(house.drained, 30)
        return time.monotonic() - start

    with listening() as listener:
        runner.run(story(listener))
    counts = Counter((one.entity_id, one.sequence) for one in listener.told)
    assert len(counts) == 200
    assert set(counts.values()) == {1}
    for number in range(10):
        assert listener.sequences(f"order {number}") == list(range(1, 21))


def test_event_refused_for_too_long_is_a_dead_letter_and_the_lane_goes_on(
    runner: asyncio.Runner, house: House
) -> None:
    def refuse_first(told: Notification) -> tuple[int, Mapping[str, str]]:
        return (422 if told.sequence == 1 else 201), {}

    async def story(listener: Listener) -> list[tuple[str, str, int, str]]:
        await house.register("hub", listener.callback)
        await house.owe("order", 1, 2)
        async with house.dispatching(max_age=0.5):
            await eventually(house.drained)
        letters = house.database["deadLetter"].find()
        return [(x["hub"], x["entity"], x["sequence"], x["reason"]) async for x in letters]

    with listening(refuse_first) as listener:
        assert runner.run(story(listener)) == [("hub", "order", 1, "refused: 422")]
    *refused, last = listener.sequences("order")
    assert len(refused) >= 3
    assert set(refused) == {1}
    assert last == 2


@pytest.mark.parametrize("moment", [0.02, 0.06, 0.1, 0.2])
def test_cancelled_dispatcher_leaves_nothing_lost(
    runner: asyncio.Runner, house: House, moment: float
) -> None:
    async def story(listener: Listener) -> None:
        await house.register("hub", listener.callback)
        for number in range(10):
            await house.owe(f"order {number}", *range(1, 6))
        sender = loopback_sender(attempt_deadline=DEADLINE, connect_timeout=0.5, pool_size=8)
        first = asyncio.create_task(house.dispatcher(sender, lease=0.5).run(asyncio.Event()))
        await asyncio.sleep(moment)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            async with asyncio.timeout(5):
                await first
        async with house.dispatching():
            await eventually(house.drained)
        sender.close()

    def reply(_: Notification) -> tuple[int, Mapping[str, str]]:
        time.sleep(0.01)
        return 201, {}

    with listening(reply) as listener:
        runner.run(story(listener))
    for number in range(10):
        sequences = listener.sequences(f"order {number}")
        assert list(dict.fromkeys(sequences)) == [1, 2, 3, 4, 5]


def test_stopped_dispatcher_ends_its_send_and_gives_the_lane_back(
    runner: asyncio.Runner, house: House
) -> None:
    told = threading.Event()

    def reply(_: Notification) -> tuple[int, Mapping[str, str]]:
        told.set()
        time.sleep(0.3)
        return 201, {}

    async def story(listener: Listener) -> Sequence[LaneClaim]:
        await house.register("hub", listener.callback)
        await house.owe("order", 1, 2)
        async with house.dispatching():
            await eventually(told.is_set)
        return await house.lanes.claim("hub", 30, 1)

    with listening(reply) as listener:
        (claim,) = runner.run(story(listener))
    assert listener.sequences("order") == [1]
    assert claim.sequences == (2,)


def test_dispatcher_outlives_an_outage_of_the_store(runner: asyncio.Runner, house: House) -> None:
    claim = house.lanes.claim
    owing = house.outboxes.owing
    refusals = iter(range(3))

    async def refuse_thrice(
        hub_id: str, lease: float, limit: int, *, takes_over: bool = True
    ) -> Sequence[LaneClaim]:
        if next(refusals, None) is not None:
            raise StoreUnavailableError("down")
        return await claim(hub_id, lease, limit, takes_over=takes_over)

    async def fail_once(_: int) -> object:
        house.outboxes.owing = owing  # type: ignore[method-assign]  # from now on it works again
        raise ZeroDivisionError

    async def story(listener: Listener) -> None:
        await house.register("hub", listener.callback)
        await house.owe("order", 1, 2)
        async with house.dispatching():
            await eventually(house.drained)

    house.lanes.claim = refuse_thrice  # type: ignore[method-assign]  # one call of the store fails
    house.outboxes.owing = fail_once  # type: ignore[method-assign,assignment]  # another has a defect
    try:
        with listening() as listener:
            runner.run(story(listener))
    finally:
        house.lanes.claim = claim  # type: ignore[method-assign]  # as it was
    assert listener.sequences("order") == [1, 2]
