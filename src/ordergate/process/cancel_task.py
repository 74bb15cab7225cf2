"""Cancel task: made, begun and ended, be it for resources or for services (standards 3.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ordergate.errors import IllegalTransitionError
from ordergate.model.common import timestamp
from ordergate.model.completion import completed
from ordergate.model.events import Occurrence
from ordergate.model.states import CANCELLABLE, TaskState
from ordergate.process.entity import Entity
from ordergate.process.notify import changed

if TYPE_CHECKING:
    from datetime import datetime

    from ordergate.model.cancel_task import CancelTaskKind
    from ordergate.model.common import Document
    from ordergate.process.entity import Idempotency

SERVER_OWNED = (
    "id",
    "href",
    "state",
    "effectiveCancellationDate",
    "completionMessage",
    "errorMessage",
)
"""Attributes of a task that a client can't set by POST: ignored, not refused (TMF630)."""


def cancel_task(
    kind: CancelTaskKind,
    body: Document,
    order: Entity,
    moment: datetime,
    *,
    task_id: str,
    href: str,
    order_href: str,
    idempotency: Idempotency | None,
) -> Entity:
    """Return a new task that takes the order back, with the event that it owes.

    Raises:
        IllegalTransitionError: the order is over, or is being cancelled already.
    """
    state = order.document["state"]
    if state not in CANCELLABLE:
        raise IllegalTransitionError(
            f"The order is {state}: it can be cancelled while it is {', '.join(CANCELLABLE)}.",
            path=f"{kind.order}.id",
        )
    date = {k: v for k, v in body.items() if k == "requestedCancellationDate"}
    given = {k: v for k, v in body.items() if k not in {*SERVER_OWNED, *date}}
    document: Document = {
        "id": task_id,
        "href": href,
        **given,
        **completed(date, moment),
        kind.order: {**body[kind.order], "href": order_href},
        "state": str(kind.received),
    }
    document.setdefault("@type", kind.at_type)
    created = Occurrence(kind.created, document, "Received.")
    new = Entity(task_id, document, revision=0, idempotency=idempotency)
    return changed(new, document, moment, created)


def is_due(task: Entity, moment: datetime) -> bool:
    """Return whether the day that the client asked for has come."""
    return bool(task.document.get("requestedCancellationDate", "") <= timestamp(moment))


def begun(kind: CancelTaskKind, task: Entity, moment: datetime) -> Entity:
    """Return the task as its assessment begins."""
    return _moved(kind, task, TaskState.IN_PROGRESS, moment)


def ended(
    kind: CancelTaskKind, task: Entity, moment: datetime, error: str | None = None, **said: str
) -> Entity:
    """Return the task as it ends: done, be the order cancelled or kept, unless there's an error."""
    if error is None:
        return _moved(kind, task, TaskState.DONE, moment, **said)
    message = {"@type": "ErrorMessage", "code": "cancellationFailed", "reason": error}
    state = TaskState.TERMINATED_WITH_ERROR
    return _moved(kind, task, state, moment, errorMessage=message, **said)


def _moved(
    kind: CancelTaskKind, task: Entity, state: TaskState, moment: datetime, **said: object
) -> Entity:
    document = {**task.document, "state": str(state), **said}
    told = f"{task.document['state']} -> {state}"
    return changed(task, document, moment, Occurrence(kind.state_change, document, told))
