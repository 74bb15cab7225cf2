"""Sweep: finish, now and then, what a crash left or what has become due."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Protocol

from ordergate.errors import StoreUnavailableError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable
    from datetime import datetime

    from ordergate.process.entity import Entity
    from ordergate.process.ports import CancelTaskBook, Clock

_log = logging.getLogger(__name__)

_SWEPT_AT_ONCE = 100


class Sweep(Protocol):
    """Goes on with what is left."""

    def __call__(self, *, older_than: float) -> Awaitable[int]:
        """Go on with what has lain for so many seconds; return how much there was."""


class Lingering:
    """Tells what has lain for long, by how long this process has seen it lie.

    The moments in documents are by the clocks of whoever wrote them, and clocks differ.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._since: dict[str, float] = {}

    def long(self, ids: Iterable[str], seconds: float) -> frozenset[str]:
        """Return those that have been among the `ids`, at each look, for so long."""
        now = self._clock.elapsed()
        self._since = {one: self._since.get(one, now) for one in ids}
        return frozenset(one for one, since in self._since.items() if now - since >= seconds)


async def keep_sweeping(
    sweep: Sweep, stop: asyncio.Event, *, interval: float, older_than: float
) -> None:
    """Sweep now, whatever the age, and from then on every `interval` seconds until `stop`."""
    age = 0.0
    while not stop.is_set():
        try:
            await sweep(older_than=age)
            age = older_than
        except StoreUnavailableError:
            _log.warning("the sweep is put off: the store does not answer")
        try:
            await asyncio.wait_for(stop.wait(), interval)
        except TimeoutError:
            continue


async def sweep_tasks(
    tasks: CancelTaskBook, due: datetime, go_on: Callable[[Entity], Awaitable[bool]]
) -> int:
    """Go on with every cancel task that was due by then; return how many moved."""
    moved, after = 0, ""
    while left := await tasks.unfinished(due=due, after=after, limit=_SWEPT_AT_ONCE):
        for task in left:
            moved += await go_on(task)
        after = left[-1].id
    return moved
