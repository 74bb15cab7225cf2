from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from make import ADDRESSES, MOMENT, example, request_of, service_item, service_order
from ordergate.errors import InvalidDocumentError
from ordergate.model.common import Action, Reference, Specification
from ordergate.process.intake import intake
from ordergate.process.request import RequestType
from ordergate.schemas.service_order import read_service_order

if TYPE_CHECKING:
    from ordergate.process.request import RequestedItem


def waits_for(*targets: str, kind: str = "dependency") -> list[dict[str, Any]]:
    return [{"relationshipType": kind, "orderItem": {"itemId": target}} for target in targets]


def items_of(*items: dict[str, Any]) -> dict[str, RequestedItem]:
    return {one.id: one for one in request_of({"serviceOrderItem": list(items)}).item}


def group(item_id: str, *items: dict[str, Any], **changes: Any) -> dict[str, Any]:
    nested = {"id": item_id, "action": "add", "service": {}, "serviceOrderItem": list(items)}
    return {**nested, **changes}


def test_service_order_becomes_a_request_that_refers_to_it() -> None:
    found = request_of(service_order())
    assert found.id == "req-1"
    assert found.href == "http://gateway.example/gateway/v1/initiatingRequest/req-1"
    assert found.request_type is RequestType.SERVICE_ORDER
    assert found.source == Reference("req-1", ADDRESSES.service_order("req-1"), "ServiceOrder")
    assert found.received_date == MOMENT
    assert (found.external_id, found.priority, found.category) == ("BSS-1001", "1", "residential")
    assert found.requested_start_date == "2099-01-15T08:00:00Z"
    assert found.related_party == tuple(service_order()["relatedParty"])


@pytest.mark.parametrize(
    ("roles", "request_type"),
    [
        ((), RequestType.SERVICE_ORDER),
        (("requester",), RequestType.SERVICE_ORDER),
        (("requester", "wholesalepartner"), RequestType.PARTY_REQUEST),
        (("PARTNER",), RequestType.PARTY_REQUEST),
    ],
)
def test_service_order_of_a_partner_is_a_party_request(
    roles: tuple[str, ...], request_type: RequestType
) -> None:
    parties = [{"id": role, "role": role} for role in roles]
    order = read_service_order(service_order(relatedParty=[{"id": "x"}, *parties]))
    found = intake(order, "req-1", ADDRESSES, MOMENT, ("Partner", "WholesalePartner"))
    assert found.request_type is request_type
    assert found.source == Reference("req-1", ADDRESSES.service_order("req-1"), "ServiceOrder")


def test_item_carries_what_its_service_says() -> None:
    found = items_of({**service_item(), "quantity": 2, "appointment": {"id": "ap-1"}})["1"]
    assert found.path == "serviceOrderItem[0].service"
    assert found.action is Action.ADD
    assert found.specification == Specification("svc-fibre-access", "Fibre access", "1")
    assert found.characteristic == {"bandwidth": 1000, "technology": "XGSPON", "wifi": True}
    assert found.place["installationAddress"]["id"] == "adr-1"
    assert found.subject == {
        "@type": "Service",
        "serviceType": "CFS",
        "id": found.service_id,
    }
    assert (found.quantity, found.appointment) == (2, {"id": "ap-1"})


def test_of_two_places_with_one_role_the_first_counts() -> None:
    places = [{"id": "x", "role": "site"}, {"id": "y", "role": "site"}, {"id": "z"}]
    found = items_of(service_item(place=places))["1"]
    assert {role: place["id"] for role, place in found.place.items()} == {"site": "x", "": "z"}


def test_enabled_features_bring_their_characteristics_under_qualified_names() -> None:
    features = [
        {"name": "qos", "featureCharacteristic": [{"name": "class", "value": "gold"}]},
        {
            "name": "backup",
            "isEnabled": False,
            "featureCharacteristic": [{"name": "kind", "value": "lte"}],
        },
    ]
    found = items_of(service_item(feature=features, serviceCharacteristic=[]))["1"]
    assert found.feature == {"qos": {"class": "gold"}}
    assert found.characteristic == {"qos.class": "gold"}


def test_nested_items_are_flattened_to_leaves_named_by_the_way_to_them() -> None:
    found = items_of(group("1", service_item("2"), group("3", service_item("4"))))
    assert {one.id: one.path for one in found.values()} == {
        "1.2": "serviceOrderItem[0].serviceOrderItem[0].service",
        "1.3.4": "serviceOrderItem[0].serviceOrderItem[1].serviceOrderItem[0].service",
    }


def test_supporting_services_take_the_place_of_the_service_that_rests_on_them() -> None:
    inner = service_item()["service"]
    bundle = {"supportingService": [inner, {"supportingService": [inner]}]}
    found = items_of({**service_item(), "service": bundle})
    assert {one.id: one.path for one in found.values()} == {
        "1.1": "serviceOrderItem[0].service.supportingService[0]",
        "1.2.1": "serviceOrderItem[0].service.supportingService[1].supportingService[0]",
    }
    assert {one.specification.id for one in found.values() if one.specification} == {
        "svc-fibre-access"
    }


@pytest.mark.parametrize("kind", ["dependency", "reliesOn", "dependsOn"])
def test_dependency_becomes_what_the_item_waits_for(kind: str) -> None:
    second = {**service_item("2"), "serviceOrderItemRelationship": waits_for("1", kind=kind)}
    assert items_of(service_item("1"), second)["2"].relies_on == ("1",)


def test_other_relationships_make_nothing_wait() -> None:
    second = {**service_item("2"), "serviceOrderItemRelationship": waits_for("1", kind="bundles")}
    assert items_of(service_item("1"), second)["2"].relies_on == ()


def test_dependency_on_an_item_of_another_order_waits_for_that_order() -> None:
    link = {"itemId": "1", "serviceOrderId": "so-7"}
    links = [{"relationshipType": "dependency", "orderItem": link}]
    second = {**service_item("2"), "serviceOrderItemRelationship": links}
    found = items_of(service_item("1"), second)["2"]
    assert (found.relies_on, found.waits_for_order) == ((), ("so-7",))


def test_dependency_of_a_group_is_laid_on_all_its_leaves_and_on_all_leaves_it_names() -> None:
    first = group("1", service_item("2"), service_item("3"))
    links = waits_for("1", "1")
    second = group("4", service_item("5"), service_item("6"), serviceOrderItemRelationship=links)
    found = items_of(first, second)
    assert found["4.5"].relies_on == found["4.6"].relies_on == ("1.2", "1.3")


def test_dependency_on_an_unknown_item_is_kept_for_assessment() -> None:
    only = {**service_item("1"), "serviceOrderItemRelationship": waits_for("7")}
    assert items_of(only)["1"].relies_on == ("7",)


def test_special_handling_asked_for_a_group_is_asked_for_its_leaves() -> None:
    asked = group("1", service_item("2"), specialHandling={"required": True})
    found = items_of(asked, service_item("3"))
    assert found["1.2"].needs_special_handling
    assert not found["3"].needs_special_handling


def test_two_items_with_one_id_are_refused_wherever_they_stand() -> None:
    with pytest.raises(InvalidDocumentError, match="'1'") as caught:
        items_of(service_item("1"), group("2", service_item("1")))
    assert caught.value.path == "serviceOrderItem[1].serviceOrderItem[0].id"


def test_item_that_would_be_confused_with_a_supporting_service_is_refused() -> None:
    inner = service_item()["service"]
    bundle = {**service_item("1"), "service": {"supportingService": [inner]}}
    with pytest.raises(InvalidDocumentError, match=r"'1\.1'"):
        items_of(bundle, service_item("1.1"))


def test_requested_items_of_the_gateways_door_come_to_the_same_shape() -> None:
    found = request_of(example("trouble-recovery"))
    assert found.request_type is RequestType.RESOURCE_TROUBLE_RECOVERY
    assert found.source is None
    (only,) = found.item
    assert (only.id, only.path, only.action) == ("1", "requestedItem[0]", Action.ADD)
    assert only.characteristic == {"reason": "fault"}
    assert only.supporting_resource == ({"id": "port-4711"},)


def test_two_requested_items_with_one_id_are_refused() -> None:
    document = example("trouble-recovery")
    document["requestedItem"] *= 2
    with pytest.raises(InvalidDocumentError) as caught:
        request_of(document)
    assert caught.value.path == "requestedItem[1].id"


@pytest.mark.parametrize(
    ("service", "expected"),
    [
        ({"state": "active"}, {"administrativeState": "unlocked", "operationalState": "enable"}),
        ({"state": "inactive"}, {"administrativeState": "locked"}),
        (
            {"state": "reserved"},
            {"administrativeState": "locked", "resourceStatus": "reserved"},
        ),
        (
            {"state": "active", "isServiceEnabled": False},
            {"administrativeState": "locked", "operationalState": "enable"},
        ),
        (
            {"startDate": "2026-02-01T00:00:00Z", "endDate": "2027-02-01T00:00:00Z"},
            {
                "startOperatingDate": "2026-02-01T00:00:00Z",
                "endOperatingDate": "2027-02-01T00:00:00Z",
            },
        ),
        ({"note": [{"text": "Ring twice"}]}, {"note": [{"text": "Ring twice"}]}),
        ({}, {}),
    ],
)
def test_service_says_how_its_resources_are_to_operate(
    service: dict[str, Any], expected: dict[str, Any]
) -> None:
    assert items_of(service_item(**service))["1"].operating == expected


@pytest.mark.parametrize(
    ("own", "start", "expected"),
    [
        ("2099-01-01T00:00:00Z", "2098-01-01T00:00:00Z", "2099-01-01T00:00:00Z"),
        (None, "2098-01-01T00:00:00Z", "2098-01-01T00:00:00Z"),
        (None, "2020-01-01T00:00:00Z", None),
        (None, "soon", None),
        (None, None, None),
    ],
)
def test_work_may_begin_as_the_item_says_or_when_its_service_is_to_start(
    own: str | None, start: str | None, expected: str | None
) -> None:
    service = {} if start is None else {"startDate": start}
    asked = {**service_item(**service), **({} if own is None else {"requestedStartDate": own})}
    assert items_of(asked)["1"].requested_start_date == expected


def test_new_service_has_an_id_of_its_own_and_a_known_one_keeps_its_id() -> None:
    first, again = items_of(service_item("1"))["1"], items_of(service_item("1"))["1"]
    assert first.service_id
    assert first.service_id == again.service_id == first.subject["id"]
    assert first.service_id != items_of(service_item("2"))["2"].service_id
    assert items_of(service_item(id="s-1"))["1"].service_id == "s-1"
    assert items_of({**service_item(), "action": "delete"})["1"].service_id is None


def test_every_leaf_of_a_service_has_an_id() -> None:
    supporting = [{"serviceSpecification": {"id": "svc-a"}}, {"id": "s-2"}]
    found = items_of(service_item(supportingService=supporting))
    assert found["1.1"].service_id
    assert found["1.2"].service_id == "s-2"


@pytest.mark.parametrize("kind", ["dependency", "DEPENDENCY", "reliesOn", "dependson"])
def test_types_of_relationships_are_read_whatever_their_case(kind: str) -> None:
    related = [{"relationshipType": kind, "orderItem": {"itemId": "1"}}]
    second = {**service_item("2"), "serviceOrderItemRelationship": related}
    assert items_of(service_item("1"), second)["2"].relies_on == ("1",)


def test_order_that_waits_for_another_has_all_its_items_wait() -> None:
    related = [
        {"id": "so-1", "relationshipType": "dependency"},
        {"id": "so-2", "relationshipType": "cross-ref"},
    ]
    document = {"serviceOrderItem": [service_item("1")], "orderRelationship": related}
    assert [one.waits_for_order for one in request_of(document).item] == [("so-1",)]


def test_features_say_what_they_require() -> None:
    feature = [
        {"name": "qos", "featureRelationship": [{"name": "voice", "relationshipType": "requires"}]},
        {
            "name": "off",
            "isEnabled": False,
            "featureRelationship": [{"name": "qos", "relationshipType": "excludes"}],
        },
    ]
    found = items_of(service_item(feature=feature))["1"]
    assert found.feature_relationship == (("qos", "requires", "voice"),)
