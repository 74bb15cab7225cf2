"""Since when a dispatcher has been in touch with the store."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Contact:
    """Tells whether a lease that ran out was given up, or its owner may only not have been heard.

    While the store is away leases run out and nobody can settle what was delivered under them. So
    whoever finds the store again leaves those lanes to their owners for a moment: else all that
    was delivered last would be delivered twice.

    Args:
        clock: returns seconds, monotonic.
        silence: seconds without an answer of the store that count as an outage.
        patience: seconds after one for which lanes are left to their owners.
    """

    def __init__(self, clock: Callable[[], float], *, silence: float, patience: float) -> None:
        self._clock = clock
        self._silence = silence
        self._patience = patience
        self._since = self._last = clock()

    def made(self) -> None:
        """Note that the store answered."""
        now = self._clock()
        if now - self._last > self._silence:
            self._since = now
        self._last = now

    @property
    def has_lasted(self) -> bool:
        """Whether leases that ran out may be taken over."""
        return self._clock() - self._since >= self._patience
