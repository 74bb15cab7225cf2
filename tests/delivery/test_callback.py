"""The callback guard: one verdict at registration and delivery, and no connection against it."""

from __future__ import annotations

import asyncio
import logging
import time
from ipaddress import IPv4Network
from typing import TYPE_CHECKING

import pytest

from delivery.listeners import listening
from destinations import ALLOWED, RECORDS, REFUSED
from fakes_delivery import owed
from fakes_destinations import HangingResolver, Names, RecordingConnector, loopback_sender
from make import LOOPBACK
from ordergate.delivery.callback import CallbackGuard
from ordergate.delivery.destination import CallbackPolicy
from ordergate.delivery.ports import Attempt, Outcome
from ordergate.delivery.resolver import SystemResolver
from ordergate.errors import DestinationNotAllowedError
from ordergate.settings import Settings

if TYPE_CHECKING:
    from ordergate.delivery.ports import Resolver

EVENT = owed("order", 1)
STRICT = CallbackPolicy(ports=Settings().callback_ports)
NOT_ALLOWED = Attempt(Outcome.UNREACHABLE, error="DestinationNotAllowedError")


def register(callback: str, policy: CallbackPolicy, resolver: Resolver) -> str | None:
    """Return what a client is told when its callback is refused."""
    guard = CallbackGuard(policy, resolver, within=0.2)
    try:
        asyncio.run(guard.check(callback))
    except DestinationNotAllowedError as error:
        return f"{error.code} {error.path} {error.reason}"
    return None


def deliver(
    callback: str, policy: CallbackPolicy, resolver: Resolver, connector: RecordingConnector
) -> Attempt:
    sender = loopback_sender(
        policy,
        resolver,
        attempt_deadline=0.6,
        connect_timeout=0.4,
        pool_size=1,
        connect=connector,
    )
    try:
        return sender.send(callback, EVENT)
    finally:
        sender.close()


def test_there_are_vectors_enough_and_each_is_another_one() -> None:
    assert len(set(REFUSED)) == len(REFUSED) >= 60


@pytest.mark.parametrize("callback", REFUSED, ids=ascii)
def test_refused_callback_is_refused_twice_and_never_connected_to(callback: str) -> None:
    told = register(callback, STRICT, Names(RECORDS))
    assert told == register("http://127.0.0.1/", STRICT, Names(RECORDS))
    assert told is not None
    connector = RecordingConnector()
    assert deliver(callback, STRICT, Names(RECORDS), connector) == NOT_ALLOWED
    assert connector.connections == []


@pytest.mark.parametrize("callback", ALLOWED)
def test_global_callback_is_taken_and_connected_to_where_it_leads(callback: str) -> None:
    assert register(callback, STRICT, Names(RECORDS)) is None
    connector = RecordingConnector()
    attempt = deliver(callback, STRICT, Names(RECORDS), connector)
    assert attempt == Attempt(Outcome.UNREACHABLE, error="ConnectionRefusedError")
    assert tuple(address for address, _ in connector.connections) == ALLOWED[callback]


def test_name_that_leads_inside_after_it_was_registered_is_refused() -> None:
    names, connector = Names({"flip.example": [("8.8.8.8",), ("127.0.0.1",)]}), RecordingConnector()
    assert register("http://flip.example/", STRICT, names) is None
    assert deliver("http://flip.example/", STRICT, names, connector) == NOT_ALLOWED
    assert connector.connections == []


def test_name_is_looked_up_once_and_the_answer_that_was_checked_is_connected_to() -> None:
    names, connector = Names({"flip.example": [("8.8.8.8",), ("127.0.0.1",)]}), RecordingConnector()
    deliver("http://flip.example/", STRICT, names, connector)
    assert names.asked == ["flip.example"]
    assert connector.connections == [("8.8.8.8", 80)]


def test_listener_is_still_asked_by_its_name() -> None:
    names, connector = Names({"listener.example": [("127.0.0.1",)]}), RecordingConnector()
    with listening() as listener:
        callback = f"http://listener.example:{listener.port}/x"
        attempt = deliver(callback, CallbackPolicy(allow=LOOPBACK), names, connector)
    assert attempt == Attempt(Outcome.DELIVERED, 201)
    assert listener.told[0].headers["Host"] == f"listener.example:{listener.port}"
    assert connector.connections == [("127.0.0.1", listener.port)]


def test_every_address_is_tried_in_the_time_there_is() -> None:
    names, connector = Names({"two.example": [("127.0.0.9", "127.0.0.1")]}), RecordingConnector()
    with listening() as listener:
        callback = f"http://two.example:{listener.port}/"
        attempt = deliver(callback, CallbackPolicy(allow=LOOPBACK), names, connector)
    assert attempt.outcome is Outcome.DELIVERED
    assert [address for address, _ in connector.connections] == ["127.0.0.9", "127.0.0.1"]


@pytest.mark.parametrize(
    "callback", ["http://nowhere.example/", "https://sub.nowhere.example:99999"]
)
def test_name_without_an_address_may_register_but_gets_nothing(callback: str) -> None:
    callback = callback.replace(":99999", ":9999")
    connector = RecordingConnector()
    assert register(callback, STRICT, Names({})) is None
    attempt = deliver(callback, STRICT, Names({}), connector)
    assert attempt == Attempt(Outcome.UNREACHABLE, error="OSError")
    assert connector.connections == []


def test_look_up_that_never_ends_is_not_waited_for() -> None:
    start = time.monotonic()
    assert register("http://hangs.example/", STRICT, HangingResolver()) is None
    connector = RecordingConnector()
    attempt = deliver("http://hangs.example/", STRICT, HangingResolver(), connector)
    assert attempt == Attempt(Outcome.UNREACHABLE, error="TimeoutError")
    assert connector.connections == []
    assert time.monotonic() - start < 0.2 + 0.4 + 0.5


@pytest.mark.parametrize(
    ("policy", "callback"),
    [
        (CallbackPolicy(allow=(IPv4Network("10.0.0.0/8"),)), "http://10.1.2.3/"),
        (CallbackPolicy(allow=(IPv4Network("10.0.0.0/8"),)), "http://alias.example/"),
        (CallbackPolicy(hosts=("private.example",)), "http://PRIVATE.example./"),
        (CallbackPolicy(hosts=("*.Example",)), "http://private.example/"),
        (CallbackPolicy(hosts=("10.1.2.3",)), "http://10.1.2.3/"),
        (CallbackPolicy(ports=(range(22, 23),)), "http://8.8.8.8:22/"),
    ],
)
def test_settings_let_more_pass_at_both_ends(policy: CallbackPolicy, callback: str) -> None:
    assert register(callback, policy, Names(RECORDS)) is None
    connector = RecordingConnector()
    assert deliver(callback, policy, Names(RECORDS), connector).error == "ConnectionRefusedError"
    assert len(connector.connections) == 1


@pytest.mark.parametrize(
    ("policy", "callback"),
    [
        (CallbackPolicy(allow=(IPv4Network("10.0.0.0/8"),)), "http://192.168.1.1/"),
        (CallbackPolicy(allow=(IPv4Network("127.0.0.0/8"),)), "http://[::ffff:127.0.0.1]/"),
        (CallbackPolicy(hosts=("*.example",)), "http://private.example.internal/"),
        (CallbackPolicy(hosts=("*.example",)), "http://10.0.0.1/"),
        (CallbackPolicy(hosts=("example",)), "http://private.example/"),
        (CallbackPolicy(ports=(range(443, 444),)), "http://8.8.8.8/"),
        (
            CallbackPolicy(own=frozenset({("127.0.0.1", 8652)}), allow=LOOPBACK),
            "http://127.1:8652/",
        ),
        (CallbackPolicy(own=frozenset({("127.0.0.1", 80)}), allow=LOOPBACK), "http://localhost/"),
        (CallbackPolicy(own=frozenset({("me.example", 443)})), "https://ME.example./hub"),
        (
            CallbackPolicy(own=frozenset({("me.example", 443)}), hosts=("me.example",)),
            "https://me.example/",
        ),
    ],
)
def test_settings_let_nothing_else_pass_and_never_the_gateway_itself(
    policy: CallbackPolicy, callback: str
) -> None:
    names = Names({**RECORDS, "private.example.internal": [("10.0.0.1",)]})
    connector = RecordingConnector()
    assert register(callback, policy, names) is not None
    assert deliver(callback, policy, names, connector) == NOT_ALLOWED
    assert connector.connections == []


def test_redirect_into_the_inside_leads_nowhere() -> None:
    policy, connector = CallbackPolicy(allow=(IPv4Network("127.0.0.1/32"),)), RecordingConnector()
    redirect = {"Location": "http://127.0.0.2:9999/secret"}
    with listening(lambda _: (307, redirect)) as listener:
        attempt = deliver(listener.callback, policy, SystemResolver(), connector)
    assert attempt == Attempt(Outcome.REFUSED, 307)
    assert connector.connections == [("127.0.0.1", listener.port)]


def test_track_and_manage_is_reached_anywhere_but_no_listener_by_its_connection() -> None:
    connector = RecordingConnector()
    sender = loopback_sender(
        STRICT, attempt_deadline=0.6, connect_timeout=0.4, pool_size=1, connect=connector
    )
    with listening() as target:
        assert sender.hand_over(target.callback, EVENT).outcome is Outcome.DELIVERED
        assert sender.send(target.callback, EVENT) == NOT_ALLOWED
        assert sender.hand_over(target.callback, EVENT).outcome is Outcome.DELIVERED
    sender.close()
    assert connector.connections == [("127.0.0.1", target.port)]
    assert len(target.told) == 2


def test_log_alone_says_why_and_which_setting_and_only_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    guard = CallbackGuard(STRICT, Names(RECORDS), within=1)
    with caplog.at_level(logging.WARNING):
        for _ in range(5):
            with pytest.raises(DestinationNotAllowedError) as refused:
                asyncio.run(guard.check("http://private.example/?token=secret"))
            with pytest.raises(DestinationNotAllowedError):
                guard.addresses("private.example", 80, 1)
    (line,) = caplog.records
    assert vars(line)["host"] == "private.example"
    assert vars(line)["setting"] == "ORDERGATE_CALLBACK_ALLOW"
    assert vars(line)["reason"] == "10.0.0.1 is not a global address"
    assert "secret" not in str(vars(line))
    assert "10.0.0.1" not in refused.value.reason


@pytest.mark.parametrize(
    ("callback", "host", "setting"),
    [
        ("http://8.8.8.8:22/", "8.8.8.8", "ORDERGATE_CALLBACK_PORTS"),
        ("http://[::1]/", "::1", "ORDERGATE_CALLBACK_ALLOW"),
        ("http://user:word@8.8.8.8/", None, "none"),
    ],
)
def test_log_names_what_was_refused_but_no_password(
    caplog: pytest.LogCaptureFixture, callback: str, host: str | None, setting: str
) -> None:
    guard = CallbackGuard(STRICT, Names(RECORDS), within=1)
    with pytest.raises(DestinationNotAllowedError):
        asyncio.run(guard.check(callback))
    (line,) = caplog.records
    assert vars(line).get("host") == host
    assert vars(line)["setting"] == setting
    assert "word@" not in str(vars(line))


def test_log_is_not_flooded_by_ever_new_callbacks(caplog: pytest.LogCaptureFixture) -> None:
    guard = CallbackGuard(STRICT, Names(RECORDS), within=1)
    with caplog.at_level(logging.WARNING):
        for number in range(1500):
            with pytest.raises(DestinationNotAllowedError):
                guard.addresses("10.0.0.1", 2000 + number, 1)
    assert len(caplog.records) == 1000
