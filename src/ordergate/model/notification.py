"""What notifying is about: who listens, and which events wait for whom."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from ordergate.model.common import Api
    from ordergate.model.events import OwedEvent

TRACK_AND_MANAGE = "trackAndManage"
"""Id of the gateway's own subscription, by which Track & Manage gets special orders (C5)."""

SPECIAL_ORDERS = "eventType=ResourceOrderCreateEvent&specialHandling.required=true"
"""Its query: each special order, once, when it is issued."""


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
    """

    id: str
    api: Api
    callback: str
    query: str | None = None
    takes_orders: bool = False


@dataclass(frozen=True, slots=True)
class LaneClaim:
    """The right to deliver one lane's events for the length of a lease.

    A lane holds the events of one entity that one listener hasn't got yet, first in first out.

    Args:
        fence: grows with each claim; a settlement with an older one is refused.
        sequences: the waiting events of the entity, oldest first.
        attempts: failed attempts at the oldest one so far.
    """

    lane_id: str
    hub_id: str
    entity_id: str
    fence: int
    sequences: tuple[int, ...]
    attempts: int


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An event as it was relayed from an outbox.

    Args:
        stored_at: when the store took it over (its own clock); its age decides when it's dead.
    """

    event: OwedEvent
    stored_at: datetime
