"""Reassess: decide a recorded request once more, because it was amended.

eTOM 1.5.6.7 assesses the information in the request; when that changes, so may what it takes. What
was issued before is superseded, as long as nobody has begun to deliver it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ordergate.errors import IllegalTransitionError, InvalidDocumentError
from ordergate.model.states import FINAL, OrderState
from ordergate.process.assessment import Outcome
from ordergate.process.entity import Plan
from ordergate.process.issue import hand_overs_of, planned, waiting_in
from ordergate.process.notify import changed
from ordergate.process.record import re_recorded, service_order_of
from ordergate.process.service_lifecycle import told

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ordergate.model.common import Document
    from ordergate.process.decision import Decision
    from ordergate.process.entity import Entity, RecordedRequest
    from ordergate.process.issue import Documents
    from ordergate.process.request import InitiatingRequest


def asks_anew(before: InitiatingRequest, after: InitiatingRequest) -> bool:
    """Return whether the amended request asks for something else."""
    return _essence(before) != _essence(after)


def _essence(request: InitiatingRequest) -> InitiatingRequest:
    """Return the request without what may change and still takes the same."""
    return replace(request, note=(), category=None, description=None)


def reassess(
    record: RecordedRequest,
    after: Document,
    decision: Decision,
    standing: Sequence[Entity],
    documents: Documents,
) -> RecordedRequest:
    """Return the record of the amended service order, with the plan of what changes.

    A pending order that is complete now goes on (S8); one that still misses something stays.

    Args:
        after: the service order as it was amended.
        decision: on the amended request, which was received now.
        standing: the resource orders that were issued for it and are there.

    Raises:
        InvalidDocumentError: as amended it would be rejected, or lack what it had.
        IllegalTransitionError: what was issued for it is being delivered.
    """
    moment = decision.request.received_date
    order = service_order_of(record)
    state = OrderState(order.document["state"])
    _check(decision, state)
    superseded = tuple(one for one in standing if one.document["state"] not in FINAL)
    _check_untouched(superseded)
    if state is OrderState.PENDING and not decision.stops:
        state = OrderState.IN_PROGRESS
    written = documents.service_order(after, decision, state)
    entity = changed(order, written, moment, *told(order.document, written))
    made = documents.initiating_request(decision)
    document = re_recorded(
        record.entity.document,
        {**made, "state": str(state)},
        moment,
        superseded=[one.id for one in superseded],
    )
    plan = Plan(
        planned(decision, documents, moment),
        hand_overs_of(decision, documents),
        superseded=(*(one.id for one in superseded), *decision.superseded),
        withdrawn=_handed_over(record.entity.document),
        revision=entity.revision,
    )
    return replace(
        record,
        entity=replace(entity, document=document),
        service_order=written,
        plan=plan.after(record.plan),
        waiting=waiting_in(decision),
    )


def _check(decision: Decision, state: OrderState) -> None:
    """Refuse an amendment that leaves nothing to deliver."""
    wrong = {Outcome.REJECTED}
    if state is OrderState.ACKNOWLEDGED:
        wrong.add(Outcome.INFORMATION_REQUIRED)
    for one in decision.assessment:
        if decision.outcome in wrong and one.outcome is decision.outcome:
            reason = one.reason[0]
            raise InvalidDocumentError(
                f"{reason.message} The order stays as it was.", path=reason.path
            )


def _check_untouched(orders: Sequence[Entity]) -> None:
    """Refuse to supersede what somebody has begun to deliver."""
    for one in orders:
        states = {one.document["state"], *(item["state"] for item in one.document["orderItem"])}
        if states != {OrderState.ACKNOWLEDGED}:
            raise IllegalTransitionError(
                f"Resource order {one.id} is being delivered already: what the order asks for "
                "can't change any more. Send an order that modifies the service.",
                path="serviceOrderItem",
            )


def _handed_over(document: Document) -> tuple[str, ...]:
    """Return the ids of the hand-overs that the record names."""
    items = document["assessment"]["item"]
    return tuple(one["specialHandling"]["id"] for one in items if "specialHandling" in one)
