"""Service orders that are there: change and remove them, over the ports."""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Protocol

from ordergate.errors import NotFoundError
from ordergate.process.amendment import changed_attributes
from ordergate.process.notify import changed
from ordergate.process.record import service_order_of, with_service_order
from ordergate.process.revisions import write_over
from ordergate.process.service_lifecycle import (
    AMENDABLE,
    amend_service_order,
    service_order_removal,
    told,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from datetime import datetime

    from ordergate.model.common import Document
    from ordergate.process.entity import RecordedRequest
    from ordergate.process.plans import CarryOutPlans
    from ordergate.process.ports import Clock, Relay, RequestBook
    from ordergate.process.size import SizeLimit
    from ordergate.tmf630.patch import Change


class Reassessing(Protocol):
    """Decides anew what an amended order takes (`pipeline.IssueResourceOrders`)."""

    async def amend(
        self,
        record: RecordedRequest,
        service_order: Document,
        moment: datetime,
        held: AsyncExitStack,
    ) -> RecordedRequest | None:
        """Return the record to store, or None where the order asks for nothing else.

        Args:
            held: holds what nobody else may do until the plan of the record is carried out.
        """

    def identified(self, record: RecordedRequest, service_order: Document) -> Document:
        """Return the amended order with the ids of the services that it brings into being."""


class KeepServiceOrders:
    """Service orders of clients, and of whoever manages them: changed and removed.

    Args:
        check: raises where a document breaks the contract.
    """

    def __init__(
        self,
        *,
        requests: RequestBook,
        clock: Clock,
        relay: Relay,
        process: Reassessing,
        plans: CarryOutPlans,
        limit: SizeLimit,
        check: Callable[[Document], None],
    ) -> None:
        self._requests = requests
        self._clock = clock
        self._relay = relay
        self._process = process
        self._plans = plans
        self._limit = limit
        self._check = check

    async def change(
        self, order_id: str, change: Change, if_revision: Collection[int] | None = None
    ) -> RecordedRequest:
        """Amend an order by a patch; see `amend_service_order` for what is refused.

        Raises:
            NotFoundError: there is none.
            TooLargeError: it can't be kept with what is added; it stays as it was.
            InProgressError: another request changes the same things for too long.
            PreconditionFailedError, StaleRevisionError: see `write_over`.
        """
        held = AsyncExitStack()

        async def amended(record: RecordedRequest) -> RecordedRequest | None:
            moment, order = self._clock.now(), service_order_of(record)
            after = amend_service_order(order.document, change, moment, self._check)
            if after is not None:  # a client that sends items whole needn't know what we named
                after = self._process.identified(record, after)
            if after in (None, order.document):
                return None
            if order.document["state"] in AMENDABLE and after["state"] == order.document["state"]:
                decided = await self._process.amend(record, after, moment, held)
                if decided is not None:
                    self._limit.refuse(decided)
                    return decided
            said = ", ".join(changed_attributes(order.document, after))
            order = changed(order, after, moment, *told(order.document, after))
            after_all = with_service_order(record, order, moment, "amended", said)
            self._limit.refuse(after_all)
            return after_all

        standing = partial(self._standing, order_id)
        async with held:
            kept = await write_over(standing, amended, self._requests.replace, if_revision)
            if kept.owed and kept.plan.revision == kept.revision:
                await self._plans.finish(kept)
            elif kept.owed:
                self._relay.wake()
        return kept

    async def remove(self, order_id: str, if_revision: Collection[int] | None = None) -> None:
        """Delete an order; its listeners are told, and its record stays.

        Raises:
            NotFoundError: there is none.
            IllegalTransitionError: it is being worked on.
            PreconditionFailedError, StaleRevisionError: see `write_over`.
        """

        async def removed(record: RecordedRequest) -> RecordedRequest:
            moment = self._clock.now()
            order = service_order_removal(service_order_of(record), moment)
            gone = with_service_order(record, order, moment, "serviceOrderDeleted", "")
            return replace(gone, service_order=None, waiting=())

        standing = partial(self._standing, order_id)
        await write_over(standing, removed, self._requests.replace, if_revision)
        self._relay.wake()

    async def _standing(self, order_id: str) -> RecordedRequest:
        """Return the record of a service order that wasn't deleted."""
        try:
            record = await self._requests.get(order_id)
        except NotFoundError:
            record = None
        if record is None or record.service_order is None:
            raise NotFoundError(f"There is no service order with the id {order_id!r}.", path="id")
        return record
