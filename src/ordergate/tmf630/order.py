"""Sort documents in process (TMF630 part 1, §4.7), as storage sorts what it keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ordergate.tmf630.filter import values_at

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ordergate.model.common import Document
    from ordergate.tmf630.query import SortKey

_Rank = tuple[int, Any]


def in_order(documents: Iterable[Document], keys: Sequence[SortKey]) -> list[Document]:
    """Return the documents sorted by the first key, then the next; what is equal stays as it was.

    Documents without the attribute come last in either direction. An array counts by its least
    value, and descending by its greatest. Numbers come before texts, texts before booleans.
    """
    found = list(documents)
    for key in reversed(keys):
        ranked = [(_rank(document, key), document) for document in found]
        there = [(rank, document) for rank, document in ranked if rank is not None]
        there.sort(key=lambda pair: pair[0], reverse=key.descending)
        missing = [document for rank, document in ranked if rank is None]
        found = [*(document for _, document in there), *missing]
    return found


def _rank(document: Document, key: SortKey) -> _Rank | None:
    ranks = [
        (2 if isinstance(value, bool) else 1 if isinstance(value, str) else 0, value)
        for value in values_at(document, key.path.split("."))
        if isinstance(value, str | int | float)
    ]
    return (max if key.descending else min)(ranks, default=None)
