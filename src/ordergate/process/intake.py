"""Intake: bring a request into the one shape that the process works on.

eTOM 1.5.6.7: resource orders arise from service orders and from other processes. A service order's
nested items and supporting services are flattened to leaves, for only those take resources.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from ordergate.errors import InvalidDocumentError
from ordergate.model.common import Action, Reference
from ordergate.model.ids import id_of
from ordergate.model.relationships import is_dependency
from ordergate.process.request import InitiatingRequest, RequestedItem, RequestType

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from ordergate.model.addresses import Addresses
    from ordergate.model.common import Document
    from ordergate.model.service_order import (
        ItemRelationship,
        Service,
        ServiceOrder,
        ServiceOrderItem,
    )

SERVICE_IDS = UUID("2f3a1c86-6a3e-5c0b-9a55-0e0d7c1f4b92")
"""Namespace of the ids of services that a request brings into being."""

_ASKED_BY_STATE: Mapping[str, Mapping[str, str]] = {
    "reserved": {"administrativeState": "locked", "resourceStatus": "reserved"},
    "inactive": {"administrativeState": "locked"},
    "active": {"administrativeState": "unlocked", "operationalState": "enable"},
}
"""What a service's state asks of its resources (standards 7.4)."""


def intake(
    order: ServiceOrder,
    order_id: str,
    addresses: Addresses,
    moment: datetime,
    partner_roles: Iterable[str] = (),
) -> InitiatingRequest:
    """Return the request for resources that the service order is.

    Args:
        partner_roles: roles that make it the request of another party (C1), in any letter case.

    Raises:
        InvalidDocumentError: two items have the same id.
    """
    leaves = tuple(_leaves(order.item, "serviceOrderItem", ()))
    refuse_duplicates(_all_ids(order.item, "serviceOrderItem"))
    refuse_duplicates((leaf.path, leaf.id) for leaf in leaves)
    by_item: dict[str, list[str]] = {}
    for leaf in leaves:
        for ancestor in leaf.ancestors:
            by_item.setdefault(ancestor, []).append(leaf.id)
    return InitiatingRequest(
        id=order_id,
        href=addresses.initiating_request(order_id),
        request_type=_request_type(order, partner_roles),
        received_date=moment,
        item=tuple(
            _requested_item(
                leaf, by_item, _waits_for_order(order, leaf), _service_id(leaf, order_id), moment
            )
            for leaf in leaves
        ),
        source=Reference(order_id, addresses.service_order(order_id), "ServiceOrder"),
        external_id=order.external_id,
        category=order.category,
        description=order.description,
        priority=order.priority,
        requested_start_date=order.requested_start_date,
        requested_completion_date=order.requested_completion_date,
        external_reference=order.external_reference,
        note=order.note,
        related_party=order.related_party,
    )


def _request_type(order: ServiceOrder, partner_roles: Iterable[str]) -> RequestType:
    """Return who asks: another party, if one takes part in the order in such a role."""
    partners = {role.casefold() for role in partner_roles}
    roles = (str(party.get("role", "")).casefold() for party in order.related_party)
    is_partner = any(role in partners for role in roles)
    return RequestType.PARTY_REQUEST if is_partner else RequestType.SERVICE_ORDER


@dataclass(frozen=True, slots=True)
class _Leaf:
    """A service that takes resources, and the items above it (its own item last)."""

    id: str
    path: str
    service: Service
    items: tuple[ServiceOrderItem, ...]

    @property
    def ancestors(self) -> tuple[str, ...]:
        return tuple(item.id for item in self.items)


def _leaves(
    items: Iterable[ServiceOrderItem], path: str, above: tuple[ServiceOrderItem, ...]
) -> Iterator[_Leaf]:
    """Yield the leaves below `items`, depth first; an id is the way down to it (`1.2`)."""
    for index, item in enumerate(items):
        here, way = f"{path}[{index}]", (*above, item)
        if item.item:
            yield from _leaves(item.item, f"{here}.serviceOrderItem", way)
            continue
        name = ".".join(one.id for one in way)
        yield from _supporting(item.service, name, f"{here}.service", way)


def _supporting(
    service: Service, name: str, path: str, way: tuple[ServiceOrderItem, ...]
) -> Iterator[_Leaf]:
    """Yield the services that a service rests on, or itself where there are none."""
    if not service.supporting_service:
        yield _Leaf(name, path, service, way)
    for index, supporting in enumerate(service.supporting_service):
        inner = f"{path}.supportingService[{index}]"
        yield from _supporting(supporting, f"{name}.{index + 1}", inner, way)


def refuse_duplicates(ids: Iterable[tuple[str, str]]) -> None:
    """Refuse a request in which one id stands for two items; `ids` are (path, id) pairs.

    Raises:
        InvalidDocumentError: naming the second one.
    """
    seen: set[str] = set()
    for path, item_id in ids:
        if item_id in seen:
            raise InvalidDocumentError(f"Two items have the id {item_id!r}.", path=f"{path}.id")
        seen.add(item_id)


def _all_ids(items: Iterable[ServiceOrderItem], path: str) -> Iterator[tuple[str, str]]:
    for index, item in enumerate(items):
        yield f"{path}[{index}]", item.id
        yield from _all_ids(item.item, f"{path}[{index}].serviceOrderItem")


def new_service_id(request_id: str, item_id: str) -> str:
    """Return the id of the service that the item brings into being; always the same one."""
    return id_of(SERVICE_IDS, f"{request_id}/{item_id}")


def _service_id(leaf: _Leaf, order_id: str) -> str | None:
    """Return the service's id; one that is new and has none gets it here, to be named later."""
    is_new = leaf.items[-1].action is Action.ADD
    return leaf.service.id or (new_service_id(order_id, leaf.id) if is_new else None)


def _requested_item(
    leaf: _Leaf,
    by_item: Mapping[str, list[str]],
    waits_for_order: tuple[str, ...],
    service_id: str | None,
    moment: datetime,
) -> RequestedItem:
    """Return the leaf as a requested item; what its ancestors wait for, it waits for."""
    service, own = leaf.service, leaf.items[-1]
    features = {one.name: one.characteristic for one in service.feature if one.is_enabled}
    identified = {"id": service_id} if service_id else {}
    return RequestedItem(
        id=leaf.id,
        path=leaf.path,
        action=own.action,
        specification=service.specification,
        quantity=own.quantity,
        characteristic={**service.characteristic, **_qualified(features)},
        feature=features,
        place=by_role(service.place),
        party=by_role(service.related_party),
        relies_on=_waits_for(leaf, by_item),
        waits_for_order=waits_for_order,
        supporting_resource=service.supporting_resource,
        related_entity=service.related_entity,
        appointment=own.appointment,
        subject={**service.attributes, **identified},
        needs_special_handling=any(one.needs_special_handling for one in leaf.items),
        service_id=service_id,
        operating=_operating(service),
        requested_start_date=_requested_start_date(leaf, moment),
        feature_relationship=tuple(
            (one.name, kind, other)
            for one in service.feature
            if one.is_enabled
            for kind, other in one.relationship
        ),
    )


def _operating(service: Service) -> dict[str, Any]:
    """Return what the service's state, dates, parties and notes ask of its resources."""
    attributes = service.attributes
    disabled = attributes.get("isServiceEnabled") is False
    asked: dict[str, Any] = {
        **_ASKED_BY_STATE.get(service.state or "", {}),
        **({"administrativeState": "locked"} if disabled else {}),
        "startOperatingDate": attributes.get("startDate"),
        "endOperatingDate": attributes.get("endDate"),
        "relatedParty": list(service.related_party),
        "note": list(service.note),
    }
    return {name: value for name, value in asked.items() if value}


def _requested_start_date(leaf: _Leaf, moment: datetime) -> str | None:
    """Return when the work may begin: as the item says, else when its service is to start."""
    said = (item.requested_start_date for item in reversed(leaf.items))
    start = leaf.service.attributes.get("startDate")
    later = start if start and _is_after(start, moment) else None
    return next(filter(None, said), later)


def _is_after(text: str, moment: datetime) -> bool:
    try:
        date = datetime.fromisoformat(text)
    except ValueError:
        return False
    return (date if date.tzinfo else date.replace(tzinfo=UTC)) > moment


def _waits_for_order(order: ServiceOrder, leaf: _Leaf) -> tuple[str, ...]:
    """Return the other orders that the leaf waits for, by its items or with all of its order."""
    named = (one.order_id for one in _dependencies(leaf) if one.order_id)
    return tuple(dict.fromkeys([*named, *order.waits_for_order]))


def _waits_for(leaf: _Leaf, by_item: Mapping[str, list[str]]) -> tuple[str, ...]:
    """Return the leaves that must be complete first; an unknown item is kept for assessment."""
    found = (
        one
        for relationship in _dependencies(leaf)
        if relationship.order_id is None
        for one in by_item.get(relationship.item_id, [relationship.item_id])
    )
    return tuple(dict.fromkeys(found))


def _dependencies(leaf: _Leaf) -> Iterator[ItemRelationship]:
    for item in leaf.items:
        for relationship in item.relationship:
            if is_dependency(relationship.relationship_type):
                yield relationship


def _qualified(features: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return the features' characteristics under `<feature>.<characteristic>`."""
    return {
        f"{feature}.{name}": value
        for feature, characteristics in features.items()
        for name, value in characteristics.items()
    }


def by_role(documents: Iterable[Document]) -> dict[str, Document]:
    """Return places or parties by their role; of two with one role the first counts."""
    found: dict[str, Document] = {}
    for document in documents:
        found.setdefault(str(document.get("role", "")), document)
    return found
