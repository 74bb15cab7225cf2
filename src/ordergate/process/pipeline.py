"""Pipeline: issue over the ports, so that a crash at any point loses and doubles nothing.

The record is the commit point. What its plan holds has deterministic ids, so issuing it again
changes nothing, and the sweeper finishes what a crash left.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from ordergate.process.decide import decide
from ordergate.process.idempotency import check_key
from ordergate.process.issue import issue
from ordergate.process.knowledge import Knowledge

if TYPE_CHECKING:
    from collections.abc import Callable

    from ordergate.model.addresses import Addresses
    from ordergate.model.common import Document
    from ordergate.process.decide import Decision
    from ordergate.process.issue import Documents
    from ordergate.process.ports import (
        Clock,
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
    ) -> RecordedRequest:
        """Decide the request, record it and issue its orders; return the record.

        Args:
            service_order: writes the TMF641 order as the decision leaves it.

        Raises:
            IdempotencyConflictError: the key was used with another body.
            StoreUnavailableError: nobody knows whether it is recorded; the same key makes it safe
                to repeat. What is recorded will be issued.
        """
        decision = await self.assess(request)
        order = service_order(decision) if service_order else None
        record = issue(decision, self._documents, order, idempotency)
        kept = await self._requests.add(record)
        if kept is not None:
            check_key(idempotency, kept.entity.idempotency)
            record = kept
        else:
            types = [one.order_type for one in decision.all_orders]
            self._meter.decided(request.request_type, decision.outcome, types)
        self._faults.reached("afterRecord")
        await self._finish(record)
        return record

    async def _known(self, request: InitiatingRequest) -> Knowledge:  # noqa: ARG002
        """Return what the decision of the request rests on."""
        return Knowledge(rules=self._rules.current())

    async def _finish(self, record: RecordedRequest) -> None:
        """Issue what the plan holds; doing it again changes nothing."""
        if record.plan:
            await self._orders.add_all(record.plan.resource_order)
            self._faults.reached("afterOrders")
            await self._hand_overs.add_all(record.plan.special_handling)
            await self._requests.settle(record)
        self._relay.wake()

    async def sweep(self, *, older_than: float) -> int:
        """Finish the requests that a crash left; return how many there were."""
        before = self._clock.now() - timedelta(seconds=older_than)
        left = await self._requests.unsettled(received_before=before, limit=_SWEPT_AT_ONCE)
        for record in left:
            await self._finish(record)
            _log.warning("finished a request that was left", extra={"request": record.entity.id})
        return len(left)
