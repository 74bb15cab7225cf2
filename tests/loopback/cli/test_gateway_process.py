from __future__ import annotations

import socket

import pytest

from ordergate.cli.gateway_process import free_port
from ordergate.errors import SetupError


def test_port_that_is_free_is_taken_as_it_is() -> None:
    port = free_port("127.0.0.1", 0)

    assert port > 0
    assert free_port("127.0.0.1", port) == port


def test_port_that_something_listens_on_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(SetupError, match=f"Port {port} of 127.0.0.1 is in use"):
            free_port("127.0.0.1", port)


def test_address_of_another_machine_is_told() -> None:
    with pytest.raises(SetupError, match="can't be had"):
        free_port("192.0.2.1", 8652)
