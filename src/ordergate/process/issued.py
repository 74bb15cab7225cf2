"""Issued: how far what was issued for a request is, and whether it can still be taken back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ordergate.model.order import OrderType
from ordergate.model.states import CANCELLABLE, FINAL_OF_TASK, OrderState, TaskState
from ordergate.process.cancel import denial

if TYPE_CHECKING:
    from ordergate.process.entity import Entity

_DELIVERED = frozenset({OrderState.COMPLETED, OrderState.PARTIAL})


@dataclass(frozen=True, slots=True)
class IssuedOrder:
    """A resource order of the request, and how its own cancellation stands.

    Args:
        task: the one that the service order's cancellation asked for, else one that isn't over.
        is_own: whether it is the former.
    """

    order: Entity
    task: Entity | None = None
    is_own: bool = False

    @property
    def state(self) -> str:
        """The state of the order."""
        return str(self.order.document["state"])

    @property
    def is_to_be_asked(self) -> bool:
        """Whether it is open, and no task is at it."""
        return self.state in CANCELLABLE and self.task is None

    @property
    def is_undecided(self) -> bool:
        """Whether a task is at it, and nobody knows yet how its assessment ends."""
        if self.state == OrderState.ASSESSING_CANCELLATION:
            return True
        if self.task is None or self.state not in CANCELLABLE:
            return False
        state = self.task.document["state"]
        return state == TaskState.IN_PROGRESS or (self.is_own and state == TaskState.ACKNOWLEDGED)

    @property
    def is_over(self) -> bool:
        """Whether neither the order nor a task has anything left to do for its cancellation."""
        waits = self.task is not None and self.task.document["state"] not in FINAL_OF_TASK
        return self.state != OrderState.PENDING_CANCELLATION and not waits

    @property
    def denial(self) -> str | None:
        """Why it stands in the way of a cancellation; None if it doesn't, or not yet."""
        if self.state not in CANCELLABLE:
            return f"is {self.state}" if self._has_delivered else None
        if self.is_undecided:
            return None
        if self.is_own and self.task is not None:
            said = str(self.task.document.get("completionMessage", "Denied: kept."))
            return f"is {said.removeprefix('Denied: ').removesuffix('.')}"
        if self.task is not None:
            return "has a cancellation of its own to come"
        late = denial(self.order.document)
        return f"is {late}" if late else None

    @property
    def _has_delivered(self) -> bool:
        order = self.order.document
        if order.get("orderType") == OrderType.FEASIBILITY:
            return False
        found = any(item["state"] == OrderState.COMPLETED for item in order["orderItem"])
        return self.state in _DELIVERED or (self.state == OrderState.FAILED and found)


@dataclass(frozen=True, slots=True)
class Issued:
    """What was issued for the request.

    Args:
        hand_over: those that are still open.
        is_all: False while a crash's remains are still to be issued.
    """

    order: tuple[IssuedOrder, ...] = ()
    hand_over: tuple[Entity, ...] = ()
    is_all: bool = True

    @property
    def denial(self) -> str | None:
        """Why not all of it can be taken back, and what is taken back all the same."""
        kept = {one.order.id: why for one in self.order if (why := one.denial)}
        if not kept:
            return None
        whys = "; ".join(f"resource order {order_id} {why}" for order_id, why in kept.items())
        gone = [one.order.id for one in self.order if one.is_own and one.order.id not in kept]
        return f"{whys}. Cancelled all the same: {', '.join(gone)}" if gone else whys

    @property
    def not_undone(self) -> str | None:
        """What the tasks of the resource orders say that could not be undone."""
        failed = [
            f"{one.order.id}: {one.task.document['errorMessage']['reason']}"
            for one in self.order
            if one.task and one.task.document["state"] == TaskState.TERMINATED_WITH_ERROR
        ]
        return " ".join(failed) or None
