"""Size: how large what is kept would be, seen before any of it is.

A record holds its request, its service order and all that it plans to issue, in one document: that
is what makes issuing atomic. MongoDB takes 16 MiB; half of that is ours, so that what happens to an
order later never finds it full.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ordergate.errors import TooLargeError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ordergate.process.entity import Entity, RecordedRequest
    from ordergate.process.request import InitiatingRequest

MOST_BYTES = 8 * 1024 * 1024
"""Bytes of what is kept as one document, with an event that tells of it."""

MOST_REQUESTED = 1000
"""Requested items of a request: each may become an order of its own."""

MOST_DEPENDENCIES = 50_000
"""Dependencies of all order items that a request takes; more take more than `MOST_BYTES`."""

_INT, _LONG = 4, 8
_BEYOND_INT = 2**31
_TYPE_AND_END = 2
_EMPTY = 5


def refuse_too_many(request: InitiatingRequest) -> None:
    """Refuse a request with more items than can be decided at once.

    Raises:
        TooLargeError: it has.
    """
    if len(request.item) > MOST_REQUESTED:
        raise TooLargeError(
            f"It asks for {len(request.item)} items; {MOST_REQUESTED} are the most. "
            "Send it in several orders."
        )


def refuse_too_entangled(dependencies: int) -> None:
    """Refuse orders whose items wait for one another in more ways than can be written out.

    Raises:
        TooLargeError: they do.
    """
    if dependencies > MOST_DEPENDENCIES:
        raise TooLargeError(
            f"The order items that it takes would have {dependencies} dependencies; "
            f"{MOST_DEPENDENCIES} are the most. Send it in several orders."
        )


def refuse_too_large(record: RecordedRequest) -> None:
    """Refuse a record that would be too large with all that it plans.

    Raises:
        TooLargeError: it would; nothing of it may be kept.
    """
    plan = record.plan if record.plan.revision == record.revision else None
    planned = (*plan.resource_order, *plan.special_handling) if plan else ()
    own = (record.entity.document, record.service_order, record.asked)
    parts = [*own, *_told(record.entity)[:1]]
    parts += [part for one in planned for part in (one.document, *_told(one))]
    _refuse(parts, "The request and the resource orders that it takes", "Send it in several.")


def refuse_too_large_order(order: Entity) -> None:
    """Refuse an order that would be too large.

    Raises:
        TooLargeError: it would.
    """
    parts = [order.document, *_told(order)[:1]]
    _refuse(parts, "The order and the event that tells of it", "Send it as several orders.")


def _told(entity: Entity) -> list[Any]:
    return [one.document for one in entity.owed]


def _refuse(parts: Iterable[Any], what: str, way_out: str) -> None:
    size = Scale().weigh_all(parts)
    if size > MOST_BYTES:
        raise TooLargeError(
            f"{what} would take {size / 1024**2:.1f} MiB; {MOST_BYTES // 1024**2} MiB is the most "
            f"that can be kept together. {way_out}"
        )


class Scale:
    """Weighs JSON documents in the bytes that BSON takes.

    They share much: an event holds its order, order items the same list of sites. Each part is gone
    through once, so that what is far too large is known without being written out.
    """

    def __init__(self) -> None:
        self._known: dict[int, int] = {}

    def weigh_all(self, documents: Iterable[Any]) -> int:
        """Return the bytes of several."""
        return sum(self.weigh(one) for one in documents)

    def weigh(self, value: Any) -> int:
        """Return the bytes of one value, without the name that it has in its map."""
        kind = type(value)
        if kind is str:
            return _EMPTY + _length(value)
        if kind is dict or kind is list or kind is tuple:
            size = self._known.get(id(value))
            if size is None:
                size = self._known[id(value)] = self._inside(value)
            return size
        if value is None:
            return 0
        if kind is bool:
            return 1
        return _INT if kind is int and -_BEYOND_INT <= value < _BEYOND_INT else _LONG

    def _inside(self, value: dict[str, Any] | list[Any] | tuple[Any, ...]) -> int:
        inner: Iterable[Any] = value
        texts: list[str] = []
        if isinstance(value, dict):
            texts.extend(value)
            inner = value.values()
        else:
            texts.extend(map(str, range(len(value))))
        size = _EMPTY + _TYPE_AND_END * len(texts)
        for one in inner:
            if type(one) is str:
                size += _EMPTY
                texts.append(one)
            else:
                size += self.weigh(one)
        # Counted together: most of the time goes into how often it is counted, not into how much.
        return size + _length("".join(texts))


def _length(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode())
