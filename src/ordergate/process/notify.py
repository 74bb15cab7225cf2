"""Notify: make the events that a change owes to the listeners (TMF652 and TMF641, §4).

An event is owed in the same write as the change it tells of; `delivery` sends it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import UUID

from ordergate.model.common import Api, timestamp
from ordergate.model.events import OwedEvent
from ordergate.model.ids import id_of

if TYPE_CHECKING:
    from datetime import datetime

    from ordergate.model.common import Document
    from ordergate.model.events import EventType, Occurrence
    from ordergate.process.entity import Entity

_EVENT_IDS = UUID("0d4f2f0a-3d8f-5b8e-8a43-3d1b52d6a641")
_DOMAINS = {
    Api.RESOURCE_ORDERING: "ResourceOrdering",
    Api.SERVICE_ORDERING: "ServiceOrdering",
}
_PAYLOADS = {
    "CancelResourceOrder": ("cancelResourceOrder", Api.RESOURCE_ORDERING),
    "CancelServiceOrder": ("cancelServiceOrder", Api.SERVICE_ORDERING),
    "ResourceOrder": ("resourceOrder", Api.RESOURCE_ORDERING),
    "ServiceOrder": ("serviceOrder", Api.SERVICE_ORDERING),
}
_CANCELLED = {"cancelResourceOrder": "resourceOrder", "cancelServiceOrder": "serviceOrder"}


def notify(
    event_type: EventType,
    entity: Document,
    sequence: int,
    moment: datetime,
    *,
    description: str,
    field_path: str | None = None,
) -> OwedEvent:
    """Return the event that tells of a change of an order or a cancel task.

    The payload is the whole entity as it is after the change. `eventId` follows from its id and
    the sequence, so it stays the same however often the event is made or sent.

    Args:
        sequence: 1, 2, 3 … within the entity.
        field_path: the attribute concerned, for the two types that carry one.
    """
    kind = next(kind for kind in _PAYLOADS if event_type.startswith(kind))
    payload, api = _PAYLOADS[kind]
    order = entity[_CANCELLED[payload]] if payload in _CANCELLED else entity
    when = timestamp(moment)
    document: Document = {
        "eventId": id_of(_EVENT_IDS, f"{entity['id']}/{sequence}"),
        "eventTime": when,
        "eventType": str(event_type),
        "correlationId": order["id"],
        "domain": _DOMAINS[api],
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


def changed(
    entity: Entity, document: Document, moment: datetime, *occurrences: Occurrence
) -> Entity:
    """Return the next revision of the entity, which owes an event for each occurrence, in order."""
    owed = tuple(
        notify(
            one.event_type,
            one.document,
            sequence,
            moment,
            description=one.description,
            field_path=one.field_path,
        )
        for sequence, one in enumerate(occurrences, entity.sequence + 1)
    )
    return replace(
        entity,
        document=document,
        revision=entity.revision + 1,
        sequence=entity.sequence + len(owed),
        owed=owed,
    )
