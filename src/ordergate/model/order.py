"""Resource orders as the process makes them (TMF652 `ResourceOrder` and what it holds)."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from ordergate.model.common import Action, Document, Reference, Specification


class OrderType(StrEnum):
    """`orderType`: what an issued order asks for (eTOM 1.5.6.7, the design's C3)."""

    FEASIBILITY = "feasibility"
    PROVISION = "provision"
    CHANGE = "change"
    RECOVER = "recover"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a decision is as it is.

    Args:
        code: stable, for programs.
        message: for people.
        path: the attribute of the request concerned.
    """

    code: str
    message: str
    path: str | None = None


@dataclass(frozen=True, slots=True)
class ItemReference:
    """`ResourceOrderItemRef`: an item of this order, or of another one by `resource_order_id`."""

    item_id: str
    resource_order_id: str | None = None
    resource_order_href: str | None = None


OPERATING = (
    "administrativeState",
    "operationalState",
    "resourceStatus",
    "startOperatingDate",
    "endOperatingDate",
    "relatedParty",
    "note",
)
"""Attributes of a resource that its service decides."""


@dataclass(frozen=True, slots=True)
class Resource:
    """`ResourceRefOrValue` that an item asks for, with a pre-allocated id on `add`.

    Args:
        operating: those of `OPERATING` that are asked for.
    """

    id: str
    href: str
    name: str | None = None
    category: str | None = None
    description: str | None = None
    at_type: str | None = None
    place: Document | None = None
    characteristic: Mapping[str, Any] = field(default_factory=dict)
    specification: Specification | None = None
    operating: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ResourceOrderItem:
    """`ResourceOrderItem`; `depends_on` becomes `orderItemRelationship` of type `dependency`.

    Args:
        requested_item_id: the item of the request that it serves.
        line: the line of the rule that it stands for, by which later requests know it again.
        service_id: the service that it is for.
    """

    id: str
    action: Action
    resource: Resource
    resource_specification: Specification | None
    requested_item_id: str
    line: str | None = None
    service_id: str | None = None
    quantity: int = 1
    depends_on: tuple[ItemReference, ...] = ()
    appointment: Document | None = None
    point_of_no_return: str | None = None


@dataclass(frozen=True, slots=True)
class SpecialHandling:
    """What marks an order that needs special handling (eTOM 1.5.6.7, C5)."""

    reason: tuple[Reason, ...]
    handed_over_date: datetime


@dataclass(frozen=True, slots=True)
class ResourceOrder:
    """`ResourceOrder` that a request takes, ready to be issued.

    Args:
        domain: the part of the network it goes to; orders are grouped by it.
        initiating_request: the record of the request it was issued for.
    """

    id: str
    href: str
    order_type: OrderType
    order_date: datetime
    item: tuple[ResourceOrderItem, ...]
    domain: str
    initiating_request: Reference
    name: str | None = None
    category: str | None = None
    description: str | None = None
    external_id: str | None = None
    priority: int | None = None
    requested_start_date: str | None = None
    requested_completion_date: str | None = None
    external_reference: tuple[Document, ...] = ()
    note: tuple[Document, ...] = ()
    related_party: tuple[Document, ...] = ()
    special_handling: SpecialHandling | None = None
