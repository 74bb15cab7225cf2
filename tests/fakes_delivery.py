"""Fakes of delivery's ports, proven by the contract suites, and what its tests are made of."""

from __future__ import annotations

import asyncio
import time
import uuid
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from ordergate.delivery.ports import Attempt, Outcome
from ordergate.delivery.retry import lengthened
from ordergate.errors import DuplicateError, IdempotencyConflictError, NotFoundError
from ordergate.model.common import Api
from ordergate.model.events import OwedEvent
from ordergate.model.notification import (
    LONGEST_HISTORY,
    SPECIAL_ORDERS,
    TRACK_AND_MANAGE,
    EventSubscription,
    LaneClaim,
    StoredEvent,
    WaitingLanes,
)
from ordergate.storage.database import open_client

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence

    from ordergate.model.hub_health import HubHealth
    from ordergate.model.notification import FailureKind, PastAttempt, Span, Streak
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

    def elapsed(self) -> float:
        return time.monotonic()


class ScriptedSender:
    """Answers each event with the next attempt of its script, then with delivered."""

    def __init__(self, script: Mapping[int, Sequence[Attempt | Exception]] | None = None) -> None:
        self.sent: list[tuple[str, str, int]] = []
        self.documents: list[dict[str, Any]] = []
        self.deadlines: list[float | None] = []
        self._script = {sequence: list(answers) for sequence, answers in (script or {}).items()}

    def hand_over(self, url: str, event: OwedEvent) -> Attempt:
        return self.send(url, replace(event, document=event.document["event"]["resourceOrder"]))

    def send(self, callback: str, event: OwedEvent, *, deadline: float | None = None) -> Attempt:
        self.deadlines.append(deadline)
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

    async def owing(self, limit: int) -> Sequence[StoredEvent]:
        entities = [events for events in self.outboxes.values() if events][:limit]
        now = datetime.now(UTC)
        return [StoredEvent(event, now) for events in entities for event in events]

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

    async def add(self, events: Sequence[StoredEvent]) -> None:
        for stored in events:
            self.kept.setdefault((stored.event.entity_id, stored.event.sequence), stored)

    async def add_again(self, events: Sequence[OwedEvent]) -> None:
        now = datetime.now(UTC)
        await self.add([StoredEvent(event, now) for event in events])

    async def get(
        self, wanted: Mapping[str, Sequence[int]]
    ) -> Mapping[str, Mapping[int, StoredEvent]]:
        return {
            entity: {n: self.kept[entity, n] for n in sequences if (entity, n) in self.kept}
            for entity, sequences in wanted.items()
        }

    async def told_by(self, api: Api, span: Span) -> AsyncIterator[Sequence[OwedEvent]]:
        for stored in sorted(self.kept.values(), key=lambda one: one.stored_at):
            event = stored.event
            if (
                event.api is api
                and span.entity_id in {None, event.entity_id}
                and (span.begin is None or span.begin <= stored.stored_at)
                and (span.end is None or stored.stored_at < span.end)
            ):
                yield [event]


@dataclass
class _Lane:
    hub_id: str
    entity_id: str
    queue: dict[int, datetime] = field(default_factory=dict)
    last: int = 0
    fence: str | None = None
    attempts: int = 0
    streak: Streak | None = None
    due: datetime | None = None
    leased: bool = False
    claimed: datetime | None = None
    history: list[PastAttempt] = field(default_factory=list)

    def add(self, sequences: Sequence[int]) -> None:
        both = self.queue | {n: datetime.now(UTC) for n in sequences if n not in self.queue}
        self.queue = dict(sorted(both.items()))
        self.last = max(self.last, *sequences)

    def drop(self, gone: Sequence[int]) -> None:
        if next(iter(self.queue), None) in gone:
            self.attempts, self.streak, self.history = 0, None, []
        self.queue = {n: since for n, since in self.queue.items() if n not in gone}

    def give_back(self, seconds: float) -> None:
        self.leased, self.fence = False, None
        self.due = datetime.now(UTC) + timedelta(seconds=seconds) if self.queue else None


class MemoryLanes:
    def __init__(self) -> None:
        self.lanes: dict[str, _Lane] = {}
        self.dead_letters: list[tuple[str, int, str]] = []

    async def push(self, waiting: Mapping[tuple[str, str], Sequence[int]]) -> None:
        for (hub_id, entity_id), sequences in waiting.items():
            lane = self._lane(hub_id, entity_id)
            fresh = [sequence for sequence in sequences if sequence > lane.last]
            lane.last = max(lane.last, *sequences)
            if fresh:
                lane.add(fresh)
                lane.due = lane.due or datetime.now(UTC)

    async def put_back(self, hub_id: str, again: Mapping[str, Sequence[int]]) -> None:
        for entity_id, sequences in again.items():
            lane = self._lane(hub_id, entity_id)
            lane.add(sequences)
            lane.attempts, lane.streak, lane.history = 0, None, []
            if not lane.leased:
                lane.due = datetime.now(UTC)

    async def waiting(self) -> Sequence[WaitingLanes]:
        due: dict[str, datetime] = {}
        for lane in self.lanes.values():
            if lane.due is not None:
                due[lane.hub_id] = min(lane.due, due.get(lane.hub_id, lane.due))
        now = datetime.now(UTC)
        return [WaitingLanes(*one, now) for one in sorted(due.items(), key=lambda one: one[1])]

    async def claim(
        self, hub_id: str, lease: float, limit: int, *, takes_over: bool = True
    ) -> Sequence[LaneClaim]:
        now = datetime.now(UTC)
        due = [
            lane
            for lane in self._pending(hub_id)
            if lane.due is not None and lane.due <= now and (takes_over or not lane.leased)
        ]
        due.sort(key=lambda lane: lane.due or now)
        return [self._claimed(lane, lease) for lane in due[:limit]]

    async def claim_ahead(
        self, hub_id: str, lease: float, limit: int, *, waiting_before: datetime | None = None
    ) -> Sequence[LaneClaim]:
        now = datetime.now(UTC)
        free = [
            lane
            for lane in self._pending(hub_id)
            if (not lane.leased or (lane.due or now) <= now)
            and (waiting_before is None or next(iter(lane.queue.values())) < waiting_before)
        ]
        never = datetime.min.replace(tzinfo=UTC)
        free.sort(key=lambda lane: (lane.claimed or never, lane.due or now))
        return [self._claimed(lane, lease) for lane in free[:limit]]

    async def hasten(self, hub_id: str) -> None:
        now = datetime.now(UTC)
        for lane in self._pending(hub_id):
            if not lane.leased and (lane.due or now) > now:
                lane.due = now

    async def settle(self, delivered: Mapping[LaneClaim, int]) -> None:
        for claim, up_to in delivered.items():
            if lane := self._held(claim):
                lane.drop([n for n in claim.sequences if n <= up_to])
                lane.give_back(0)

    async def postpone(
        self,
        claim: LaneClaim,
        seconds: float,
        delivered_up_to: int = 0,
        *,
        failure: FailureKind | None = None,
        attempt: PastAttempt | None = None,
    ) -> None:
        if lane := self._held(claim):
            lane.drop([n for n in claim.sequences if n <= delivered_up_to])
            lane.history += [attempt] if attempt else []
            del lane.history[:-LONGEST_HISTORY]
            if failure is not None:
                lane.attempts += 1
                lane.streak = lengthened(lane.streak, failure, datetime.now(UTC))
            lane.give_back(seconds)

    async def bury(
        self,
        claim: LaneClaim,
        sequence: int,
        reason: str,
        _event: StoredEvent | None,
        _attempt: PastAttempt | None = None,
    ) -> bool:
        if (lane := self._held(claim)) is None:
            return False
        self.dead_letters.append((claim.lane_id, sequence, reason))
        lane.drop([sequence])
        return True

    async def remove(self, claim: LaneClaim) -> None:
        self.lanes.pop(claim.lane_id, None)

    def age(self, hub_id: str, entity_id: str, sequence: int, since: datetime) -> None:
        self.lanes[f"{hub_id}:{entity_id}"].queue[sequence] = since

    def _lane(self, hub_id: str, entity_id: str) -> _Lane:
        return self.lanes.setdefault(f"{hub_id}:{entity_id}", _Lane(hub_id, entity_id))

    def _pending(self, hub_id: str) -> list[_Lane]:
        return [one for one in self.lanes.values() if one.hub_id == hub_id and one.queue]

    def _claimed(self, lane: _Lane, lease: float) -> LaneClaim:
        lane.claimed = datetime.now(UTC)
        lane.due = lane.claimed + timedelta(seconds=lease)
        lane.leased = True
        lane.fence = uuid.uuid4().hex
        return LaneClaim(
            lane_id=f"{lane.hub_id}:{lane.entity_id}",
            hub_id=lane.hub_id,
            entity_id=lane.entity_id,
            fence=lane.fence,
            sequences=tuple(lane.queue)[:50],
            since=tuple(lane.queue.values())[:50],
            claimed_at=lane.claimed,
            attempts=lane.attempts,
            streak=lane.streak,
            history=tuple(lane.history),
        )

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

    async def change_health(
        self, hub_id: str, change: Callable[[HubHealth, datetime], HubHealth]
    ) -> tuple[HubHealth, HubHealth]:
        before = (await self.get(hub_id)).health
        after = change(before, datetime.now(UTC))
        self.hubs[hub_id] = replace(self.hubs[hub_id], health=after)
        return before, after

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
