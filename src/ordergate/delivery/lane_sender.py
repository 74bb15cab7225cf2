"""Sends the events of claimed lanes, from threads."""

from __future__ import annotations

import logging
import time
from collections import deque
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ordergate.delivery.ports import Attempt, Outcome
from ordergate.delivery.relay import hub_query
from ordergate.model.hub_health import HubStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ordergate.delivery.listeners import Known, Listeners
    from ordergate.delivery.ports import Sender
    from ordergate.model.events import OwedEvent
    from ordergate.model.notification import EventSubscription, LaneClaim, StoredEvent

_log = logging.getLogger(__name__)

_TURN = 0.02
"""Seconds after which a lane is settled, though more of its events wait.

What was delivered and isn't settled yet is sent again after a crash.
"""


@dataclass(slots=True, eq=False)
class HeldLane:
    """A claimed lane with its events, and what came of them so far.

    Args:
        until: `time.monotonic()` from which on nothing of it may be sent.
        is_probe: its first event may be sent although the listener is failing.
    """

    claim: LaneClaim
    events: Mapping[int, StoredEvent]
    until: float
    is_probe: bool = False
    left: deque[int] = field(init=False)
    attempts: list[tuple[int, Attempt]] = field(default_factory=list)
    delivered: int = 0
    failed: Attempt | None = None
    was_probe: bool = False

    def __post_init__(self) -> None:
        self.left = deque(self.claim.sequences)

    @property
    def head(self) -> StoredEvent | None:
        """The first event that is left; None if it is no longer kept."""
        return self.events.get(self.left[0])

    @property
    def is_stuck(self) -> bool:
        """Whether it can't go on as it is: its first event failed, or is gone."""
        return bool(self.left) and (self.failed is not None or self.head is None)

    def taken_attempts(self) -> list[tuple[int, Attempt]]:
        """Return the attempts since the last call, each with the number of its event."""
        taken, self.attempts = self.attempts, []
        return taken

    def rid_of_head(self) -> None:
        """Leave out the first event: it is dead."""
        self.left.popleft()
        self.failed = None


class LaneSender:
    """Sends what is left of lanes, one event after the other.

    Args:
        is_stopped: tells whether nothing is to be begun any more.
    """

    def __init__(
        self, sender: Sender, listeners: Listeners, is_stopped: Callable[[], bool]
    ) -> None:
        self._sender = sender
        self._listeners = listeners
        self._is_stopped = is_stopped

    def send(self, lane: HeldLane, listener: Callable[[], Known]) -> bool:
        """Send until nothing is left, an event fails, or the lane's turn is over.

        Return False if it stopped before that because the subscription is to be read again.
        """
        turn = time.monotonic() + _TURN
        while lane.left and (stored := lane.head) and not self._is_over(lane, turn):
            known = listener()  # the last look at it, after every other wait
            if not known.is_fresh:
                return False
            if not (self._may_send(known.hub, lane) and self._sent(known.hub, lane, stored.event)):
                break
        return True

    def _is_over(self, lane: HeldLane, turn: float) -> bool:
        now = time.monotonic()
        had_its_turn = lane.delivered > 0 and now >= turn
        return now >= lane.until or had_its_turn or self._is_stopped()

    def _may_send(self, hub: EventSubscription, lane: HeldLane) -> bool:
        lane.was_probe = lane.is_probe and hub.health.status is HubStatus.FAILING
        lane.is_probe = False
        return lane.was_probe or self._listeners.lanes_of(hub) > 0

    def _sent(self, hub: EventSubscription, lane: HeldLane, event: OwedEvent) -> bool:
        begin = time.monotonic()
        attempt = self._attempt(hub, event)
        self._listeners.took(hub, time.monotonic() - begin)
        lane.attempts.append((event.sequence, attempt))
        if attempt.outcome is not Outcome.DELIVERED:
            lane.failed = attempt
            return False
        lane.delivered = lane.left.popleft()
        return True

    def _attempt(self, hub: EventSubscription, event: OwedEvent) -> Attempt:
        try:
            if hub.takes_orders:
                return self._sender.hand_over(hub.callback, event)
            shaped = replace(event, document=hub_query(hub).shape(event.document))
            return self._sender.send(hub.callback, shaped, deadline=hub.deadline)
        except Exception as error:  # noqa: BLE001 - retried, and dead in the end, as any failure
            about = {"hub": hub.id, "entity": event.entity_id, "sequence": event.sequence}
            _log.exception("Sending failed unexpectedly", extra=about)
            return Attempt(Outcome.UNREACHABLE, error=type(error).__name__)
