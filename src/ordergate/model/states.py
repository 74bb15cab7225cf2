"""The state machine of resource and service orders (standards: S1 to S22).

TMF652 and TMF641 share it: their `ResourceOrderStateType` and `ServiceOrderStateType` are equal.
"""

from __future__ import annotations

from enum import StrEnum


class OrderState(StrEnum):
    """`ResourceOrderStateType` of TMF652, `ServiceOrderStateType` of TMF641."""

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


FINAL = frozenset(
    {
        OrderState.REJECTED,
        OrderState.CANCELLED,
        OrderState.COMPLETED,
        OrderState.FAILED,
        OrderState.PARTIAL,
    }
)

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
