"""Progress: how far each requested item is, from the resource orders that serve it.

Standards 7.5. What the orders say is kept in the record, so that it stays known when they are gone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from ordergate.model.common import Action
from ordergate.model.order import OrderType
from ordergate.model.relationships import is_dependency
from ordergate.model.states import FINAL, UNDER_CANCELLATION, OrderState
from ordergate.process.derive import state_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ordergate.model.common import Document
    from ordergate.process.entity import RecordedRequest

    ItemKey: TypeAlias = tuple[str, str]
    """Id of a resource order, and of an item in it."""

_WHOLE = frozenset({OrderState.PENDING, OrderState.HELD, OrderState.IN_PROGRESS})


@dataclass(frozen=True, slots=True)
class Requested:
    """A requested item as far as it is.

    Args:
        counts: whether it takes any work.
        runnable: whether something of it could start now.
        served_by: ids of the resource orders it is served by now.
    """

    id: str
    path: str
    state: OrderState
    counts: bool
    runnable: bool = False
    served_by: frozenset[str] = frozenset()

    @property
    def owner(self) -> str:
        """Path of the service order item that it comes from.

        A service, or one that it rests on, belongs to the item whose `service` holds it.
        """
        return f"{self.path}.".split(".service.")[0].rstrip(".")


@dataclass(frozen=True, slots=True)
class Moved:
    """An item of a resource order that is in another state than the record knew."""

    requested_item_id: str
    order_id: str
    item_id: str
    state: OrderState


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a request is.

    Args:
        document: the record's, with the states that its orders and items have now.
        moved: what is news.
    """

    document: Document
    requested: tuple[Requested, ...]
    moved: tuple[Moved, ...] = ()


def progress(record: RecordedRequest, orders: Mapping[str, Document]) -> Progress:
    """Return how far the request is.

    Args:
        orders: the resource orders of the record that are there, by id.
    """
    before = record.entity.document
    states = dict(_item_states(record, orders))
    assessed = [_with_states(one, states) for one in before["assessment"]["item"]]
    standing = {
        one["id"]: one.get("orderType")
        for one in before.get("resourceOrder", [])
        if "supersededBy" not in one
    }
    items = {(key, one["id"]): one for key, order in orders.items() for one in order["orderItem"]}
    work = _Work(items, states, standing, frozenset(one.item_id for one in record.waiting))
    by_id = {one["id"]: one for one in assessed}
    found = [work.requested(one, by_id.get(one["id"], {})) for one in before["requestedItem"]]
    settled = tuple(_with_idle_settled(found))
    now = {one.id: str(one.state) for one in settled}
    document = {
        **before,
        "assessment": {**before["assessment"], "item": assessed},
        "requestedItem": [{**one, "state": now[one["id"]]} for one in before["requestedItem"]],
    }
    if "resourceOrder" in before:
        document["resourceOrder"] = [
            {**one, "state": orders[one["id"]]["state"]} if one["id"] in orders else one
            for one in before["resourceOrder"]
        ]
    return Progress(document, settled, tuple(_moved(before["assessment"]["item"], states)))


def _moved(assessed: Iterable[Document], states: Mapping[ItemKey, OrderState]) -> Iterator[Moved]:
    for one in assessed:
        for served in one.get("resourceOrderItem", []):
            key = served["resourceOrderId"], served["itemId"]
            if served.get("state") != states[key]:
                yield Moved(one["id"], *key, states[key])


def _with_states(assessed: Document, states: Mapping[ItemKey, OrderState]) -> Document:
    """Return an assessed item whose references say how far each is."""
    if "resourceOrderItem" not in assessed:
        return assessed
    references = [
        {**one, "state": str(states[one["resourceOrderId"], one["itemId"]])}
        for one in assessed["resourceOrderItem"]
    ]
    return {**assessed, "resourceOrderItem": references}


def _item_states(
    record: RecordedRequest, orders: Mapping[str, Document]
) -> Iterator[tuple[ItemKey, OrderState]]:
    """Yield the state of each item that serves the request.

    An order that is gone was over, or never begun: nobody will work on what was open in it. One
    that is in the plan may be still to come.
    """
    to_come = {order.id for order in record.plan.resource_order}
    reported = {order_id: _states_in(order) for order_id, order in orders.items()}
    leaving = {one for one, order in orders.items() if order["state"] in UNDER_CANCELLATION}
    for assessed in record.entity.document["assessment"]["item"]:
        for one in assessed.get("resourceOrderItem", []):
            order_id, item_id = one["resourceOrderId"], one["itemId"]
            state = OrderState(one.get("state", OrderState.ACKNOWLEDGED))
            if order_id in reported:
                now = reported[order_id].get(item_id, OrderState.CANCELLED)
                # Known only when the order is over, and told then, whoever looks in between.
                is_told = now is not OrderState.CANCELLED or order_id not in leaving
                state = now if is_told else state
            elif state not in FINAL and order_id not in to_come:
                state = OrderState.CANCELLED
            yield (order_id, item_id), state


def _states_in(order: Document) -> dict[str, OrderState]:
    """Return the states of the items, be they reported for themselves or for the whole order."""
    states = {one["id"]: OrderState(one["state"]) for one in order["orderItem"]}
    whole = OrderState(order["state"])
    if whole in FINAL:
        rest: OrderState = OrderState.FAILED if whole is OrderState.PARTIAL else whole
    elif whole in _WHOLE and set(states.values()) <= {OrderState.ACKNOWLEDGED, *FINAL}:
        rest = whole
    else:
        return states
    return {item_id: state if state in FINAL else rest for item_id, state in states.items()}


@dataclass(frozen=True, slots=True)
class _Work:
    """What is done for a request.

    Args:
        items: those of the orders that are there.
        standing: type of each order that others haven't taken the place of.
        waiting: ids of the requested items for which nothing is provisioned yet.
    """

    items: Mapping[ItemKey, Document]
    states: Mapping[ItemKey, OrderState]
    standing: Mapping[str, str | None]
    waiting: frozenset[str]

    def requested(self, item: Document, assessed: Document) -> Requested:
        """Return how far a requested item is."""
        served = assessed.get("resourceOrderItem", [])
        keys = [(one["resourceOrderId"], one["itemId"]) for one in served]
        keys = [key for key in keys if key[0] in self.standing]
        keys = [key for key in keys if not self._is_survey(key)] or keys
        working = [key for key in keys if not self._is_idle(key)] or keys
        wanted = bool(served) or item["id"] in self.waiting or "state" in assessed
        counts = item["action"] != Action.NO_CHANGE and wanted
        runnable = any(self._is_runnable(key) for key in keys)
        withdrawn = OrderState.CANCELLED if served and not keys else OrderState.ACKNOWLEDGED
        given_up = OrderState(assessed.get("state", withdrawn))
        found = {self._state(key) for key in working} or {given_up}
        state = state_of(found, runnable=runnable)
        by = frozenset(order_id for order_id, _ in keys)
        return Requested(item["id"], item["path"], state, counts, runnable, by)

    def _state(self, key: ItemKey) -> OrderState:
        """Return the state of an item; a survey that is done delivers nothing by itself."""
        state = self.states[key]
        done = state is OrderState.COMPLETED and self._is_survey(key)
        return OrderState.IN_PROGRESS if done else state

    def _is_survey(self, key: ItemKey) -> bool:
        return self.standing[key[0]] == OrderType.FEASIBILITY

    def _is_idle(self, key: ItemKey) -> bool:
        return bool(self.items.get(key, {}).get("action") == Action.NO_CHANGE)

    def _is_runnable(self, key: ItemKey) -> bool:
        """Return whether the item could start: all that it waits for is complete."""
        if self.states[key] is not OrderState.ACKNOWLEDGED:
            return False
        return all(
            self.states.get(target, OrderState.COMPLETED) is OrderState.COMPLETED
            for target in self._targets(key)
        )

    def _targets(self, key: ItemKey) -> Iterator[ItemKey]:
        for one in self.items.get(key, {}).get("orderItemRelationship", []):
            if is_dependency(one.get("relationshipType")):
                target = one.get("orderItem", {})
                yield target.get("resourceOrderId") or key[0], target.get("itemId", "")


def _with_idle_settled(found: Sequence[Requested]) -> Iterator[Requested]:
    """Yield the items; what takes no resource order is complete once the work has begun (I2)."""
    working = [one for one in found if one.counts]
    begun = any(one.state is not OrderState.ACKNOWLEDGED for one in working)
    for one in found:
        if one.served_by or one.counts or not (begun or not working):
            yield one
        else:
            yield Requested(one.id, one.path, OrderState.COMPLETED, counts=False)
