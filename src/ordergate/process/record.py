"""Record: what is kept of a request and its resource orders, and how it goes on (C4).

eTOM 1.5.6.7: a record is made of the initiating request and its associated resource orders. A
service order lies in its record, so both share one revision and change in one write.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ordergate.model.common import timestamp
from ordergate.model.order import OrderType
from ordergate.process.assessment import Outcome
from ordergate.process.predetermined import exit_items

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import datetime

    from ordergate.model.common import Document
    from ordergate.model.order import ItemReference
    from ordergate.process.entity import Entity, RecordedRequest


def service_order_of(record: RecordedRequest) -> Entity:
    """Return the service order in the record as an entity of its own."""
    assert record.service_order is not None  # noqa: S101 - the caller has looked
    return replace(record.entity, document=record.service_order)


def request_id_of(order: Document) -> str | None:
    """Return the id of the request that a resource order says it was issued for."""
    request = order.get("initiatingRequest")
    request_id = request.get("id") if isinstance(request, dict) else None
    return request_id if isinstance(request_id, str) else None


def issued_in(record: RecordedRequest, orders: Iterable[Entity]) -> list[Entity]:
    """Return those of the orders that the record knows; anybody may claim to be issued for it."""
    known = {one["id"] for one in record.entity.document.get("resourceOrder", [])}
    return [one for one in orders if one.id in known]


def with_service_order(
    record: RecordedRequest, order: Entity, moment: datetime, event: str, detail: str
) -> RecordedRequest:
    """Return the record after a change of its service order: its state follows.

    Args:
        order: the service order's next revision, with the events that it owes.
        event: names what happened in the record's timeline; `detail` says more.
    """
    document = with_entry(record.entity.document, moment, event, detail)
    document["state"] = order.document["state"]
    entity = replace(order, document=document)
    return replace(record, entity=entity, service_order=order.document)


def re_recorded(
    before: Document, made: Document, moment: datetime, superseded: Collection[str] = ()
) -> Document:
    """Return the record's document after a later round of deciding.

    Items that this round doesn't decide stay as they were assessed, and so do the references to
    what was issued before.

    Args:
        made: what this round makes of the request, whole but for the items it doesn't decide.
        superseded: ids of resource orders whose place others take.
    """
    assessed = {one["id"]: one for one in before["assessment"]["item"]}
    assessed |= {one["id"]: one for one in made["assessment"]["item"]}
    items = [assessed[one["id"]] for one in made["requestedItem"]]
    outcomes = {one["outcome"] for one in items}
    successors = [{"id": one["id"], "href": one["href"]} for one in made.get("resourceOrder", [])]
    issued = [
        {**one, "supersededBy": successors} if one["id"] in superseded else one
        for one in before.get("resourceOrder", [])
    ]
    document = {
        **before,
        **made,
        "receivedDate": before["receivedDate"],
        "assessment": {
            **made["assessment"],
            "outcome": str(next(one for one in Outcome if one in outcomes)),
            "item": items,
        },
        "timeline": before["timeline"],
    }
    if orders := [*issued, *made.get("resourceOrder", [])]:
        document["resourceOrder"] = orders
    for entry in made["timeline"]:
        if entry["event"] != "received":
            document = with_entry(document, moment, entry["event"], entry["detail"])
    return document


def exits_of(
    record: Document, orders: Iterable[Document], targets: Collection[str]
) -> dict[str, tuple[ItemReference, ...]]:
    """Return the order items that whatever waits for these requested items has to wait for.

    Args:
        record: the record's document, which says what was issued for which item.
        orders: the resource orders of the request.
    """
    by_id = {one["id"]: one for one in orders if one.get("orderType") != OrderType.FEASIBILITY}
    found: dict[str, tuple[ItemReference, ...]] = {}
    for entry in record["assessment"]["item"]:
        if entry["id"] in targets:
            made: dict[str, set[str]] = {}
            for one in entry.get("resourceOrderItem", []):
                made.setdefault(one["resourceOrderId"], set()).add(one["itemId"])
            found[entry["id"]] = tuple(
                exit_item
                for order_id, item_ids in made.items()
                if order_id in by_id
                for exit_item in exit_items(by_id[order_id], item_ids)
            )
    return found


def with_entry(document: Document, moment: datetime, event: str, detail: str) -> Document:
    """Return the record's document with one more entry in its timeline."""
    entry = {"date": timestamp(moment), "event": event, "detail": detail}
    return {**document, "timeline": [*document.get("timeline", []), entry]}
