"""Insertion: many writers of one id make one entity."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from pymongo.errors import BulkWriteError, DuplicateKeyError

from ordergate.errors import DuplicateError, InProgressError
from ordergate.storage.database import in_our_words
from ordergate.storage.entities import stored

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ordergate.process.entity import Entity
    from ordergate.storage.database import Collection, Stored

_DUPLICATE_KEY = 11000
_PATIENCE, _PAUSE = 2.0, 0.02
"""Seconds that another's write is waited for, and between two looks for it."""


async def insert(
    collection: Collection, kept: Stored, patience: float = _PATIENCE
) -> Stored | None:
    """Insert in one majority write; return None, or what has that `_id` already.

    An id is taken as soon as the primary has it, and read once a majority has it. Between the two
    it is in progress elsewhere: whoever comes second waits a little. If the first write is rolled
    back meanwhile, the id is free again, and the second goes through.

    Raises:
        DuplicateError: it isn't the id that is taken, but what another unique index holds.
        InProgressError: it is neither free nor to be read after `patience` seconds.
        StoreUnavailableError, InvalidDocumentError: see `in_our_words`.
    """
    patient_until = time.monotonic() + patience
    with in_our_words():
        while True:
            try:
                await collection.insert_one(kept)
            except DuplicateKeyError as error:
                if existing := await collection.find_one({"_id": kept["_id"]}):
                    return existing
                if "_id" not in (error.details or {}).get("keyPattern", {"_id": 1}):
                    raise DuplicateError("Another one is in its place.") from error
            else:
                return None
            if time.monotonic() > patient_until:
                raise InProgressError("The same request is being taken elsewhere. Repeat it.")
            await asyncio.sleep(_PAUSE)


async def insert_missing(collection: Collection, entities: Sequence[Entity]) -> None:
    """Insert those whose id isn't there yet, all in one majority write."""
    if not entities:
        return
    with in_our_words():
        try:
            await collection.insert_many([stored(one) for one in entities], ordered=False)
        except BulkWriteError as error:
            failures = error.details["writeErrors"]
            if any(failure["code"] != _DUPLICATE_KEY for failure in failures):
                raise
