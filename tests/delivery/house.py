"""A gateway's delivery side on a real MongoDB, with what writes owed events."""

from __future__ import annotations

import asyncio
import random
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from fakes_delivery import SystemClock, owed
from fakes_destinations import loopback_sender
from ordergate.delivery.breaker import Breaker
from ordergate.delivery.dispatcher import Dispatcher
from ordergate.delivery.expiry import Expiry
from ordergate.delivery.lane_delivery import LaneDelivery
from ordergate.delivery.listeners import Listeners
from ordergate.delivery.relay import Relay
from ordergate.delivery.retry import RetryPolicy
from ordergate.model.common import Api
from ordergate.model.notification import EventSubscription
from ordergate.storage.dead_letters import MongoDeadLetters
from ordergate.storage.event_deliveries import MongoEventDeliveries
from ordergate.storage.events import MongoEvents
from ordergate.storage.hubs import MongoHubs
from ordergate.storage.lanes import MongoLanes
from ordergate.storage.outboxes import MongoOutboxes
from ordergate.storage.special_handling import MongoHandOverBook

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine
    from typing import Any

    from ordergate.delivery.sender import HttpSender
    from ordergate.storage.database import Database

DEADLINE = 1.0
BREAKER = Breaker(probe_interval=0.3)


class House:
    """The stores of one database, and any number of dispatchers on it."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.outboxes = MongoOutboxes(database)
        self.events = MongoEvents(database, retention=3600)
        self.lanes = MongoLanes(database)
        self.dead_letters = MongoDeadLetters(database)
        self.deliveries = MongoEventDeliveries(database, page_limit=1000)
        self.hubs = MongoHubs(database)
        self.hand_overs = MongoHandOverBook(database, page_limit=100)

    async def register(
        self, hub_id: str, callback: str, query: str | None = None, **limits: Any
    ) -> None:
        await self.hubs.add(
            EventSubscription(hub_id, Api.RESOURCE_ORDERING, callback, query, **limits)
        )

    async def owe(self, entity_id: str, *sequences: int, state: str = "inProgress") -> None:
        """Write a change to a resource order, as the order book does: with its events."""
        outbox = [
            {"sequence": n, "api": "TMF652", "event": owed(entity_id, n, state=state).document}
            for n in sequences
        ]
        await self.database["resourceOrder"].update_one(
            {"_id": entity_id}, {"$push": {"outbox": {"$each": outbox}}}, upsert=True
        )

    def dispatcher(
        self,
        sender: HttpSender,
        *,
        max_age: float = 3600,
        schedule: tuple[float, ...] = (0.1,),
        lease: float = 30,
        senders: int = 8,
        breaker: Breaker = BREAKER,
    ) -> Dispatcher:
        retry = RetryPolicy(schedule=schedule, max_age=max_age, random=random.random)
        listeners = Listeners(self.hubs, self.lanes, breaker)
        delivery = LaneDelivery(
            lanes=self.lanes,
            events=self.events,
            listeners=listeners,
            hand_overs=self.hand_overs,
            retry=retry,
            clock=SystemClock(),
        )
        relay = Relay(self.outboxes, self.events, self.lanes, self.hubs)
        expiry = Expiry(self.hubs, self.lanes, delivery, max_age=max_age, lease=lease)
        return Dispatcher(
            relay,
            expiry,
            lanes=self.lanes,
            events=self.events,
            listeners=listeners,
            delivery=delivery,
            sender=sender,
            senders=senders,
            lease=lease,
            poll_interval=0.05,
        )

    @asynccontextmanager
    async def dispatching(self, count: int = 1, **policy: Any) -> AsyncIterator[list[Dispatcher]]:
        """Run dispatchers, and stop them cleanly at the end."""
        sender = loopback_sender(attempt_deadline=DEADLINE, connect_timeout=0.5, pool_size=8)
        dispatchers = [self.dispatcher(sender, **policy) for _ in range(count)]
        stop = asyncio.Event()
        async with asyncio.TaskGroup() as running:
            for dispatcher in dispatchers:
                running.create_task(dispatcher.run(stop))
            try:
                yield dispatchers
            finally:
                stop.set()
        sender.close()

    async def has_taken(self, hub_id: str) -> bool:
        """Tell whether the listener ever took anything."""
        return (await self.hubs.get(hub_id)).health.last_success is not None

    async def drained(self) -> bool:
        """Tell whether no event waits anywhere."""
        owes = await self.database["resourceOrder"].count_documents({"outbox.0": {"$exists": True}})
        return not owes and not await self.database["lane"].count_documents({"pending": True})


async def eventually(
    condition: Callable[[], bool | Coroutine[Any, Any, bool]], within: float = 10
) -> None:
    """Wait until the condition holds; fail if it doesn't in time."""
    async with asyncio.timeout(within):
        while True:
            met = condition()
            if met if isinstance(met, bool) else await met:
                return
            await asyncio.sleep(0.01)
