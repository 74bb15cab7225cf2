"""Service progress: bring a service order to where its resource orders are (standards 7.5)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from ordergate.model.common import timestamp
from ordergate.model.events import EventType, Occurrence
from ordergate.model.ids import id_of
from ordergate.model.states import OrderState
from ordergate.process.amendment import changed_attributes, dated
from ordergate.process.derive import state_of, way_of_request
from ordergate.process.notify import changed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from ordergate.model.common import Document
    from ordergate.process.entity import Entity
    from ordergate.process.progress import Moved, Progress, Requested

_IDS = UUID("5b3c8c1e-6a55-5d0c-9e0b-0a6a3f7a6410")
_ITEMS = "serviceOrderItem"
_CODES = {
    OrderState.FAILED: ("resourceOrderItemFailed", "failed"),
    OrderState.REJECTED: ("resourceOrderItemRejected", "was rejected"),
    OrderState.CANCELLED: ("resourceOrderItemCancelled", "was cancelled with its order"),
}
_REACHED = {
    OrderState.ACKNOWLEDGED: "orderDate",
    OrderState.IN_PROGRESS: "startDate",
    OrderState.COMPLETED: "completionDate",
}
"""The milestones of a resource order, and its attribute that says when each was reached."""


def with_progress(
    order: Entity, progress: Progress, orders: Mapping[str, Document], moment: datetime
) -> Entity | None:
    """Return the service order where its resource orders have brought it; None if it is there.

    Each state on its way is told, then what else changed, then what it waits for, what it has
    reached and what puts it at risk.

    Args:
        orders: the resource orders that are there, by id.
    """
    before = order.document
    view = _View(before, progress, orders, timestamp(moment))
    errors, milestones, alerts = view.errors(), view.milestones(), view.alerts()
    items = _Mover(view.owned, view.errors_by_owner(errors)).moved(before[_ITEMS], _ITEMS)
    document = _appended(before, errorMessage=errors, milestone=milestones, jeopardyAlert=alerts)
    document = {**document, _ITEMS: items.document, **view.dates()}
    told = []
    state = OrderState(before["state"])
    names = changed_attributes(before, document)
    for step in way_of_request(state, items.found, runnable=items.runnable):
        said = f"{document['state']} -> {step}"
        document = dated(document, {**document, "state": str(step)}, moment)
        told.append(Occurrence(EventType.SERVICE_ORDER_STATE_CHANGE, document, said))
    if names:
        kind = EventType.SERVICE_ORDER_ATTRIBUTE_VALUE_CHANGE
        told.append(Occurrence(kind, document, f"Changed: {', '.join(names)}.", ",".join(names)))
    told += _news(document, view.pending(), milestones, alerts)
    return changed(order, document, moment, *told) if told else None


def _news(
    document: Document,
    pending: Sequence[str],
    milestones: Iterable[Document],
    alerts: Iterable[Document],
) -> Iterator[Occurrence]:
    if pending:
        kind = EventType.SERVICE_ORDER_INFORMATION_REQUIRED
        yield Occurrence(kind, document, "A resource order waits for it.", ",".join(pending))
    for one in milestones:
        yield Occurrence(EventType.SERVICE_ORDER_MILESTONE, document, one["description"])
    for one in alerts:
        yield Occurrence(EventType.SERVICE_ORDER_JEOPARDY, document, one["message"])


def _appended(document: Document, **lists: Iterable[Document]) -> Document:
    """Return the order with more in some of its lists."""
    more = {name: list(added) for name, added in lists.items()}
    longer = {name: [*document.get(name, []), *added] for name, added in more.items() if added}
    return {**document, **longer}


@dataclass(frozen=True, slots=True)
class _Items:
    """Items of a service order where their parts have brought them.

    Args:
        found: their states, as far as they count.
        counts: whether any of them takes work.
        runnable: whether anything of them could start now.
    """

    document: list[Document]
    found: frozenset[OrderState]
    counts: bool
    runnable: bool


@dataclass(frozen=True, slots=True)
class _Mover:
    """Moves items, each by the requested items that it owns and by the items inside it."""

    owned: Mapping[str, Sequence[Requested]]
    errors: Mapping[str, Sequence[Document]]

    def moved(self, items: Sequence[Document], path: str) -> _Items:
        """Return the items of an order, or of an item, at that path."""
        every = [self._one(one, f"{path}[{index}]") for index, one in enumerate(items)]
        counting = [one for one in every if one.counts] or every
        return _Items(
            [document for one in every for document in one.document],
            frozenset(state for one in counting for state in one.found),
            counts=any(one.counts for one in every),
            runnable=any(one.runnable for one in every),
        )

    def _one(self, item: Document, path: str) -> _Items:
        inside = self.moved(item.get(_ITEMS, ()), f"{path}.{_ITEMS}")
        parts = self.owned.get(path, ())
        working = [one for one in parts if one.counts] or parts
        found = {one.state for one in working} | inside.found
        runnable = inside.runnable or any(one.runnable for one in parts)
        state = state_of(found, runnable=runnable) if found else OrderState(item["state"])
        document = {**item, "state": str(state)}
        if inside.document:
            document[_ITEMS] = inside.document
        document = _appended(document, errorMessage=self.errors.get(path, ()))
        counts = inside.counts or any(one.counts for one in parts)
        return _Items([document], frozenset({state}), counts=counts, runnable=runnable)


def _paths(items: Iterable[Document], path: str) -> Iterator[tuple[str, str]]:
    """Yield the path and the id of each item and of those inside it."""
    for index, item in enumerate(items):
        yield f"{path}[{index}]", item["id"]
        yield from _paths(item.get(_ITEMS, ()), f"{path}[{index}].{_ITEMS}")


class _View:
    """What the resource orders have to say of a service order.

    Args:
        now: the present moment, as documents carry it.
    """

    def __init__(
        self, before: Document, progress: Progress, orders: Mapping[str, Document], now: str
    ) -> None:
        self._before = before
        self._progress = progress
        self._now = now
        self._requested = {one.id: one for one in progress.requested}
        self.owned: dict[str, list[Requested]] = {}
        for one in progress.requested:
            self.owned.setdefault(one.owner, []).append(one)
        self._item_ids = dict(_paths(before[_ITEMS], _ITEMS))
        serving = {order_id for one in progress.requested for order_id in one.served_by}
        self._standing = serving
        self._serving = [orders[one] for one in sorted(serving) if one in orders]
        self._orders = orders

    def errors(self) -> list[Document]:
        """Return an `ErrorMessage` for each item that came to nothing just now.

        One that was only cancelled because another one failed (I1) needs no message of its own.
        """
        return [self._error(one) for one in self._progress.moved if self._is_wrong(one)]

    def _is_wrong(self, one: Moved) -> bool:
        if one.state is OrderState.CANCELLED:
            order = self._orders.get(one.order_id, {})
            return order.get("state") == OrderState.CANCELLED and one.order_id in self._standing
        return one.state in _CODES

    def errors_by_owner(self, errors: Iterable[Document]) -> dict[str, list[Document]]:
        """Return the errors as the items have them, by path."""
        found: dict[str, list[Document]] = {}
        for error in errors:
            plain = {name: value for name, value in error.items() if name != _ITEMS}
            found.setdefault(error["message"], []).append(plain)
        return found

    def _error(self, one: Moved) -> Document:
        owner = self._requested[one.requested_item_id].owner
        order = self._orders.get(one.order_id, {})
        notes = [note["text"] for note in order.get("note", []) if note.get("text")]
        why = order.get("cancellationReason") or next(reversed(notes), None)
        code, how = _CODES[one.state]
        said = f"Item {one.item_id} of resource order {one.order_id} {how}"
        return {
            "code": code,
            "reason": f"{said}: {why}" if why else f"{said}.",
            "message": owner,
            "timestamp": self._now,
            _ITEMS: [{"itemId": self._item_ids[owner]}],
        }

    def pending(self) -> list[str]:
        """Return the paths of the items that wait for information since now."""
        waiting = {
            self._requested[one.requested_item_id].owner
            for one in self._progress.moved
            if one.state is OrderState.PENDING
        }
        return sorted(waiting)

    def milestones(self) -> list[Document]:
        """Return what the resource orders have reached and the service order doesn't say yet."""
        known = {one.get("id") for one in self._before.get("milestone", [])}
        return [
            one
            for order in self._serving
            for state, attribute in _REACHED.items()
            if self._is_reached(order, state, attribute)
            if (one := self._milestone(order, state, attribute))["id"] not in known
        ]

    def _is_reached(self, order: Document, state: OrderState, attribute: str) -> bool:
        if state is OrderState.COMPLETED:
            return bool(order["state"] == state)
        return attribute in order

    def _milestone(self, order: Document, state: OrderState, attribute: str) -> Document:
        return {
            "id": id_of(_IDS, f"{order['id']}/{state}"),
            "name": f"resourceOrder.{state}",
            "description": f"Resource order {order['id']} is {state}.",
            "status": "reached",
            "milestoneDate": order.get(attribute, self._now),
            _ITEMS: self._served_by(order["id"]),
        }

    def alerts(self) -> list[Document]:
        """Return a `JeopardyAlert` for each resource order that is expected too late, once."""
        wanted = self._before.get("requestedCompletionDate")
        known = {one.get("id") for one in self._before.get("jeopardyAlert", [])}
        found = []
        for order in self._serving:
            expected = order.get("expectedCompletionDate")
            alert_id = id_of(_IDS, f"{order['id']}/expectedCompletionDate")
            if wanted and expected and expected > wanted and alert_id not in known:
                said = f"Resource order {order['id']} is expected on {expected}, not by {wanted}."
                found.append(
                    {
                        "id": alert_id,
                        "jeopardyType": "Hazard",
                        "exception": "expectedCompletionDate exceeded",
                        "alertDate": self._now,
                        "message": said,
                        _ITEMS: self._served_by(order["id"]),
                    }
                )
        return found

    def dates(self) -> Document:
        """Return when the resource orders began, and when the last is expected to end."""
        begun = [one["startDate"] for one in self._serving if "startDate" in one]
        expected = [
            one["expectedCompletionDate"]
            for one in self._serving
            if "expectedCompletionDate" in one
        ]
        found: Document = {}
        if begun and "startDate" not in self._before:
            found["startDate"] = min(begun)
        if expected:
            found["expectedCompletionDate"] = max(expected)
        return found

    def _served_by(self, order_id: str) -> list[Document]:
        owners = {one.owner for one in self._requested.values() if order_id in one.served_by}
        return [{"itemId": self._item_ids[one]} for one in sorted(owners)]
