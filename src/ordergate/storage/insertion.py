"""Insertion: many writers of one id make one entity."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import bson
from bson.raw_bson import RawBSONDocument
from pymongo import InsertOne
from pymongo.errors import DocumentTooLarge, DuplicateKeyError

from ordergate.errors import DuplicateError, InProgressError
from ordergate.storage.database import deadline_of, in_our_words
from ordergate.storage.entities import stored
from ordergate.storage.group_commit import GroupCommit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ordergate.process.entity import Entity
    from ordergate.storage.database import Collection, Stored

_PATIENCE, _PAUSE = 2.0, 0.02
"""Seconds that another's write is waited for, and between two looks for it."""
_LARGEST = 16 * 1024 * 1024


class Insertion:
    """Inserts into one collection, each document by a majority write.

    Those that come at once share a command, which is most of what a write costs.
    """

    def __init__(self, collection: Collection) -> None:
        self._collection = collection
        self._together = GroupCommit(collection, deadline_of(collection))

    async def insert(self, kept: Stored, patience: float = _PATIENCE) -> Stored | None:
        """Insert a document; return None, or what has that `_id` already.

        An id is taken as soon as the primary has it, and read once a majority has it. Between the
        two it is in progress elsewhere: whoever comes second waits a little. If the first write is
        rolled back meanwhile, the id is free again, and the second goes through.

        Raises:
            DuplicateError: it isn't the id that is taken, but what another unique index holds.
            InProgressError: it is neither free nor to be read after `patience` seconds.
            StoreUnavailableError, InvalidDocumentError, TooLargeError: see `in_our_words`.
        """
        patient_until = time.monotonic() + patience
        with in_our_words():
            insertion = _insertion(kept)
            while True:
                try:
                    await self._together.write(insertion)
                except DuplicateKeyError as error:
                    if existing := await self._collection.find_one({"_id": kept["_id"]}):
                        return existing
                    if "_id" not in (error.details or {}).get("keyPattern", {"_id": 1}):
                        raise DuplicateError("Another one is in its place.") from error
                else:
                    return None
                if time.monotonic() > patient_until:
                    raise InProgressError("The same request is being taken elsewhere. Repeat it.")
                await asyncio.sleep(_PAUSE)

    async def insert_missing(self, entities: Sequence[Entity]) -> None:
        """Insert those whose id isn't there yet."""
        if not entities:
            return
        with in_our_words():
            insertions = [_insertion(stored(one)) for one in entities]
            for failure in await self._together.try_all(insertions):
                if not isinstance(failure, DuplicateKeyError):
                    raise failure


def _insertion(kept: Stored) -> InsertOne[Any]:
    """Return the insertion, written out: what can't be is told to who wants it, and nobody else.

    Raises:
        BSONError, DocumentTooLarge: it can't.
    """
    text = bson.encode(kept)
    if len(text) > _LARGEST:
        raise DocumentTooLarge(f"{len(text)} bytes")
    return InsertOne(RawBSONDocument(text))
