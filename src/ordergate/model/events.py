"""Events of TMF652 and TMF641: their types, and what one is made of."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ordergate.model.common import Api, Document


class EventType(StrEnum):
    """The `eventType` values that are emitted, spelt as the standards do."""

    RESOURCE_ORDER_CREATE = "ResourceOrderCreateEvent"
    RESOURCE_ORDER_ATTRIBUTE_VALUE_CHANGE = "ResourceOrderAttributeValueChangeEvent"
    RESOURCE_ORDER_STATE_CHANGE = "ResourceOrderStateChangeEvent"
    RESOURCE_ORDER_DELETE = "ResourceOrderDeleteEvent"
    RESOURCE_ORDER_INFORMATION_REQUIRED = "ResourceOrderInformationRequiredEvent"
    CANCEL_RESOURCE_ORDER_CREATE = "CancelResourceOrderCreateEvent"
    CANCEL_RESOURCE_ORDER_STATE_CHANGE = "CancelResourceOrderStateChangeEvent"
    SERVICE_ORDER_CREATE = "ServiceOrderCreateEvent"
    SERVICE_ORDER_ATTRIBUTE_VALUE_CHANGE = "ServiceOrderAttributeValueChangeEvent"
    SERVICE_ORDER_STATE_CHANGE = "ServiceOrderStateChangeEvent"
    SERVICE_ORDER_DELETE = "ServiceOrderDeleteEvent"
    SERVICE_ORDER_INFORMATION_REQUIRED = "ServiceOrderInformationRequiredEvent"
    SERVICE_ORDER_MILESTONE = "ServiceOrderMilestoneEvent"
    SERVICE_ORDER_JEOPARDY = "ServiceOrderJeopardyEvent"
    CANCEL_SERVICE_ORDER_CREATE = "CancelServiceOrderCreateEvent"
    CANCEL_SERVICE_ORDER_STATE_CHANGE = "CancelServiceOrderStateChangeEvent"


@dataclass(frozen=True, slots=True)
class Occurrence:
    """What is to be told of a change.

    Args:
        document: the order or the task, whole, as it is just after.
        field_path: the attributes concerned, for the types that carry them.
    """

    event_type: EventType
    document: Document
    description: str
    field_path: str | None = None


@dataclass(frozen=True, slots=True)
class OwedEvent:
    """An event that a change owes to the listeners: it waits in the outbox of its entity.

    Args:
        api: the door whose hub tells it.
        entity_id: id of the order or task that changed; the events of one entity are told in order.
        sequence: 1, 2, 3 … within the entity (`X-Order-Event-Seq`).
        document: the notification's body; its `eventId` is the same on every attempt.
    """

    api: Api
    entity_id: str
    sequence: int
    document: Document
