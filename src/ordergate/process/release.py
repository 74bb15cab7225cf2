"""Release: go on with what waited for its feasibility, now that more is known of it.

eTOM 1.5.6.7: where feasibility was assessed, issue the orders that were determined (C6). What
waited for such an item goes on with it; what can't be delivered comes to an end, and so does what
waited for that.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ordergate.model.states import OrderState
from ordergate.process.decide import decide
from ordergate.process.entity import Closing, Plan
from ordergate.process.issue import hand_overs_of, planned, waiting_in
from ordergate.process.notify import changed
from ordergate.process.record import re_recorded, with_entry

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from datetime import datetime

    from ordergate.model.addresses import Addresses
    from ordergate.model.common import Document
    from ordergate.process.assessment import Assessment
    from ordergate.process.decision import Decision
    from ordergate.process.entity import RecordedRequest
    from ordergate.process.issue import Documents
    from ordergate.process.knowledge import Knowledge
    from ordergate.process.request import InitiatingRequest

_DEFERRED = "waitsForUnissued"


def release(
    record: RecordedRequest,
    request: InitiatingRequest,
    known: Knowledge,
    addresses: Addresses,
    documents: Documents,
) -> RecordedRequest | None:
    """Return the record with the plan of what goes on now, or None where nothing does.

    Args:
        request: as it was recorded, in its next round; `received_date` is now.
    """
    moment = request.received_date
    waiting = {one.item_id for one in record.waiting}
    first = decide(request, known, addresses, moment, only=waiting)
    if not first.assessment or first.stops:
        return None
    progress = _progress(record, first)
    given_up = _given_up(request, first, progress)
    if not progress:
        return None
    decision = decide(request, known, addresses, moment, only=progress - set(given_up))
    return _Round(record, decision, given_up, documents, moment).recorded()


def _progress(record: RecordedRequest, decision: Decision) -> set[str]:
    """Return the items that were answered, or whose wait is over."""
    assessed = _assessed(record)
    return {
        one.item.id
        for one in decision.assessment
        if one.item.id not in decision.deferred
        and (one.feasibility is not None or _was_deferred(assessed[one.item.id]))
    }


def _was_deferred(entry: Document) -> bool:
    return any(reason["code"] == _DEFERRED for reason in entry.get("reason", []))


def _given_up(
    request: InitiatingRequest, decision: Decision, progress: Collection[str]
) -> dict[str, str]:
    """Return the items that wait, directly or not, for one that can't be delivered, and for which.

    They come to an end with it; so does a survey of what won't be wanted.
    """
    infeasible = [
        one.item.id
        for one in decision.assessment
        if one.item.id in progress and one.feasibility is not None and not one.is_feasible
    ]
    given_up: dict[str, str] = {}
    while infeasible:
        target = infeasible.pop()
        for item in request.item:
            if target in item.relies_on and item.id not in given_up:
                given_up[item.id] = target
                infeasible.append(item.id)
    return given_up


def _assessed(record: RecordedRequest) -> Mapping[str, Document]:
    return {one["id"]: one for one in record.entity.document["assessment"]["item"]}


@dataclass(frozen=True, slots=True)
class _Round:
    """A later round of deciding, and what it makes of the record."""

    record: RecordedRequest
    decision: Decision
    given_up: Mapping[str, str]
    documents: Documents
    moment: datetime

    def recorded(self) -> RecordedRequest:
        """Return the record with its plan."""
        record, decision = self.record, self.decision
        over = {*(one.item.id for one in decision.assessment), *self.given_up}
        left = tuple(one for one in record.waiting if one.item_id not in over)
        entity = changed(record.entity, self._document(), self.moment)
        plan = Plan(
            planned(decision, self.documents, self.moment),
            hand_overs_of(decision, self.documents),
            closing=tuple(self._closings()),
            revision=entity.revision,
        )
        return replace(
            record,
            entity=entity,
            plan=plan.after(record.plan),
            waiting=(*left, *waiting_in(decision)),
        )

    def _document(self) -> Document:
        """Return the record's document; what was issued for an item before stays with it."""
        before = self.record.entity.document
        assessed = _assessed(self.record)
        made = self.documents.initiating_request(self.decision)
        items = [_joined(assessed[one["id"]], one) for one in made["assessment"]["item"]]
        items += [
            _ended(assessed[item_id], target)
            for item_id, target in self.given_up.items()
            if item_id in assessed
        ]
        made = {
            **made,
            "state": before["state"],
            "assessment": {**made["assessment"], "item": items},
        }
        for one in self.decision.assessment:
            if one.feasibility is not None:
                said = f"item {one.item.id} is {one.feasibility.result} by {one.feasibility.id}"
                before = with_entry(before, self.moment, "feasibilityAssessed", said)
        return re_recorded(before, made, self.moment)

    def _closings(self) -> Iterator[Closing]:
        """Yield what the answers bring to an end: surveys, and orders handed over."""
        assessed = _assessed(self.record)
        for one in self.decision.assessment:
            if one.feasibility is not None:
                state = OrderState.COMPLETED if one.is_feasible else OrderState.FAILED
                yield from _closings_of(assessed[one.item.id], state, _said(one))
        for item_id, target in self.given_up.items():
            said = f"Not wanted any more: {target}, for which it waits, can't be delivered."
            yield from _closings_of(assessed.get(item_id, {}), OrderState.FAILED, said)


def _said(one: Assessment) -> str:
    assert one.feasibility is not None  # noqa: S101 - asked only of what was answered
    notes = "; ".join(note["text"] for note in one.feasibility.note if note.get("text"))
    said = f"Assessed as {one.feasibility.result} by {one.feasibility.id}."
    return f"{said} {notes}" if notes else said


def _closings_of(entry: Document, state: OrderState, text: str) -> Iterator[Closing]:
    """Yield what closes the orders that were issued for an item so far."""
    handing = entry.get("specialHandling", {}).get("id")
    by_order: dict[str, list[str]] = {}
    for one in entry.get("resourceOrderItem", []):
        by_order.setdefault(one["resourceOrderId"], []).append(one["itemId"])
    for order_id, item_ids in by_order.items():
        yield Closing(order_id, tuple(item_ids), state, text, handing)


def _joined(before: Document, after: Document) -> Document:
    """Return an item's assessment with what was issued, and handed over, for it before."""
    issued = [*before.get("resourceOrderItem", []), *after.get("resourceOrderItem", [])]
    kept = {name: before[name] for name in ("specialHandling",) if name in before}
    return {**kept, **after, **({"resourceOrderItem": issued} if issued else {})}


def _ended(before: Document, target: str) -> Document:
    """Return the assessment of an item for which nothing will be issued any more."""
    said = f"{target}, for which it waits, can't be delivered."
    reason = {"code": "dependencyInfeasible", "message": said}
    reasons = [one for one in before.get("reason", []) if one["code"] != _DEFERRED]
    return {**before, "state": str(OrderState.CANCELLED), "reason": [*reasons, reason]}
