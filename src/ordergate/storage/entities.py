"""How an entity lies in MongoDB: `{_id, document, revision, sequence, outbox, idempotency}`.

TM Forum's document lies whole under `document`, so no extension attribute of a client can collide
with what the gateway keeps beside it.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from pymongo import IndexModel
from pymongo.errors import BulkWriteError, DuplicateKeyError

from ordergate.errors import NotFoundError
from ordergate.model.common import Api
from ordergate.model.events import OwedEvent
from ordergate.process.ports import Entity, Idempotency
from ordergate.storage.database import in_our_words
from ordergate.storage.query import compile_filter, compile_sort

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ordergate.model.common import Document
    from ordergate.storage.database import Collection, Stored
    from ordergate.tmf630.query import Query

_DUPLICATE_KEY = 11000
_NOT_DELETED = {"deleted": {"$ne": True}}

OUTBOX_INDEX = IndexModel(
    [("outbox.sequence", 1)],
    name="outbox",
    partialFilterExpression={"outbox.sequence": {"$exists": True}},
)
"""Finds entities that still owe events: an emptied outbox is not in it."""


def stored_event(event: OwedEvent) -> Stored:
    """Return an owed event as it waits in an outbox."""
    return {"sequence": event.sequence, "api": str(event.api), "event": event.document}


def stored(entity: Entity) -> Stored:
    """Return a new entity as it is kept."""
    kept: Stored = {
        "_id": entity.id,
        "document": entity.document,
        "revision": entity.revision,
        "sequence": entity.sequence,
        "outbox": [stored_event(event) for event in entity.owed],
    }
    if entity.idempotency is not None:
        key, fingerprint = entity.idempotency.key, entity.idempotency.fingerprint
        kept["idempotency"] = {"key": key, "fingerprint": fingerprint}
    return kept


def entity_of(kept: Stored) -> Entity:
    """Return the entity; its outbox is the relay's business and stays behind."""
    mark = kept.get("idempotency")
    return Entity(
        kept["_id"],
        kept["document"],
        kept["revision"],
        kept["sequence"],
        idempotency=Idempotency(mark["key"], mark["fingerprint"]) if mark else None,
    )


def from_plan(kept: Stored) -> Entity:
    """Return a planned entity, its events included."""
    owed = tuple(
        OwedEvent(Api(one["api"]), kept["_id"], one["sequence"], one["event"])
        for one in kept["outbox"]
    )
    return Entity(kept["_id"], kept["document"], kept["revision"], kept["sequence"], owed)


async def insert(collection: Collection, kept: Stored) -> Stored | None:
    """Insert in one majority write; return None, or what has that `_id` already.

    Raises:
        StoreUnavailableError, InvalidDocumentError: see `in_our_words`.
    """
    with in_our_words():
        try:
            await collection.insert_one(kept)
        except DuplicateKeyError:
            return await collection.find_one({"_id": kept["_id"]})
    return None


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


class EntityReader:
    """Reads documents of one collection; a read never becomes an entity.

    Args:
        root: the field that holds the document.
        kind: its name, for errors.
        default_sort: the attribute that orders a list when the client doesn't say.
    """

    def __init__(
        self,
        collection: Collection,
        *,
        kind: str,
        page_limit: int,
        root: str = "document",
        default_sort: str = "orderDate",
    ) -> None:
        self._collection = collection
        self._root = root
        self._kind = kind
        self._page_limit = page_limit
        self._default_sort = default_sort

    def indexes(self) -> Sequence[IndexModel]:
        """Return the index that the default order of a list is served by."""
        first = f"{self._root}.{self._default_sort}"
        return [IndexModel([(first, 1), ("_id", 1)], name=first)]

    async def read(self, entity_id: str) -> Document:
        """Return the document.

        Raises:
            NotFoundError: there is none.
        """
        with in_our_words():
            kept = await self._collection.find_one(
                {"_id": entity_id, self._root: {"$exists": True}, **_NOT_DELETED}, {self._root: 1}
            )
        if kept is None:
            raise NotFoundError(f"There is no {self._kind} with the id {entity_id!r}.", path="id")
        document: Document = kept[self._root]
        return document

    async def list(self, query: Query) -> tuple[Sequence[Document], int]:
        """Return the asked-for page of what matches, and how many match in all."""
        wanted: Stored = {
            self._root: {"$exists": True},
            **_NOT_DELETED,
            **compile_filter(query.conditions, self._root),
        }
        with in_our_words():
            found, total = await asyncio.gather(
                self._page(query, wanted), self._collection.count_documents(wanted)
            )
        return found, total

    async def _page(self, query: Query, wanted: Stored) -> Sequence[Document]:
        if query.limit == 0:
            return []
        cursor = (
            self._collection.find(wanted, {self._root: 1})
            .sort(compile_sort(query.sort, self._root, self._default_sort))
            .skip(query.offset)
            .limit(self._page_limit if query.limit is None else query.limit)
        )
        return [kept[self._root] async for kept in cursor]
