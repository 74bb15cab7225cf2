"""Hand-overs in MongoDB (`process.ports.HandOverBook`, collection `specialHandling`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ordergate.storage.database import in_our_words
from ordergate.storage.entities import EntityReader, insert_missing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ordergate.process.ports import Entity
    from ordergate.storage.database import Database

COLLECTION = "specialHandling"


class MongoHandOverBook(EntityReader):
    """Keeps the hand-overs to Track & Manage Resource Provisioning.

    Args:
        page_limit: the most that a list answers with.
    """

    def __init__(self, database: Database, *, page_limit: int) -> None:
        super().__init__(
            database[COLLECTION],
            kind="hand-over",
            page_limit=page_limit,
            default_sort="handedOverDate",
        )

    async def ensure_indexes(self) -> None:
        """Make the indexes that are not there yet."""
        with in_our_words():
            await self._collection.create_indexes(self.indexes())

    async def add_all(self, hand_overs: Sequence[Entity]) -> None:
        """Store the hand-overs; one whose id is there already is left as it is."""
        await insert_missing(self._collection, hand_overs)
