"""Reading: single documents and lists, by TMF630's queries and in bounded time."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

import pymongo
from pymongo import IndexModel
from pymongo.errors import OperationFailure

from ordergate.errors import InvalidQueryError, NotFoundError, StoreUnavailableError
from ordergate.storage.database import deadline_of, in_our_words
from ordergate.storage.entities import NOT_DELETED
from ordergate.storage.query import compile_filter, compile_missing_last, compile_sort
from ordergate.storage.totals import Totals
from ordergate.tmf630.query import Operator

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence

    from ordergate.model.common import Document
    from ordergate.storage.database import Collection, Stored
    from ordergate.tmf630.query import Condition, Query

_Read = TypeVar("_Read")

_TOO_EXPENSIVE = {50, 51091}
"""Server's codes: MaxTimeMSExpired, and a regular expression beyond its engine's limits."""
_ALL_WITHIN = 20.0
"""Seconds in which everything is counted: no client can make that costlier than it is."""
_LATER = 0.5
"""Seconds after its deadline in which the server tells that it gave up."""


class EntityReader:
    """Reads documents of one collection; a read never becomes an entity.

    Args:
        root: the field that holds the document.
        kind: its name, for errors.
        default_sort: the attribute that orders a list when the client doesn't say.
        deadline: seconds that the store may take to find a page, or to count.
    """

    def __init__(
        self,
        collection: Collection,
        *,
        kind: str,
        page_limit: int,
        root: str = "document",
        default_sort: str = "orderDate",
        deadline: float = 2.0,
    ) -> None:
        self._collection = collection
        self._root = root
        self._kind = kind
        self._page_limit = page_limit
        self._default_sort = default_sort
        self._always = frozenset({default_sort, "state", "href", "id"})
        self._deadline = round(deadline * 1000)
        self._totals = Totals(self._count, patience=deadline + _LATER)

    def indexes(self, filtered: Sequence[str] = ()) -> Sequence[IndexModel]:
        """Return the indexes that filters and the common orders of a list are served by.

        What every entity has is indexed with the id behind it, and so serves sorts too. An index
        on anything else holds those alone that have it, and costs the writing of others nothing.

        Args:
            filtered: paths of the other attributes that clients filter by.
        """
        sorting = [
            IndexModel(
                [(f"{self._root}.{path}", 1), ("_id", 1)],
                name=f"{self._root}.{path},_id",
                partialFilterExpression={f"{self._root}.{path}": {"$exists": True}},
            )
            for path in sorted(self._always)
        ]
        filtering = [
            IndexModel([(f"{self._root}.{path}", 1)], name=f"{self._root}.{path}", sparse=True)
            for path in filtered
        ]
        return [*sorting, *filtering]

    async def read(self, entity_id: str) -> tuple[Document, int]:
        """Return the document and its revision.

        Raises:
            NotFoundError: there is none.
        """
        # By the id alone, which the server has a short way for.
        shown = {self._root: 1, "revision": 1, "deleted": 1}
        with in_our_words():
            kept = await self._collection.find_one({"_id": entity_id}, shown)
        if kept is None or self._root not in kept or kept.get("deleted"):
            raise NotFoundError(f"There is no {self._kind} with the id {entity_id!r}.", path="id")
        return kept[self._root], kept["revision"]

    async def list(self, query: Query) -> tuple[Sequence[Document], int]:
        """Return the asked-for page of what matches, and how many match in all.

        A total above 10,000 may be ten seconds old, and a minute where nobody asked for it
        meanwhile: to count them takes the longer the more there are, and a page doesn't.
        """
        with in_our_words(), self._in_time(query):
            # The driver's own deadline would stand in for the server's; so this call has none, nor
            # has the count that goes on after it: a task keeps what held where it began.
            with pymongo.timeout(0):
                reading = asyncio.gather(self._page(query), self._totals.of(query.conditions))
            found, total = await self._uncancelled(reading)
        return found, total

    def _is_there(self, attribute: str) -> Stored:
        """Return what every entity meets, and an index on the attribute tells without a look at it.

        Args:
            attribute: one that each has, as a text.
        """
        return {f"{self._root}.{attribute}": {"$gt": ""}}

    async def _uncancelled(self, reading: asyncio.Future[_Read]) -> _Read:
        """Return what is read, in time or not at all.

        What comes too late is left to end by itself. Cancelled at the very moment at which the
        driver gives up too, it would leave a lock of the driver's taken for ever.

        Raises:
            TimeoutError: it is too late.
        """
        done, _ = await asyncio.wait({reading}, timeout=deadline_of(self._collection))
        if not done:
            reading.add_done_callback(lambda late: late.cancelled() or late.exception())
            raise TimeoutError
        return reading.result()

    @contextmanager
    def _in_time(self, query: Query) -> Iterator[None]:
        """Blame what the client asks for if it takes the store too long, else the store."""
        try:
            yield
        except TimeoutError as error:
            raise StoreUnavailableError("The store did not answer in time.") from error
        except OperationFailure as error:
            if error.code not in _TOO_EXPENSIVE:
                raise
            if not query.conditions and not query.sort:
                raise StoreUnavailableError("The store did not answer in time.") from error
            path = _costliest(query)
            raise InvalidQueryError(
                f"{path} makes the list too expensive: it may take {self._deadline / 1000:g} s. "
                "Narrow it by another attribute as well.",
                path=path,
            ) from error

    async def _count(self, conditions: tuple[Condition, ...]) -> int:
        """Count by an index alone, where one holds the condition: those deleted are taken off."""
        wanted = compile_filter(conditions, self._root)
        if all(one.operator is Operator.NE for one in conditions):
            wanted |= self._is_there(self._default_sort)
        counting = (wanted, {"deleted": True, **wanted})
        within = self._deadline if conditions else round(_ALL_WITHIN * 1000)
        every, deleted = await asyncio.gather(
            *(self._collection.count_documents(one, maxTimeMS=within) for one in counting)
        )
        return every - deleted

    async def _page(self, query: Query) -> Sequence[Document]:
        if query.limit == 0:
            return []
        by_index = all(key.path in self._always for key in query.sort)
        first = query.sort[0].path if query.sort and by_index else self._default_sort
        wanted = {
            **self._is_there(first),
            **NOT_DELETED,
            **compile_filter(query.conditions, self._root),
        }
        found = await self._sorted(query, wanted, by_index=by_index)
        return [kept[self._root] async for kept in found]

    async def _sorted(
        self, query: Query, wanted: Stored, *, by_index: bool
    ) -> AsyncIterator[Stored]:
        """Return the page, in the order of an index where each entity has what it is sorted by."""
        shown = {self._root: 1}
        limit = self._page_limit if query.limit is None else query.limit
        if by_index:
            order = compile_sort(query.sort, self._root, self._default_sort)
            found = self._collection.find(wanted, shown, max_time_ms=self._deadline)
            return found.sort(order).skip(query.offset).limit(limit)
        stages = compile_missing_last(query.sort, self._root)
        page: list[Stored] = [{"$skip": query.offset}, {"$limit": limit}, {"$project": shown}]
        return await self._collection.aggregate(
            [{"$match": wanted}, *stages, *page], maxTimeMS=self._deadline
        )


def _costliest(query: Query) -> str:
    """Return the parameter that most likely costs most: a regular expression, if there is one."""
    if not query.conditions:
        return "sort"
    expressions = (one for one in query.conditions if one.operator is Operator.REGEX)
    return next(expressions, query.conditions[0]).path
