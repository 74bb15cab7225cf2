"""What `Resolver` promises, run on the fake and on the machine's own."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_address
from threading import Event
from typing import TYPE_CHECKING

import pytest

from fakes_destinations import Names
from ordergate.delivery.resolver import SystemResolver

if TYPE_CHECKING:
    from ordergate.delivery.destination import IpAddress
    from ordergate.delivery.ports import Resolver

LOCAL = (ip_address("127.0.0.1"),)


@pytest.fixture(params=["fake", "system"])
def resolver(request: pytest.FixtureRequest) -> Resolver:
    if request.param == "system":
        return SystemResolver()
    return Names({"localhost": [("127.0.0.1", "::1")]})


class TestResolver:
    @pytest.mark.parametrize("name", ["localhost", "LOCALHOST"])
    def test_name_has_its_addresses_each_once(self, resolver: Resolver, name: str) -> None:
        for _ in range(2):
            found = resolver.look_up(name).result(5)
            assert len(found) == len(set(found)) >= 1
            assert all(address.is_loopback for address in found)

    @pytest.mark.parametrize("name", ["listener.invalid", "a." * 130, "x" * 64])
    def test_name_without_an_address_is_an_error_when_it_is_waited_for(
        self, resolver: Resolver, name: str
    ) -> None:
        found = resolver.look_up(name)
        with pytest.raises((OSError, UnicodeError)):
            found.result(15)


class Held:
    """Finds nothing before it is let."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.go_on = Event()

    def __call__(self, host: str) -> tuple[IpAddress, ...]:
        self.asked.append(host)
        self.go_on.wait(5)
        return LOCAL


@pytest.fixture
def held() -> Held:
    return Held()


class TestSystemResolver:
    def test_slow_name_has_one_look_up_however_many_ask(self, held: Held) -> None:
        resolver = SystemResolver(held)
        looking = [resolver.look_up("slow.example") for _ in range(50)]
        held.go_on.set()
        assert {one.result(5) for one in looking} == {LOCAL}
        assert held.asked == ["slow.example"]

    def test_slow_name_holds_up_no_other(self, held: Held) -> None:
        def find(host: str) -> tuple[IpAddress, ...]:
            return held(host) if host == "slow.example" else LOCAL

        resolver = SystemResolver(find)
        slow = resolver.look_up("slow.example")
        assert resolver.look_up("quick.example").result(5) == LOCAL
        assert not slow.done()
        held.go_on.set()
        assert slow.result(5) == LOCAL

    def test_too_many_slow_names_are_refused_until_some_end(self, held: Held) -> None:
        resolver = SystemResolver(held, at_once=2)
        looking = [resolver.look_up(f"{name}.example") for name in "ab"]
        with pytest.raises(OSError, match="too many"):
            resolver.look_up("c.example").result(5)
        held.go_on.set()
        assert [one.result(5) for one in looking] == [LOCAL, LOCAL]
        assert resolver.look_up("c.example").result(5) == LOCAL

    def test_whoever_asks_again_gets_a_new_answer(self) -> None:
        asked: list[str] = []

        def find(host: str) -> tuple[IpAddress, ...]:
            asked.append(host)
            return LOCAL

        resolver = SystemResolver(find)
        for _ in range(3):
            resolver.look_up("name.example").result(5)
        assert len(asked) == 3

    def test_who_gives_up_waiting_takes_nothing_from_the_others(self, held: Held) -> None:
        resolver = SystemResolver(held)
        with pytest.raises(TimeoutError):
            resolver.look_up("slow.example").result(0.05)
        assert not resolver.look_up("slow.example").cancel()
        with ThreadPoolExecutor(1) as threads:
            waiting = threads.submit(lambda: resolver.look_up("slow.example").result(5))
            time.sleep(0.05)
            held.go_on.set()
            assert waiting.result(5) == LOCAL
