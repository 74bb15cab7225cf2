"""Notify: make the events that a change owes to the listeners (TMF652 and TMF641, §4).

An event is owed in the same write as the change it tells of; `delivery` sends it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID, uuid5

from ordergate.model.common import Api, timestamp
from ordergate.model.events import OwedEvent

if TYPE_CHECKING:
    from datetime import datetime

    from ordergate.model.common import Document
    from ordergate.model.events import EventType

_EVENT_IDS = UUID("0d4f2f0a-3d8f-5b8e-8a43-3d1b52d6a641")
_DOMAINS = {
    Api.RESOURCE_ORDERING: ("ResourceOrdering", "resourceOrder"),
    Api.SERVICE_ORDERING: ("ServiceOrdering", "serviceOrder"),
}


def notify(
    event_type: EventType,
    entity: Document,
    sequence: int,
    moment: datetime,
    *,
    description: str,
    field_path: str | None = None,
) -> OwedEvent:
    """Return the event that tells of a change of an order.

    The payload is the whole order as it is after the change. `eventId` follows from the order and
    the sequence, so it stays the same however often the event is made or sent.

    Args:
        sequence: 1, 2, 3 … within the order.
        field_path: the attribute concerned, for the two types that carry one.
    """
    service = event_type.startswith("ServiceOrder")
    api = Api.SERVICE_ORDERING if service else Api.RESOURCE_ORDERING
    domain, payload = _DOMAINS[api]
    when = timestamp(moment)
    document: Document = {
        "eventId": str(uuid5(_EVENT_IDS, f"{entity['id']}/{sequence}")),
        "eventTime": when,
        "eventType": str(event_type),
        "correlationId": entity["id"],
        "domain": domain,
        "title": str(event_type),
        "description": description,
        "priority": "normal",
        "timeOcurred": when,  # the published spelling; the next line is what later versions use
        "timeOccurred": when,
        "event": {payload: entity},
    }
    if field_path is not None:
        document["fieldPath"] = field_path
    return OwedEvent(api, entity["id"], sequence, document)
