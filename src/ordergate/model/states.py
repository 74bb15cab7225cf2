"""The state machines of orders (standards: S1 to S22), items (I1 to I4) and cancel tasks.

TMF652 and TMF641 share those of orders: `ResourceOrderStateType` and `ServiceOrderStateType` are
equal.
"""

from __future__ import annotations

from enum import StrEnum

from ordergate.model.common import Action


class OrderState(StrEnum):
    """`ResourceOrderStateType` of TMF652, `ServiceOrderStateType` of TMF641.

    An item has the same states but `partial`.
    """

    ACKNOWLEDGED = "acknowledged"
    REJECTED = "rejected"
    PENDING = "pending"
    HELD = "held"
    IN_PROGRESS = "inProgress"
    CANCELLED = "cancelled"
    COMPLETED = "completed"
    FAILED = "failed"
    PARTIAL = "partial"
    ASSESSING_CANCELLATION = "assessingCancellation"
    PENDING_CANCELLATION = "pendingCancellation"


class TaskState(StrEnum):
    """`TaskStateType`: where a cancel task stands.

    acknowledged (TMF652) or accepted (TMF641) → inProgress → done (the order is cancelled, or
    kept), or terminatedWithError.
    """

    ACKNOWLEDGED = "acknowledged"
    ACCEPTED = "accepted"
    IN_PROGRESS = "inProgress"
    DONE = "done"
    TERMINATED_WITH_ERROR = "terminatedWithError"


FINAL = frozenset(
    {
        OrderState.REJECTED,
        OrderState.CANCELLED,
        OrderState.COMPLETED,
        OrderState.FAILED,
        OrderState.PARTIAL,
    }
)
FINAL_OF_TASK = frozenset({TaskState.DONE, TaskState.TERMINATED_WITH_ERROR})

CANCELLABLE = (
    OrderState.ACKNOWLEDGED,
    OrderState.IN_PROGRESS,
    OrderState.PENDING,
    OrderState.HELD,
)
"""From here a cancel task leads on (S13 to S16), and back here if it is denied (S17 to S20)."""

UNDER_CANCELLATION = frozenset({OrderState.ASSESSING_CANCELLATION, OrderState.PENDING_CANCELLATION})

# S2 to S12: what Track & Manage may ask for by PATCH. S13 to S22 belong to the cancel task alone,
# so nothing leads out of assessingCancellation and pendingCancellation here.
_BY_PATCH = {
    OrderState.ACKNOWLEDGED: (OrderState.REJECTED, OrderState.IN_PROGRESS),
    OrderState.IN_PROGRESS: (
        OrderState.COMPLETED,
        OrderState.FAILED,
        OrderState.PARTIAL,
        OrderState.PENDING,
        OrderState.HELD,
    ),
    OrderState.PENDING: (OrderState.IN_PROGRESS, OrderState.CANCELLED),
    OrderState.HELD: (OrderState.IN_PROGRESS, OrderState.CANCELLED),
}


def next_states(state: OrderState) -> tuple[OrderState, ...]:
    """Return the states that a PATCH may ask for in `state`, in the standard's order."""
    return _BY_PATCH.get(state, ())


def next_item_states(state: OrderState, action: str, order: OrderState) -> tuple[OrderState, ...]:
    """Return the states that a PATCH may ask for an item in `state`.

    As for an order but `partial`, with I1 and I2. While its order is being cancelled, an item only
    says how the undoing of its work ended (I3, I4).

    Args:
        action: the item's; one that changes nothing may be complete at once.
        order: state of the item's order.
    """
    if order in UNDER_CANCELLATION:
        undone = (OrderState.CANCELLED, OrderState.FAILED)
        return undone if state is OrderState.PENDING_CANCELLATION else ()
    allowed = [one for one in next_states(state) if one is not OrderState.PARTIAL]
    if state is OrderState.ACKNOWLEDGED:
        allowed.append(OrderState.CANCELLED)
        if action == Action.NO_CHANGE:
            allowed.append(OrderState.COMPLETED)
    return tuple(allowed)
