"""Resource orders: take, change, cancel and remove them, over the ports.

A cancel task is a commit point: what comes next is found out anew each time (`cancel.next_step`),
so the sweeper finishes what a crash left, and begins what has become due.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, TypeAlias
from uuid import UUID

from ordergate.errors import (
    DuplicateError,
    IllegalTransitionError,
    NotFoundError,
    UnknownResourceOrderError,
)
from ordergate.model.ids import id_of
from ordergate.model.states import UNDER_CANCELLATION
from ordergate.process.acknowledge import acknowledge
from ordergate.process.cancel import cancel, next_step
from ordergate.process.entity import Idempotency
from ordergate.process.idempotency import check_key
from ordergate.process.lifecycle import amend, removal
from ordergate.process.revisions import write_over
from ordergate.process.sweep import sweep_tasks

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Sequence

    from ordergate.model.addresses import Addresses
    from ordergate.model.common import Document
    from ordergate.process.cancel import Step
    from ordergate.process.entity import Entity
    from ordergate.process.lifecycle import Check
    from ordergate.process.ports import CancelTaskBook, Clock, FaultPoints, OrderBook, Relay
    from ordergate.process.size import SizeLimit
    from ordergate.tmf630.patch import Change

    Follow: TypeAlias = Callable[[Entity], Awaitable[None]]
    """Does what follows from a change of a resource order."""

_log = logging.getLogger(__name__)

_LOOKS = 32
"""How often a task is gone on with before it is left to the sweeper; six steps are the most."""

_TASK_IDS = UUID("9f1c0a55-2f3d-5a0e-8d0d-4d0b7f3f3b52")


class CancelResourceOrders:
    """Cancel tasks and what becomes of their orders.

    Args:
        follow: brings the request of an order to where that is.
    """

    def __init__(
        self,
        *,
        tasks: CancelTaskBook,
        orders: OrderBook,
        addresses: Addresses,
        clock: Clock,
        relay: Relay,
        faults: FaultPoints,
        follow: Follow,
    ) -> None:
        self._tasks = tasks
        self._orders = orders
        self._addresses = addresses
        self._clock = clock
        self._relay = relay
        self._faults = faults
        self._follow = follow

    async def take(
        self, body: Document, task_id: str, idempotency: Idempotency | None = None
    ) -> Entity:
        """Keep the task that a client POSTs, go on with it and return it as it is then.

        Raises:
            UnknownResourceOrderError: there is no such order.
            IllegalTransitionError, DuplicateError: the order is over, or being cancelled already.
            IdempotencyConflictError: the key was used with another body.
        """
        # The order comes first: if a task of the same key has moved it, that task is found next.
        order = await self._order(body["resourceOrder"]["id"])
        kept = await self._task(task_id) if idempotency else None
        if kept is None:
            if order is None:
                raise UnknownResourceOrderError(
                    f"There is no resource order with the id {body['resourceOrder']['id']!r}.",
                    path="resourceOrder.id",
                )
            moment = self._clock.now()
            task = cancel(body, task_id, order, self._addresses, moment, idempotency=idempotency)
            kept = await self._tasks.add(task)
        if kept is not None:
            check_key(idempotency, kept.idempotency)
            task = kept
        self._relay.wake()
        self._faults.reached("afterCancelTask")
        return await self._go_on(task, order)

    async def supersede(self, order_id: str, request_id: str) -> None:
        """Cancel an order because others of the same request take its place.

        Doing it again, or too late, changes nothing.
        """
        task_id = id_of(_TASK_IDS, f"{request_id}/superseded/{order_id}")
        reason = f"Superseded by other orders of request {request_id}."
        asked = {"resourceOrder": {"id": order_id}, "cancellationReason": reason}
        try:
            await self.take(asked, task_id, Idempotency(task_id, reason))
        except (UnknownResourceOrderError, IllegalTransitionError, DuplicateError) as error:
            _log.warning("not superseded: %s", error, extra={"order": order_id})

    async def finish(self, order: Entity) -> None:
        """Go on with the cancellation that an order is under, as far as it goes now."""
        if order.cancellation is not None:
            await self._go_on(await self._tasks.get(order.cancellation.task_id), order)

    async def sweep(self, *, older_than: float) -> int:
        """Go on with all tasks that were due so many seconds ago; return how many moved."""
        due = self._clock.now() - timedelta(seconds=older_than)
        moved = await sweep_tasks(self._tasks, due, self._swept)
        if moved:
            _log.info("went on with cancellations", extra={"count": moved})
        return moved

    async def _swept(self, task: Entity) -> bool:
        seen, order = await self._both(task)
        return (await self._go_on(seen, order)).revision != seen.revision

    async def _go_on(self, task: Entity, order: Entity | None) -> Entity:
        """Take the steps that can be taken now, whoever else is at it.

        The order was read before the task. The other way round the task could be over by the time
        its order is read, and would begin once more.
        """
        moved = None
        for _ in range(_LOOKS):
            step = next_step(task, order, self._clock.now())
            if step is None:
                break
            if await self._write(step):
                task, order = step.task or task, step.order or order
                moved = step.order or moved
                self._relay.wake()
                self._faults.reached(step.done)
            else:
                task, order = await self._both(task)
        if moved is not None:
            await self._follow(moved)
        return task

    async def _both(self, task: Entity) -> tuple[Entity, Entity | None]:
        """Return the task and its order as they are now."""
        order = await self._order(task.document["resourceOrder"]["id"])
        return await self._tasks.get(task.id), order

    async def _write(self, step: Step) -> bool:
        if step.task is not None:
            return await self._tasks.replace(step.task)
        return step.order is not None and await self._orders.replace(step.order)

    async def _order(self, order_id: str) -> Entity | None:
        try:
            return await self._orders.get(order_id)
        except NotFoundError:
            return None

    async def _task(self, task_id: str) -> Entity | None:
        try:
            return await self._tasks.get(task_id)
        except NotFoundError:
            return None


class KeepResourceOrders:
    """Resource orders of clients and of Track & Manage: taken, changed and removed.

    Args:
        followers: bring the request of an order, and its cancellation, to where that is.
    """

    def __init__(
        self,
        *,
        orders: OrderBook,
        cancellations: CancelResourceOrders,
        addresses: Addresses,
        clock: Clock,
        relay: Relay,
        limit: SizeLimit,
        check: Check,
        followers: Sequence[Follow],
    ) -> None:
        self._orders = orders
        self._cancellations = cancellations
        self._addresses = addresses
        self._clock = clock
        self._relay = relay
        self._limit = limit
        self._check = check
        self._followers = followers

    async def take(
        self, body: Document, order_id: str, idempotency: Idempotency | None = None
    ) -> Entity:
        """Acknowledge an order that a client POSTs, and keep it.

        Raises:
            InvalidDocumentError: see `acknowledge`.
            TooLargeError: it can't be kept; nothing of it is.
            IdempotencyConflictError: the key was used with another body.
        """
        order = acknowledge(body, order_id, self._addresses, self._clock.now(), idempotency)
        self._limit.refuse_order(order)
        kept = await self._orders.add(order)
        if kept is not None:
            check_key(idempotency, kept.idempotency)
            return kept
        self._relay.wake()
        return order

    async def change(
        self, order_id: str, change: Change, if_revision: Collection[int] | None = None
    ) -> Entity:
        """Amend an order by a patch and return it; see `amend` for what is refused.

        Raises:
            NotFoundError: there is none.
            TooLargeError: it can't be kept with what is added; it stays as it was.
            PreconditionFailedError, StaleRevisionError: see `write_over`.
        """

        async def amended(order: Entity) -> Entity | None:
            after = amend(order, change, self._clock.now(), self._check, self._addresses)
            if after is not None:
                self._limit.refuse_order(after)
            return after

        read = partial(self._orders.get, order_id)
        kept = await write_over(read, amended, self._orders.replace, if_revision)
        if kept.owed:
            self._relay.wake()
        if kept.document["state"] in UNDER_CANCELLATION:
            await self._cancellations.finish(kept)
            kept = await self._orders.get(order_id)
        await self._followed(kept)
        return kept

    async def remove(self, order_id: str, if_revision: Collection[int] | None = None) -> None:
        """Delete an order; its listeners are told.

        Raises:
            NotFoundError: there is none.
            IllegalTransitionError: it is being worked on.
            PreconditionFailedError, StaleRevisionError: see `write_over`.
        """

        async def removed(order: Entity) -> Entity:
            return removal(order, self._clock.now())

        read = partial(self._orders.get, order_id)
        gone = await write_over(read, removed, self._orders.remove, if_revision)
        self._relay.wake()
        await self._followed(gone)

    async def _followed(self, order: Entity) -> None:
        for follow in self._followers:
            await follow(order)
