"""What a listener says it can take is what it gets: notifications at once, and time for each."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest

from delivery.house import eventually
from delivery.listeners import listening
from fakes_delivery import owed
from fakes_destinations import loopback_sender
from ordergate.delivery.ports import Outcome

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Mapping

    from delivery.house import House
    from delivery.listeners import Notification

EVENT = owed("order", 1)


class Crowd:
    """Counts how many notifications a listener is at, at once."""

    def __init__(self) -> None:
        self.most = 0
        self._now = 0
        self._lock = threading.Lock()

    def __call__(self, _: Notification) -> tuple[int, Mapping[str, str]]:
        with self._lock:
            self._now += 1
            self.most = max(self.most, self._now)
        time.sleep(0.05)
        with self._lock:
            self._now -= 1
        return 201, {}


@pytest.mark.parametrize("most", [1, 3, None])
def test_listener_gets_no_more_at_once_than_it_takes(
    runner: asyncio.Runner, house: House, most: int | None
) -> None:
    crowd = Crowd()

    async def story(callback: str) -> None:
        await house.register("hub", callback, max_in_flight=most)
        for number in range(24):
            await house.owe(f"order {number}", 1, 2)
        async with house.dispatching(senders=32):
            await eventually(house.drained, 30)

    with listening(crowd) as listener:
        runner.run(story(listener.callback))
    assert len(listener.told) == 48
    assert crowd.most == most if most else 3 < crowd.most <= 8


@pytest.mark.parametrize(
    ("deadline", "outcome"),
    [
        (None, Outcome.TIMED_OUT),
        (0.1, Outcome.TIMED_OUT),
        (2.0, Outcome.DELIVERED),
        (30.0, Outcome.DELIVERED),
    ],
)
def test_listener_has_as_much_time_as_it_says(deadline: float | None, outcome: Outcome) -> None:
    def reply(_: Notification) -> tuple[int, Mapping[str, str]]:
        time.sleep(0.7)
        return 201, {}

    sender = loopback_sender(attempt_deadline=0.4, connect_timeout=0.3, pool_size=4)
    with listening(reply) as listener:
        begin = time.monotonic()
        attempt = sender.send(listener.callback, EVENT, deadline=deadline)
        took = time.monotonic() - begin
    sender.close()
    assert attempt.outcome is outcome
    assert took < (0.7 if outcome is Outcome.DELIVERED else deadline or 0.4) + 0.5


def test_no_listener_has_more_time_than_a_lease_leaves() -> None:
    def reply(_: Notification) -> tuple[int, Mapping[str, str]]:
        time.sleep(1.0)
        return 201, {}

    sender = loopback_sender(
        attempt_deadline=0.2, longest_deadline=0.4, connect_timeout=0.3, pool_size=4
    )
    with listening(reply) as listener:
        assert sender.send(listener.callback, EVENT, deadline=30).outcome is Outcome.TIMED_OUT
    sender.close()


def test_time_of_one_listener_is_not_the_others(runner: asyncio.Runner, house: House) -> None:
    def reply(_: Notification) -> tuple[int, Mapping[str, str]]:
        time.sleep(1.4)
        return 201, {}

    async def story(callback: str) -> bool:
        await house.register("patient", f"{callback}/patient", deadline=5.0)
        await house.register("usual", f"{callback}/usual")  # the house gives it one second
        await house.owe("order", 1)
        async with house.dispatching():
            await eventually(lambda: house.has_taken("patient"))
            return await house.has_taken("usual")

    with listening(reply) as listener:
        assert not runner.run(story(listener.callback))
