"""Where the tests send to: senders that may reach loopback, names of our own, and who connects."""

from __future__ import annotations

from concurrent.futures import Future
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

from make import LOOPBACK
from ordergate.delivery.callback import CallbackGuard
from ordergate.delivery.connection import connect_tcp
from ordergate.delivery.destination import ANYWHERE, CallbackPolicy
from ordergate.delivery.resolver import SystemResolver
from ordergate.delivery.sender import HttpSender

if TYPE_CHECKING:
    import socket
    from collections.abc import Mapping, Sequence

    from ordergate.delivery.destination import IpAddress
    from ordergate.delivery.ports import Resolver

LOOPBACK_ONLY = CallbackPolicy(allow=LOOPBACK)


def unsigned(_event_id: str, _body: bytes) -> dict[str, str]:
    return {}


def loopback_sender(
    policy: CallbackPolicy = LOOPBACK_ONLY, resolver: Resolver | None = None, **named: Any
) -> HttpSender:
    """Return a sender whose listeners are on this machine."""
    resolver = resolver or SystemResolver()
    callbacks, anywhere = (CallbackGuard(each, resolver, within=1) for each in (policy, ANYWHERE))
    return HttpSender(callbacks, anywhere, unsigned, **named)


class Names:
    """Resolves names from a table, as a resolver would: aliases, and answers that change.

    Args:
        records: name to its answers, one after the other, the last one for ever; an answer is
            addresses, or the name it is an alias of. Any other name is unknown.
    """

    def __init__(self, records: Mapping[str, Sequence[str | Sequence[str]]]) -> None:
        self._records = {name: list(answers) for name, answers in records.items()}
        self.asked: list[str] = []

    def look_up(self, host: str) -> Future[tuple[IpAddress, ...]]:
        self.asked.append(host)
        found: Future[tuple[IpAddress, ...]] = Future()
        name = host.lower().removesuffix(".")
        while True:
            answers = self._records.get(name)
            if answers is None:
                found.set_exception(OSError("no such name"))
                return found
            answer = answers.pop(0) if len(answers) > 1 else answers[0]
            if not isinstance(answer, str):
                found.set_result(tuple(map(ip_address, answer)))
                return found
            name = answer


class HangingResolver:
    """Never answers."""

    def look_up(self, _: str) -> Future[tuple[IpAddress, ...]]:
        return Future()


class RecordingConnector:
    """Notes every connection, and makes it only if it stays on this machine."""

    def __init__(self) -> None:
        self.connections: list[tuple[str, int]] = []

    def __call__(self, address: IpAddress, port: int, within: float) -> socket.socket:
        self.connections.append((str(address), port))
        if not address.is_loopback:
            raise ConnectionRefusedError(f"{address} is not connected to in tests")
        return connect_tcp(address, port, within)
