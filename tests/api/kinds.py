"""The four kinds of request, asked for in words of no door and sent through the right one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from api.client import GATEWAY, TMF641, TMF652

if TYPE_CHECKING:
    from collections.abc import Mapping

    from api.client import Answer, Client

Document = dict[str, Any]
PARTNER: Document = {
    "id": "partner-1",
    "role": "Partner",
    "@type": "RelatedParty",
    "@referredType": "Organization",
}


@dataclass(frozen=True)
class Wanted:
    """What one item asks for.

    Args:
        place, party: role to id.
        service: the id of the service that it brings, changes or takes away.
        door: attributes for which only the door's own words will do.
    """

    specification: str
    id: str = "1"
    action: str = "add"
    characteristic: Mapping[str, Any] = field(default_factory=dict)
    place: Mapping[str, str] = field(default_factory=dict)
    party: Mapping[str, str] = field(default_factory=dict)
    waits_for: tuple[str, ...] = ()
    quantity: int = 1
    service: str | None = None
    resource: str | None = None
    version: str | None = None
    door: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Kind:
    """A kind of request, and the door that it comes through."""

    request_type: str
    is_service_order: bool

    def __str__(self) -> str:
        return f"{self.request_type}-{'tmf641' if self.is_service_order else 'gateway'}"

    @property
    def path(self) -> str:
        return f"{TMF641}/serviceOrder" if self.is_service_order else f"{GATEWAY}/initiatingRequest"

    @property
    def in_assessment(self) -> str:
        """What `POST /assessment` calls it."""
        return "serviceOrder" if self.is_service_order else "initiatingRequest"

    def body(self, *items: Wanted, **attributes: Any) -> Document:
        """Return what is POSTed; `attributes` are those that both doors know."""
        if not self.is_service_order:
            asked = [_requested_item(one) for one in items]
            return {"requestType": self.request_type, "requestedItem": asked, **attributes}
        parties = [PARTNER] if self.request_type == "partyRequest" else []
        parties += attributes.pop("relatedParty", [])
        asked = [_service_order_item(one) for one in items]
        return {"serviceOrderItem": asked, "relatedParty": parties, **attributes}

    def item_at(self, index: int) -> str:
        """Return the path of an item in the request."""
        return (
            f"serviceOrderItem[{index}].service"
            if self.is_service_order
            else f"requestedItem[{index}]"
        )

    def characteristic_at(self, index: int, name: str) -> str:
        """Return the path of a characteristic in the request."""
        attribute = "serviceCharacteristic" if self.is_service_order else "characteristic"
        return f"{self.item_at(index)}.{attribute}[?(@.name=='{name}')]"


SERVICE_ORDER = Kind("serviceOrder", is_service_order=True)
PARTY_BY_ORDER = Kind("partyRequest", is_service_order=True)
BY_TMF641 = (SERVICE_ORDER, PARTY_BY_ORDER)
BY_GATEWAY = tuple(
    Kind(one, is_service_order=False)
    for one in ("partyRequest", "resourceTroubleRecovery", "resourcePerformance")
)
KINDS = (*BY_TMF641, *BY_GATEWAY)


def line(key: str, *depends_on: str, **attributes: Any) -> Document:
    """Return a line of a rule."""
    return {
        "key": key,
        "domain": "access",
        "resourceSpecification": {"id": f"rs-{key}"},
        "resource": {"@type": "LogicalResource", "name": key},
        "dependsOn": list(depends_on),
        **attributes,
    }


class Bench:
    """Asks as one kind of requester, reports as Track & Manage, and looks at what came of it."""

    def __init__(self, api: Client, kind: Kind) -> None:
        self.api = api
        self.kind = kind

    def rule(self, *lines: Document, **keys: Any) -> str:
        """Put a rule of these lines in force; return the specification that it is for."""
        specification = keys.pop("specification", None) or f"svc-{uuid4()}"
        applies_to = {"specification": {"id": specification}, **keys.pop("appliesTo", {})}
        rule_id = keys.pop("id", None) or f"rule-{uuid4()}"
        rule = {
            "id": rule_id,
            "version": 1,
            "name": "A rule of a test",
            "status": "active",
            "appliesTo": applies_to,
            "orderItem": list(lines) or [line("port")],
            **keys,
        }
        self.api.put(f"{GATEWAY}/resourceOrderRule/{rule_id}", rule, expect=201)
        return str(specification)

    def post(
        self, *items: Wanted, expect: int = 201, key: str | None = None, **attributes: Any
    ) -> Answer:
        body = self.kind.body(*items, **attributes)
        return self.api.post(self.kind.path, body, expect=expect, key=key)

    def send(self, *items: Wanted, **attributes: Any) -> Document:
        """Send a request; return the record of it."""
        return self.record(self.post(*items, **attributes)["id"])

    def rehearse(self, *items: Wanted, key: str | None = None, **attributes: Any) -> Document:
        """Return what the request would come to."""
        body = {self.kind.in_assessment: self.kind.body(*items, **attributes)}
        answer = self.api.post(f"{GATEWAY}/assessment", body, expect=200, key=key)
        found: Document = answer.document
        return found

    def record(self, request: str | Document) -> Document:
        request_id = request if isinstance(request, str) else request["id"]
        found: Document = self.api.get(f"{GATEWAY}/initiatingRequest/{request_id}").document
        return found

    def assessed(self, request: Document, item_id: str = "1") -> Document:
        """Return what the record says now of one item's assessment."""
        items = self.record(request)["assessment"]["item"]
        found: Document = next(one for one in items if one["id"] == item_id)
        return found

    def codes(self, request: Document, item_id: str = "1") -> list[str]:
        return [one["code"] for one in self.assessed(request, item_id).get("reason", [])]

    def orders(self, request: Document) -> list[Document]:
        """Return the resource orders that were issued for a request, superseded ones too."""
        url = f"{TMF652}/resourceOrder?initiatingRequest.id={request['id']}&sort=domain,orderType"
        found: list[Document] = self.api.get(url).document
        return found

    def order(self, request: Document) -> Document:
        """Return the only order of a request."""
        (found,) = self.orders(request)
        return found

    def by_domain(self, request: Document) -> dict[str, Document]:
        return {one["domain"]: one for one in self.orders(request)}

    def items(self, request: Document) -> dict[str, Document]:
        """Return the order items of a request by the line of the rule that they stand for."""
        return {
            item["requestedItem"].get("line", item["id"]): item
            for order in self.orders(request)
            if order["state"] != "cancelled"
            for item in order["orderItem"]
        }

    def resources(self, request: Document) -> dict[str, str]:
        """Return line to resource."""
        return {name: one["resource"]["id"] for name, one in self.items(request).items()}

    def actions(self, request: Document) -> dict[str, str]:
        """Return line to action."""
        return {name: one["action"] for name, one in self.items(request).items()}

    def hand_overs(self, request: Document) -> list[Document]:
        url = f"{GATEWAY}/specialHandling?initiatingRequest.id={request['id']}"
        found: list[Document] = self.api.get(url).document
        return found

    def answer(self, request: Document | None = None, item_id: str = "1", **body: Any) -> Document:
        """Say whether something is feasible: an item of a request, or whatever `body` says."""
        expect = body.pop("expect", 201)
        if request is not None:
            body["for"] = {"initiatingRequest": {"id": request["id"]}, "itemId": item_id}
        found: Document = self.api.post(
            f"{GATEWAY}/feasibilityAssessment", body, expect=expect
        ).document
        return found

    def report(self, order: Document, *states: str) -> None:
        """Report the same states for all items of an order, one after the other."""
        path = f"{TMF652}/resourceOrder/{order['id']}"
        for state in states:
            items = [{**item, "state": state} for item in self.api.get(path)["orderItem"]]
            self.api.patch(path, {"orderItem": items})

    def deliver(self, request: Document) -> Document:
        """Report all that was issued for a request as delivered; return its record."""
        for order in self.orders(request):
            if order["state"] == "acknowledged":
                self.report(order, "inProgress", "completed")
        return self.record(request)

    def service_order(self, request: Document) -> Document:
        """Return the service order that a record is of."""
        found: Document = self.api.get(f"{TMF641}/serviceOrder/{request['id']}").document
        return found


def waits(item: Document) -> set[str]:
    """Return the ids of the items that an order item waits for."""
    return {one["orderItem"]["itemId"] for one in item.get("orderItemRelationship", [])}


def characteristics(described: Document) -> Document:
    """Return name to value, of a resource or of a requested item."""
    found = described.get("resourceCharacteristic") or described.get("characteristic") or ()
    return {one["name"]: one["value"] for one in found}


def _places(known: Mapping[str, str]) -> list[Document]:
    kind = "GeographicAddress"
    return [{"id": one, "role": role, "@referredType": kind} for role, one in known.items()]


def _parties(known: Mapping[str, str]) -> list[Document]:
    kind = {"@type": "RelatedParty", "@referredType": "Organization"}
    return [{"id": one, "role": role, **kind} for role, one in known.items()]


def _common(wanted: Wanted) -> Document:
    return {"id": wanted.id, "action": wanted.action, "quantity": wanted.quantity}


def _service_order_item(wanted: Wanted) -> Document:
    specification = {"id": wanted.specification, "version": wanted.version}
    service: Document = {
        "serviceSpecification": {name: one for name, one in specification.items() if one},
        "serviceCharacteristic": _named(wanted.characteristic),
        "place": _places(wanted.place),
        "relatedParty": _parties(wanted.party),
    }
    if wanted.service:
        service["id"] = wanted.service
    if wanted.resource:
        service["supportingResource"] = [{"id": wanted.resource, "@referredType": "Resource"}]
    own = dict(wanted.door)
    service |= own.pop("service", {})
    waiting = [
        {"relationshipType": "dependency", "orderItem": {"itemId": one}} for one in wanted.waits_for
    ]
    return {**_common(wanted), "service": service, "serviceOrderItemRelationship": waiting, **own}


def _requested_item(wanted: Wanted) -> Document:
    kind = "ServiceSpecification"
    specification = {"id": wanted.specification, "version": wanted.version, "@referredType": kind}
    item: Document = {
        **_common(wanted),
        "specification": {name: one for name, one in specification.items() if one},
        "characteristic": _named(wanted.characteristic),
        "place": _places(wanted.place),
        "relatedParty": _parties(wanted.party),
        "requestedItemRelationship": [
            {"relationshipType": "dependency", "itemId": one} for one in wanted.waits_for
        ],
    }
    if wanted.service:
        item["service"] = {"id": wanted.service}
    if wanted.resource:
        item["resource"] = {"id": wanted.resource}
    return {**item, **wanted.door}


def _named(characteristic: Mapping[str, Any]) -> list[Document]:
    return [{"name": name, "value": value} for name, value in characteristic.items()]
