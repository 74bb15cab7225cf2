"""Service orders that are there: change and remove them, over the ports."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ordergate.process.revisions import write_over
from ordergate.process.service_lifecycle import amend_service_order, service_order_removal

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from ordergate.model.common import Document
    from ordergate.process.ports import Clock, Entity, Relay, ServiceOrderBook
    from ordergate.tmf630.patch import Change


class KeepServiceOrders:
    """Service orders of clients, and of whoever manages them: changed and removed.

    Args:
        check: raises where a document breaks the contract.
    """

    def __init__(
        self,
        *,
        orders: ServiceOrderBook,
        clock: Clock,
        relay: Relay,
        check: Callable[[Document], None],
    ) -> None:
        self._orders = orders
        self._clock = clock
        self._relay = relay
        self._check = check

    async def change(
        self, order_id: str, change: Change, if_revision: Collection[int] | None = None
    ) -> Entity:
        """Amend an order by a patch and return it; see `amend_service_order` for what is refused.

        Raises:
            NotFoundError: there is none.
            PreconditionFailedError, StaleRevisionError: see `write_over`.
        """
        kept = await write_over(
            lambda: self._orders.get(order_id),
            lambda order: amend_service_order(order, change, self._clock.now(), self._check),
            self._orders.replace,
            if_revision,
        )
        if kept.owed:
            self._relay.wake()
        return kept

    async def remove(self, order_id: str, if_revision: Collection[int] | None = None) -> None:
        """Delete an order; its listeners are told, and its record stays.

        Raises:
            NotFoundError: there is none.
            IllegalTransitionError: it is being worked on.
            PreconditionFailedError, StaleRevisionError: see `write_over`.
        """
        await write_over(
            lambda: self._orders.get(order_id),
            lambda order: service_order_removal(order, self._clock.now()),
            self._orders.remove,
            if_revision,
        )
        self._relay.wake()
