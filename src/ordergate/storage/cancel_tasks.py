"""Cancel tasks in MongoDB (`process.ports.CancelTaskBook`), each kind in a collection of its own.

`unfinished` lies beside the document until the task is over. A unique index over it lets one task
per order in at a time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pymongo import IndexModel

from ordergate.errors import DuplicateError, NotFoundError
from ordergate.model.common import timestamp
from ordergate.model.states import FINAL_OF_TASK
from ordergate.storage.database import in_our_words
from ordergate.storage.entities import DELETED_INDEX, entity_of, stored, write_over
from ordergate.storage.insertion import Insertion
from ordergate.storage.reading import EntityReader

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from ordergate.model.cancel_task import CancelTaskKind
    from ordergate.process.entity import Entity
    from ordergate.storage.database import Database, Stored

_UNFINISHED = {"unfinished": True}
_SWEPT = "swept"
_FILTERED = (
    "@baseType",
    "@schemaLocation",
    "@type",
    "cancellationReason",
    "completionMessage",
    "effectiveCancellationDate",
    "requestedCancellationDate",
)


class MongoCancelTaskBook(EntityReader):
    """Keeps cancel tasks; every change is one single-document majority write.

    Args:
        kind: names the collection too.
        page_limit: the most that a list answers with.
    """

    def __init__(self, database: Database, kind: CancelTaskKind, *, page_limit: int) -> None:
        super().__init__(
            database[kind.name],
            kind="cancellation",
            page_limit=page_limit,
            default_sort="id",
        )
        self._insertion = Insertion(self._collection)
        self._order = f"{kind.order}.id"

    async def ensure_indexes(self) -> None:
        """Make the indexes that are not there yet."""
        one_at_a_time = IndexModel(
            [(f"document.{self._order}", 1)],
            name="oneAtATime",
            unique=True,
            partialFilterExpression=_UNFINISHED,
        )
        swept = IndexModel(
            [("unfinished", 1), ("_id", 1)], name=_SWEPT, partialFilterExpression=_UNFINISHED
        )
        with in_our_words():
            listed = self.indexes((*_FILTERED, self._order))
            await self._collection.create_indexes([*listed, DELETED_INDEX, one_at_a_time, swept])

    async def add(self, task: Entity) -> Entity | None:
        """Store the task in one write; return None, or the one that has its id already.

        Raises:
            DuplicateError: another task for the same order isn't over yet.
        """
        try:
            kept = await self._insertion.insert({**stored(task), **_UNFINISHED})
        except DuplicateError as error:
            raise DuplicateError(
                "Another cancellation of the order isn't over yet.", path=self._order
            ) from error
        return None if kept is None else entity_of(kept)

    async def get(self, task_id: str) -> Entity:
        """Return the task.

        Raises:
            NotFoundError: there is none.
        """
        with in_our_words():
            kept = await self._collection.find_one({"_id": task_id})
        if kept is None:
            raise NotFoundError(f"There is no cancellation with the id {task_id!r}.", path="id")
        return entity_of(kept)

    async def unfinished_for(self, order_id: str) -> Entity | None:
        """Return the task for that order that isn't over, if there is one."""
        wanted: Stored = {**_UNFINISHED, f"document.{self._order}": order_id}
        with in_our_words():
            kept = await self._collection.find_one(wanted)
        return None if kept is None else entity_of(kept)

    async def replace(self, task: Entity) -> bool:
        """Store a changed task and its owed events; return False if it changed meanwhile."""
        over = task.document["state"] in FINAL_OF_TASK
        gone: Stored = {"unfinished": ""} if over else {}
        return await write_over(self._collection, task, {"document": task.document}, gone)

    async def unfinished(self, *, due: datetime, after: str, limit: int) -> Sequence[Entity]:
        """Return tasks that aren't over and were due by then, by id, from beyond `after`."""
        wanted: Stored = {
            **_UNFINISHED,
            "_id": {"$gt": after},
            "document.requestedCancellationDate": {"$not": {"$gt": timestamp(due)}},
        }
        with in_our_words():
            cursor = self._collection.find(wanted).hint(_SWEPT).sort("_id", 1).limit(limit)
            found = await cursor.to_list()
        return [entity_of(kept) for kept in found]
