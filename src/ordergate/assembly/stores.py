"""Every adapter to MongoDB, made once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ordergate.model.cancel_task import CANCEL_RESOURCE_ORDER, CANCEL_SERVICE_ORDER
from ordergate.storage.cancel_tasks import MongoCancelTaskBook
from ordergate.storage.database import open_client
from ordergate.storage.dead_letters import MongoDeadLetters
from ordergate.storage.event_deliveries import MongoEventDeliveries
from ordergate.storage.events import MongoEvents
from ordergate.storage.feasibility_assessments import MongoFeasibilityBook
from ordergate.storage.hubs import MongoHubs
from ordergate.storage.lanes import MongoLanes
from ordergate.storage.outboxes import MongoOutboxes
from ordergate.storage.requests import MongoRequestBook
from ordergate.storage.resource_orders import MongoOrderBook
from ordergate.storage.rules import MongoRuleStore
from ordergate.storage.signing_keys import MongoSigningKeys
from ordergate.storage.special_handling import MongoHandOverBook
from ordergate.storage.turns import MongoTurns

if TYPE_CHECKING:
    from ordergate.settings import Settings
    from ordergate.storage.database import Database
    from ordergate.storage.primary_watch import PrimaryWatch


class Stores:
    """Every adapter to MongoDB, on one client.

    Args:
        watch: is told when there is no primary.
    """

    def __init__(self, settings: Settings, watch: PrimaryWatch | None = None) -> None:
        uri, timeout = settings.mongodb_uri or "", settings.mongodb_timeout
        client = open_client(uri, timeout=timeout, watch=watch)
        self.database: Database = client[settings.database]
        limit = settings.page_limit
        self.orders = MongoOrderBook(self.database, page_limit=limit)
        self.cancel_tasks = MongoCancelTaskBook(
            self.database, CANCEL_RESOURCE_ORDER, page_limit=limit
        )
        self.service_cancel_tasks = MongoCancelTaskBook(
            self.database, CANCEL_SERVICE_ORDER, page_limit=limit
        )
        self.requests = MongoRequestBook(self.database, page_limit=limit)
        self.hand_overs = MongoHandOverBook(self.database, page_limit=limit)
        self.assessments = MongoFeasibilityBook(self.database, page_limit=limit)
        self.rules = MongoRuleStore(self.database)
        self.hubs = MongoHubs(self.database, most=settings.max_hubs)
        self.events = MongoEvents(self.database, retention=settings.event_retention)
        self.lanes = MongoLanes(self.database)
        self.dead_letters = MongoDeadLetters(
            self.database, retention=settings.dead_letter_retention
        )
        self.event_deliveries = MongoEventDeliveries(self.database, page_limit=limit)
        self.outboxes = MongoOutboxes(self.database)
        self.turns = MongoTurns(self.database)
        self.signing_keys = MongoSigningKeys(self.database)

    async def ensure_indexes(self) -> None:
        """Make the indexes that are not there yet."""
        kept = (self.orders, self.requests, self.rules)
        tasks = (self.cancel_tasks, self.service_cancel_tasks)
        special = (self.hand_overs, self.assessments)
        told = (self.hubs, self.events, self.lanes, self.dead_letters, self.outboxes)
        for store in (*kept, *tasks, *special, *told, self.turns):
            await store.ensure_indexes()

    async def hand_over_to(self, url: str | None) -> int:
        """Pass special orders on to Track & Manage, or no longer.

        Return how many waited for that and are given up; they stay in the queue of hand-overs.
        """
        await self.hubs.hand_over_to(url)
        return await self.hand_overs.give_up() if url is None else 0

    async def close(self) -> None:
        """Close the connections."""
        await self.database.client.close()
