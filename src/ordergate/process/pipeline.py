"""Pipeline: decide and issue over the ports.

The record is the commit point: what its plan holds is carried out from then on (`plans`).
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from ordergate.errors import NotFoundError, TooLargeError
from ordergate.model.states import FINAL
from ordergate.process.idempotency import check_key, claim_key
from ordergate.process.issue import issue
from ordergate.process.look_back import changed_by
from ordergate.process.reassess import asks_anew, reassess
from ordergate.process.record import exits_of
from ordergate.process.release import release
from ordergate.process.revisions import write_over
from ordergate.process.roll_up import with_nothing_to_do
from ordergate.process.waiting import waits_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AsyncExitStack
    from datetime import datetime

    from ordergate.model.addresses import Addresses
    from ordergate.model.common import Document
    from ordergate.model.order import ItemReference
    from ordergate.process.decision import Decision
    from ordergate.process.decisions import Decisions
    from ordergate.process.entity import Entity, Idempotency, RecordedRequest
    from ordergate.process.issue import Documents
    from ordergate.process.plans import CarryOutPlans
    from ordergate.process.ports import (
        Clock,
        FaultPoints,
        Meter,
        OrderBook,
        RequestBook,
        Turns,
    )
    from ordergate.process.request import InitiatingRequest
    from ordergate.process.size import SizeLimit


_log = logging.getLogger(__name__)


class IssueResourceOrders:
    """eTOM 1.5.6.7 over the ports: from a request to its record and its issued orders."""

    def __init__(
        self,
        *,
        decisions: Decisions,
        requests: RequestBook,
        orders: OrderBook,
        documents: Documents,
        limit: SizeLimit,
        addresses: Addresses,
        clock: Clock,
        plans: CarryOutPlans,
        faults: FaultPoints,
        meter: Meter,
        turns: Turns,
    ) -> None:
        self._decisions = decisions
        self._requests = requests
        self._orders = orders
        self._documents = documents
        self._limit = limit
        self._addresses = addresses
        self._clock = clock
        self._plans = plans
        self._faults = faults
        self._meter = meter
        self._turns = turns

    async def rehearse(
        self,
        request: InitiatingRequest,
        service_order: Callable[[Decision], Document] | None = None,
        asked: Document | None = None,
    ) -> RecordedRequest:
        """Return the record that `take` would make; nothing is stored or told (dry run).

        Raises:
            TooLargeError: see `take`.
        """
        return self._recorded(await self._decisions.of(request), service_order, None, asked)

    def _recorded(
        self,
        decision: Decision,
        service_order: Callable[[Decision], Document] | None,
        idempotency: Idempotency | None,
        asked: Document | None,
    ) -> RecordedRequest:
        """Return the record of a decision, with all that it plans."""
        order = service_order(decision) if service_order else None
        record = issue(decision, self._documents, order, idempotency, asked)
        record = with_nothing_to_do(record, decision.request.received_date)
        self._limit.refuse(record)
        return record

    async def take(
        self,
        request: InitiatingRequest,
        service_order: Callable[[Decision], Document] | None = None,
        idempotency: Idempotency | None = None,
        asked: Document | None = None,
    ) -> RecordedRequest:
        """Decide the request, record it and issue its orders; return the record.

        Of several that come at once under one key, each decides, and the insert of the record
        chooses one. The others go on with that one's plan instead of waiting for whoever made it:
        it may be dead, and what is issued already stays as it is. So no answer is given before
        all orders are there, and every answer is the same.

        Args:
            service_order: writes the TMF641 order as the decision leaves it.
            asked: what came in, where it is no service order.

        Raises:
            IdempotencyConflictError: the key was used with another body.
            InProgressError: the record of the same request is being written, and stays unseen; or
                another request is changing the same for too long.
            TooLargeError: it can't be kept with all that it takes; nothing of it is.
            StoreUnavailableError: nobody knows whether it is recorded; the same key makes it safe
                to repeat. What is recorded will be issued.
        """
        await claim_key(idempotency, self._requests)
        async with self._turns.at(changed_by(request)):
            record = await self._record(request, service_order, idempotency, asked)
            self._faults.reached("afterRecord")
            # In the turn as well: who is next looks back at the orders, not at plans.
            await self._plans.finish(record)
        return record

    async def _record(
        self,
        request: InitiatingRequest,
        service_order: Callable[[Decision], Document] | None,
        idempotency: Idempotency | None,
        asked: Document | None,
    ) -> RecordedRequest:
        """Decide and record the request; return the record that stands, of whoever was first."""
        try:
            decision = await self._decisions.of(request)
            record = self._recorded(decision, service_order, idempotency, asked)
        except TooLargeError:
            # So it is by the rules of now; by those of before it may have been taken.
            kept = await self._taken(request.id)
            if kept is None:
                raise
        else:
            kept = await self._requests.add(record)
        if kept is not None:
            check_key(idempotency, kept.entity.idempotency)
            return kept
        types = [one.order_type for one in decision.all_orders]
        self._meter.decided(request.request_type, decision.outcome, types)
        return record

    async def _taken(self, request_id: str) -> RecordedRequest | None:
        try:
            return await self._requests.get(request_id)
        except NotFoundError:
            return None

    async def amend(
        self,
        record: RecordedRequest,
        service_order: Document,
        moment: datetime,
        held: AsyncExitStack,
    ) -> RecordedRequest | None:
        """Return the record of a service order that asks for something else now.

        None if it asks for the same; what is returned is to be stored, and then finished.

        Args:
            held: holds the turn at what changes until that is done.

        Raises:
            InvalidDocumentError, IllegalTransitionError: see `reassess`.
        """
        amended = replace(record, service_order=service_order)
        before = self._documents.request_of(record, self._addresses)
        request = self._documents.request_of(amended, self._addresses)
        if not asks_anew(before, request):
            return None
        await held.aclose()  # that of an earlier try
        await held.enter_async_context(self._turns.at(changed_by(before) | changed_by(request)))
        again = replace(request, received_date=moment, round=before.round + 1)
        decision = await self._decisions.of(again)
        standing = await self._standing(record)
        return reassess(record, service_order, decision, standing, self._documents)

    def identified(self, record: RecordedRequest, service_order: Document) -> Document:
        """Return a service order, as it was amended, with the ids of services it brings into being.

        Raises:
            InvalidDocumentError: two of its items have the same id.
        """
        amended = replace(record, service_order=service_order)
        request = self._documents.request_of(amended, self._addresses)
        return self._documents.identified(service_order, request)

    async def release(self, request_id: str) -> None:
        """Decide anew what waits in a request, now that more is known of its feasibility.

        Doing it again changes nothing.

        Raises:
            NotFoundError: there is no such request.
        """

        async def released(record: RecordedRequest) -> RecordedRequest | None:
            if not _goes_on(record):
                return None
            recorded = self._documents.request_of(record, self._addresses)
            now, waiting = self._clock.now(), {one.item_id for one in record.waiting}
            request = replace(recorded, received_date=now, round=recorded.round + 1)
            items = [item for item in request.item if item.id in waiting]
            known = replace(
                await self._decisions.known(request),
                feasibility=await self._decisions.remembered(request, items),
                issued=await self._issued(record, request),
            )
            after = release(record, request, known, self._addresses, self._documents)
            if after is not None:
                self._limit.refuse(after)
            return after

        read = partial(self._requests.get, request_id)
        async with self._turns.at(self._changed_later(await read())):
            try:
                kept = await write_over(read, released, self._requests.replace)
            except TooLargeError as error:
                # Nobody is there to send it in several; it stays in the queue of hand-overs.
                _log.warning("what waits can't go on: %s", error, extra={"request": request_id})
                return
            await self._plans.finish(kept)

    def _changed_later(self, record: RecordedRequest) -> frozenset[str]:
        """Return names of what is changed when that goes on which waits in a record."""
        if not _goes_on(record):
            return frozenset()
        return changed_by(self._documents.request_of(record, self._addresses))

    async def _issued(
        self, record: RecordedRequest, request: InitiatingRequest
    ) -> dict[str, tuple[ItemReference, ...]]:
        """Return what waiting items have to wait for, of what was issued in earlier rounds."""
        waiting, waits = {one.item_id for one in record.waiting}, waits_of(request.item)
        targets = {target for one in waiting for target in waits.get(one, ())} - waiting
        orders = [one.document for one in await self._standing(record)] if targets else []
        return exits_of(record.entity.document, orders, targets)

    async def _standing(self, record: RecordedRequest) -> list[Entity]:
        """Return the resource orders of the record that are there and nothing has superseded."""
        issued = record.entity.document.get("resourceOrder", [])
        ids = [one["id"] for one in issued if "supersededBy" not in one]
        found = await asyncio.gather(*(self._order(one) for one in ids))
        return [one for one in found if one is not None]

    async def _order(self, order_id: str) -> Entity | None:
        try:
            return await self._orders.get(order_id)
        except NotFoundError:
            return None


def _goes_on(record: RecordedRequest) -> bool:
    """Return whether anything waits in a record that may be issued yet."""
    is_there = record.service_order is not None or record.asked is not None
    return is_there and bool(record.waiting) and record.entity.document["state"] not in FINAL
