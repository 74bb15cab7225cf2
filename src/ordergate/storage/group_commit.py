"""Many small writes in few large ones: a majority write costs as much for one as for a hundred."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ordergate.errors import StoreUnavailableError
from ordergate.storage.database import in_our_words

if TYPE_CHECKING:
    from pymongo import UpdateOne

    from ordergate.storage.database import Collection


@dataclass(slots=True)
class _Batch:
    updates: list[UpdateOne] = field(default_factory=list)
    is_written: bool = False


class GroupCommit:
    """Writes updates of one collection; what comes while a write is under way shares the next."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection
        self._one_at_a_time = asyncio.Lock()
        self._next = _Batch()

    async def write(self, update: UpdateOne) -> None:
        """Return when the update is written.

        Raises:
            StoreUnavailableError: as for any write; those that share it all meet this.
        """
        batch = self._next
        batch.updates.append(update)
        async with self._one_at_a_time:
            if batch is self._next:
                self._next = _Batch()
                with in_our_words():
                    await self._collection.bulk_write(batch.updates, ordered=False)
                batch.is_written = True
        if not batch.is_written:
            raise StoreUnavailableError("The store did not take a write that was shared.")
