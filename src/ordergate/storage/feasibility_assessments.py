"""Feasibility assessments in MongoDB (`process.ports.FeasibilityBook`).

Collection `feasibilityAssessment`. `unapplied` lies beside the document until all that waited for
the assessment has been decided by it.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from pymongo import IndexModel

from ordergate.errors import NotFoundError
from ordergate.storage.database import in_our_words
from ordergate.storage.entities import (
    DELETED_INDEX,
    entity_of,
    stored,
    write_over,
)
from ordergate.storage.insertion import Insertion
from ordergate.storage.reading import EntityReader

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from ordergate.model.common import Document
    from ordergate.process.entity import Entity
    from ordergate.storage.database import Database, Stored

COLLECTION = "feasibilityAssessment"
_RECORDED = "document.recordedDate"
_REQUEST = "document.for.initiatingRequest.id"
_SPECIFICATION = "document.appliesTo.specification.id"
_UNAPPLIED = {"unapplied": True}
_FILTERED = (
    "result",
    "for.itemId",
    "appliesTo.action",
    "appliesTo.place.id",
    "validFor.startDateTime",
    "validFor.endDateTime",
    "relatedParty.id",
    "replacedBy.id",
)


class MongoFeasibilityBook(EntityReader):
    """Keeps feasibility assessments; every change is one single-document majority write.

    Args:
        page_limit: the most that a list answers with.
    """

    def __init__(self, database: Database, *, page_limit: int) -> None:
        super().__init__(
            database[COLLECTION],
            kind="feasibility assessment",
            page_limit=page_limit,
            default_sort="recordedDate",
        )
        self._insertion = Insertion(self._collection)

    async def ensure_indexes(self) -> None:
        """Make the indexes that are not there yet."""
        newest_first = [
            IndexModel([(path, 1), (_RECORDED, -1), ("_id", -1)], name=f"{path},newest")
            for path in (_REQUEST, _SPECIFICATION)
        ]
        unapplied = IndexModel(
            [("unapplied", 1), (_RECORDED, 1)],
            name="unapplied",
            partialFilterExpression=_UNAPPLIED,
        )
        indexes = [*self.indexes(_FILTERED), DELETED_INDEX, *newest_first, unapplied]
        with in_our_words():
            await self._collection.create_indexes(indexes)

    async def add(self, assessment: Entity) -> Entity | None:
        """Store the assessment in one write, as not yet applied.

        Return None, or the one that has its id already.
        """
        kept = await self._insertion.insert({**stored(assessment), **_UNAPPLIED})
        return None if kept is None else entity_of(kept)

    async def get(self, assessment_id: str) -> Entity:
        """Return the assessment.

        Raises:
            NotFoundError: there is none.
        """
        with in_our_words():
            kept = await self._collection.find_one({"_id": assessment_id})
        if kept is None:
            raise NotFoundError(
                f"There is no feasibility assessment with the id {assessment_id!r}.", path="id"
            )
        return entity_of(kept)

    async def replace(self, assessment: Entity) -> bool:
        """Store a changed assessment; return False if it changed meanwhile."""
        return await write_over(self._collection, assessment, {"document": assessment.document})

    async def known_for(
        self,
        *,
        ids: Collection[str] = (),
        requests: Collection[str] = (),
        specifications: Collection[str] = (),
        limit: int = 1000,
    ) -> Sequence[Document]:
        """Return those that may concern a request, the newest `recordedDate` first.

        Each of the three is asked for by itself: so an index gives it, the newest first.
        """
        wanted = {"_id": ids, _REQUEST: requests, _SPECIFICATION: specifications}
        asked = (self._newest(path, values, limit) for path, values in wanted.items() if values)
        found = {one["id"]: one for some in await asyncio.gather(*asked) for one in some}
        newest_first = sorted(
            found.values(), key=lambda one: (one["recordedDate"], one["id"]), reverse=True
        )
        return newest_first[:limit]

    async def _newest(self, path: str, values: Collection[str], limit: int) -> Sequence[Document]:
        wanted: Stored = {path: {"$in": list(values)}}
        with in_our_words():
            cursor = self._collection.find(wanted, {"document": 1})
            cursor = cursor.sort([(_RECORDED, -1), ("_id", -1)])
            return [kept["document"] async for kept in cursor.limit(limit)]

    async def unapplied(self, *, limit: int) -> Sequence[Entity]:
        """Return those which nobody called applied, the oldest first."""
        with in_our_words():
            found = (
                await self._collection.find(_UNAPPLIED).sort(_RECORDED, 1).limit(limit).to_list()
            )
        return [entity_of(kept) for kept in found]

    async def applied(self, assessment_id: str) -> None:
        """Note that all that waited for the assessment has been decided by it."""
        with in_our_words():
            await self._collection.update_one({"_id": assessment_id}, {"$unset": {"unapplied": ""}})
