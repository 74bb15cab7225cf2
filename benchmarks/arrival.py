"""How long events take from the order that they tell of to their listeners.

The promises: at 50 events a second to each of two listeners 95 of 100 come within half a second;
and where one listener refuses, one never answers and one answers just in time, the good one beside
them gets 95 of 100 within a second, and in at most twice its own time without them.

The clock starts before the request is sent, so each figure holds the whole request as well.
"""

from __future__ import annotations

import socket
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from ipaddress import ip_network
from pathlib import Path
from statistics import quantiles
from typing import TYPE_CHECKING

import requests

from benchmarks.figures import Figure
from benchmarks.listener import listening
from benchmarks.orders import gateway
from ordergate.model.addresses import BASE_PATHS
from ordergate.model.common import Api
from ordergate.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmarks.figures import Effort
    from benchmarks.listener import ListenerProcess
    from ordergate.client import GatewayClient

_SECONDS = 20
_CLIENTS = 8
_MILLISECONDS = 1000.0
_LATE = 9.5
_NEVER = 3600.0
_ORDER = {
    "externalId": "RO-1",
    "priority": 2,
    "orderItem": [
        {
            "id": "1",
            "action": "add",
            "resource": {"name": "Port 7", "@type": "LogicalResource"},
            "resourceSpecification": {"id": "rs-olt-port"},
        }
    ],
}


def latency_figures(effort: Effort) -> Iterator[Figure]:
    """Yield what 50, 95 and 99 of 100 events take to two listeners, 50 a second to each."""
    taken = list(to_two_listeners(effort.rounds, _seconds(effort)))
    for percent, goal in ((50, None), (95, 500.0), (99, 2000.0)):
        yield Figure(
            case="latency",
            what=f"50 events/s x 2 listeners, p{percent}",
            values=tuple(percentile(one, percent) for one in taken),
            at_most=goal,
        )


def isolation_figures(effort: Effort) -> Iterator[Figure]:
    """Yield what 95 of 100 events take to a good listener, alone and beside three bad ones."""
    alone, beside = zip(*to_one_among_bad(effort.rounds, _seconds(effort)), strict=True)
    taken = tuple(percentile(one, 95) for one in beside)
    what = "20 orders/s to a good listener beside one that refuses, one silent, one late, p95"
    yield Figure(case="isolation", what=what, values=taken, at_most=1000.0)
    yield Figure(
        case="isolation",
        what="the same beside its own time",
        values=taken,
        against="the good listener alone, p95",
        reference=tuple(percentile(one, 95) for one in alone),
        at_most=2.0,
    )


def _seconds(effort: Effort) -> int:
    return 1 if effort.quick else _SECONDS if effort.full else _SECONDS // 2


def to_two_listeners(rounds: int, seconds: int) -> Iterator[list[float]]:
    """Yield, in each round, the milliseconds that each of 50 events a second took to each."""
    with ExitStack() as stack:
        client = stack.enter_context(_gateway())
        listeners = [stack.enter_context(listening()) for _ in range(2)]
        for one in listeners:
            client.register(Api.RESOURCE_ORDERING, one.url)
        for _ in range(rounds):
            yield _taken(client, listeners, per_second=50, seconds=seconds)


def to_one_among_bad(rounds: int, seconds: int) -> Iterator[tuple[list[float], list[float]]]:
    """Yield, in each round, what 20 events a second took to one alone, and beside bad ones."""
    with ExitStack() as stack:
        client = stack.enter_context(_gateway())
        good, silent, late = (stack.enter_context(listening(s)) for s in (0, _NEVER, _LATE))
        client.register(Api.RESOURCE_ORDERING, good.url)
        for _ in range(rounds):
            alone = _taken(client, [good], per_second=20, seconds=seconds)
            bad = (_refusing(), silent.url, late.url)
            hubs = [client.register(Api.RESOURCE_ORDERING, one) for one in bad]
            yield alone, _taken(client, [good], per_second=20, seconds=seconds)
            for one in hubs:
                client.unregister(Api.RESOURCE_ORDERING, one)


def percentile(taken: Sequence[float], percent: int) -> float:
    """Return what so many of a hundred stay below."""
    return quantiles(taken, n=100)[percent - 1]


@contextmanager
def _gateway() -> Iterator[GatewayClient]:
    loopback = (ip_network("127.0.0.0/8"),)
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(
            data_dir=Path(folder) / "data", callback_allow=loopback, log_level="WARNING"
        )
        with gateway(settings) as client:
            yield client


def _refusing() -> str:
    """Return a callback at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"http://127.0.0.1:{server.getsockname()[1]}/"


def _taken(
    client: GatewayClient, listeners: Sequence[ListenerProcess], *, per_second: int, seconds: int
) -> list[float]:
    """Send orders at a steady pace; return the milliseconds that each took to each listener."""
    url = f"{client.url}{BASE_PATHS[Api.RESOURCE_ORDERING]}/resourceOrder"
    sessions = threading.local()
    began: dict[str, float] = {}

    def order(at: float) -> None:
        if not hasattr(sessions, "session"):
            sessions.session = requests.Session()
        time.sleep(max(0, at - time.monotonic()))
        begin = time.monotonic()
        answer = sessions.session.post(url, json=_ORDER, timeout=30)
        answer.raise_for_status()
        began[answer.json()["id"]] = begin

    start = time.monotonic() + 0.1
    with ThreadPoolExecutor(_CLIENTS) as clients:
        for _ in clients.map(order, [start + n / per_second for n in range(seconds * per_second)]):
            pass
    for one in listeners:
        one.wait_for(len(began), 60)
    return [
        _MILLISECONDS * (arrival.at - began[arrival.entity_id])
        for one in listeners
        for arrival in one.arrivals()
    ]
