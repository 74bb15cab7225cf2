"""What runs beside the requests: it is kept up, and told to stop as soon as the process is."""

from __future__ import annotations

import asyncio
import logging
import signal
import threading
import time
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
    from types import FrameType

    Part: TypeAlias = Callable[[asyncio.Event], Awaitable[None]]

_log = logging.getLogger(__name__)

GRACE = 10.25
"""Seconds that the parts have to end: an attempt at a listener, and a little."""


@asynccontextmanager
async def running(parts: Mapping[str, Part]) -> AsyncIterator[None]:
    """Run the parts beside the block; they end with it, or begin to when the process is to stop."""
    stop = asyncio.Event()
    told_at: list[float] = []

    def tell() -> None:
        told_at.append(time.monotonic())
        stop.set()

    tasks = [asyncio.create_task(_kept_up(name, run, stop)) for name, run in parts.items()]
    with _hearing_of_signals(tell):
        yield
    tell()
    _, late = await asyncio.wait(tasks, timeout=told_at[0] + GRACE - time.monotonic())
    for task in late:  # they wait for a store that doesn't answer
        task.cancel()


@contextmanager
def _hearing_of_signals(tell: Callable[[], None]) -> Iterator[None]:
    """Call `tell` as well when the server is told to stop: long before its last request ended."""
    if threading.current_thread() is not threading.main_thread():
        yield  # signals aren't for us
        return
    loop = asyncio.get_running_loop()
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def heard(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(tell)
        handler = before[signal.Signals(number)]
        if callable(handler):
            handler(number, frame)

    for number in before:
        signal.signal(number, heard)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


async def _kept_up(name: str, run: Part, stop: asyncio.Event) -> None:
    """Run a part until `stop`; a defect in it is logged, and the part starts again."""
    while not stop.is_set():
        try:
            await run(stop)
        except Exception:  # noqa: BLE001 - whatever it is, the gateway goes on taking orders
            _log.exception("a part failed and is started again", extra={"part": name})
            await asyncio.sleep(1)
