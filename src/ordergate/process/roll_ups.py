"""Roll-ups: bring requests to where their resource orders are, over the ports.

Each write of a resource order says that its request has to follow; that is forgotten only when the
request has followed, so the sweeper finishes what a crash left.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import TYPE_CHECKING

from ordergate.errors import NotFoundError, StaleRevisionError, StoreUnavailableError
from ordergate.process.entity import ToRollUp
from ordergate.process.record import issued_in, request_id_of
from ordergate.process.revisions import write_over
from ordergate.process.roll_up import is_put_off, roll_up

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ordergate.process.entity import Entity, RecordedRequest
    from ordergate.process.ports import Clock, FaultPoints, OrderBook, Relay, RequestBook

_log = logging.getLogger(__name__)

_SWEPT_AT_ONCE = 100


class RollUpResourceOrders:
    """Requests that follow their resource orders."""

    def __init__(
        self,
        *,
        requests: RequestBook,
        orders: OrderBook,
        clock: Clock,
        relay: Relay,
        faults: FaultPoints,
    ) -> None:
        self._requests = requests
        self._orders = orders
        self._clock = clock
        self._relay = relay
        self._faults = faults

    async def follow(self, order: Entity) -> None:
        """Bring the request of an order that has just changed to where it is now.

        The change is kept whatever becomes of this: what can't be done now is left to the sweeper.
        """
        request_id = request_id_of(order.document)
        if request_id is None:
            return
        self._faults.reached("afterOrderChanged")
        try:
            await self._roll_up(request_id, [ToRollUp(order.id, request_id, order.revision)])
        except (StaleRevisionError, StoreUnavailableError) as error:
            _log.warning("the roll-up is put off: %s", error, extra={"request": request_id})

    async def sweep(self, *, older_than: float) -> int:  # noqa: ARG002 - no change waits to be due
        """Roll up the changes that were left; return how many requests there were."""
        seen, after = 0, ""
        while left := await self._orders.to_roll_up(after=after, limit=_SWEPT_AT_ONCE):
            by_request: dict[str, list[ToRollUp]] = {}
            for change in left:
                by_request.setdefault(change.request_id, []).append(change)
            for request_id, changes in by_request.items():
                with suppress(StaleRevisionError):  # somebody else is at it: so is the next sweep
                    await self._roll_up(request_id, changes)
            seen, after = seen + len(by_request), left[-1].order_id
        return seen

    async def _roll_up(self, request_id: str, changes: Iterable[ToRollUp]) -> None:
        """Bring the request to where its orders are.

        They are read after the record, so whoever writes it next has seen at least as much.
        """
        there: set[str] = set()

        async def rolled_up(record: RecordedRequest) -> RecordedRequest | None:
            orders = issued_in(record, await self._orders.of_request(request_id))
            there.clear()
            there.update(order.id for order in orders)
            return roll_up(record, orders, self._clock.now())

        async def read() -> RecordedRequest:
            return await self._requests.get(request_id)

        try:
            kept = await write_over(read, rolled_up, self._requests.replace)
        except NotFoundError:  # whoever wrote the order named a request that there isn't
            kept = None
        self._relay.wake()
        if kept is not None and (kept.plan.lacks_any(there) or is_put_off(kept)):
            return
        self._faults.reached("afterRollUp")
        for change in changes:
            await self._orders.rolled_up(change)
