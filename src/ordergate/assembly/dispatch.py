"""What brings events to their listeners, wired."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ordergate.assembly.callbacks import wire_callbacks, wire_track_and_manage
from ordergate.assembly.signing import wire_signer
from ordergate.assembly.surroundings import SystemClock
from ordergate.delivery.breaker import Breaker
from ordergate.delivery.dispatcher import Dispatcher
from ordergate.delivery.expiry import Expiry
from ordergate.delivery.lane_delivery import LaneDelivery
from ordergate.delivery.listeners import Listeners
from ordergate.delivery.relay import Relay
from ordergate.delivery.replay import Replay
from ordergate.delivery.retry import RetryPolicy
from ordergate.delivery.sender import HttpSender
from ordergate.storage.changes import Changes

if TYPE_CHECKING:
    from ordergate.assembly.stores import Stores
    from ordergate.delivery.signing import Signer
    from ordergate.settings import Settings


@dataclass(frozen=True, slots=True)
class Delivery:
    """What brings events to their listeners, and what the doors ask of it."""

    dispatcher: Dispatcher
    changes: Changes
    listeners: Listeners
    replay: Replay
    signer: Signer

    async def run(self, stop: asyncio.Event) -> None:
        """Deliver until `stop` is set."""
        await self.signer.load()
        async with asyncio.TaskGroup() as parts:
            parts.create_task(self.changes.run(stop))
            parts.create_task(self.dispatcher.run(stop))


def wire_delivery(settings: Settings, stores: Stores) -> Delivery:
    """Return what brings events to their listeners."""
    listeners = Listeners(stores.hubs, stores.lanes, breaker_of(settings))
    signer = wire_signer(settings, stores)
    delivery = _lane_delivery(settings, stores, listeners)
    dispatcher = Dispatcher(
        Relay(stores.outboxes, stores.events, stores.lanes, stores.hubs),
        Expiry(
            stores.hubs,
            stores.lanes,
            delivery,
            max_age=settings.event_max_age,
            lease=settings.lease,
        ),
        lanes=stores.lanes,
        events=stores.events,
        listeners=listeners,
        delivery=delivery,
        sender=_sender(settings, signer),
        senders=settings.senders,
        lease=settings.lease,
        poll_interval=settings.poll_interval,
    )
    replay = Replay(
        hubs=stores.hubs,
        events=stores.events,
        lanes=stores.lanes,
        dead_letters=stores.dead_letters,
        wake=dispatcher.look,
    )
    changes = Changes(stores.database, dispatcher.wake)
    return Delivery(dispatcher, changes, listeners, replay, signer)


def breaker_of(settings: Settings) -> Breaker:
    """Return the circuit breaker as it is set."""
    return Breaker(
        failures=settings.breaker_failures,
        share=settings.breaker_share,
        at_least=settings.breaker_attempts,
        window=settings.breaker_window,
        probe_interval=settings.probe_interval,
        lanes=settings.lanes_per_hub,
        disable_after=settings.disable_after,
        retry_after_max=settings.retry_after_max,
    )


def retry_policy_of(settings: Settings) -> RetryPolicy:
    """Return the policy of retries as it is set."""
    return RetryPolicy(
        schedule=settings.retry_schedule,
        max_age=settings.event_max_age,
        poison_attempts=settings.poison_attempts,
        poison_blocks=settings.on_poison == "block",
        pushbacks=settings.pushbacks,
        pushback_wait=settings.pushback_wait,
        jitter=settings.retry_jitter,
        retry_after_max=settings.retry_after_max,
        random=random.random,
    )


def _sender(settings: Settings, signer: Signer) -> HttpSender:
    return HttpSender(
        wire_callbacks(settings),
        wire_track_and_manage(settings),
        signer.headers,
        attempt_deadline=settings.attempt_deadline,
        # Sends begin in the first third of a lease, and end before it does.
        longest_deadline=settings.lease / 2,
        connect_timeout=settings.connect_timeout,
        pool_size=settings.senders,
        ca_file=settings.ca_file,
    )


def _lane_delivery(settings: Settings, stores: Stores, listeners: Listeners) -> LaneDelivery:
    return LaneDelivery(
        lanes=stores.lanes,
        events=stores.events,
        listeners=listeners,
        hand_overs=stores.hand_overs,
        retry=retry_policy_of(settings),
        clock=SystemClock(),
    )
