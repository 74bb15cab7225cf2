"""Builders: valid documents and entities with one thing different."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime
from functools import cache, partial
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ordergate.catalog.compile import compile_rule
from ordergate.catalog.load import load_rules
from ordergate.model.addresses import Addresses
from ordergate.model.common import Action, Specification
from ordergate.process.intake import intake
from ordergate.process.request import InitiatingRequest, RequestedItem, RequestType
from ordergate.process.rules import AppliesTo, Literal, OrderItemTemplate, Rule
from ordergate.process.size import SizeLimit
from ordergate.schemas.initiating_request import read_initiating_request
from ordergate.schemas.json_length import json_length
from ordergate.schemas.service_order import read_service_order
from ordergate.tmf630.patch import merge_patch

if TYPE_CHECKING:
    from ordergate.tmf630.patch import Change

EXAMPLES = Path(__file__).parents[1] / "examples"
ADDRESSES = Addresses("http://gateway.example")
LOOPBACK = (IPv4Network("127.0.0.0/8"), IPv6Network("::1/128"))
SMALL = Specification("svc-small")
LIMIT = SizeLimit(json_length)
MOMENT = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)


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


@cache
def example_rules() -> tuple[Rule, ...]:
    """Return the example rules, compiled as the gateway does it."""
    loaded, problems = load_rules(EXAMPLES / "catalog")
    assert problems == []
    rules = [compile_rule(one.document)[0] for one in loaded]
    return tuple(one for one in rules if one is not None)


def merge(patch: dict[str, Any]) -> Change:
    """Return what a merge patch does."""
    return partial(merge_patch, patch=patch)


def request_of(document: dict[str, Any], request_id: str = "req-1") -> InitiatingRequest:
    """Return the request that a document of either door is."""
    if "serviceOrderItem" in document:
        return intake(read_service_order(document), request_id, ADDRESSES, MOMENT)
    return read_initiating_request(document, request_id, ADDRESSES, MOMENT)


def request(*items: RequestedItem, **changes: Any) -> InitiatingRequest:
    """Return a request for these items, by a party."""
    attributes: dict[str, Any] = {
        "id": "req-1",
        "href": ADDRESSES.initiating_request("req-1"),
        "request_type": RequestType.PARTY_REQUEST,
        "received_date": MOMENT,
        "item": items,
    }
    return InitiatingRequest(**{**attributes, **changes})


def item(
    item_id: str = "1", specification: Specification | None = SMALL, **changes: Any
) -> RequestedItem:
    """Return an item to add that `rule()` is for."""
    attributes: dict[str, Any] = {
        "id": item_id,
        "path": f"requestedItem[{item_id}]",
        "action": Action.ADD,
        "specification": specification,
    }
    return RequestedItem(**{**attributes, **changes})


def line(key: str, *depends_on: str, **changes: Any) -> OrderItemTemplate:
    """Return a line of a rule that makes one item."""
    attributes: dict[str, Any] = {
        "key": key,
        "domain": "access",
        "resource_specification": Specification(f"rs-{key}"),
        "resource": {"name": Literal(key)},
        "depends_on": depends_on,
    }
    return OrderItemTemplate(**{**attributes, **changes})


def rule(*lines: OrderItemTemplate, **changes: Any) -> Rule:
    """Return a rule for `item()`, with one line when none is given."""
    attributes: dict[str, Any] = {
        "id": "small",
        "version": 1,
        "name": "Small",
        "applies_to": AppliesTo(SMALL),
        "order_item": lines or (line("port"),),
    }
    return Rule(**{**attributes, **changes})
