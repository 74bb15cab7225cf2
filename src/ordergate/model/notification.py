"""What notifying is about: who listens, and which events wait for whom."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from ordergate.model.hub_health import HubHealth

if TYPE_CHECKING:
    from datetime import datetime

    from ordergate.model.common import Api
    from ordergate.model.events import OwedEvent

TRACK_AND_MANAGE = "trackAndManage"
"""Id of the gateway's own subscription, by which Track & Manage gets special orders (C5)."""

SPECIAL_ORDERS = "eventType=ResourceOrderCreateEvent&specialHandling.required=true"
"""Its query: each special order, once, when it is issued."""

LONGEST_HISTORY = 10
"""Attempts at an event that are told of, the last ones."""

FRESH = 0.25
"""Seconds for which a process may go by what it read of a subscription.

So whoever removes one answers that long after it is gone: then nobody begins to send to it.
"""


class DeliveryState(StrEnum):
    """How far the passing of a special order to Track & Manage has got."""

    NOT_CONFIGURED = "notConfigured"
    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class EventSubscription:
    """A listener registered at the hub of one door (`EventSubscription` of TMF652 and TMF641).

    Args:
        callback: where notifications are POSTed, verbatim.
        query: TMF630 filter on the event; None asks for every event of the door.
        takes_orders: whether it's the gateway's own, which no door shows: it gets the orders
            themselves, in place of the events about them.
        health: how it stands with it.
        deadline: seconds for one attempt at it; None takes the gateway's.
        max_in_flight: how many notifications it takes at once from one process; None likewise.
    """

    id: str
    api: Api
    callback: str
    query: str | None = None
    takes_orders: bool = False
    health: HubHealth = field(default_factory=HubHealth)
    deadline: float | None = None
    max_in_flight: int | None = None


class FailureKind(StrEnum):
    """What a failed attempt says: of this event, of the listener's load, or of the listener."""

    REFUSAL = "refusal"
    PUSHBACK = "pushback"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Streak:
    """Failures of one kind in a row, at the oldest event of a lane."""

    kind: FailureKind
    count: int
    since: datetime


@dataclass(frozen=True, slots=True)
class PastAttempt:
    """What became of one attempt, for people to look at.

    Args:
        date: when it ended, by the clock of the process that made it.
    """

    date: datetime
    outcome: str
    status: int | None = None
    error: str | None = None
    milliseconds: int | None = None


@dataclass(frozen=True, slots=True)
class WaitingLanes:
    """That events wait for a listener; moments are the store's.

    Args:
        due: when the first of its lanes is to be looked at.
        now: when that was so.
    """

    hub_id: str
    due: datetime
    now: datetime


@dataclass(frozen=True, slots=True)
class LaneClaim:
    """The right to deliver one lane's events for the length of a lease.

    A lane holds the events of one entity that one listener hasn't got yet, first in first out.

    Args:
        fence: of this claim alone; a settlement with another one is refused.
        sequences: the waiting events of the entity, oldest first.
        since: when each of them began to wait.
        claimed_at: when the lease began; like all moments of a lane, by the store's clock.
        attempts: failed attempts at the oldest one so far.
        streak: the last of these, as far as they are alike.
        history: the last attempts at it, probes too.
    """

    lane_id: str
    hub_id: str
    entity_id: str
    fence: str
    sequences: tuple[int, ...]
    since: tuple[datetime, ...]
    claimed_at: datetime
    attempts: int = 0
    streak: Streak | None = None
    history: tuple[PastAttempt, ...] = ()


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An event as it was relayed from an outbox.

    Args:
        stored_at: when the store took it over (its own clock).
    """

    event: OwedEvent
    stored_at: datetime


@dataclass(frozen=True, slots=True)
class Span:
    """Which events are meant: stored from `begin` on and before `end`, of one entity or of all."""

    begin: datetime | None = None
    end: datetime | None = None
    entity_id: str | None = None


@dataclass(frozen=True, slots=True)
class Backlog:
    """What a listener hasn't got.

    Args:
        events: how many wait.
        oldest_age: seconds for which the oldest of them has waited.
        dead: how many are sent no more.
    """

    events: int = 0
    oldest_age: float = 0.0
    dead: int = 0
