"""The process's surroundings beside its stores: the machine's clock, and faults on purpose."""

from __future__ import annotations

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


@dataclass(frozen=True, slots=True)
class DieAt:
    """Ends the process by kill -9 at one point, for tests (`process.ports.FaultPoints`)."""

    point: str | None

    def reached(self, point: str) -> None:
        """Die, if this is the point."""
        if point == self.point:
            os.kill(os.getpid(), signal.SIGKILL)
