"""TMF641 v4.1.0 over HTTP: the front door, and what each example request comes to."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import pytest

from api.client import TMF652
from api.orders import at_once
from make import example, service_item, service_order

if TYPE_CHECKING:
    from api.client import Client

MANDATORY = {"id", "href", "state", "orderDate", "serviceOrderItem"}


def issued(api: Client, request_id: str) -> dict[str, dict[str, Any]]:
    """Return the resource orders that were issued for a request, by domain."""
    orders = api.get(f"{TMF652}/resourceOrder?initiatingRequest.id={request_id}").document
    return {order["domain"]: order for order in orders}


def waits_for(item: dict[str, Any]) -> list[str]:
    return [one["orderItem"]["itemId"] for one in item.get("orderItemRelationship", [])]


class TestCreateServiceOrder:
    def test_order_comes_back_whole_with_its_address(self, tmf641: Client) -> None:
        answer = tmf641.post("/serviceOrder", service_order(), expect=201)
        assert answer.document.keys() >= MANDATORY
        assert answer.headers["Location"] == answer["href"]
        assert answer["href"] == f"{tmf641.url}{tmf641.door}/serviceOrder/{answer['id']}"
        assert answer["requestedStartDate"] == "2099-01-15T08:00:00.000Z"
        assert tmf641.get(f"/serviceOrder/{answer['id']}").document == answer.document

    def test_standard_set_is_issued_by_domain_in_dependency(
        self, tmf641: Client, api: Client
    ) -> None:
        order = tmf641.post("/serviceOrder", example("fibre-standard"), expect=201)
        assert order["state"] == order["serviceOrderItem"][0]["state"] == "acknowledged"
        orders = issued(api, order["id"])
        access, core = orders["access"], orders["core"]
        assert len(orders) == 2
        assert {one["orderType"] for one in (access, core)} == {"provision"}
        assert {one["state"] for one in (access, core)} == {"acknowledged"}
        assert [item["id"] for item in access["orderItem"]] == ["1-port", "1-ont", "1-wifi"]
        port, ont, wifi = access["orderItem"]
        assert (waits_for(port), waits_for(ont), waits_for(wifi)) == ([], ["1-port"], ["1-ont"])
        (vlan,) = core["orderItem"]
        assert vlan["orderItemRelationship"][0]["orderItem"] == {
            "itemId": "1-port",
            "resourceOrderId": access["id"],
            "resourceOrderHref": access["href"],
        }
        assert access["requestedStartDate"] == "2099-01-15T08:00:00.000Z"
        assert port["resource"]["resourceCharacteristic"][0]["value"] == "XGSPON-1000"
        assert ont["resource"]["place"]["id"] == "adr-1"

    def test_two_services_keep_their_order_across_domains(
        self, tmf641: Client, api: Client
    ) -> None:
        order = tmf641.post("/serviceOrder", example("vpn-and-fibre"), expect=201)
        orders = issued(api, order["id"])
        access = {item["id"]: item for item in orders["access"]["orderItem"]}
        core = {item["id"]: item for item in orders["core"]["orderItem"]}
        assert set(core) == {"vpn-vrf", "internet-vlan"}
        assert set(access) == {
            *("vpn-tail-1", "vpn-tail-2", "vpn-cpe-1", "vpn-cpe-2"),
            *("internet-port", "internet-ont"),
        }
        assert set(waits_for(access["internet-port"])) >= {"vpn-cpe-1", "vpn-cpe-2"}
        assert waits_for(access["vpn-cpe-2"]) == ["vpn-tail-2"]

    def test_incorrect_order_is_kept_rejected_with_every_reason(
        self, tmf641: Client, api: Client
    ) -> None:
        order = tmf641.post("/serviceOrder", example("fibre-incorrect"), expect=201)
        assert order["state"] == order["serviceOrderItem"][0]["state"] == "rejected"
        assert [error["code"] for error in order["errorMessage"]] == ["invalidCharacteristic"] * 2
        assert [error["serviceOrderItem"] for error in order["errorMessage"]] == [
            [{"itemId": "1"}],
            [{"itemId": "1"}],
        ]
        assert issued(api, order["id"]) == {}

    def test_incomplete_order_waits_for_what_is_missing(self, tmf641: Client, api: Client) -> None:
        order = tmf641.post("/serviceOrder", example("fibre-incomplete"), expect=201)
        assert order["state"] == "pending"
        missing = order["serviceOrderItem"][0]["errorMessage"]
        assert [error["code"] for error in missing] == ["missingCharacteristic", "missingPlace"]
        assert issued(api, order["id"]) == {}

    @pytest.mark.parametrize(
        ("name", "code"), [("fibre-special", "longDrop"), ("unknown-service", "noRule")]
    )
    def test_special_item_is_issued_marked_and_handed_over(
        self, tmf641: Client, api: Client, gateway: Client, name: str, code: str
    ) -> None:
        order = tmf641.post("/serviceOrder", example(name), expect=201)
        (special,) = issued(api, order["id"]).values()
        assert special["orderType"] == "feasibility"
        assert special["specialHandling"]["required"] is True
        assert [one["code"] for one in special["specialHandling"]["reason"]] == [code]
        (handed,) = gateway.get(f"/specialHandling?initiatingRequest.id={order['id']}").document
        assert handed["state"] == "open"
        assert handed["resourceOrder"]["id"] == special["id"]
        assert gateway.get(f"/specialHandling/{handed['id']}").document == handed

    def test_rule_may_want_feasibility_first(self, tmf641: Client, api: Client) -> None:
        order = tmf641.post("/serviceOrder", example("dark-fibre"), expect=201)
        (asked,) = issued(api, order["id"]).values()
        assert asked["orderType"] == "feasibility"
        assert asked["orderItem"][0]["quantity"] == 7000

    def test_what_the_server_owns_is_ignored_not_refused(self, tmf641: Client) -> None:
        theirs = {"id": "mine", "state": "active", "orderDate": "2020-01-01T00:00:00Z"}
        order = tmf641.post("/serviceOrder", service_order(**theirs), expect=201)
        assert order["id"] != "mine"
        assert order["state"] == "acknowledged"
        assert order["orderDate"] > "2026"

    def test_document_with_the_traits_of_published_samples_is_taken(
        self, tmf641: Client, api: Client
    ) -> None:
        item = service_item(startDate="", href="http//..../48")
        order = tmf641.post(
            "/serviceOrder",
            service_order(
                requestedStartDate="2099-01-15T10:00:00+0200",
                requestedCompletionDate="",
                completionDate="",
                relatedParty=[{"id": "456", "name": "Acme", "role": "requester"}],
                serviceOrderItem=[item],
            ),
            expect=201,
        )
        assert order["state"] == "acknowledged"
        assert order["requestedStartDate"] == "2099-01-15T08:00:00.000Z"
        assert not {"requestedCompletionDate", "completionDate"} & order.document.keys()
        for one in issued(api, order["id"]).values():
            assert one["requestedStartDate"] == "2099-01-15T08:00:00.000Z"
            assert "requestedCompletionDate" not in one

    @pytest.mark.parametrize(
        ("changes", "path"),
        [
            ({"serviceOrderItem": []}, "serviceOrderItem"),
            ({"serviceOrderItem": [{"id": "1", "action": "add"}]}, "serviceOrderItem[0]"),
            (
                {"serviceOrderItem": [service_item(serviceSpecification={"name": "no id"})]},
                "serviceOrderItem[0].service",
            ),
            ({"serviceOrderItem": [service_item(), service_item()]}, "serviceOrderItem[1].id"),
            ({"priority": 1}, "priority"),
            ({"note": [{}]}, "note[0]"),
            ({"relatedParty": [{"name": "x"}]}, "relatedParty[0]"),
            ({"externalId": None}, "externalId"),
        ],
    )
    def test_order_that_breaks_the_contract_is_refused_at_its_place(
        self, tmf641: Client, changes: dict[str, Any], path: str
    ) -> None:
        description = uuid.uuid4().hex
        body = service_order(description=description, **changes)
        error = tmf641.post("/serviceOrder", body, expect=400)
        assert error["code"] == "invalidDocument"
        assert error["message"].startswith(path)
        assert tmf641.get(f"/serviceOrder?description={description}").document == []

    def test_same_key_and_body_is_the_same_order_and_set(self, tmf641: Client, api: Client) -> None:
        key = uuid.uuid4().hex
        first = tmf641.post("/serviceOrder", service_order(), expect=201, key=key)
        again = tmf641.post("/serviceOrder", service_order(), expect=201, key=key)
        assert again.document == first.document
        assert len(issued(api, first["id"])) == 2
        other = service_order(description="another")
        error = tmf641.post("/serviceOrder", other, expect=422, key=key)
        assert error["code"] == "idempotencyConflict"

    def test_several_at_once_under_one_key_make_one_set_of_orders(
        self, tmf641: Client, api: Client
    ) -> None:
        key, description = uuid.uuid4().hex, uuid.uuid4().hex
        body = service_order(description=description)
        answers = at_once(tmf641, "/serviceOrder", body, key, number=8)
        assert len({answer["id"] for answer in answers}) == 1
        found = tmf641.get(f"/serviceOrder?description={description}")
        assert found.headers["X-Total-Count"] == "1"
        orders = api.get(f"{TMF652}/resourceOrder?initiatingRequest.id={answers[0]['id']}")
        assert orders.headers["X-Total-Count"] == "2"


class TestListServiceOrder:
    def test_filter_counts_fields_and_part(self, tmf641: Client) -> None:
        description = uuid.uuid4().hex
        for state in ("fibre-standard", "fibre-incorrect"):
            body = {**example(state), "description": description}
            tmf641.post("/serviceOrder", body, expect=201)
        path = f"/serviceOrder?description={description}"
        assert all(order.keys() >= MANDATORY for order in tmf641.get(path).document)
        rejected = tmf641.get(f"{path}&state=rejected&fields=state")
        assert rejected.headers["X-Total-Count"] == "1"
        assert [set(order) for order in rejected.document] == [{"id", "href", "state"}]
        part = tmf641.get(f"{path}&limit=1&offset=1", expect=206)
        assert part.headers["X-Total-Count"] == "2"
        assert part.headers["X-Result-Count"] == "1"
        assert 'rel="prev"' in part.headers["Link"]

    def test_requests_of_the_gateway_are_no_service_orders(
        self, tmf641: Client, gateway: Client
    ) -> None:
        record = gateway.post("/initiatingRequest", example("trouble-recovery"), expect=201)
        tmf641.get(f"/serviceOrder/{record['id']}", expect=404)
        assert tmf641.get(f"/serviceOrder?id={record['id']}").document == []


class TestRetrieveServiceOrder:
    def test_fields_alone_come_back(self, tmf641: Client) -> None:
        order = tmf641.post("/serviceOrder", service_order(), expect=201)
        answer = tmf641.get(f"/serviceOrder/{order['id']}?fields=state,serviceOrderItem.state")
        assert answer["serviceOrderItem"] == [{"state": "acknowledged"}]
        assert set(answer.document) == {"id", "href", "state", "serviceOrderItem"}

    def test_unknown_id_is_not_found(self, tmf641: Client) -> None:
        tmf641.get(f"/serviceOrder/{uuid.uuid4()}", expect=404)
