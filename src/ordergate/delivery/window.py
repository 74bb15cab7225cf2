"""How much may be under way to a listener that the store doesn't know of yet."""

from __future__ import annotations

_LEAST = 2
_MOST = 32
"""Enough for the senders of a quick listener to go on while its lanes are settled."""


class Window:
    """How many lanes may be sent, or on their way, and not settled.

    So many are sent again if all ends now, so there are few: twice as many as were needed between
    the last two settlements. A backlog thereby soon has as many as the store keeps up with.
    """

    def __init__(self) -> None:
        self._size = _LEAST
        self._needed = 0

    def holds(self, lanes: int) -> bool:
        """Tell whether so many may be unsettled; they are needed."""
        self._needed = max(self._needed, min(lanes, self._size))
        return lanes <= self._size

    def settled(self) -> None:
        """Note that the store keeps up."""
        self._size = min(_MOST, max(_LEAST, 2 * self._needed))
        self._needed = 0

    def lost(self) -> None:
        """Note that the store doesn't answer."""
        self._size = _LEAST
