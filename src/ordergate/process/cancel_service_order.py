"""Cancel service order: take back a service order with all that was issued for it (S13 to S22).

It stays in assessment until each resource order's own cancellation is accepted or denied. As with
a resource order, what comes next follows from the task and the orders as they are now.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from uuid import UUID

from ordergate.model.cancel_task import CANCEL_SERVICE_ORDER
from ordergate.model.common import timestamp
from ordergate.model.completion import completed
from ordergate.model.events import EventType, Occurrence
from ordergate.model.ids import id_of
from ordergate.model.states import CANCELLABLE, UNDER_CANCELLATION, OrderState, TaskState
from ordergate.process.cancel_task import begun, cancel_task, ended, is_due
from ordergate.process.entity import Cancellation
from ordergate.process.notify import changed

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from ordergate.model.addresses import Addresses
    from ordergate.model.common import Document
    from ordergate.process.entity import Entity, Idempotency
    from ordergate.process.issued import Issued

_KIND = CANCEL_SERVICE_ORDER
_TASK_IDS = UUID("6d0f9a52-70c5-5c1e-a7a5-9f1f0b4b7a10")
_CAME_TO_NOTHING = frozenset({OrderState.FAILED, OrderState.CANCELLED, OrderState.REJECTED})


@dataclass(frozen=True, slots=True)
class Step:
    """The next step of a cancellation: a write to its task or its order, or a request to others.

    Args:
        done: names the point just after it, where a test may end the process.
        cancel: resource orders whose cancellation is to be asked for.
        withdraw: ids of hand-overs that nobody has to see to any more.
    """

    done: str
    task: Entity | None = None
    order: Entity | None = None
    cancel: tuple[Entity, ...] = ()
    withdraw: tuple[str, ...] = ()


def cancel_service_order(
    body: Document,
    task_id: str,
    order: Entity,
    addresses: Addresses,
    moment: datetime,
    *,
    idempotency: Idempotency | None = None,
) -> Entity:
    """Return the task that takes the service order back, accepted, with the event that it owes.

    Raises:
        IllegalTransitionError: the order is over, or is being cancelled already.
    """
    return cancel_task(
        _KIND,
        body,
        order,
        moment,
        task_id=task_id,
        href=addresses.cancel_service_order(task_id),
        order_href=addresses.service_order(order.id),
        idempotency=idempotency,
    )


def resource_task_id(task_id: str, order_id: str) -> str:
    """Return the id of the task that cancels a resource order as a part of such a task."""
    return id_of(_TASK_IDS, f"{task_id}/{order_id}")


def resource_task_body(task: Entity, order_id: str) -> Document:
    """Return what is POSTed, so to say, to cancel a resource order (standards 7.3)."""
    copied = ("cancellationReason", "requestedCancellationDate")
    told = {name: task.document[name] for name in copied if name in task.document}
    return {"resourceOrder": {"id": order_id}, **told}


def next_step(task: Entity, order: Entity | None, issued: Issued, moment: datetime) -> Step | None:
    """Return what the task does next, or None: it is over, not due yet, or waits for others.

    Args:
        order: the service order to cancel; None if it was deleted since.
    """
    state = task.document["state"]
    if state == TaskState.ACCEPTED:
        due = is_due(task, moment)
        return Step("afterServiceTaskBegun", task=begun(_KIND, task, moment)) if due else None
    if state != TaskState.IN_PROGRESS:
        return None
    if order is None:
        return _ended(task, moment, error="The order was deleted before it could be cancelled.")
    mark = order.cancellation
    if mark is None or mark.task_id != task.id:
        return _begun(task, order, moment)
    if mark.denied is not None:
        return _ended(task, moment, completionMessage=mark.denied)
    return _continued(task, order, mark, issued, moment)


def _begun(task: Entity, order: Entity, moment: datetime) -> Step:
    """Begin to assess (S13 to S16), unless the order came to its end before the task was due."""
    prior = OrderState(order.document["state"])
    if prior not in CANCELLABLE:
        return _ended(task, moment, completionMessage=f"Not cancelled: the order is {prior}.")
    marked = replace(order, cancellation=Cancellation(task.id, prior))
    return _order("afterServiceAssessing", marked, OrderState.ASSESSING_CANCELLATION, moment)


def _continued(
    task: Entity, order: Entity, mark: Cancellation, issued: Issued, moment: datetime
) -> Step | None:
    """Go on with an order that this task has in hand."""
    if not issued.is_all and order.document["state"] in UNDER_CANCELLATION:
        return None
    if order.document["state"] == OrderState.ASSESSING_CANCELLATION:
        return _assessed(order, mark, issued, moment)
    if order.document["state"] == OrderState.PENDING_CANCELLATION:
        return _cancelled(task, order, issued, moment)
    date = order.document["cancellationDate"]
    return _ended(task, moment, error=issued.not_undone, effectiveCancellationDate=date)


def _assessed(order: Entity, mark: Cancellation, issued: Issued, moment: datetime) -> Step | None:
    """Deny (S17 to S20) before anything is cancelled, if anything can't be; else cancel it all.

    Only a race leaves some resource orders cancelled and others not.
    """
    denied = issued.denial
    asked = tuple(one.order for one in issued.order if one.is_to_be_asked)
    if asked and not denied:
        return Step("afterServiceCascade", cancel=asked)
    if any(one.is_undecided for one in issued.order):
        return None
    if denied:
        marked = replace(order, cancellation=replace(mark, denied=f"Denied: {denied}."))
        return _order("afterServiceAssessed", marked, mark.prior_state, moment)
    items = _with_state(order.document["serviceOrderItem"], OrderState.PENDING_CANCELLATION)
    after = {"serviceOrderItem": items}
    return _order("afterServiceAssessed", order, OrderState.PENDING_CANCELLATION, moment, after)


def _cancelled(task: Entity, order: Entity, issued: Issued, moment: datetime) -> Step | None:
    """End the order (S22) when all that was issued for it has ended."""
    if not all(one.is_over for one in issued.order):
        return None
    if issued.hand_over:
        return Step("afterServiceWithdrawn", withdraw=tuple(one.id for one in issued.hand_over))
    after: Document = {
        "serviceOrderItem": _with_state(order.document["serviceOrderItem"], OrderState.CANCELLED),
        "cancellationDate": timestamp(moment),
    }
    if reason := task.document.get("cancellationReason"):
        after["cancellationReason"] = reason
    if issued.not_undone:
        note = {"author": "Ordergate", "text": issued.not_undone}
        after["note"] = [*order.document.get("note", []), note]
    return _order("afterServiceCancelled", order, OrderState.CANCELLED, moment, after)


def _with_state(items: Iterable[Document], state: OrderState) -> list[Document]:
    """Return the items in a state, those inside them too, but for what came to nothing."""
    moved = []
    for item in items:
        after = item if item["state"] in _CAME_TO_NOTHING else {**item, "state": str(state)}
        if "serviceOrderItem" in item:
            after = {**after, "serviceOrderItem": _with_state(item["serviceOrderItem"], state)}
        moved.append(after)
    return moved


def _order(
    done: str, order: Entity, state: OrderState, moment: datetime, after: Document | None = None
) -> Step:
    """Move the order to `state`, with what else changes."""
    document = completed({**order.document, **(after or {}), "state": str(state)}, moment)
    said = f"{order.document['state']} -> {state}"
    told = [Occurrence(EventType.SERVICE_ORDER_STATE_CHANGE, document, said)]
    names = [
        name
        for name in ("serviceOrderItem", "note")
        if document.get(name) != order.document.get(name)
    ]
    if names:
        kind = EventType.SERVICE_ORDER_ATTRIBUTE_VALUE_CHANGE
        told.append(Occurrence(kind, document, f"Changed: {', '.join(names)}.", ",".join(names)))
    return Step(done, order=changed(order, document, moment, *told))


def _ended(task: Entity, moment: datetime, *, error: str | None = None, **said: str) -> Step:
    return Step("afterServiceTaskEnded", task=ended(_KIND, task, moment, error, **said))
