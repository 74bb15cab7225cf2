"""Size: how large what is kept would be, seen before any of it is.

A record holds its request, its service order and all that it plans to issue, in one document: that
is what makes issuing atomic. MongoDB takes 16 MiB; half of that is ours, so that what happens to an
order later never finds it full.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ordergate.errors import TooLargeError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from ordergate.model.common import Document
    from ordergate.model.events import OwedEvent
    from ordergate.process.entity import Entity, RecordedRequest
    from ordergate.process.request import InitiatingRequest

MOST_BYTES = 8 * 1024 * 1024
"""Bytes of what is kept as one document, with an event that tells of it."""

MOST_REQUESTED = 1000
"""Requested items of a request: each may become an order of its own."""

MOST_DEPENDENCIES = 50_000
"""Dependencies of all order items that a request takes; more take more than `MOST_BYTES`."""

_MOST_TIMES = 8
"""How many times as large as its JSON BSON can be: a zero in a long list takes 13 bytes, not 2."""

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


class SizeLimit:
    """What can be kept as one document, and what is too large for it.

    Nearly everything is far below the limit, which its length as JSON shows quickly; only the rest
    is weighed.

    Args:
        json_length: the bytes that a value takes as JSON.
    """

    def __init__(self, json_length: Callable[[Any], int]) -> None:
        self._json_length = json_length

    def refuse(self, record: RecordedRequest) -> None:
        """Refuse a record that would be too large with all that it plans.

        Raises:
            TooLargeError: it would; nothing of it may be kept.
        """
        plan = record.plan if record.plan.revision == record.revision else None
        planned = (*plan.resource_order, *plan.special_handling) if plan else ()
        own = (record.entity.document, record.service_order, record.asked)
        documents = [one for one in own if one is not None]
        documents += [one.document for one in planned]
        owed = [*record.owed[:1], *(event for one in planned for event in one.owed)]
        what = "The request and the resource orders that it takes"
        self._refuse(documents, owed, what, "Send it in several.")

    def refuse_order(self, order: Entity) -> None:
        """Refuse an order that would be too large.

        Raises:
            TooLargeError: it would.
        """
        what = "The order and the event that tells of it"
        self._refuse([order.document], order.owed[:1], what, "Send it as several orders.")

    def _refuse(
        self, documents: list[Document], owed: Iterable[OwedEvent], what: str, way_out: str
    ) -> None:
        events = [one.document for one in owed]
        if self._are_small(documents, events):
            return
        size = Scale().weigh_all([*documents, *events])
        if size > MOST_BYTES:
            raise TooLargeError(
                f"{what} would take {size / 1024**2:.1f} MiB; {MOST_BYTES // 1024**2} MiB is the "
                f"most that can be kept together. {way_out}"
            )

    def _are_small(self, documents: Iterable[Document], events: Iterable[Document]) -> bool:
        """Return whether they are below the limit for certain."""
        left = MOST_BYTES // _MOST_TIMES
        for one in _pieces(documents, events):
            left -= self._json_length(one)
            if left < 0:
                return False
        return True


def _pieces(documents: Iterable[Document], events: Iterable[Document]) -> Iterator[Any]:
    """Yield what they consist of, each order item for itself.

    Items share lists: what is far too large together is seen before it is all written out.
    """
    payloads = (payload for event in events for payload in event["event"].values())
    for one in (*documents, *payloads):
        items = one.get("orderItem")
        if isinstance(items, list):
            yield from items
            yield {**one, "orderItem": None}
        else:
            yield one
    yield from ({**event, "event": None} for event in events)


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
