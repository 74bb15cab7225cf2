"""Service cancellations: cancel tasks of service orders and what becomes of them, over the ports.

Each resource order is cancelled by a task of its own, whose id follows from this one, so asking
again changes nothing and the sweeper finishes what a crash left.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from ordergate.errors import (
    DuplicateError,
    IllegalTransitionError,
    NotFoundError,
    UnknownResourceOrderError,
    UnknownServiceOrderError,
)
from ordergate.model.states import UNDER_CANCELLATION, OrderState
from ordergate.process.cancel_service_order import (
    cancel_service_order,
    next_step,
    resource_task_body,
    resource_task_id,
)
from ordergate.process.entity import Idempotency
from ordergate.process.hand_over import Resolution, resolved
from ordergate.process.idempotency import check_key
from ordergate.process.issued import Issued, IssuedOrder
from ordergate.process.record import issued_in, request_id_of, service_order_of, with_service_order
from ordergate.process.revisions import write_over
from ordergate.process.roll_up import taken_back
from ordergate.process.sweep import sweep_tasks

if TYPE_CHECKING:
    from ordergate.model.addresses import Addresses
    from ordergate.model.common import Document
    from ordergate.process.cancel_service_order import Step
    from ordergate.process.entity import Entity, RecordedRequest
    from ordergate.process.ports import (
        CancelTaskBook,
        Clock,
        FaultPoints,
        HandOverBook,
        OrderBook,
        Relay,
        RequestBook,
    )
    from ordergate.process.resource_orders import CancelResourceOrders

_log = logging.getLogger(__name__)

_ACCEPTED = frozenset({OrderState.PENDING_CANCELLATION, OrderState.CANCELLED})

_LOOKS = 32
"""How often a task is gone on with before it is left to the sweeper; eight steps are the most."""


class CancelServiceOrders:
    """Cancel tasks of service orders.

    Args:
        tasks: those of service orders.
        resource_tasks: those of resource orders.
        cancellations: takes the tasks that resource orders are cancelled by.
    """

    def __init__(
        self,
        *,
        tasks: CancelTaskBook,
        requests: RequestBook,
        orders: OrderBook,
        resource_tasks: CancelTaskBook,
        hand_overs: HandOverBook,
        cancellations: CancelResourceOrders,
        addresses: Addresses,
        clock: Clock,
        relay: Relay,
        faults: FaultPoints,
    ) -> None:
        self._tasks = tasks
        self._requests = requests
        self._orders = orders
        self._resource_tasks = resource_tasks
        self._hand_overs = hand_overs
        self._cancellations = cancellations
        self._addresses = addresses
        self._clock = clock
        self._relay = relay
        self._faults = faults

    async def take(
        self, body: Document, task_id: str, idempotency: Idempotency | None = None
    ) -> Entity:
        """Keep the task that a client POSTs, go on with it and return it as it is then.

        Raises:
            UnknownServiceOrderError: there is no such order.
            IllegalTransitionError, DuplicateError: the order is over, or being cancelled already.
            IdempotencyConflictError: the key was used with another body.
        """
        # The order comes first: if a task of the same key has moved it, that task is found next.
        order_id = body["serviceOrder"]["id"]
        record = await self._record(order_id)
        task = await self._task(task_id) if idempotency else None
        if task is None:
            if record is None:
                raise UnknownServiceOrderError(
                    f"There is no service order with the id {order_id!r}.", path="serviceOrder.id"
                )
            moment = self._clock.now()
            new = cancel_service_order(
                body,
                task_id,
                service_order_of(record),
                self._addresses,
                moment,
                idempotency=idempotency,
            )
            task = await self._tasks.add(new)
        if task is not None:
            check_key(idempotency, task.idempotency)
        self._relay.wake()
        self._faults.reached("afterCancelServiceTask")
        return await self._go_on(task_id, order_id)

    async def follow(self, order: Entity) -> None:
        """Go on with the cancellation that the service order of a resource order is under."""
        request_id = request_id_of(order.document)
        record = await self._record(request_id) if request_id else None
        if record is None or record.entity.document["state"] not in UNDER_CANCELLATION:
            return
        if record.entity.cancellation is not None:
            await self._go_on(record.entity.cancellation.task_id, record.entity.id)

    async def sweep(self, *, older_than: float) -> int:
        """Go on with all tasks that were due so many seconds ago; return how many moved."""
        due = self._clock.now() - timedelta(seconds=older_than)
        moved = await sweep_tasks(self._tasks, due, self._swept)
        if moved:
            _log.info("went on with cancellations of service orders", extra={"count": moved})
        return moved

    async def _swept(self, task: Entity) -> bool:
        after = await self._go_on(task.id, task.document["serviceOrder"]["id"])
        return after.revision != task.revision

    async def _go_on(self, task_id: str, order_id: str) -> Entity:
        """Take the steps that can be taken now, whoever else is at it.

        What was issued is read after the order, so that nothing is issued meanwhile that isn't
        seen; and the task last, so that one that is over doesn't begin once more.
        """
        for _ in range(_LOOKS):
            record = await self._record(order_id)
            issued = await self._issued(task_id, order_id, record)
            task = await self._tasks.get(task_id)
            order = service_order_of(record) if record else None
            step = next_step(task, order, issued, self._clock.now())
            if step is None:
                break
            if await self._take(step, task, record, issued):
                self._relay.wake()
                self._faults.reached(step.done)
        return await self._tasks.get(task_id)

    async def _take(
        self, step: Step, task: Entity, record: RecordedRequest | None, issued: Issued
    ) -> bool:
        if step.task is not None:
            return await self._tasks.replace(step.task)
        if step.order is not None and record is not None:
            before, state = record.entity.document["state"], step.order.document["state"]
            moment = self._clock.now()
            if state in _ACCEPTED:
                record = taken_back(record, [one.order for one in issued.order], moment)
            said = f"{before} -> {state}"
            after = with_service_order(record, step.order, moment, "stateChanged", said)
            return await self._requests.replace(after)
        for order in step.cancel:
            await self._cancel(task, order)
        for handling_id in step.withdraw:
            read = partial(self._hand_overs.get, handling_id)
            over = partial(resolved, resolution=Resolution.WITHDRAWN)
            await write_over(read, over, self._hand_overs.replace)
        return True

    async def _cancel(self, task: Entity, order: Entity) -> None:
        """Ask for the cancellation of a resource order; if it can't be, the next look says why."""
        own_id = resource_task_id(task.id, order.id)
        body = resource_task_body(task, order.id)
        with suppress(IllegalTransitionError, DuplicateError, UnknownResourceOrderError):
            await self._cancellations.take(body, own_id, Idempotency(own_id, task.id))
        self._faults.reached("afterServiceCascadeOne")

    async def _issued(self, task_id: str, order_id: str, record: RecordedRequest | None) -> Issued:
        """Return what was issued, as it is now.

        Tasks are read before their orders: the other way round one that is over by then would seem
        to have left its order as it was.
        """
        if record is None:
            return Issued()
        known = [one["id"] for one in record.entity.document.get("resourceOrder", [])]
        tasks = {one: await self._task_at(one, task_id) for one in known}
        orders = issued_in(record, await self._orders.of_request(order_id))
        return Issued(
            tuple(_issued_order(task_id, order, tasks[order.id]) for order in orders),
            tuple(await self._hand_overs.open_for(request_ids=[order_id])),
            is_all=record.plan.is_issued_with({order.id for order in orders}),
        )

    async def _task_at(self, order_id: str, task_id: str) -> Entity | None:
        """Return the task that this one asked for, else another one that is at the order."""
        try:
            return await self._resource_tasks.get(resource_task_id(task_id, order_id))
        except NotFoundError:
            return await self._resource_tasks.unfinished_for(order_id)

    async def _record(self, order_id: str) -> RecordedRequest | None:
        """Return the record of a service order that is there."""
        try:
            record = await self._requests.get(order_id)
        except NotFoundError:
            return None
        return None if record.service_order is None else record

    async def _task(self, task_id: str) -> Entity | None:
        try:
            return await self._tasks.get(task_id)
        except NotFoundError:
            return None


def _issued_order(task_id: str, order: Entity, task: Entity | None) -> IssuedOrder:
    is_own = task is not None and task.id == resource_task_id(task_id, order.id)
    return IssuedOrder(order, task, is_own=is_own)
