"""A request for resources in the one shape that the process works on, whatever door it came by."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from ordergate.model.common import Action, Document, Reference, Specification


class RequestType(StrEnum):
    """Who asks (eTOM 1.5.6.7, C1)."""

    SERVICE_ORDER = "serviceOrder"
    RESOURCE_TROUBLE_RECOVERY = "resourceTroubleRecovery"
    RESOURCE_PERFORMANCE = "resourcePerformance"
    PARTY_REQUEST = "partyRequest"


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestedItem:
    """One leaf of what is asked for.

    Args:
        path: where it stands in the request's document (`serviceOrderItem[0]`), for reasons.
        characteristic: name to value.
        feature: enabled features, name to (characteristic name to value).
        place: role to the place as the document has it; likewise `party`.
        relies_on: ids of requested items that must be complete before this one starts.
        waits_for_order: ids of other orders that it waits for.
        subject: the service or resource asked about: its own attributes, for expressions.
        needs_special_handling: the requester asks for it.
        service_id: the service that it is about; one that is new has its id from intake.
        resource_id: the delivered resource that it is about, where it isn't about a service.
        operating: what the service asks of each of its resources, in TMF652's words.
        requested_start_date: no work is wanted before; the request's own where it says nothing.
        feature_relationship: an enabled feature, the type of its relationship, another feature.
    """

    id: str
    path: str
    action: Action
    specification: Specification | None
    quantity: int = 1
    characteristic: Mapping[str, Any] = field(default_factory=dict)
    feature: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    place: Mapping[str, Document] = field(default_factory=dict)
    party: Mapping[str, Document] = field(default_factory=dict)
    relies_on: tuple[str, ...] = ()
    waits_for_order: tuple[str, ...] = ()
    supporting_resource: tuple[Document, ...] = ()
    appointment: Document | None = None
    related_entity: tuple[Document, ...] = ()
    subject: Document = field(default_factory=dict)
    needs_special_handling: bool = False
    service_id: str | None = None
    resource_id: str | None = None
    operating: Mapping[str, Any] = field(default_factory=dict)
    requested_start_date: str | None = None
    feature_relationship: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class InitiatingRequest:
    """A request for resources, assessed as one: complete or nothing.

    Args:
        id: id of the record, and of the service order where it is one.
        source: the document asking (a service order, a trouble ticket).
        round: counts how often it was decided; what one round issues gets other ids than the next.
    """

    id: str
    href: str
    request_type: RequestType
    received_date: datetime
    item: tuple[RequestedItem, ...]
    round: int = 1
    source: Reference | None = None
    external_id: str | None = None
    category: str | None = None
    description: str | None = None
    priority: str | None = None
    requested_start_date: str | None = None
    requested_completion_date: str | None = None
    external_reference: tuple[Document, ...] = ()
    note: tuple[Document, ...] = ()
    related_party: tuple[Document, ...] = ()
    related_entity: tuple[Document, ...] = ()
