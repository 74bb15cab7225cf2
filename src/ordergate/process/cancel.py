"""Cancel: take back a resource order, one write at a time (S13 to S22, standards 3.3 and 3.4).

The task is the commit point. What comes next follows from the task and its order alone, so whoever
looks at the two goes on where a crash left off.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ordergate.model.cancel_task import CANCEL_RESOURCE_ORDER
from ordergate.model.common import Action, timestamp
from ordergate.model.completion import completed
from ordergate.model.events import EventType, Occurrence
from ordergate.model.states import CANCELLABLE, OrderState, TaskState
from ordergate.process.cancel_task import begun, cancel_task, ended, is_due
from ordergate.process.entity import Cancellation
from ordergate.process.notify import changed

if TYPE_CHECKING:
    from datetime import datetime

    from ordergate.model.addresses import Addresses
    from ordergate.model.common import Document
    from ordergate.process.entity import Entity, Idempotency

_PROGRESS: dict[str, int] = {
    OrderState.ACKNOWLEDGED: 0,
    OrderState.PENDING: 1,
    OrderState.HELD: 1,
    OrderState.IN_PROGRESS: 2,
    OrderState.COMPLETED: 3,
}
"""How far an item is; one that failed, or was cancelled or rejected, is nowhere."""

_KIND = CANCEL_RESOURCE_ORDER
_NEVER_STARTED = frozenset({OrderState.ACKNOWLEDGED, OrderState.PENDING, OrderState.HELD})


@dataclass(frozen=True, slots=True)
class Step:
    """The next write of a cancellation: to its task or to its order.

    Args:
        done: names the point just after it, where a test may end the process.
    """

    done: str
    task: Entity | None = None
    order: Entity | None = None


def cancel(
    body: Document,
    task_id: str,
    order: Entity,
    addresses: Addresses,
    moment: datetime,
    *,
    idempotency: Idempotency | None = None,
) -> Entity:
    """Return the task that takes the order back, acknowledged, with the event that it owes.

    Raises:
        IllegalTransitionError: the order is over, or is being cancelled already.
    """
    return cancel_task(
        _KIND,
        body,
        order,
        moment,
        task_id=task_id,
        href=addresses.cancel_resource_order(task_id),
        order_href=addresses.resource_order(order.id),
        idempotency=idempotency,
    )


def next_step(task: Entity, order: Entity | None, moment: datetime) -> Step | None:
    """Return what the task does next, or None: it is over, not due yet, or waits for its items.

    Args:
        order: the order to cancel; None if it was deleted since.
    """
    state = task.document["state"]
    if state == TaskState.ACKNOWLEDGED:
        due = is_due(task, moment)
        return Step("afterTaskBegun", task=begun(_KIND, task, moment)) if due else None
    if state != TaskState.IN_PROGRESS:
        return None
    if order is None:
        return _ended(task, moment, error="The order was deleted before it could be cancelled.")
    mark = order.cancellation
    if mark is None or mark.task_id != task.id:
        return _begun(task, order, moment)
    if mark.denied is not None:
        return _ended(task, moment, completionMessage=mark.denied)
    return _continued(task, order, mark, moment)


def _begun(task: Entity, order: Entity, moment: datetime) -> Step:
    """Begin to assess (S13 to S16), unless the order came to its end before the task was due."""
    prior = OrderState(order.document["state"])
    if prior not in CANCELLABLE:
        return _ended(task, moment, completionMessage=f"Not cancelled: the order is {prior}.")
    marked = replace(order, cancellation=Cancellation(task.id, prior))
    return _order("afterAssessing", marked, OrderState.ASSESSING_CANCELLATION, moment)


def _continued(task: Entity, order: Entity, mark: Cancellation, moment: datetime) -> Step | None:
    """Go on with an order that this task has in hand."""
    items = order.document["orderItem"]
    if order.document["state"] == OrderState.ASSESSING_CANCELLATION:
        return _assessed(order, mark, moment)
    if any(item["state"] == OrderState.PENDING_CANCELLATION for item in items):
        return None
    failed = [
        item["id"]
        for item in items
        if item["id"] in mark.compensated and item["state"] == OrderState.FAILED
    ]
    said = f"The work of these items could not be undone: {', '.join(failed)}." if failed else None
    if order.document["state"] == OrderState.PENDING_CANCELLATION:
        return _cancelled(task, order, said, moment)
    date = order.document["cancellationDate"]
    if said:
        return _ended(task, moment, error=said, effectiveCancellationDate=date)
    return _ended(task, moment, effectiveCancellationDate=date)


def _assessed(order: Entity, mark: Cancellation, moment: datetime) -> Step:
    """Deny (S17 to S20) what an item has got too far for, else accept (S21)."""
    why = denial(order.document)
    if why:
        said = f"Denied: {why}."
        marked = replace(order, cancellation=replace(mark, denied=said))
        return _order("afterAssessed", marked, mark.prior_state, moment)
    settled = [_taken_back(item) for item in order.document["orderItem"]]
    open_ones = [one["id"] for one in settled if one["state"] == OrderState.PENDING_CANCELLATION]
    marked = replace(order, cancellation=replace(mark, compensated=tuple(open_ones)))
    after = {"orderItem": settled}
    return _order("afterAssessed", marked, OrderState.PENDING_CANCELLATION, moment, after)


def denial(order: Document) -> str | None:
    """Return how far the order is, if it's too far to be cancelled; None if it isn't."""
    late = [item["id"] for item in order["orderItem"] if _is_past_return(item)]
    return f"past the point of no return: {', '.join(late)}" if late else None


def _is_past_return(item: Document) -> bool:
    point = _PROGRESS.get(item.get("pointOfNoReturn", ""))
    return point is not None and _PROGRESS.get(item["state"], -1) >= point


def _taken_back(item: Document) -> Document:
    """Return the item of an accepted cancellation.

    Work that was begun or done has to be undone, which Track & Manage reports (I3, I4).
    """
    if item["state"] in _NEVER_STARTED:
        return {**item, "state": str(OrderState.CANCELLED)}
    done = item["state"] == OrderState.COMPLETED and item["action"] != Action.NO_CHANGE
    if done or item["state"] == OrderState.IN_PROGRESS:
        return {**item, "state": str(OrderState.PENDING_CANCELLATION)}
    return item


def _cancelled(task: Entity, order: Entity, failed: str | None, moment: datetime) -> Step:
    """End the order (S22), with a note on what could not be undone."""
    after: Document = {"cancellationDate": timestamp(moment)}
    if reason := task.document.get("cancellationReason"):
        after["cancellationReason"] = reason
    if failed:
        after["note"] = [*order.document.get("note", []), {"author": "Ordergate", "text": failed}]
    return _order("afterCancelled", order, OrderState.CANCELLED, moment, after)


def _order(
    done: str, order: Entity, state: OrderState, moment: datetime, after: Document | None = None
) -> Step:
    """Move the order to `state`, with what else changes."""
    document = completed({**order.document, **(after or {}), "state": str(state)}, moment)
    said = f"{order.document['state']} -> {state}"
    told = [Occurrence(EventType.RESOURCE_ORDER_STATE_CHANGE, document, said)]
    for name in ("orderItem", "note"):
        if document.get(name) != order.document.get(name):
            kind = EventType.RESOURCE_ORDER_ATTRIBUTE_VALUE_CHANGE
            told.append(Occurrence(kind, document, f"Changed: {name}.", name))
    return Step(done, order=changed(order, document, moment, *told))


def _ended(task: Entity, moment: datetime, *, error: str | None = None, **said: str) -> Step:
    return Step("afterTaskEnded", task=ended(_KIND, task, moment, error, **said))
