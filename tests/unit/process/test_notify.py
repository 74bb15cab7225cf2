from __future__ import annotations

from typing import Any

import pytest

from make import MOMENT
from ordergate.model.common import Api
from ordergate.model.events import EventType
from ordergate.process.notify import notify

ORDER: dict[str, Any] = {
    "id": "ro-1",
    "state": "acknowledged",
    "resourceOrder": {"id": "ro-7"},
    "serviceOrder": {"id": "so-7"},
}


def test_notification_of_a_resource_order_has_the_envelope_of_the_standard() -> None:
    found = notify(EventType.RESOURCE_ORDER_STATE_CHANGE, ORDER, 3, MOMENT, description="a -> b")
    assert (found.api, found.entity_id, found.sequence) == (Api.RESOURCE_ORDERING, "ro-1", 3)
    assert found.document == {
        "eventId": "83520520-d9a8-51ac-9caf-9142b09f0665",
        "eventTime": "2026-01-01T12:00:00.000Z",
        "eventType": "ResourceOrderStateChangeEvent",
        "correlationId": "ro-1",
        "domain": "ResourceOrdering",
        "title": "ResourceOrderStateChangeEvent",
        "description": "a -> b",
        "priority": "normal",
        "timeOcurred": "2026-01-01T12:00:00.000Z",
        "timeOccurred": "2026-01-01T12:00:00.000Z",
        "event": {"resourceOrder": ORDER},
    }


@pytest.mark.parametrize("kind", list(EventType))
def test_type_of_the_event_names_the_door_and_the_payload(kind: EventType) -> None:
    found = notify(kind, ORDER, 1, MOMENT, description="")
    service = kind.startswith(("Service", "CancelService"))
    assert found.api is (Api.SERVICE_ORDERING if service else Api.RESOURCE_ORDERING)
    assert found.document["domain"] == ("ServiceOrdering" if service else "ResourceOrdering")
    (payload,) = found.document["event"]
    assert kind.startswith(payload[0].upper() + payload[1:])


def test_events_of_a_cancel_task_belong_with_those_of_its_order() -> None:
    for kind, payload, order_id in (
        (EventType.CANCEL_RESOURCE_ORDER_CREATE, "cancelResourceOrder", "ro-7"),
        (EventType.CANCEL_SERVICE_ORDER_CREATE, "cancelServiceOrder", "so-7"),
    ):
        found = notify(kind, ORDER, 1, MOMENT, description="")
        assert found.document["correlationId"] == order_id
        assert found.document["event"] == {payload: ORDER}


def test_event_id_is_the_same_for_the_same_change_and_another_for_the_next() -> None:
    def event_id(sequence: int, entity: dict[str, Any]) -> str:
        kind = EventType.RESOURCE_ORDER_CREATE
        found = notify(kind, entity, sequence, MOMENT, description="")
        return str(found.document["eventId"])

    assert event_id(1, ORDER) == event_id(1, {**ORDER, "state": "held"})
    assert len({event_id(1, ORDER), event_id(2, ORDER), event_id(1, {"id": "ro-2"})}) == 3


def test_field_path_is_there_when_it_is_given() -> None:
    kind = EventType.RESOURCE_ORDER_ATTRIBUTE_VALUE_CHANGE
    found = notify(kind, ORDER, 1, MOMENT, description="", field_path="note,priority")
    assert found.document["fieldPath"] == "note,priority"
