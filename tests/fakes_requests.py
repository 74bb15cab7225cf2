"""Books of requests and what hangs on them in memory, proven by the contract suites."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from fakes_orders import Away, replaced
from ordergate.errors import NotFoundError
from ordergate.model.common import timestamp
from ordergate.model.notification import DeliveryState
from ordergate.process.entity import Plan

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from datetime import datetime

    from ordergate.model.events import OwedEvent
    from ordergate.process.entity import Entity, RecordedRequest


class InMemoryRequestBook(Away):
    """Keeps the records of requests; a settled one has no plan any more.

    `asked` counts how often it was asked for what is left, `writes` what was written.

    Args:
        changed_between: called before each change is written, as somebody else would come between.
    """

    def __init__(
        self, changed_between: Callable[[InMemoryRequestBook], object] | None = None
    ) -> None:
        self._kept: dict[str, RecordedRequest] = {}
        self._claims: dict[str, str] = {}
        self._changed_between = changed_between
        self.asked = 0
        self.writes = 0

    async def add(self, record: RecordedRequest) -> RecordedRequest | None:
        self.answer()
        if record.entity.id in self._kept:
            return self._read(record.entity.id)
        self._kept[record.entity.id] = copy.deepcopy(record)
        self.writes += 1
        return None

    async def claim(self, key: str, fingerprint: str) -> str:
        self.answer()
        return self._claims.setdefault(key, fingerprint)

    async def get(self, request_id: str) -> RecordedRequest:
        self.answer()
        if request_id not in self._kept:
            raise NotFoundError(f"There is no request with the id {request_id!r}.", path="id")
        return self._read(request_id)

    async def replace(self, record: RecordedRequest) -> bool:
        self.answer()
        if self._changed_between is not None:
            self._changed_between(self)
        kept = self._kept.get(record.entity.id)
        if kept is None or kept.revision != record.revision - 1:
            return False
        mine = record.plan.revision == record.revision
        owed = (*kept.owed, *record.owed)
        entity = replace(record.entity, owed=owed, idempotency=kept.entity.idempotency)
        changed = replace(record, entity=entity, plan=record.plan if mine else kept.plan)
        self._kept[record.entity.id] = copy.deepcopy(changed)
        self.writes += 1
        return True

    async def settle(self, *records: RecordedRequest) -> None:
        self.answer()
        for record in records:
            kept = self._kept.get(record.entity.id)
            if kept is not None and kept.plan.revision == record.plan.revision:
                self._kept[record.entity.id] = replace(kept, plan=Plan())

    async def unsettled(self, *, limit: int) -> list[RecordedRequest]:
        self.answer()
        self.asked += 1
        left = [record.entity for record in self._kept.values() if record.plan]
        left.sort(key=lambda one: str(one.document["receivedDate"]))
        return [self._read(one.id) for one in left[:limit]]

    async def waiting_for(
        self, specification_id: str, *, after: str, limit: int
    ) -> list[RecordedRequest]:
        self.answer()
        found = [
            request_id
            for request_id, record in sorted(self._kept.items())
            if request_id > after
            and any(one.specification_id == specification_id for one in record.waiting)
        ]
        return [self._read(request_id) for request_id in found[:limit]]

    def touch(self, request_id: str) -> None:
        """Raise the revision, as another writer does."""
        kept = self._kept[request_id]
        self._kept[request_id] = replace(
            kept, entity=replace(kept.entity, revision=kept.revision + 1)
        )

    def owed(self, request_id: str) -> list[OwedEvent]:
        """Return what waits in the record's outbox."""
        kept = self._kept.get(request_id)
        return [] if kept is None else list(kept.entity.owed)

    def _read(self, request_id: str) -> RecordedRequest:
        """Return the record; its outbox is the relay's business and stays behind."""
        kept = copy.deepcopy(self._kept[request_id])
        return replace(kept, entity=replace(kept.entity, owed=()))


class InMemoryHandOverBook(Away):
    """Keeps the hand-overs."""

    def __init__(self) -> None:
        self._kept: dict[str, Entity] = {}

    async def add_all(self, hand_overs: Sequence[Entity]) -> None:
        self.answer()
        for one in hand_overs:
            self._kept.setdefault(one.id, copy.deepcopy(one))

    async def get(self, handling_id: str) -> Entity:
        self.answer()
        if handling_id not in self._kept:
            raise NotFoundError(f"There is no hand-over with the id {handling_id!r}.", path="id")
        return copy.deepcopy(self._kept[handling_id])

    async def replace(self, hand_over: Entity) -> bool:
        self.answer()
        return replaced(self._kept, hand_over)

    async def open_for(
        self, *, request_ids: Collection[str] = (), specifications: Collection[str] = ()
    ) -> Sequence[Entity]:
        self.answer()

        def matches(document: dict[str, Any]) -> bool:
            specification = document.get("requestedItem", {}).get("specification", {}).get("id")
            request_id = document.get("initiatingRequest", {}).get("id")
            return request_id in request_ids or specification in specifications

        open_ones = [one for one in self.all() if one.document["state"] != "resolved"]
        found = [one for one in open_ones if matches(one.document)]
        return copy.deepcopy(sorted(found, key=lambda one: one.id))

    async def attempted(
        self,
        order_id: str,
        state: DeliveryState,
        moment: datetime,
        *,
        status: int | None = None,
        error: str | None = None,
    ) -> None:
        self.answer()
        for one in self.all():
            delivery = one.document.get("delivery", {})
            is_of_order = one.document.get("resourceOrder", {}).get("id") == order_id
            if not is_of_order or delivery.get("state") == "delivered":
                continue
            tried = {"date": timestamp(moment), "status": status, "error": error}
            noted = {
                **delivery,
                "state": str(state),
                "attempts": delivery.get("attempts", 0) + 1,
                "lastAttempt": {k: v for k, v in tried.items() if v is not None},
            }
            if state is DeliveryState.DELIVERED:
                noted["deliveredDate"] = timestamp(moment)
            document = {**one.document, "delivery": noted}
            self._kept[one.id] = replace(one, document=document, revision=one.revision + 1)

    async def give_up(self) -> int:
        self.answer()
        waiting = [one for one in self.all() if _delivery_state(one) == DeliveryState.PENDING]
        for one in waiting:
            delivery = {**one.document["delivery"], "state": str(DeliveryState.NOT_CONFIGURED)}
            document = {**one.document, "delivery": delivery}
            self._kept[one.id] = replace(one, document=document, revision=one.revision + 1)
        return len(waiting)

    def all(self) -> list[Entity]:
        """Return every hand-over."""
        return list(self._kept.values())


class InMemoryFeasibilityBook(Away):
    """Keeps feasibility assessments."""

    def __init__(self) -> None:
        self._kept: dict[str, Entity] = {}
        self._unapplied: set[str] = set()

    async def add(self, assessment: Entity) -> Entity | None:
        self.answer()
        if assessment.id in self._kept:
            return copy.deepcopy(self._kept[assessment.id])
        self._kept[assessment.id] = copy.deepcopy(assessment)
        self._unapplied.add(assessment.id)
        return None

    async def get(self, assessment_id: str) -> Entity:
        self.answer()
        if assessment_id not in self._kept:
            raise NotFoundError(f"There is no assessment with the id {assessment_id!r}.", path="id")
        return copy.deepcopy(self._kept[assessment_id])

    async def replace(self, assessment: Entity) -> bool:
        self.answer()
        return replaced(self._kept, assessment)

    async def known_for(
        self,
        *,
        ids: Collection[str] = (),
        requests: Collection[str] = (),
        specifications: Collection[str] = (),
        limit: int = 1000,
    ) -> Sequence[dict[str, Any]]:
        self.answer()

        def matches(one: dict[str, Any]) -> bool:
            request_id = one.get("for", {}).get("initiatingRequest", {}).get("id")
            specification = one.get("appliesTo", {}).get("specification", {}).get("id")
            wanted = (one["id"] in ids, request_id in requests, specification in specifications)
            return any(wanted)

        found = [kept.document for kept in self._kept.values() if matches(kept.document)]
        found.sort(key=lambda one: (one["recordedDate"], one["id"]), reverse=True)
        return copy.deepcopy(found[:limit])

    async def unapplied(self, *, limit: int) -> Sequence[Entity]:
        self.answer()
        left = [self._kept[one] for one in self._unapplied]
        left.sort(key=lambda one: str(one.document["recordedDate"]))
        return copy.deepcopy(left[:limit])

    async def applied(self, assessment_id: str) -> None:
        self.answer()
        self._unapplied.discard(assessment_id)


def _delivery_state(hand_over: Entity) -> Any:
    return hand_over.document.get("delivery", {}).get("state")
