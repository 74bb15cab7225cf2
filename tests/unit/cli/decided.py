"""A decided request as the gateway tells it: its record, and its resource orders."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ordergate.model.common import Document

ACCESS, CORE = "ro-access", "ro-core"


def order_item(item_id: str, *waits: str) -> Document:
    return {
        "id": item_id,
        "action": "add",
        "resource": {"name": f"Name of {item_id}"},
        "orderItemRelationship": [
            {"relationshipType": "dependency", "orderItem": {"itemId": wait}} for wait in waits
        ],
    }


def vpn_and_fibre() -> tuple[Document, list[Document]]:
    """Return two requested items in two orders; the second item waits for the first."""
    record: Document = {
        "id": "so-1",
        "requestType": "serviceOrder",
        "externalId": "BSS-1",
        "state": "acknowledged",
        "assessment": {
            "outcome": "standard",
            "item": [
                _standard("vpn", "business-vpn", {"vpn-vrf": CORE, "vpn-cpe-1": ACCESS}),
                _standard("internet", "fibre-access", {"internet-port": ACCESS})
                | {"condition": [{"code": "longDrop", "expression": "d > 300", "value": False}]},
            ],
        },
        "timeline": [{"date": "2099-01-01T00:00:00.000Z", "event": "received", "detail": "TMF641"}],
    }
    access = [order_item("vpn-cpe-1", "vpn-vrf"), order_item("internet-port", "vpn-cpe-1")]
    return record, [_order(ACCESS, "access", access), _order(CORE, "core", [order_item("vpn-vrf")])]


def without_orders(outcome: str, code: str, message: str) -> Document:
    """Return a record of one item that nothing was issued for."""
    reason = {"code": code, "message": message, "path": "serviceOrderItem[0].service"}
    item = {"id": "1", "outcome": outcome, "reason": [reason]}
    state = "rejected" if outcome == "rejected" else "pending"
    return {"id": "so-2", "state": state, "assessment": {"outcome": outcome, "item": [item]}}


def _standard(item_id: str, rule: str, made: dict[str, str]) -> Document:
    return {
        "id": item_id,
        "outcome": "standard",
        "rule": {"id": rule, "version": 3},
        "resourceOrderItem": [{"itemId": i, "resourceOrderId": o} for i, o in made.items()],
    }


def _order(order_id: str, domain: str, items: list[Document]) -> Document:
    return {
        "id": order_id,
        "domain": domain,
        "orderType": "provision",
        "state": "acknowledged",
        "orderItem": items,
    }
