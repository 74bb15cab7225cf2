from __future__ import annotations

from typing import TYPE_CHECKING, Any

from make import ADDRESSES, MOMENT, example, example_rules, item, request, request_of
from ordergate.model.common import timestamp
from ordergate.model.notification import DeliveryState
from ordergate.process.decide import decide
from ordergate.process.knowledge import Knowledge
from ordergate.schemas.record import StandardDocuments

if TYPE_CHECKING:
    from ordergate.process.decision import Decision

WRITER = StandardDocuments()


def decided(name: str) -> Decision:
    known = Knowledge(rules=example_rules())
    return decide(request_of(example(name)), known, ADDRESSES, MOMENT)


def documents(name: str) -> list[dict[str, Any]]:
    decision = decide(
        request_of(example(name)), Knowledge(rules=example_rules()), ADDRESSES, MOMENT
    )
    return [WRITER.resource_order(order) for order in decision.all_orders]


def test_order_is_written_as_the_standard_names_it() -> None:
    access, core = documents("fibre-standard")
    assert access["href"] == ADDRESSES.resource_order(access["id"])
    assert access["orderDate"] == timestamp(MOMENT)
    assert access["requestedStartDate"] == "2099-01-15T08:00:00Z"
    assert (access["orderType"], access["domain"]) == ("provision", "access")
    assert (access["state"], access["priority"]) == ("acknowledged", 1)
    assert (access["@type"], access["externalId"]) == ("ResourceOrder", "req-1")
    assert access["initiatingRequest"] == {
        "id": "req-1",
        "href": ADDRESSES.initiating_request("req-1"),
        "@referredType": "InitiatingRequest",
    }
    assert [one["name"] for one in access["externalReference"]] == ["req-1", "BSS-1001"]
    assert core["orderItem"][0]["orderItemRelationship"] == [
        {
            "relationshipType": "dependency",
            "orderItem": {
                "itemId": "1-port",
                "resourceOrderId": access["id"],
                "resourceOrderHref": access["href"],
            },
        }
    ]


def test_item_is_written_with_its_resource() -> None:
    ont = documents("fibre-standard")[0]["orderItem"][1]
    resource = ont.pop("resource")
    requested = ont.pop("requestedItem")
    assert requested.pop("service")["id"]
    assert requested == {"id": "1", "line": "ont", "characteristic": ["technology", "vendor"]}
    assert ont == {
        "id": "1-ont",
        "action": "add",
        "quantity": 1,
        "state": "acknowledged",
        "pointOfNoReturn": "inProgress",
        "orderItemRelationship": [
            {"relationshipType": "dependency", "orderItem": {"itemId": "1-port"}}
        ],
        "resourceSpecification": {"id": "rs-ont", "name": "ONT", "version": "2"},
    }
    assert resource["href"] == ADDRESSES.resource(resource["id"])
    assert (resource["@type"], resource["category"]) == ("PhysicalResource", "CustomerPremises")
    assert resource["place"]["id"] == "adr-1"
    assert resource["resourceSpecification"] == ont["resourceSpecification"]
    assert resource["resourceCharacteristic"] == [
        {"name": "technology", "valueType": "string", "value": "XGSPON"},
        {"name": "vendor", "valueType": "string", "value": "ACME"},
    ]


def test_what_has_no_value_is_left_out() -> None:
    (order,) = documents("trouble-recovery")
    (item,) = order["orderItem"]
    assert {"priority", "note", "specialHandling", "relatedParty"}.isdisjoint(order)
    assert {"orderItemRelationship", "appointment", "pointOfNoReturn"}.isdisjoint(item)
    assert "place" not in item["resource"]


def test_special_order_says_why_people_are_needed() -> None:
    (order,) = documents("fibre-special")
    assert order["specialHandling"] == {
        "required": True,
        "reason": [
            {
                "code": "longDrop",
                "message": "A drop cable longer than 300 m needs a survey.",
                "path": "serviceOrderItem[0].service",
            }
        ],
        "handedOverDate": timestamp(MOMENT),
    }


def test_hand_over_refers_to_order_request_and_item() -> None:
    decision = decide(
        request_of(example("fibre-special")), Knowledge(rules=example_rules()), ADDRESSES, MOMENT
    )
    (hand_over,) = decision.hand_over
    found = WRITER.special_handling(hand_over)
    assert found.pop("reason")[0]["code"] == "longDrop"
    assert found == {
        "id": hand_over.id,
        "href": ADDRESSES.special_handling(hand_over.id),
        "state": "open",
        "handedOverDate": timestamp(MOMENT),
        "resourceOrder": {"id": hand_over.order.id, "href": hand_over.order.href},
        "initiatingRequest": {"id": "req-1", "href": ADDRESSES.initiating_request("req-1")},
        "requestedItem": {"id": "1", "specification": {"id": "svc-fibre-access"}},
        "delivery": {"state": "notConfigured", "attempts": 0},
    }


def test_hand_over_of_what_nobody_specified_names_no_specification() -> None:
    special = item("1", specification=None, needs_special_handling=True)
    decision = decide(request(special), Knowledge(), ADDRESSES, MOMENT)
    (hand_over,) = decision.hand_over
    assert WRITER.special_handling(hand_over)["requestedItem"] == {"id": "1"}


def test_hand_over_waits_for_its_delivery_where_there_is_one() -> None:
    (hand_over,) = decided("fibre-special").hand_over
    written = StandardDocuments(DeliveryState.PENDING).special_handling(hand_over)
    assert written["delivery"] == {"state": "pending", "attempts": 0}
