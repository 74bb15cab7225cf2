"""A service order with its resource orders, and the doors to both, over fakes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from desk import any_result, at_once
from fakes import CountingMeter, FixedClock, FixedRules, InMemoryTurns, NoFaults, RecordingRelay
from fakes_orders import InMemoryCancelTaskBook, InMemoryOrderBook
from fakes_requests import InMemoryFeasibilityBook, InMemoryHandOverBook, InMemoryRequestBook
from make import ADDRESSES, LIMIT, example_rules, merge, request_of
from ordergate.model.cancel_task import CANCEL_SERVICE_ORDER
from ordergate.process.decisions import Decisions
from ordergate.process.entity import Idempotency
from ordergate.process.pipeline import IssueResourceOrders
from ordergate.process.plans import CarryOutPlans
from ordergate.process.resource_orders import CancelResourceOrders, KeepResourceOrders
from ordergate.process.roll_ups import RollUpResourceOrders
from ordergate.process.service_cancellations import CancelServiceOrders
from ordergate.schemas.record import StandardDocuments
from ordergate.schemas.service_order_kept import write_service_order

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ordergate.model.common import Document
    from ordergate.process.decision import Decision
    from ordergate.process.entity import Entity, RecordedRequest
    from ordergate.process.ports import FaultPoints
    from ordergate.process.rules import Rule


class ServiceDesk:
    """Has taken one request, `req-1`; `restarted` is the same stores in a new process.

    Args:
        rules: those in force; the examples, if there are none.
        orders, resource_tasks: stores of the test's own.
    """

    def __init__(
        self,
        body: dict[str, Any],
        *rules: Rule,
        orders: InMemoryOrderBook | None = None,
        resource_tasks: InMemoryCancelTaskBook | None = None,
    ) -> None:
        self._rules = rules or example_rules()
        self.requests = InMemoryRequestBook()
        self.orders = orders or InMemoryOrderBook()
        self.hand_overs = InMemoryHandOverBook()
        self.assessments = InMemoryFeasibilityBook()
        self.resource_tasks = resource_tasks or InMemoryCancelTaskBook()
        self.tasks = InMemoryCancelTaskBook(CANCEL_SERVICE_ORDER)
        self.clock = FixedClock()
        self.relay = RecordingRelay()
        self.restarted()

        def written(decision: Decision) -> Document:
            return write_service_order(body, decision, ADDRESSES)

        is_service_order = "serviceOrderItem" in body
        request = request_of(body)
        if is_service_order:
            at_once(self.issuing.take(request, written))
        else:
            at_once(self.issuing.take(request, asked=body))

    def restarted(self, faults: FaultPoints | None = None) -> ServiceDesk:
        parts: dict[str, Any] = {
            "orders": self.orders,
            "addresses": ADDRESSES,
            "clock": self.clock,
            "relay": self.relay,
        }
        faults = faults or NoFaults()
        self.roll_ups = RollUpResourceOrders(
            requests=self.requests,
            orders=self.orders,
            clock=self.clock,
            relay=self.relay,
            faults=faults,
        )
        self.resource_cancellations = CancelResourceOrders(
            tasks=self.resource_tasks, faults=faults, follow=self.roll_ups.follow, **parts
        )
        self.plans = CarryOutPlans(
            requests=self.requests,
            orders=self.orders,
            hand_overs=self.hand_overs,
            superseding=self.resource_cancellations,
            follow=self.roll_ups.follow,
            settle=self.requests.settle,
            clock=self.clock,
            relay=self.relay,
            faults=faults,
        )
        self.issuing = IssueResourceOrders(
            decisions=Decisions(
                rules=FixedRules(*self._rules),
                orders=self.orders,
                assessments=self.assessments,
                documents=StandardDocuments(),
                addresses=ADDRESSES,
            ),
            requests=self.requests,
            orders=self.orders,
            documents=StandardDocuments(),
            limit=LIMIT,
            turns=InMemoryTurns(),
            addresses=ADDRESSES,
            clock=self.clock,
            plans=self.plans,
            faults=faults,
            meter=CountingMeter(),
        )
        self.cancellations = CancelServiceOrders(
            tasks=self.tasks,
            requests=self.requests,
            resource_tasks=self.resource_tasks,
            hand_overs=self.hand_overs,
            cancellations=self.resource_cancellations,
            faults=faults,
            **parts,
        )
        self.door = KeepResourceOrders(
            cancellations=self.resource_cancellations,
            limit=LIMIT,
            check=any_result,
            followers=(self.roll_ups.follow, self.cancellations.follow),
            **parts,
        )
        return self

    def cancel(self, task_id: str = "task-1", **body: Any) -> Document:
        """Ask for the cancellation of the service order, under a key of the task's."""
        asked = {"serviceOrder": {"id": "req-1"}, **body}
        key = Idempotency(task_id, str(sorted(asked)))
        return at_once(self.cancellations.take(asked, task_id, key)).document

    def sweep(self) -> int:
        """Sweep all there is to sweep; return how many tasks of service orders moved."""
        at_once(self.roll_ups.sweep(older_than=0))
        at_once(self.resource_cancellations.sweep(older_than=0))
        return at_once(self.cancellations.sweep(older_than=0))

    def move(self, order_id: str, *states: str) -> Document:
        """Report the states of a resource order's items; those that end are begun first."""
        now = [item["state"] for item in at_once(self.orders.get(order_id)).document["orderItem"]]
        ends = [old == "acknowledged" != new for old, new in zip(now, states, strict=True)]
        if any(ends):
            begun = ["inProgress" if end else old for end, old in zip(ends, now, strict=True)]
            self._report(order_id, begun)
        return self._report(order_id, states)

    def _report(self, order_id: str, states: Sequence[str]) -> Document:
        items = at_once(self.orders.get(order_id)).document["orderItem"]
        moved = [{**item, "state": state} for item, state in zip(items, states, strict=True)]
        return at_once(self.door.change(order_id, merge({"orderItem": moved}))).document

    def task(self, task_id: str = "task-1") -> Document:
        return at_once(self.tasks.get(task_id)).document

    @property
    def record(self) -> RecordedRequest:
        return at_once(self.requests.get("req-1"))

    @property
    def service_order(self) -> Document:
        found = self.record.service_order
        assert found is not None
        return found

    @property
    def issued(self) -> Sequence[Entity]:
        return at_once(self.orders.of_request("req-1"))

    @property
    def states(self) -> list[str]:
        """Return the states of the resource orders, by id."""
        return [order.document["state"] for order in self.issued]

    def way(self) -> list[str]:
        """Return the state changes that were told of the service order."""
        return [
            event.document["description"]
            for event in self.requests.owed("req-1")
            if event.document["eventType"] == "ServiceOrderStateChangeEvent"
        ]

    def told(self) -> list[str]:
        """Return the types of all events that the service order has owed."""
        return [event.document["eventType"] for event in self.requests.owed("req-1")]
