from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from make import ADDRESSES, MOMENT, example, example_rules, request_of
from ordergate.model.common import Action, Specification, timestamp
from ordergate.process.decide import decide
from ordergate.process.knowledge import Knowledge
from ordergate.process.request import RequestType
from ordergate.schemas.record import StandardDocuments, assessment_of

if TYPE_CHECKING:
    from ordergate.process.decision import Decision


def decided(name: str) -> Decision:
    return decide(request_of(example(name)), Knowledge(rules=example_rules()), ADDRESSES, MOMENT)


def record(name: str) -> dict[str, Any]:
    return StandardDocuments().initiating_request(decided(name))


def requested(**item: Any) -> dict[str, Any]:
    asked = {"id": "1", "action": "add", "specification": {"id": "rs-1"}, **item}
    return {"requestType": "partyRequest", "requestedItem": [asked]}


class TestRead:
    def test_request_is_read_with_all_it_says(self) -> None:
        document = requested(
            quantity=3,
            characteristic=[{"name": "speed", "value": 5}],
            place=[{"id": "s-1", "role": "site"}],
            relatedParty=[{"id": "p-1", "role": "owner"}],
            appointment={"id": "ap-1"},
            specialHandling={"required": True},
            requestedItemRelationship=[
                {"relationshipType": "dependency", "itemId": "2"},
                {"relationshipType": "bundles", "itemId": "3"},
            ],
        )
        document |= {"externalId": "X-1", "priority": "2", "note": [{"text": "Hello"}]}
        found = request_of(document)
        assert found.request_type is RequestType.PARTY_REQUEST
        assert (found.external_id, found.priority) == ("X-1", "2")
        assert found.note == ({"text": "Hello"},)
        (only,) = found.item
        assert (only.action, only.specification) == (Action.ADD, Specification("rs-1"))
        assert (only.quantity, only.characteristic) == (3, {"speed": 5})
        assert only.place == {"site": {"id": "s-1", "role": "site"}}
        assert only.party == {"owner": {"id": "p-1", "role": "owner"}}
        assert only.relies_on == ("2",)
        assert only.appointment == {"id": "ap-1"}
        assert only.needs_special_handling

    def test_item_says_nothing_of_what_it_leaves_out(self) -> None:
        (only,) = request_of(requested()).item
        assert (only.quantity, only.characteristic, only.supporting_resource) == (1, {}, ())
        assert not only.needs_special_handling


class TestRecord:
    def test_record_of_a_standard_request_explains_itself(self) -> None:
        decision, found = decided("fibre-standard"), record("fibre-standard")
        assert (found["id"], found["requestType"]) == ("req-1", "serviceOrder")
        assert (found["state"], found["receivedDate"]) == ("acknowledged", timestamp(MOMENT))
        assert found["source"]["@referredType"] == "ServiceOrder"
        assert found["resourceOrder"] == [
            {"id": one.id, "href": one.href, "orderType": "provision", "domain": one.domain}
            for one in decision.resource_order
        ]
        assert found["assessment"] == assessment_of(decision)
        assert found["assessment"]["outcome"] == "standard"
        (item,) = found["assessment"]["item"]
        assert item["rule"] == {"id": "fibre-access", "version": 1}
        assert [one["value"] for one in item["condition"]] == [False, False]
        assert item["condition"][1]["given"] == [
            {"name": "characteristic.bandwidth", "value": 1000},
            {"name": "characteristic.technology", "value": "XGSPON"},
        ]
        access, core = (one.id for one in decision.resource_order)
        assert item["resourceOrderItem"] == [
            {"resourceOrderId": access, "itemId": "1-port", "line": "port"},
            {"resourceOrderId": access, "itemId": "1-ont", "line": "ont"},
            {"resourceOrderId": access, "itemId": "1-wifi", "line": "wifi"},
            {"resourceOrderId": core, "itemId": "1-vlan", "line": "vlan"},
        ]

    def test_record_holds_the_items_in_the_one_shape(self) -> None:
        vpn, internet = record("vpn-and-fibre")["requestedItem"]
        assert vpn["specification"] == {"id": "svc-business-vpn"}
        assert "place" not in vpn
        assert internet["requestedItemRelationship"] == [
            {"relationshipType": "dependency", "itemId": "vpn"}
        ]
        assert internet["path"] == "serviceOrderItem[1].service"
        assert internet["place"][0]["id"] == "adr-3"

    def test_record_of_a_special_request_refers_to_the_hand_over(self) -> None:
        decision, found = decided("fibre-special"), record("fibre-special")
        (item,) = found["assessment"]["item"]
        assert item["reason"][0]["code"] == "longDrop"
        assert item["specialHandling"]["id"] == decision.hand_over[0].id
        assert item["resourceOrderItem"][0]["itemId"] == "1"

    @pytest.mark.parametrize(
        ("name", "events"),
        [
            ("fibre-standard", ["received", "assessed", "issued"]),
            ("fibre-special", ["received", "assessed", "handedOver"]),
            ("fibre-incomplete", ["received", "assessed", "informationRequired"]),
            ("fibre-incorrect", ["received", "assessed"]),
        ],
    )
    def test_timeline_says_what_happened(self, name: str, events: list[str]) -> None:
        assert [one["event"] for one in record(name)["timeline"]] == events

    def test_record_that_issued_nothing_refers_to_no_order(self) -> None:
        found = record("fibre-incorrect")
        assert found["state"] == "rejected"
        assert "resourceOrder" not in found
        assert "resourceOrderItem" not in found["assessment"]["item"][0]

    def test_record_of_a_request_at_our_own_door_has_no_source(self) -> None:
        found = record("trouble-recovery")
        assert "source" not in found
        assert found["relatedEntity"][0]["id"] == "TT-77"
