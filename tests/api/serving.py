"""The real application under uvicorn, in a thread, for tests that speak HTTP to it."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import uvicorn

from ordergate.assembly.stores import Stores

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.types import ASGIApp

    from ordergate.settings import Settings

_LONGEST_START = 20.0


async def prepare(settings: Settings) -> None:
    """Make the indexes, as `serve` does before it serves."""
    stores = Stores(settings)
    await stores.ensure_indexes()
    await stores.close()


@contextmanager
def listening() -> Iterator[socket.socket]:
    """Hold a loopback port that nobody else uses."""
    # Named TCP, or asyncio leaves Nagle's algorithm on: 40 ms for each answer.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.bind(("127.0.0.1", 0))
        yield listener


@contextmanager
def served(app: ASGIApp, listener: socket.socket) -> Iterator[None]:
    """Serve the application on a socket that is bound already, from its start to its stop."""
    config = uvicorn.Config(app, lifespan="on", log_config=None, access_log=False)
    server = uvicorn.Server(config)
    serving = server.serve(sockets=[listener])
    thread = threading.Thread(target=asyncio.run, args=[serving], name="gateway")
    thread.start()
    deadline = time.monotonic() + _LONGEST_START
    try:
        while not server.started:
            assert thread.is_alive(), "the application stopped at its start"
            assert time.monotonic() < deadline, "the application did not start"
            time.sleep(0.01)
        yield
    finally:
        server.should_exit = True
        thread.join()
