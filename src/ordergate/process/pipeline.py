"""Pipeline: issue over the ports, so that a crash at any point loses and doubles nothing.

The record is the commit point. What its plan holds has deterministic ids, so issuing it again
changes nothing, and the sweeper finishes what a crash left.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

from ordergate.errors import NotFoundError
from ordergate.process.decide import decide
from ordergate.process.idempotency import check_key
from ordergate.process.issue import issue
from ordergate.process.knowledge import Knowledge
from ordergate.process.reassess import asks_anew, reassess

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from ordergate.model.addresses import Addresses
    from ordergate.model.common import Document
    from ordergate.process.decide import Decision
    from ordergate.process.issue import Documents
    from ordergate.process.ports import (
        Clock,
        Entity,
        FaultPoints,
        HandOverBook,
        Idempotency,
        Meter,
        OrderBook,
        RecordedRequest,
        Relay,
        RequestBook,
        RuleBook,
    )
    from ordergate.process.request import InitiatingRequest

_log = logging.getLogger(__name__)

_SWEPT_AT_ONCE = 100


class Superseding(Protocol):
    """Cancels orders whose place others take (`resource_orders.CancelResourceOrders`)."""

    async def supersede(self, order_id: str, request_id: str) -> None:
        """Cancel the order for that request; doing it again changes nothing."""


class IssueResourceOrders:
    """eTOM 1.5.6.7 over the ports: from a request to its record and its issued orders."""

    def __init__(
        self,
        *,
        rules: RuleBook,
        requests: RequestBook,
        orders: OrderBook,
        hand_overs: HandOverBook,
        documents: Documents,
        addresses: Addresses,
        clock: Clock,
        superseding: Superseding,
        relay: Relay,
        faults: FaultPoints,
        meter: Meter,
    ) -> None:
        self._rules = rules
        self._requests = requests
        self._orders = orders
        self._hand_overs = hand_overs
        self._documents = documents
        self._addresses = addresses
        self._clock = clock
        self._superseding = superseding
        self._relay = relay
        self._faults = faults
        self._meter = meter

    async def assess(self, request: InitiatingRequest) -> Decision:
        """Return what the request would take; nothing is stored or told (dry run)."""
        known = await self._known(request)
        return decide(request, known, self._addresses, request.received_date)

    async def take(
        self,
        request: InitiatingRequest,
        service_order: Callable[[Decision], Document] | None = None,
        idempotency: Idempotency | None = None,
        asked: Document | None = None,
    ) -> RecordedRequest:
        """Decide the request, record it and issue its orders; return the record.

        Args:
            service_order: writes the TMF641 order as the decision leaves it.
            asked: what came in, where it is no service order.

        Raises:
            IdempotencyConflictError: the key was used with another body.
            StoreUnavailableError: nobody knows whether it is recorded; the same key makes it safe
                to repeat. What is recorded will be issued.
        """
        decision = await self.assess(request)
        order = service_order(decision) if service_order else None
        record = issue(decision, self._documents, order, idempotency, asked)
        kept = await self._requests.add(record)
        if kept is not None:
            check_key(idempotency, kept.entity.idempotency)
            record = kept
        else:
            types = [one.order_type for one in decision.all_orders]
            self._meter.decided(request.request_type, decision.outcome, types)
        self._faults.reached("afterRecord")
        await self.finish(record)
        return record

    async def amend(
        self, record: RecordedRequest, service_order: Document, moment: datetime
    ) -> RecordedRequest | None:
        """Return the record of a service order that asks for something else now.

        None if it asks for the same; what is returned is to be stored, and then finished.

        Raises:
            InvalidDocumentError, IllegalTransitionError: see `reassess`.
        """
        amended = replace(record, service_order=service_order)
        before = self._documents.request_of(record, self._addresses)
        request = self._documents.request_of(amended, self._addresses)
        if not asks_anew(before, request):
            return None
        again = replace(request, received_date=moment, round=before.round + 1)
        decision = await self.assess(again)
        standing = await self._standing(record)
        return reassess(record, service_order, decision, standing, self._documents)

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

    async def _known(self, request: InitiatingRequest) -> Knowledge:  # noqa: ARG002
        """Return what the decision of the request rests on."""
        return Knowledge(rules=self._rules.current())

    async def finish(self, record: RecordedRequest) -> None:
        """Issue what the plan holds; doing it again changes nothing."""
        if record.plan:
            for order_id in record.plan.superseded:
                await self._superseding.supersede(order_id, record.entity.id)
                self._faults.reached("afterSuperseded")
            # Before its order, which may be on its way to Track & Manage as soon as it is there.
            await self._hand_overs.add_all(record.plan.special_handling)
            self._faults.reached("afterHandOvers")
            await self._orders.add_all(record.plan.resource_order)
            self._faults.reached("afterOrders")
            await self._requests.settle(record)
        self._relay.wake()

    async def sweep(self, *, older_than: float) -> int:
        """Finish the requests that a crash left; return how many there were."""
        before = self._clock.now() - timedelta(seconds=older_than)
        left = await self._requests.unsettled(received_before=before, limit=_SWEPT_AT_ONCE)
        for record in left:
            await self.finish(record)
            _log.warning("finished a request that was left", extra={"request": record.entity.id})
        return len(left)
