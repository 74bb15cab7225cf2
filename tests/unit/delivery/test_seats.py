from __future__ import annotations

from dataclasses import replace

from fakes_delivery import MemoryHubs, MemoryLanes, hub
from ordergate.delivery.breaker import Breaker
from ordergate.delivery.listeners import Listeners
from ordergate.delivery.seats import Seats
from ordergate.model.hub_health import HubHealth, HubStatus

QUICK, SLOW = 0.01, 5.0


class House:
    """Sixteen seats, of which any listener may have eight."""

    def __init__(self, **paces: float) -> None:
        self.listeners = Listeners(MemoryHubs(), MemoryLanes(), Breaker(lanes=8))
        for name, seconds in paces.items():
            self.listeners.took(hub(name), seconds)
        self.seats = Seats(16, self.listeners)

    def fill(self, name: str) -> int:
        """Give a listener all the seats that it may have; return how many it got."""
        room = self.seats.room(hub(name))
        for _ in range(room):
            self.seats.take(name)
        return room


def test_listener_gets_no_more_than_half_of_what_the_others_leave() -> None:
    house = House(a=QUICK, b=QUICK, c=QUICK, d=QUICK, e=QUICK)
    assert [house.fill(name) for name in "abcde"] == [8, 4, 2, 1, 1]
    assert house.seats.room(hub("a")) == 0


def test_listener_gets_no_more_than_the_breaker_allows() -> None:
    house = House(a=QUICK)
    failing = HubHealth(status=HubStatus.FAILING)
    recovering = HubHealth(status=HubStatus.RECOVERING, lanes=2)
    assert house.seats.room(replace(hub("a"), health=failing)) == 0
    assert house.seats.room(replace(hub("a"), health=recovering)) == 2


def test_slow_and_unknown_listeners_leave_a_quarter_to_the_quick_ones() -> None:
    unknown = [f"unknown {number}" for number in range(20)]
    slow = {f"slow {number}": SLOW for number in range(20)}
    house = House(quick=QUICK, **slow)
    assert sum(map(house.fill, unknown)) == 12
    assert sum(map(house.fill, slow)) == 0  # they don't take what is left of their own share
    assert house.fill("quick") == 2


def test_slow_listeners_leave_half_to_the_others() -> None:
    slow = {f"slow {number}": SLOW for number in range(20)}
    house = House(**slow)
    assert sum(map(house.fill, slow)) == 8
    assert house.fill("unknown") == 4


def test_seat_that_is_left_says_whether_somebody_wanted_it() -> None:
    house = House(a=QUICK, b=QUICK)
    house.fill("b")
    assert not house.seats.leave("b")
    house.fill("a")  # it could do with eight, and gets half
    assert house.seats.leave("a")
    assert not house.seats.leave("a")
