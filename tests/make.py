"""Builders: valid documents with one thing different."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

EXAMPLES = Path(__file__).parents[1] / "examples"


def example(name: str) -> dict[str, Any]:
    """Return an example request, fresh each time."""
    document: dict[str, Any] = json.loads((EXAMPLES / "requests" / f"{name}.json").read_text())
    return document


def resource_order(**changes: Any) -> dict[str, Any]:
    """Return a body for POST /resourceOrder."""
    order: dict[str, Any] = {
        "externalId": "RO-1",
        "priority": 2,
        "orderItem": [
            {
                "id": "1",
                "action": "add",
                "resource": {"name": "Port 7", "@type": "LogicalResource"},
                "resourceSpecification": {"id": "rs-olt-port"},
            },
            {
                "id": "2",
                "action": "add",
                "resource": {"name": "ONT", "@type": "PhysicalResource"},
                "orderItemRelationship": [
                    {"relationshipType": "dependency", "orderItem": {"itemId": "1"}}
                ],
            },
        ],
    }
    return {**copy.deepcopy(order), **changes}


def service_order(**changes: Any) -> dict[str, Any]:
    """Return a body for POST /serviceOrder that the example rules take as a standard set."""
    return {**example("fibre-standard"), **changes}


def service_item(item_id: str = "1", **service: Any) -> dict[str, Any]:
    """Return a fibre access item; `service` replaces attributes of its service."""
    item = example("fibre-standard")["serviceOrderItem"][0]
    return {**item, "id": item_id, "service": {**item["service"], **service}}
