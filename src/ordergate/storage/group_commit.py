"""Many small writes in few large ones: a majority write costs as much for one as for a hundred."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from pymongo.errors import BulkWriteError, DuplicateKeyError, OperationFailure

from ordergate.errors import StoreUnavailableError
from ordergate.storage.database import in_our_words, within

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from pymongo import InsertOne, UpdateOne

    from ordergate.storage.database import Collection

    Write: TypeAlias = InsertOne[Any] | UpdateOne
    Failures: TypeAlias = Mapping[int, OperationFailure]

_DUPLICATE_KEY = 11000
_LEAST_SHARE = 0.1
"""Of the deadline, which is left to a write that had to wait for all of it."""


@dataclass(slots=True)
class _Batch:
    """Writes that share a command, and which of them fail, by their place among them.

    Args:
        begun: when the first of them came, by `time.monotonic`.
    """

    writes: list[Write] = field(default_factory=list)
    begun: float = field(default_factory=time.monotonic)
    failed: asyncio.Future[Failures] = field(default_factory=asyncio.Future)


class GroupCommit:
    """Writes to one collection; what comes while a command is under way shares the next.

    Each document is written for itself all the same: one that fails leaves the others be.

    Args:
        deadline: seconds from when a write comes, its wait for other commands included.
    """

    def __init__(self, collection: Collection, deadline: float) -> None:
        self._collection = collection
        self._deadline = deadline
        self._one_at_a_time = asyncio.Lock()
        self._next: _Batch | None = None

    async def write(self, write: Write) -> None:
        """Return when it is written.

        Raises:
            DuplicateKeyError, OperationFailure: it fails for itself.
            StoreUnavailableError: as for any write; those that share it all meet this.
        """
        for failure in await self.try_all([write]):
            raise failure

    async def try_all(self, writes: Sequence[Write]) -> list[OperationFailure]:
        """Return when they are written, with what those met that fail.

        Raises:
            StoreUnavailableError: see `write`.
        """
        batch = self._next
        is_first = batch is None
        if batch is None:
            batch = self._next = _Batch()
        begin = len(batch.writes)
        batch.writes.extend(writes)
        if is_first:
            await self._carry_out(batch)
        failed = await batch.failed
        return [failed[place] for place in range(begin, begin + len(writes)) if place in failed]

    async def _carry_out(self, batch: _Batch) -> None:
        """Write the batch when its turn has come, with all that joined it until then."""
        try:
            async with self._one_at_a_time:
                await asyncio.sleep(0)  # whoever is just about to write may join
                self._next = None
                batch.failed.set_result(await self._written(batch))
        except StoreUnavailableError as error:
            batch.failed.set_exception(error)
        finally:
            if self._next is batch:
                self._next = None
            if not batch.failed.done():
                reason = "The store did not take a write that was shared."
                batch.failed.set_exception(StoreUnavailableError(reason))
                batch.failed.exception()  # whoever shares it is told; perhaps nobody does

    async def _written(self, batch: _Batch) -> Failures:
        left = self._deadline - (time.monotonic() - batch.begun)
        with in_our_words(), within(max(left, _LEAST_SHARE * self._deadline)):
            try:
                await self._collection.bulk_write(batch.writes, ordered=False)
            except BulkWriteError as error:
                if error.details.get("writeConcernErrors"):
                    raise
                return {one["index"]: _failure(one) for one in error.details["writeErrors"]}
        return {}


def _failure(told: Mapping[str, Any]) -> OperationFailure:
    """Return what the driver would raise if the write had been alone."""
    kind = DuplicateKeyError if told["code"] == _DUPLICATE_KEY else OperationFailure
    return kind(told["errmsg"], told["code"], told)
