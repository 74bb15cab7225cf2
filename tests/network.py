"""A small network: it builds what resource orders ask for, in the order that they allow.

What it holds follows from the orders alone, so it can judge what was decided.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from desk import at_once
from fakes_orders import InMemoryOrderBook
from make import ADDRESSES, MOMENT
from ordergate.model.completion import completed
from ordergate.process.decide import decide
from ordergate.process.entity import Entity
from ordergate.process.knowledge import Knowledge
from ordergate.process.look_back import look_back
from ordergate.schemas.record import StandardDocuments

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from ordergate.process.decision import Decision
    from ordergate.process.request import InitiatingRequest
    from ordergate.process.rules import Rule

Document = dict[str, Any]


class Network:
    """Takes decisions, builds their orders, and holds the resources; `rules` are in force."""

    def __init__(self, *rules: Rule) -> None:
        self.rules = rules
        self.book = InMemoryOrderBook()
        self.orders: dict[str, Document] = {}
        self.resource: dict[str, Document] = {}

    def decide(self, request: InitiatingRequest) -> Decision:
        """Return what the request takes, with all that was issued before known."""
        before = at_once(look_back(request, self.book))
        known = Knowledge(
            rules=self.rules,
            previous=before.previous,
            waiting=before.waiting,
            awaited=before.awaited,
        )
        return decide(request, known, ADDRESSES, MOMENT + timedelta(seconds=len(self.orders)))

    def take(self, request: InitiatingRequest) -> Decision:
        """Decide the request, withdraw what it supersedes, and acknowledge what it takes."""
        decision = self.decide(request)
        for order_id in decision.superseded:
            order = self.orders[order_id]
            assert {item["state"] for item in order["orderItem"]} == {"acknowledged"}
            self._set(order, "cancelled", *order["orderItem"])
        for issued in decision.all_orders:
            document = completed(StandardDocuments().resource_order(issued), MOMENT)
            assert document["id"] not in self.orders
            self.orders[document["id"]] = document
            at_once(self.book.add(Entity(document["id"], document)))
        return decision

    def build(self, wanted: Callable[[Document, Document], bool] = lambda _, __: True) -> None:
        """Complete the wanted items, each after what it waits for."""
        while ready := [(order, one) for order, one in self._ready() if wanted(order, one)]:
            for order, item in ready:
                self._perform(order, item)
                left = {one["state"] for one in order["orderItem"]} - {"completed"}
                self._set(order, "inProgress" if left else "completed")

    def build_all(self) -> None:
        """Complete every item; there is none left that waits for ever."""
        self.build()
        stuck = [one["id"] for order in self.open() for one in order["orderItem"]]
        assert stuck == []

    def open(self) -> list[Document]:
        """Return the orders that are not over."""
        return [
            one for one in self.orders.values() if one["state"] not in {"completed", "cancelled"}
        ]

    def lines(self, service_id: str) -> dict[str, tuple[Any, ...]]:
        """Return what is there for a service, by line."""
        found = [one for one in self.resource.values() if one["service"] == service_id]
        return {
            one["line"]: (one["specification"], one["characteristic"], one["quantity"])
            for one in sorted(found, key=lambda one: str(one["line"]))
        }

    def _ready(self) -> Iterator[tuple[Document, Document]]:
        for order in self.open():
            for item in order["orderItem"]:
                if item["state"] == "acknowledged" and all(
                    self._state(order, related["orderItem"]) == "completed"
                    for related in item.get("orderItemRelationship", [])
                ):
                    yield order, item

    def _state(self, order: Document, target: Document) -> str:
        there = self.orders[str(target.get("resourceOrderId", order["id"]))]
        (state,) = (one["state"] for one in there["orderItem"] if one["id"] == target["itemId"])
        return str(state)

    def _perform(self, order: Document, item: Document) -> None:
        resource, requested = item["resource"], item["requestedItem"]
        resource_id, action = resource["id"], item["action"]
        known = resource_id in self.resource
        assert known is (action != "add"), f"{action} of what {'is' if known else 'is not'} there"
        if action == "delete":
            del self.resource[resource_id]
        elif action != "noChange":
            self.resource[resource_id] = {
                "service": requested.get("service", {}).get("id"),
                "line": requested["line"],
                "specification": item["resourceSpecification"]["id"],
                "characteristic": {
                    one["name"]: one["value"] for one in resource.get("resourceCharacteristic", [])
                },
                "quantity": item["quantity"],
                "domain": order["domain"],
            }
        item["state"] = "completed"

    def _set(self, order: Document, state: str, *items: Document) -> None:
        order["state"] = state
        for item in items:
            item["state"] = state
        self.book.put(order)


def actions(decision: Decision) -> dict[str, str]:
    """Return item to action, of every order that the decision issues."""
    return {one.id: str(one.action) for order in decision.all_orders for one in order.item}


def codes(decision: Decision) -> dict[str, list[str]]:
    """Return requested item to the codes of its reasons."""
    return {one.item.id: [why.code for why in one.reason] for one in decision.assessment}


def order_types(decision: Decision) -> Iterable[str]:
    """Return the order types of what is issued, each once."""
    return sorted({str(one.order_type) for one in decision.all_orders})
