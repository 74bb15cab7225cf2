"""Turns at what requests change, in the collection `turn`: `{_id: name, holder, until}`.

A turn is a lease by the server's clock. Who dies with one lets others wait for its end at most.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from uuid import uuid4

from pymongo import UpdateOne

from ordergate.errors import InProgressError, StoreUnavailableError
from ordergate.storage.database import in_our_words
from ordergate.storage.events import write_repeatable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection

    from ordergate.storage.database import Database, Stored

_log = logging.getLogger(__name__)

_LEASE = 15.0
_PATIENCE, _PAUSE = 20.0, 0.02
"""Seconds that another's turn is waited for, a dead one's too; about so many between two looks."""


class MongoTurns:
    """Gives turns.

    Args:
        lease: seconds after which a turn ends by itself.
        patience: seconds that another's turn is waited for.
    """

    def __init__(
        self, database: Database, *, lease: float = _LEASE, patience: float = _PATIENCE
    ) -> None:
        self._turns = database["turn"]
        self._lease = lease
        self._patience = patience

    async def ensure_indexes(self) -> None:
        """Make the index by which forgotten turns expire."""
        with in_our_words():
            await self._turns.create_index("until", expireAfterSeconds=60)

    @asynccontextmanager
    async def at(self, names: Collection[str]) -> AsyncIterator[None]:
        """Hold the turn at each of these; see `process.ports.Turns`."""
        if not names:
            yield
            return
        holder = uuid4().hex
        patient_until = time.monotonic() + self._patience
        while not await self._take(names, holder):
            if time.monotonic() > patient_until:
                raise InProgressError("Another request changes the same at the moment. Repeat it.")
            await asyncio.sleep(_PAUSE * (1 + random.random()))  # noqa: S311 - spreads, no secret
        try:
            yield
        finally:
            try:
                await self._end(names, holder)
            except StoreUnavailableError:
                _log.warning("a turn was not ended; others wait until its lease is over")

    async def _take(self, names: Collection[str], holder: str) -> bool:
        """Take all or none."""
        free = {"$lte": [{"$ifNull": ["$until", "$$NOW"]}, "$$NOW"]}
        until = {"$add": ["$$NOW", round(self._lease * 1000)]}
        taken: Stored = {
            "holder": {"$cond": [free, holder, "$holder"]},
            "until": {"$cond": [free, until, "$until"]},
        }
        with in_our_words():
            updates = [UpdateOne({"_id": one}, [{"$set": taken}], upsert=True) for one in names]
            await write_repeatable(self._turns, updates)
            mine = {"_id": {"$in": list(names)}, "holder": holder}
            held = await self._turns.count_documents(mine)
        if held < len(names):
            await self._end(names, holder)
            return False
        return True

    async def _end(self, names: Collection[str], holder: str) -> None:
        with in_our_words():
            await self._turns.delete_many({"_id": {"$in": list(names)}, "holder": holder})
