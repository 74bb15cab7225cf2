"""Lists that read a query as the contract has its attributes, and refuse what can't be meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ordergate.api.exchange import Lister, Reader
    from ordergate.model.common import Document
    from ordergate.tmf630.attributes import Attributes
    from ordergate.tmf630.query import Query


class CheckedLister:
    """Lists documents of one kind (`api.exchange.Lister`), once their contract allows the query."""

    def __init__(self, lister: Lister, attributes: Attributes) -> None:
        self._lister = lister
        self._attributes = attributes

    async def list(self, query: Query) -> tuple[Sequence[Document], int]:
        """Return the page that is asked for, and how many match in all.

        Raises:
            InvalidQueryError: see `tmf630.attributes.Attributes.check`.
        """
        self._attributes.check(query)
        return await self._lister.list(self._attributes.spelled_out(query))


class CheckedReader(CheckedLister):
    """Reads them, too (`api.exchange.Reader`)."""

    def __init__(self, reader: Reader, attributes: Attributes) -> None:
        super().__init__(reader, attributes)
        self._reader = reader

    async def read(self, entity_id: str) -> tuple[Document, int]:
        """Return the document and its revision; raise NotFoundError if there is none."""
        return await self._reader.read(entity_id)
