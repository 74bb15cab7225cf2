"""A hint that events are owed: what MongoDB tells of changes as they happen.

Polling is the truth. A stream that can't be had (a standalone server has none) or that breaks costs
the wait for the next poll, and nothing else; so it is never resumed, but opened anew.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import TYPE_CHECKING

from pymongo.errors import PyMongoError

from ordergate.storage.outboxes import KINDS

if TYPE_CHECKING:
    from collections.abc import Callable

    from ordergate.storage.database import Database, Stored

_log = logging.getLogger(__name__)

_LOOK = 1_000
"""Milliseconds that the server waits for a change, before the stream asks again."""
_OPEN_AGAIN = 10.0


class Changes:
    """Watches the entities that owe events.

    Args:
        wake: is called after changes; it returns at once.
    """

    def __init__(self, database: Database, wake: Callable[[], None]) -> None:
        self._database = database
        self._wake = wake

    async def run(self, stop: asyncio.Event) -> None:
        """Watch until `stop` is set."""
        while not stop.is_set():
            try:
                await self._watch(stop)
            except PyMongoError as error:
                _log.info("No stream of changes; polling goes on", extra={"reason": str(error)})
                with suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), _OPEN_AGAIN)

    async def _watch(self, stop: asyncio.Event) -> None:
        matters = {"ns.coll": {"$in": list(KINDS)}, "operationType": {"$ne": "delete"}}
        # That an outbox was emptied is the relay's own doing.
        not_emptied: Stored = {"updateDescription.updatedFields.outbox": {"$ne": []}}
        owing: list[Stored] = [{"$match": {**matters, **not_emptied}}, {"$project": {"_id": 1}}]
        async with await self._database.watch(owing, max_await_time_ms=_LOOK) as stream:
            while not stop.is_set() and stream.alive:
                if await stream.try_next() is not None:
                    self._wake()
