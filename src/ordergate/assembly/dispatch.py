"""What brings events to their listeners, wired."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from ordergate.assembly.callbacks import wire_callbacks, wire_track_and_manage
from ordergate.assembly.surroundings import SystemClock
from ordergate.delivery.dispatcher import Dispatcher
from ordergate.delivery.lane_delivery import LaneDelivery
from ordergate.delivery.relay import Relay
from ordergate.delivery.retry import RetryPolicy
from ordergate.delivery.sender import HttpSender

if TYPE_CHECKING:
    from ordergate.assembly.stores import Stores
    from ordergate.settings import Settings


def wire_dispatcher(settings: Settings, stores: Stores) -> Dispatcher:
    """Return what brings events to their listeners."""
    sender = HttpSender(
        wire_callbacks(settings),
        wire_track_and_manage(settings),
        attempt_deadline=settings.attempt_deadline,
        connect_timeout=settings.connect_timeout,
        pool_size=settings.senders,
        ca_file=settings.ca_file,
    )
    retry = RetryPolicy(
        schedule=settings.retry_schedule, max_age=settings.event_max_age, random=random.random
    )
    delivery = LaneDelivery(
        lanes=stores.lanes,
        events=stores.events,
        hubs=stores.hubs,
        hand_overs=stores.hand_overs,
        sender=sender,
        retry=retry,
        clock=SystemClock(),
    )
    return Dispatcher(
        Relay(stores.outboxes, stores.events, stores.lanes, stores.hubs),
        stores.lanes,
        delivery,
        senders=settings.senders,
        lease=settings.lease,
        poll_interval=settings.poll_interval,
    )
