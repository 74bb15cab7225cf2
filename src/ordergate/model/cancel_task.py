"""The two kinds of cancel tasks: what they are about, and how they are told of."""

from __future__ import annotations

from dataclasses import dataclass

from ordergate.model.events import EventType
from ordergate.model.states import TaskState


@dataclass(frozen=True, slots=True)
class CancelTaskKind:
    """`CancelResourceOrder` of TMF652 or `CancelServiceOrder` of TMF641.

    Args:
        order: the attribute that refers to the order to cancel.
        received: the state a task begins in; the standards differ there alone.
    """

    name: str
    order: str
    received: TaskState
    created: EventType
    state_change: EventType

    @property
    def at_type(self) -> str:
        """The `@type` of a task."""
        return f"{self.name[0].upper()}{self.name[1:]}"


CANCEL_RESOURCE_ORDER = CancelTaskKind(
    "cancelResourceOrder",
    "resourceOrder",
    TaskState.ACKNOWLEDGED,
    EventType.CANCEL_RESOURCE_ORDER_CREATE,
    EventType.CANCEL_RESOURCE_ORDER_STATE_CHANGE,
)
CANCEL_SERVICE_ORDER = CancelTaskKind(
    "cancelServiceOrder",
    "serviceOrder",
    TaskState.ACCEPTED,
    EventType.CANCEL_SERVICE_ORDER_CREATE,
    EventType.CANCEL_SERVICE_ORDER_STATE_CHANGE,
)
