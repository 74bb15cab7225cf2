"""What is sent: the same bodies to every server, a new number in each where a case needs it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ordergate.cli.demo import find_examples

if TYPE_CHECKING:
    from ordergate.model.common import Document

NUMBER = "########"
"""Stands in a body for eight digits that differ from request to request."""

RESOURCE_ORDERS = "/tmf-api/resourceOrderingManagement/v4/resourceOrder"
SERVICE_ORDERS = "/tmf-api/serviceOrdering/v4/serviceOrder"


_TYPES = {int: "integer", str: "string"}


def resource_order() -> Document:
    """Return a resource order of 2.5 KB: two items, one of which waits for the other."""
    return {
        "externalId": f"ORDER-{NUMBER}",
        "name": f"Line {NUMBER}",
        "description": "A line from the exchange to a new building, and the port that it ends in",
        "category": "residential",
        "priority": 1,
        "orderType": "provision",
        "requestedStartDate": "2030-01-15T08:00:00.000Z",
        "requestedCompletionDate": "2030-01-20T08:00:00.000Z",
        "externalReference": [
            {
                "id": f"CASE-{NUMBER}",
                "externalReferenceType": "case",
                "entityType": "Case",
                "owner": "Harbour Housing",
                "name": "Building works",
            }
        ],
        "note": [
            {"author": "Planning", "text": "The duct is shared with the water works: call ahead."}
        ],
        "relatedParty": [
            _party("customer-1", "Customer", "Harbour Housing"),
            _party("planner-7", "Planner", "Network planning north"),
        ],
        "orderItem": [
            _item("1", "spec-fibre-line", "Fibre line"),
            {
                **_item("2", "spec-olt-port", "Port of the line terminal"),
                "orderItemRelationship": [
                    {"relationshipType": "dependency", "orderItem": {"itemId": "1"}}
                ],
            },
        ],
    }


def text(document: Document) -> str:
    """Return a body as it is sent."""
    return json.dumps(document, separators=(",", ":"))


def example(name: str) -> Document:
    """Return an example's service order, with a number of its own in each request."""
    path = find_examples() / "requests" / f"{name}.json"
    order: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return {**order, "externalId": f"BSS-{NUMBER}"}


def _party(party_id: str, role: str, name: str) -> Document:
    href = f"http://parties.example/organization/{party_id}"
    return {"id": party_id, "href": href, "role": role, "name": name, **_referred("Organization")}


def _item(item_id: str, specification: str, name: str) -> Document:
    inventory = "http://inventory.example/resource"
    catalog = "http://catalog.example/resourceSpecification"
    values = {"length": 240, "fibres": 2, "connector": "LC/APC", "wavelength": "1310 nm"}
    return {
        "id": item_id,
        "action": "add",
        "quantity": 1,
        "resource": {
            "id": f"{NUMBER}-{item_id}",
            "href": f"{inventory}/{NUMBER}-{item_id}",
            "@type": "PhysicalResource",
            "name": name,
            "category": "access",
            "place": {
                "id": "address-1",
                "name": "1 Harbour Street, second floor, riser cupboard",
                "role": "installationAddress",
                **_referred("GeographicAddress"),
            },
            "resourceCharacteristic": [
                {"name": name, "valueType": _TYPES[type(value)], "value": value}
                for name, value in values.items()
            ],
            "resourceSpecification": {
                "id": specification,
                "href": f"{catalog}/{specification}",
                "name": name,
                "version": "3",
                **_referred("ResourceSpecification"),
            },
        },
    }


def _referred(kind: str) -> Document:
    return {"@referredType": kind}
