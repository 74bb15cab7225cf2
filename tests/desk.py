"""The doors of resource orders and of their cancel tasks, over fakes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from fakes import FixedClock, NoFaults, RecordingRelay
from fakes_orders import InMemoryCancelTaskBook, InMemoryOrderBook
from make import ADDRESSES, LIMIT, merge, resource_order
from ordergate.process.entity import Idempotency
from ordergate.process.resource_orders import CancelResourceOrders, KeepResourceOrders

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from ordergate.process.entity import Entity
    from ordergate.process.ports import FaultPoints

KEY = Idempotency("key", "body")


_T = TypeVar("_T")


def at_once(work: Coroutine[Any, Any, _T]) -> _T:
    """Run what never waits, as all is over fakes; a loop for each call would take far longer."""
    try:
        work.send(None)
    except StopIteration as done:
        result: _T = done.value
        return result
    raise AssertionError("it waited for something")


def any_result(_: dict[str, Any]) -> None:
    """Let every result pass: the contract is the edge's business."""


async def nobody(_: Entity) -> None:
    """Follow no change: what follows from one has tests of its own."""


class Desk:
    """Has taken one order, `ro-1`; `restarted` is the same stores in a new process."""

    def __init__(
        self,
        changed_between: Callable[[InMemoryOrderBook], object] | None = None,
        **order: Any,
    ) -> None:
        self.orders = InMemoryOrderBook(changed_between)
        self.tasks = InMemoryCancelTaskBook()
        self.clock = FixedClock()
        self.relay = RecordingRelay()
        self.restarted()
        at_once(self.door.take(resource_order(**order), "ro-1", KEY))

    def restarted(self, faults: FaultPoints | None = None) -> Desk:
        parts: dict[str, Any] = {
            "orders": self.orders,
            "addresses": ADDRESSES,
            "clock": self.clock,
            "relay": self.relay,
        }
        self.cancellations = CancelResourceOrders(
            tasks=self.tasks, faults=faults or NoFaults(), follow=nobody, **parts
        )
        self.door = KeepResourceOrders(
            cancellations=self.cancellations, limit=LIMIT, check=any_result, followers=(), **parts
        )
        return self

    def cancel(self, task_id: str = "task-1", **body: Any) -> Entity:
        """Ask for the cancellation of the order, under the key that belongs to the task."""
        asked = {"resourceOrder": {"id": "ro-1"}, **body}
        key = Idempotency(task_id, str(sorted(asked)))
        return at_once(self.cancellations.take(asked, task_id, key))

    def change(self, **patch: Any) -> Entity:
        return at_once(self.door.change("ro-1", merge(patch)))

    def move(self, **states: str) -> Entity:
        """Report states of items, named `i1`, `i2` …, all in one patch."""
        items = [
            {**item, "state": states.get(f"i{item['id']}", item["state"])}
            for item in self.order.document["orderItem"]
        ]
        return self.change(orderItem=items)

    def sweep(self) -> int:
        return at_once(self.cancellations.sweep(older_than=0))

    @property
    def order(self) -> Entity:
        return at_once(self.orders.get("ro-1"))

    def task(self, task_id: str = "task-1") -> Entity:
        return at_once(self.tasks.get(task_id))

    @property
    def item_states(self) -> list[str]:
        return [item["state"] for item in self.order.document["orderItem"]]

    def owed(self) -> list[str]:
        """Return the types of all events that the order has owed."""
        return [event.document["eventType"] for event in self.orders.owed("ro-1")]

    def way(self) -> list[str]:
        """Return the state changes that were told of the order."""
        return [
            event.document["description"]
            for event in self.orders.owed("ro-1")
            if event.document["eventType"] == "ResourceOrderStateChangeEvent"
        ]
