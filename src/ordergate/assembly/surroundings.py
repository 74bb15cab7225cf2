"""The process's surroundings beside its stores: the clock, the loop, and faults on purpose."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from dataclasses import dataclass
from datetime import UTC, datetime


class SystemClock:
    """The machine's clock (`process.ports.Clock`)."""

    def now(self) -> datetime:
        """Return the present moment in UTC."""
        return datetime.now(UTC)

    def elapsed(self) -> float:
        """Return seconds since some moment or other; whoever sets the clock doesn't change them."""
        return time.monotonic()


class OneATurn:
    """Lets one request be decided in a turn of the loop (`process.ports.Pace`).

    Many that come at once would else be decided in one go, while what was decided already waits to
    be sent to the store, and the store for something to do.
    """

    def __init__(self) -> None:
        self._first = asyncio.Lock()

    async def turn(self) -> None:
        """Return in a turn of the loop in which nobody else does."""
        async with self._first:
            await asyncio.sleep(0)


@dataclass(frozen=True, slots=True)
class DieAt:
    """Ends the process by kill -9 at one point, for tests (`process.ports.FaultPoints`)."""

    point: str | None

    def reached(self, point: str) -> None:
        """Die, if this is the point."""
        if point == self.point:
            os.kill(os.getpid(), signal.SIGKILL)
