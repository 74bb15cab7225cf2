"""How many match a list's filter: counted in bounded time, remembered where it takes long."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from ordergate.tmf630.query import Condition

    Conditions = tuple[Condition, ...]

_MANY = 10_000
_FRESH, _KEPT = 10.0, 60.0
_REMEMBERED = 100


@dataclass(frozen=True, slots=True)
class _Counted:
    total: int
    at: float


class Totals:
    """Counts for all who ask at once, and remembers large totals: they take long to count.

    A large total is told for ten seconds; for a minute it is still told, while it is counted again.

    Args:
        count: counts what meets the conditions.
        patience: seconds for which anybody waits for it.
    """

    def __init__(self, count: Callable[[Conditions], Awaitable[int]], *, patience: float) -> None:
        self._count = count
        self._patience = patience
        self._known: dict[Conditions, _Counted] = {}
        self._under_way: dict[Conditions, asyncio.Task[int]] = {}

    async def of(self, conditions: Conditions) -> int:
        """Return how many meet the conditions.

        Raises:
            TimeoutError: they are still being counted; who asks again soon may be told.
        """
        known = self._known.get(conditions)
        age = time.monotonic() - known.at if known else _KEPT
        if known and age < _FRESH:
            return known.total
        counting = self._under_way.get(conditions) or self._begin(conditions)
        if known and age < _KEPT:
            return known.total
        # Not cancelled when it takes too long: it goes on, for whoever asks next.
        done, _ = await asyncio.wait({counting}, timeout=self._patience)
        if not done:
            raise TimeoutError
        return counting.result()

    def _begin(self, conditions: Conditions) -> asyncio.Task[int]:
        counting = asyncio.create_task(self._counted(conditions))
        self._under_way[conditions] = counting
        counting.add_done_callback(lambda ended: self._end(conditions, ended))
        return counting

    def _end(self, conditions: Conditions, ended: asyncio.Task[int]) -> None:
        del self._under_way[conditions]
        if not ended.cancelled():
            ended.exception()  # whoever waits is told; perhaps nobody does

    async def _counted(self, conditions: Conditions) -> int:
        began = time.monotonic()
        total = await self._count(conditions)
        self._known.pop(conditions, None)
        if total > _MANY:
            self._known[conditions] = _Counted(total, began)
            if len(self._known) > _REMEMBERED:
                del self._known[next(iter(self._known))]
        return total
