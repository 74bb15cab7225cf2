"""Plans: carry out what records plan, so that a crash at any point loses and doubles nothing.

The record is the commit point. What its plan holds has deterministic ids, so taking any step of it
again changes nothing, and the sweeper finishes what a crash left.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Protocol

from ordergate.errors import NotFoundError
from ordergate.model.states import OrderState
from ordergate.process.hand_over import Resolution, resolved
from ordergate.process.lifecycle import conclude
from ordergate.process.revisions import write_over
from ordergate.process.sweep import Lingering

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from ordergate.process.entity import Closing, Entity, RecordedRequest
    from ordergate.process.ports import (
        Clock,
        FaultPoints,
        HandOverBook,
        OrderBook,
        Relay,
        RequestBook,
    )

_log = logging.getLogger(__name__)

_SWEPT_AT_ONCE = 100


class Superseding(Protocol):
    """Cancels orders whose place others take (`resource_orders.CancelResourceOrders`)."""

    async def supersede(self, order_id: str, request_id: str) -> None:
        """Cancel the order for that request; doing it again changes nothing."""


class CarryOutPlans:
    """What records plan, over the ports.

    Args:
        follow: brings the request of an order to where that is.
        settle: notes that the plan of a record is carried out, now or soon.
    """

    def __init__(
        self,
        *,
        requests: RequestBook,
        orders: OrderBook,
        hand_overs: HandOverBook,
        superseding: Superseding,
        follow: Callable[[Entity], Awaitable[None]],
        settle: Callable[[RecordedRequest], Awaitable[None]],
        clock: Clock,
        relay: Relay,
        faults: FaultPoints,
    ) -> None:
        self._requests = requests
        self._orders = orders
        self._hand_overs = hand_overs
        self._superseding = superseding
        self._follow = follow
        self._settle = settle
        self._clock = clock
        self._relay = relay
        self._faults = faults
        self._lingering = Lingering(clock)

    async def finish(self, record: RecordedRequest) -> None:
        """Issue what the plan holds; doing it again changes nothing."""
        if record.plan:
            self._faults.reached("afterPlan")
            for order_id in record.plan.superseded:
                await self._superseding.supersede(order_id, record.entity.id)
                self._faults.reached("afterSuperseded")
                await self._withdraw(order_id)
            # Before its order, which may be on its way to Track & Manage as soon as it is there.
            await self._hand_overs.add_all(record.plan.special_handling)
            self._faults.reached("afterHandOvers")
            await self._orders.add_all(record.plan.resource_order)
            self._faults.reached("afterOrders")
            for closing in record.plan.closing:
                await self._close(closing)
                self._faults.reached("afterClosing")
            for handling_id in record.plan.withdrawn:
                await self._resolve(handling_id, Resolution.WITHDRAWN)
            await self._settle(record)
        self._relay.wake()

    async def _withdraw(self, order_id: str) -> None:
        """Resolve the hand-over that a withdrawn order stands for: nobody needs to see to it."""
        try:
            order = await self._orders.get(order_id)
        except NotFoundError:
            return
        if "specialHandling" not in order.document:
            return
        request_id = order.document["initiatingRequest"]["id"]
        for one in await self._hand_overs.open_for(request_ids=[request_id]):
            if one.document["resourceOrder"]["id"] == order_id:
                await self._resolve(one.id, Resolution.WITHDRAWN)

    async def _close(self, closing: Closing) -> None:
        """Bring items of an order to their end, and resolve their hand-over."""

        async def concluded(order: Entity) -> Entity | None:
            return conclude(order, closing, self._clock.now())

        read = partial(self._orders.get, closing.order_id)
        with suppress(NotFoundError):
            await self._follow(await write_over(read, concluded, self._orders.replace))
        if closing.hand_over_id is not None:
            feasible = closing.state is OrderState.COMPLETED
            await self._resolve(
                closing.hand_over_id, Resolution.ASSESSED if feasible else Resolution.INFEASIBLE
            )

    async def _resolve(self, handling_id: str, resolution: Resolution) -> None:
        read = partial(self._hand_overs.get, handling_id)
        with suppress(NotFoundError):
            await write_over(
                read, partial(resolved, resolution=resolution), self._hand_overs.replace
            )

    async def sweep(self, *, older_than: float) -> int:
        """Finish the requests that a crash left; return how many there were."""
        found = await self._requests.unsettled(limit=_SWEPT_AT_ONCE)
        long = self._lingering.long([record.entity.id for record in found], older_than)
        left = [record for record in found if record.entity.id in long]
        for record in left:
            await self.finish(record)
            _log.warning("finished a request that was left", extra={"request": record.entity.id})
        return len(left)
