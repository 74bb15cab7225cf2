"""What the two APIs call things, and what their profiles ask of a server."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ordergate.model.addresses import BASE_PATHS
from ordergate.model.common import Api
from ordergate.model.states import OrderState

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ordergate.model.common import Document

CATEGORY = "ordergate-conformance"
# Far away, so that an order stays acknowledged while it is looked at.
_START = "2099-01-15T08:00:00Z"


@dataclass(frozen=True, slots=True)
class Profile:
    """One API as a check sees it.

    Args:
        paths: where a server has it, seen from its root.
        order: the collection of orders, and what an event calls an order.
        item: the attribute that holds an order's items.
        task: the collection of cancellations.
        mandatory: attributes of every order (K15), with the JSON type of each.
        operations: methods on one order, and `cancel`, that a server must offer (CP1, CP9).
        first_states: the states that an order may have in the answer to its creation.
        new_order: a body for POST; each with an id of the caller's own in `externalId`.
    """

    api: Api
    paths: tuple[str, ...]
    order: str
    item: str
    task: str
    mandatory: Mapping[str, type]
    operations: frozenset[str]
    first_states: frozenset[str]
    new_order: Callable[[str], Document]

    def event(self, kind: str) -> str:
        """Return the `eventType` of a kind such as `StateChange`."""
        return f"{self.order[0].upper()}{self.order[1:]}{kind}Event"


def _order(external_id: str, **attributes: Any) -> Document:
    """Return what both APIs ask alike."""
    return {
        "externalId": external_id,
        "category": CATEGORY,
        "description": "Made by a conformance check; it can be removed",
        "requestedStartDate": _START,
        **attributes,
    }


def _resource_order(external_id: str) -> Document:
    """Return a body that every published build of TMF652 v4.0.0 takes."""
    item: Document = {
        "id": "1",
        "action": "add",
        "resource": {
            "id": external_id,
            "href": f"https://inventory.example/resource/{external_id}",
            "name": "Conformance check",
            "@type": "LogicalResource",
        },
        "resourceSpecification": {"id": "conformance"},
    }
    return _order(external_id, priority=1, orderItem=[item])


def _service_order(external_id: str) -> Document:
    """Return a body that TMF641 v4.1.0 takes."""
    service = {"name": "Conformance check", "serviceSpecification": {"id": "conformance"}}
    item: Document = {"id": "1", "action": "add", "service": service}
    return _order(external_id, priority="1", serviceOrderItem=[item])


def _mandatory(item: str) -> dict[str, type]:
    return {"id": str, "href": str, "state": str, "orderDate": str, item: list}


PROFILES = {
    Api.RESOURCE_ORDERING: Profile(
        api=Api.RESOURCE_ORDERING,
        paths=(BASE_PATHS[Api.RESOURCE_ORDERING], "/tmf-api/resourceOrdering/v4"),
        order="resourceOrder",
        item="orderItem",
        task="cancelResourceOrder",
        mandatory=_mandatory("orderItem"),
        operations=frozenset({"PATCH", "DELETE", "cancel"}),
        first_states=frozenset({OrderState.ACKNOWLEDGED}),
        new_order=_resource_order,
    ),
    # A service order may be decided before its creation is answered.
    Api.SERVICE_ORDERING: Profile(
        api=Api.SERVICE_ORDERING,
        paths=(BASE_PATHS[Api.SERVICE_ORDERING],),
        order="serviceOrder",
        item="serviceOrderItem",
        task="cancelServiceOrder",
        mandatory=_mandatory("serviceOrderItem"),
        operations=frozenset(),
        first_states=frozenset(OrderState),
        new_order=_service_order,
    ),
}
