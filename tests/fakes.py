"""Fakes of the smaller ports of the process; those of the books are beside this."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from make import MOMENT
from ordergate.errors import InProgressError
from ordergate.process.rules import ExpressionError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence
    from datetime import datetime

    from ordergate.process.evaluation import Effort
    from ordergate.process.rules import Rule


class FixedClock:
    """Shows the moment it is set to, and stands still."""

    def __init__(self, moment: datetime = MOMENT) -> None:
        self.moment = moment

    def now(self) -> datetime:
        return self.moment

    def elapsed(self) -> float:
        return self.moment.timestamp()


class RecordingRelay:
    """Counts how often it is woken."""

    def __init__(self) -> None:
        self.woken = 0

    def wake(self) -> None:
        self.woken += 1


class CrashError(Exception):
    """The end of a process, as far as one test can tell."""


class NoFaults:
    """Lets every point pass."""

    def reached(self, point: str) -> None:
        """Do nothing."""


class FaultAt:
    """Ends the process at one named point, each time it is reached."""

    def __init__(self, point: str) -> None:
        self._point = point

    def reached(self, point: str) -> None:
        if point == self._point:
            raise CrashError(point)


class InMemoryTurns:
    """Gives turns to whoever is in this process.

    Args:
        patience: seconds that another's turn is waited for.
    """

    def __init__(self, *, patience: float = 20.0) -> None:
        self._taken: set[str] = set()
        self._patience = patience

    @asynccontextmanager
    async def at(self, names: Collection[str]) -> AsyncIterator[None]:
        patient_until = time.monotonic() + self._patience
        while self._taken.intersection(names):
            if time.monotonic() > patient_until:
                raise InProgressError("Another has its turn.")
            await asyncio.sleep(0.001)
        self._taken.update(names)
        try:
            yield
        finally:
            self._taken.difference_update(names)


class FixedRules:
    """Has always the same rules in force."""

    def __init__(self, *rules: Rule) -> None:
        self._rules = rules

    def current(self) -> Sequence[Rule]:
        return self._rules


class CountingMeter:
    """Keeps what it is told, in order: request type, outcome, order types."""

    def __init__(self) -> None:
        self.counted: list[tuple[str, str, list[str]]] = []

    def decided(self, request_type: str, outcome: str, order_types: Iterable[str]) -> None:
        self.counted.append((request_type, outcome, list(order_types)))


@dataclass(frozen=True, slots=True)
class Computed:
    """An expression in Python; what it hasn't got is an `ExpressionError`, as in the catalog."""

    source: str
    compute: Callable[[Mapping[str, Any]], Any] = field(compare=False)

    def names(self, variable: str) -> bool:  # noqa: ARG002 - it may look at anything
        return True

    def evaluate(self, scope: Mapping[str, Any], effort: Effort) -> Any:
        effort.take(1)
        try:
            return self.compute(scope)
        except (LookupError, TypeError, ValueError) as error:
            raise ExpressionError(f"{self.source}: {error!r}") from error

    def looked_at(self, scope: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the characteristics, as if it looked at each."""
        return {f"characteristic.{k}": value for k, value in scope["characteristic"].items()}
