"""Fakes of delivery's ports, proven by the contract suites, and what its tests are made of."""

from __future__ import annotations

import asyncio
import time
import uuid
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ordergate.delivery.ports import Attempt, Outcome
from ordergate.errors import DuplicateError, IdempotencyConflictError, NotFoundError
from ordergate.model.common import Api
from ordergate.model.events import OwedEvent
from ordergate.model.notification import (
    SPECIAL_ORDERS,
    TRACK_AND_MANAGE,
    EventSubscription,
    LaneClaim,
    StoredEvent,
)
from ordergate.storage.database import open_client

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from ordergate.process.entity import Idempotency
    from ordergate.storage.database import Database

DELIVERED = Attempt(Outcome.DELIVERED, 201)
REFUSED = Attempt(Outcome.REFUSED, 500)


def owed(
    entity_id: str,
    sequence: int,
    *,
    api: Api = Api.RESOURCE_ORDERING,
    event_type: str = "ResourceOrderStateChangeEvent",
    state: str = "inProgress",
) -> OwedEvent:
    entity = {"id": entity_id, "state": state, "description": f"number {sequence}"}
    document = {
        "eventId": f"event-{entity_id}-{sequence}",
        "eventType": event_type,
        "event": {"resourceOrder": entity},
    }
    return OwedEvent(api, entity_id, sequence, document)


def hub(
    hub_id: str, query: str | None = None, *, api: Api = Api.RESOURCE_ORDERING, callback: str = ""
) -> EventSubscription:
    return EventSubscription(hub_id, api, callback or f"http://127.0.0.1/{hub_id}", query)


@contextmanager
def temporary_database(uri: str) -> Iterator[tuple[asyncio.Runner, Database]]:
    """Give a database of one's own, and the loop that its client lives on."""
    with asyncio.Runner() as runner:
        client = open_client(uri, timeout=20)
        name = f"test_{uuid.uuid4().hex}"
        yield runner, client[name]
        runner.run(client.drop_database(name))
        runner.run(client.close())


async def empty(database: Database) -> None:
    for name in await database.list_collection_names(
        filter={"name": {"$not": {"$regex": "^system"}}}
    ):
        await database[name].delete_many({})


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


class ScriptedSender:
    """Answers each event with the next attempt of its script, then with delivered."""

    def __init__(self, script: Mapping[int, Sequence[Attempt | Exception]] | None = None) -> None:
        self.sent: list[tuple[str, str, int]] = []
        self.documents: list[dict[str, Any]] = []
        self._script = {sequence: list(answers) for sequence, answers in (script or {}).items()}

    def hand_over(self, url: str, event: OwedEvent) -> Attempt:
        return self.send(url, replace(event, document=event.document["event"]["resourceOrder"]))

    def send(self, callback: str, event: OwedEvent) -> Attempt:
        self.sent.append((callback, event.entity_id, event.sequence))
        self.documents.append(event.document)
        answers = self._script.get(event.sequence)
        answer = answers.pop(0) if answers else DELIVERED
        if isinstance(answer, Exception):
            raise answer
        return answer


class MemoryOutboxes:
    def __init__(self) -> None:
        self.outboxes: dict[str, list[OwedEvent]] = {}
        self.deleted: set[str] = set()

    async def owing(self, limit: int) -> Sequence[OwedEvent]:
        entities = [events for events in self.outboxes.values() if events][:limit]
        return [event for events in entities for event in events]

    async def clear(self, relayed: Mapping[str, int]) -> None:
        for entity_id, sequence in relayed.items():
            events = self.outboxes.get(entity_id, [])
            left = [event for event in events if event.sequence > sequence]
            if entity_id in self.deleted and not left:
                self.outboxes.pop(entity_id, None)
            elif entity_id in self.outboxes:
                self.outboxes[entity_id] = left


class MemoryEvents:
    def __init__(self) -> None:
        self.kept: dict[tuple[str, int], StoredEvent] = {}

    async def add(self, events: Sequence[OwedEvent]) -> None:
        for event in events:
            stored = StoredEvent(event, datetime.now(UTC))
            self.kept.setdefault((event.entity_id, event.sequence), stored)

    async def get(self, entity_id: str, sequences: Sequence[int]) -> Mapping[int, StoredEvent]:
        return {n: self.kept[entity_id, n] for n in sequences if (entity_id, n) in self.kept}

    def age(self, entity_id: str, sequence: int, stored_at: datetime) -> None:
        stored = self.kept[entity_id, sequence]
        self.kept[entity_id, sequence] = replace(stored, stored_at=stored_at)


@dataclass
class _Lane:
    hub_id: str
    entity_id: str
    queue: list[int] = field(default_factory=list)
    last: int = 0
    fence: int = 0
    attempts: int = 0
    due: float | None = None

    def drop(self, up_to: int) -> None:
        left = [sequence for sequence in self.queue if sequence > up_to]
        if len(left) < len(self.queue):
            self.attempts = 0
        self.queue = left

    def give_back(self, due: float) -> None:
        self.due = due if self.queue else None


class MemoryLanes:
    def __init__(self) -> None:
        self.lanes: dict[str, _Lane] = {}
        self.dead_letters: list[tuple[str, int, str]] = []

    async def push(self, waiting: Mapping[tuple[str, str], Sequence[int]]) -> None:
        for (hub_id, entity_id), sequences in waiting.items():
            lane = self.lanes.setdefault(f"{hub_id}:{entity_id}", _Lane(hub_id, entity_id))
            fresh = [sequence for sequence in sequences if sequence > lane.last]
            lane.queue += fresh
            lane.last = max(lane.last, *sequences)
            if fresh and lane.due is None:
                lane.due = time.monotonic()

    async def claim(self, lease: float, *, passing_over: Collection[str] = ()) -> LaneClaim | None:
        now = time.monotonic()
        due = [
            (lane.due, lane_id)
            for lane_id, lane in self.lanes.items()
            if lane.due is not None and lane.due <= now and lane.hub_id not in passing_over
        ]
        if not due:
            return None
        lane_id = min(due)[1]
        lane = self.lanes[lane_id]
        lane.due = now + lease
        lane.fence += 1
        return LaneClaim(
            lane_id, lane.hub_id, lane.entity_id, lane.fence, tuple(lane.queue), lane.attempts
        )

    async def settle(self, claim: LaneClaim, delivered_up_to: int = 0) -> bool:
        if (lane := self._held(claim)) is None:
            return False
        lane.drop(delivered_up_to)
        lane.give_back(time.monotonic())
        return True

    async def postpone(self, claim: LaneClaim, seconds: float, delivered_up_to: int = 0) -> bool:
        if (lane := self._held(claim)) is None:
            return False
        lane.drop(delivered_up_to)
        lane.attempts += 1
        lane.give_back(time.monotonic() + seconds)
        return True

    async def bury(self, claim: LaneClaim, sequence: int, reason: str) -> bool:
        if (lane := self._held(claim)) is None:
            return False
        self.dead_letters.append((claim.lane_id, sequence, reason))
        lane.drop(sequence)
        return True

    async def remove(self, claim: LaneClaim) -> None:
        self.lanes.pop(claim.lane_id, None)

    def _held(self, claim: LaneClaim) -> _Lane | None:
        lane = self.lanes.get(claim.lane_id)
        return lane if lane is not None and lane.fence == claim.fence else None


class MemoryHubs:
    def __init__(self, *hubs: EventSubscription, lanes: MemoryLanes | None = None) -> None:
        self.hubs = {one.id: one for one in hubs}
        self._lanes = lanes or MemoryLanes()
        self._keys: dict[tuple[Api, str], tuple[str, str]] = {}

    async def add(
        self, subscription: EventSubscription, idempotency: Idempotency | None = None
    ) -> EventSubscription:
        key = None if idempotency is None else (subscription.api, idempotency.key)
        if key is not None and idempotency is not None and key in self._keys:
            fingerprint, hub_id = self._keys[key]
            if fingerprint != idempotency.fingerprint:
                raise IdempotencyConflictError("another body")
            return self.hubs[hub_id]
        told = (subscription.api, subscription.callback, subscription.query)
        if any((one.api, one.callback, one.query) == told for one in self.hubs.values()):
            raise DuplicateError("registered")
        if key is not None and idempotency is not None:
            self._keys[key] = (idempotency.fingerprint, subscription.id)
        self.hubs[subscription.id] = subscription
        return subscription

    async def get(self, hub_id: str, api: Api | None = None) -> EventSubscription:
        found = self.hubs.get(hub_id)
        if found is None or api not in {None, found.api} or (api and found.takes_orders):
            raise NotFoundError("no such hub")
        return found

    async def remove(self, hub_id: str, api: Api) -> None:
        await self.get(hub_id, api)
        self._forget(hub_id)

    async def hand_over_to(self, url: str | None) -> None:
        if url is None:
            self._forget(TRACK_AND_MANAGE)
            return
        self.hubs[TRACK_AND_MANAGE] = EventSubscription(
            TRACK_AND_MANAGE, Api.RESOURCE_ORDERING, url, SPECIAL_ORDERS, takes_orders=True
        )

    def _forget(self, hub_id: str) -> None:
        self.hubs.pop(hub_id, None)
        for lane_id in [one for one, lane in self._lanes.lanes.items() if lane.hub_id == hub_id]:
            del self._lanes.lanes[lane_id]

    async def all(self) -> Sequence[EventSubscription]:
        return list(self.hubs.values())
