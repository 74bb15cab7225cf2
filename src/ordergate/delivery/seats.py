"""How many of the senders each listener may have, so that nobody is left without."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from ordergate.delivery.listeners import Pace

if TYPE_CHECKING:
    from ordergate.delivery.listeners import Listeners
    from ordergate.model.notification import EventSubscription

_SHARES = {Pace.QUICK: 1.0, Pace.UNTRIED: 0.75, Pace.SLOW: 0.5}
"""Of the senders, for all listeners that are so slow, or slower."""


class Seats:
    """Shares out the senders of a process.

    No listener gets more than half of what the others leave, nor more than the breaker allows it;
    and those that were slow the last time leave room for others, however many they are.
    """

    def __init__(self, senders: int, listeners: Listeners) -> None:
        self._senders = senders
        self._listeners = listeners
        self._taken: Counter[str] = Counter()
        self._are_short = False

    def taken_by(self, hub_id: str) -> int:
        """Return how many senders the listener has."""
        return self._taken[hub_id]

    def room(self, hub: EventSubscription) -> int:
        """Return how many more senders the listener may have."""
        taken = self._taken[hub.id]
        others = self._taken.total() - taken
        half = max(1, (self._senders - others) // 2)
        wanted = self._listeners.lanes_of(hub) - taken
        room = max(0, min(wanted, half - taken, self._left(self._listeners.pace_of(hub.id))))
        self._are_short = self._are_short or room < wanted
        return room

    def _left(self, pace: Pace) -> int:
        """Return how many are left for listeners that are so slow."""
        taken = {hub_id: self._listeners.pace_of(hub_id) for hub_id in self._taken}
        return min(
            max(1, int(share * self._senders))
            - sum(self._taken[hub_id] for hub_id, its_pace in taken.items() if its_pace >= least)
            for least, share in _SHARES.items()
            if least <= pace
        )

    def take(self, hub_id: str) -> None:
        """Give the listener one more sender."""
        self._taken[hub_id] += 1

    def leave(self, hub_id: str) -> bool:
        """Take one back; return whether somebody could have had more since the last time."""
        self._taken[hub_id] -= 1
        if not self._taken[hub_id]:
            del self._taken[hub_id]
        were_short, self._are_short = self._are_short, False
        return were_short
