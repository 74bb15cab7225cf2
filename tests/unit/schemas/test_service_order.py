from __future__ import annotations

from typing import Any

import pytest

from make import (
    ADDRESSES,
    MOMENT,
    example,
    example_rules,
    request_of,
    service_item,
    service_order,
)
from ordergate.model.common import Action, Specification, timestamp
from ordergate.model.service_order import Feature, ItemRelationship
from ordergate.process.decide import decide
from ordergate.process.knowledge import Knowledge
from ordergate.schemas.service_order import SERVER_OWNED, notified_order, read_service_order
from ordergate.schemas.service_order_kept import write_service_order


def written(document: dict[str, Any]) -> dict[str, Any]:
    decision = decide(request_of(document), Knowledge(rules=example_rules()), ADDRESSES, MOMENT)
    return write_service_order(document, decision, ADDRESSES)


def group(item_id: str, *items: dict[str, Any]) -> dict[str, Any]:
    return {"id": item_id, "action": "add", "service": {}, "serviceOrderItem": list(items)}


def codes(item: dict[str, Any]) -> list[str]:
    return [error["code"] for error in item.get("errorMessage", [])]


class TestRead:
    def test_order_is_read_with_what_intake_needs(self) -> None:
        found = read_service_order(service_order())
        assert (found.external_id, found.priority) == ("BSS-1001", "1")
        (only,) = found.item
        assert (only.id, only.action, only.quantity) == ("1", Action.ADD, 1)
        assert only.service.specification == Specification("svc-fibre-access", "Fibre access", "1")
        assert only.service.attributes == {"@type": "Service", "serviceType": "CFS"}

    def test_relationships_features_and_wishes_are_read(self) -> None:
        item = {
            **service_item(feature=[{"name": "qos"}, {"name": "lte", "isEnabled": False}]),
            "serviceOrderItemRelationship": [
                {"relationshipType": "dependency", "orderItem": {"itemId": "2"}}
            ],
            "specialHandling": {"required": True},
        }
        (only,) = read_service_order({"serviceOrderItem": [item]}).item
        assert only.relationship == (ItemRelationship("dependency", "2"),)
        assert only.service.feature == (Feature("qos"), Feature("lte", is_enabled=False))
        assert only.needs_special_handling

    def test_nested_items_and_supporting_services_are_read_to_any_depth(self) -> None:
        inner = {"supportingService": [{"supportingService": [{"id": "s"}]}]}
        document = {"serviceOrderItem": [group("1", group("2", service_item("3", **inner)))]}
        (first,) = read_service_order(document).item
        assert first.item[0].item[0].id == "3"
        (outer,) = first.item[0].item[0].service.supporting_service
        assert outer.supporting_service[0].id == "s"

    def test_what_intake_does_not_know_is_passed_over(self) -> None:
        document = service_order(**{"x-mine": 1, "notificationContact": "me"})
        assert read_service_order(document) == read_service_order(service_order())


class TestWrite:
    def test_order_is_kept_with_id_address_date_and_state(self) -> None:
        found = written(service_order(**{"x-mine": {"a": 1}}))
        assert (found["id"], found["href"]) == ("req-1", ADDRESSES.service_order("req-1"))
        assert (found["orderDate"], found["state"]) == (timestamp(MOMENT), "acknowledged")
        assert found["@type"] == "ServiceOrder"
        assert found["x-mine"] == {"a": 1}
        assert "errorMessage" not in found

    @pytest.mark.parametrize("name", SERVER_OWNED)
    def test_what_the_server_owns_is_ignored(self, name: str) -> None:
        assert written(service_order(**{name: "mine"})) == written(service_order())

    def test_what_the_server_owns_of_an_item_is_ignored(self) -> None:
        item = {**service_item(), "state": "completed", "errorMessage": [{"code": "mine"}]}
        (only,) = written({"serviceOrderItem": [item]})["serviceOrderItem"]
        assert only["state"] == "acknowledged"
        assert "errorMessage" not in only

    def test_rejected_order_says_what_is_wrong_and_with_which_item(self) -> None:
        found = written(example("fibre-incorrect"))
        (only,) = found["serviceOrderItem"]
        assert found["state"] == only["state"] == "rejected"
        assert codes(only) == codes(found) == ["invalidCharacteristic"] * 2
        path = "serviceOrderItem[0].service.serviceCharacteristic[?(@.name=='bandwidth')]"
        assert only["errorMessage"][0]["message"] == path
        assert only["errorMessage"][0]["timestamp"] == timestamp(MOMENT)
        assert found["errorMessage"][0] == {
            **only["errorMessage"][0],
            "serviceOrderItem": [{"itemId": "1"}],
        }

    def test_pending_order_says_what_is_missing_at_the_item_alone(self) -> None:
        found = written(example("fibre-incomplete"))
        assert found["state"] == "pending"
        assert codes(found["serviceOrderItem"][0]) == ["missingCharacteristic", "missingPlace"]
        assert "errorMessage" not in found

    def test_error_of_a_nested_item_stands_at_that_item(self) -> None:
        wrong = example("fibre-incorrect")["serviceOrderItem"][0]
        document = {
            "serviceOrderItem": [
                group("g", service_item("a"), {**wrong, "id": "b"}, service_item("c"))
            ]
        }
        found = written(document)
        (outer,) = found["serviceOrderItem"]
        assert codes(outer) == []
        assert [len(codes(one)) for one in outer["serviceOrderItem"]] == [0, 2, 0]
        assert {one["state"] for one in outer["serviceOrderItem"]} == {"rejected"}
        assert {one["serviceOrderItem"][0]["itemId"] for one in found["errorMessage"]} == {"b"}

    def test_errors_of_all_supporting_services_stand_at_their_item(self) -> None:
        wrong = example("fibre-incorrect")["serviceOrderItem"][0]["service"]
        right = service_item()["service"]
        bundle = {**service_item("1"), "service": {"supportingService": [wrong, wrong, right]}}
        (only,) = written({"serviceOrderItem": [bundle]})["serviceOrderItem"]
        assert len(codes(only)) == 4

    def test_special_item_is_no_error(self) -> None:
        found = written(example("unknown-service"))
        assert codes(found["serviceOrderItem"][0]) == []


class TestNotified:
    def test_order_refers_to_what_it_is_called_elsewhere(self) -> None:
        other = [{"name": "CRM-1"}]
        order = service_order(id="42", href="http://crm.example/42", externalReference=other)
        assert notified_order(order)["externalReference"] == [
            *other,
            {
                "id": "42",
                "href": "http://crm.example/42",
                "name": "42",
                "externalReferenceType": "ServiceOrder",
                "@type": "ExternalReference",
                "@referredType": "ServiceOrder",
            },
        ]

    def test_what_has_become_of_it_elsewhere_is_left_out(self) -> None:
        theirs = dict.fromkeys(SERVER_OWNED, "theirs")
        inner = {**service_item("2"), "state": "completed"}
        order = service_order(serviceOrderItem=[group("1", inner)], **theirs)
        order["serviceOrderItem"][0] |= {"state": "failed", "errorMessage": [{}]}
        taken = notified_order(order)
        assert not set(SERVER_OWNED) & taken.keys()
        assert taken["serviceOrderItem"] == [group("1", service_item("2"))]

    def test_order_without_name_elsewhere_refers_to_nothing(self) -> None:
        assert "externalReference" not in notified_order(service_order())
