"""Where the gateway itself is, and so no listener."""

from __future__ import annotations

from dataclasses import replace

import pytest

from make import LOOPBACK
from ordergate.assembly.callbacks import wire_callbacks, wire_track_and_manage
from ordergate.errors import DestinationNotAllowedError
from ordergate.settings import Settings


@pytest.mark.parametrize(
    ("settings", "host", "port"),
    [
        (Settings(), "127.0.0.1", 8652),
        (Settings(host="::1", port=9000), "::1", 9000),
        (Settings(host="0:0:0:0:0:0:0:1", port=9000), "::1", 9000),
        (Settings(host="0.0.0.0"), "127.0.0.1", 8652),  # noqa: S104 - nothing is bound
        (Settings(host="::"), "::1", 8652),
        (Settings(public_url="http://127.0.0.1"), "127.0.0.1", 80),
        (Settings(public_url="https://127.0.0.1/tmf"), "127.0.0.1", 443),
        (Settings(public_url="http://[::1]:8080"), "::1", 8080),
        (Settings(public_url="https://orders.example.com"), "127.0.0.1", 8652),
    ],
)
def test_gateway_itself_is_no_listener(settings: Settings, host: str, port: int) -> None:
    every_port = (range(1, 65_536),)
    guard = wire_callbacks(replace(settings, callback_allow=LOOPBACK, callback_ports=every_port))
    with pytest.raises(DestinationNotAllowedError):
        guard.addresses(host, port, 1)
    assert guard.addresses(host, port + 1, 1)


def test_operator_may_have_orders_sent_anywhere() -> None:
    guard = wire_track_and_manage(Settings())
    for host in ("127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "8.8.8.8"):
        assert [str(address) for address in guard.addresses(host, 22, 1)] == [host]
