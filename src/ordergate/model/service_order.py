"""Service orders as intake reads them (TMF641 `ServiceOrder` and what it holds)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ordergate.model.common import Action, Document, Specification


@dataclass(frozen=True, slots=True)
class ItemRelationship:
    """`ServiceOrderItemRelationship`: how an item stands to another one.

    Args:
        order_id: the service order of the other item, if it isn't this one.
    """

    relationship_type: str
    item_id: str
    order_id: str | None = None


@dataclass(frozen=True, slots=True)
class Feature:
    """`Feature` of a service, with its characteristics by name.

    Args:
        relationship: type and name of each other feature that it requires or excludes.
    """

    name: str
    is_enabled: bool = True
    characteristic: Mapping[str, Any] = field(default_factory=dict)
    relationship: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Service:
    """`ServiceRefOrValue`; `attributes` are its plain ones, for the expressions of rules."""

    specification: Specification | None = None
    id: str | None = None
    state: str | None = None
    characteristic: Mapping[str, Any] = field(default_factory=dict)
    feature: tuple[Feature, ...] = ()
    place: tuple[Document, ...] = ()
    related_party: tuple[Document, ...] = ()
    note: tuple[Document, ...] = ()
    supporting_resource: tuple[Document, ...] = ()
    supporting_service: tuple[Service, ...] = ()
    related_entity: tuple[Document, ...] = ()
    attributes: Document = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ServiceOrderItem:
    """`ServiceOrderItem`; its nested items are in `item`.

    Args:
        requested_start_date: its own, where it isn't the order's.
    """

    id: str
    action: Action
    service: Service
    quantity: int = 1
    relationship: tuple[ItemRelationship, ...] = ()
    item: tuple[ServiceOrderItem, ...] = ()
    appointment: Document | None = None
    needs_special_handling: bool = False
    requested_start_date: str | None = None


@dataclass(frozen=True, slots=True)
class ServiceOrder:
    """`ServiceOrder_Create`: what a client asks for.

    Args:
        waits_for_order: ids of the service orders that all of it waits for.
    """

    item: tuple[ServiceOrderItem, ...]
    waits_for_order: tuple[str, ...] = ()
    external_id: str | None = None
    category: str | None = None
    description: str | None = None
    priority: str | None = None
    requested_start_date: str | None = None
    requested_completion_date: str | None = None
    external_reference: tuple[Document, ...] = ()
    note: tuple[Document, ...] = ()
    related_party: tuple[Document, ...] = ()
