"""Roll-up: what the resource orders make of their request, and of its service order (C7).

Track & Manage moves the resource orders. Where that leaves the request follows from all of them as
they are now, so it comes to the same however often and in whatever order it is looked at.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ordergate.model.states import FINAL, UNDER_CANCELLATION, OrderState
from ordergate.process.assessment import Outcome
from ordergate.process.derive import way_of_request
from ordergate.process.progress import progress
from ordergate.process.record import with_entry
from ordergate.process.service_progress import with_progress

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from ordergate.model.common import Document
    from ordergate.process.entity import Entity, RecordedRequest
    from ordergate.process.progress import Progress

_NOTHING_ISSUED = frozenset({Outcome.REJECTED, Outcome.INFORMATION_REQUIRED})


def roll_up(
    record: RecordedRequest, orders: Iterable[Entity], moment: datetime
) -> RecordedRequest | None:
    """Return the record where its resource orders have brought it, None if it is there already.

    A service order that is over, or about to be cancelled, stays as it is.

    Args:
        orders: the resource orders of the record that are there.
    """
    before = record.entity.document
    if before["assessment"]["outcome"] in _NOTHING_ISSUED or is_put_off(record):
        return None
    there = {one.id: one.document for one in orders}
    found = progress(record, there)
    document = _with_moves_told(before, found.document, moment)
    state = OrderState(before["state"])
    order = None
    if state not in FINAL | UNDER_CANCELLATION:
        if record.service_order is not None:
            entity = replace(record.entity, document=record.service_order)
            order = with_progress(entity, found, there, moment)
            state = OrderState(order.document["state"]) if order else state
        elif before["requestType"] != "serviceOrder":
            state = _state(state, found)
    if state != before["state"]:
        said = f"{before['state']} -> {state}"
        document = with_entry({**document, "state": str(state)}, moment, "stateChanged", said)
    if order is None and document == before:
        return None
    entity = order or replace(record.entity, revision=record.revision + 1, owed=())
    service_order = order.document if order else record.service_order
    return replace(record, entity=replace(entity, document=document), service_order=service_order)


def with_nothing_to_do(record: RecordedRequest, moment: datetime) -> RecordedRequest:
    """Return a new record as it is kept: complete at once where it takes no resource order.

    Orders that it only withdraws are of another request: no change of theirs would be told to it.
    """
    if record.waiting or record.plan.resource_order:
        return record
    done = roll_up(record, (), moment)
    if done is None:
        return record
    owed = (*record.owed, *done.owed)
    return replace(done, entity=replace(done.entity, revision=record.revision, owed=owed))


def taken_back(
    record: RecordedRequest, orders: Iterable[Entity], moment: datetime
) -> RecordedRequest:
    """Return the record of a service order whose cancellation was accepted, as its orders are now.

    Nothing waits in it any more: what nothing was issued for is cancelled too.
    """
    before = record.entity.document
    assessment = before["assessment"]
    given_up = {one.item_id for one in record.waiting}
    if assessment["outcome"] in _NOTHING_ISSUED:
        given_up = {one["id"] for one in assessment["item"]}
    items = [
        {**one, "state": str(OrderState.CANCELLED)} if one["id"] in given_up else one
        for one in assessment["item"]
    ]
    document = {**before, "assessment": {**assessment, "item": items}}
    after = replace(record, entity=replace(record.entity, document=document), waiting=())
    there = {one.id: one.document for one in orders}
    told = _with_moves_told(before, progress(after, there).document, moment)
    return replace(after, entity=replace(record.entity, document=told))


def is_put_off(record: RecordedRequest) -> bool:
    """Return whether nobody can say yet if the roll-up matters: a cancellation is assessed."""
    return bool(record.entity.document["state"] == OrderState.ASSESSING_CANCELLATION)


def _with_moves_told(before: Document, document: Document, moment: datetime) -> Document:
    """Return the record with an entry for each resource order that is in another state now."""
    known = {one["id"]: one.get("state") for one in before.get("resourceOrder", [])}
    for one in document.get("resourceOrder", []):
        if "state" in one and one["state"] != known[one["id"]]:
            was = known[one["id"]] or OrderState.ACKNOWLEDGED
            if one["state"] != was:
                said = f"{one['id']}: {was} -> {one['state']}"
                document = with_entry(document, moment, "resourceOrderStateChanged", said)
    return document


def _state(state: OrderState, found: Progress) -> OrderState:
    """Return the state of a request that is no service order."""
    states = {one.state for one in found.requested if one.counts}
    states = states or {one.state for one in found.requested}
    runnable = any(one.runnable for one in found.requested)
    return (state, *way_of_request(state, states, runnable=runnable))[-1]
