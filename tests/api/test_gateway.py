"""The gateway's own door over HTTP: records, dry runs and hand-overs."""

from __future__ import annotations

import json
import re
import uuid
from typing import TYPE_CHECKING, Any

import pytest

from api.client import TMF641, TMF652
from api.orders import at_once
from make import example, service_item, service_order

if TYPE_CHECKING:
    from api.client import Client

OUTCOMES = {
    "dark-fibre": ("standard", "acknowledged"),
    "fibre-incomplete": ("informationRequired", "pending"),
    "fibre-incorrect": ("rejected", "rejected"),
    "fibre-special": ("special", "acknowledged"),
    "fibre-standard": ("standard", "acknowledged"),
    "partner-fibre": ("standard", "acknowledged"),
    "partner-request": ("standard", "acknowledged"),
    "port-congestion": ("standard", "acknowledged"),
    "trouble-recovery": ("standard", "acknowledged"),
    "unknown-service": ("special", "acknowledged"),
    "vpn-and-fibre": ("standard", "acknowledged"),
}
COLLECTIONS = (
    f"{TMF652}/resourceOrder",
    f"{TMF641}/serviceOrder",
    "/gateway/v1/initiatingRequest",
    "/gateway/v1/specialHandling",
)
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT[0-9:.]+Z")
_VARYING = re.compile(
    r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d{4}-\d\d-\d\dT[0-9:.]+Z", re.IGNORECASE
)


def taken(api: Client, name: str) -> dict[str, Any]:
    """Send an example request to its door; return the record of it."""
    request = example(name)
    path = "/gateway/v1/initiatingRequest"
    if "serviceOrderItem" in request:
        path = f"{TMF641}/serviceOrder"
    request_id = api.post(path, request, expect=201)["id"]
    record: dict[str, Any] = api.get(f"/gateway/v1/initiatingRequest/{request_id}").document
    return record


def counts(api: Client) -> list[str]:
    """Return how many entities of each kind there are; each has one at least."""
    answers = [api.get(f"{path}?limit=0", expect=206) for path in COLLECTIONS]
    return [answer.headers["X-Total-Count"] for answer in answers]


def by_id(documents: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {one["id"]: one for one in documents}


def undated(node: Any) -> Any:
    """Return a document with every moment alike; ids stay as they are."""
    return json.loads(_MOMENT.sub("moment", json.dumps(node)))


class Alike:
    """Gives the ids and moments of a document names in order of appearance."""

    def __init__(self) -> None:
        self._seen: dict[str, str] = {}

    def __call__(self, node: Any) -> Any:
        if isinstance(node, dict):
            return {name: self(value) for name, value in sorted(node.items())}
        if isinstance(node, list):
            return [self(one) for one in node]
        if isinstance(node, str):
            return _VARYING.sub(self._name, node)
        return node

    def _name(self, found: re.Match[str]) -> str:
        if "T" in found[0]:
            return "moment"
        return self._seen.setdefault(found[0], f"id {len(self._seen)}")


class TestRetrieveInitiatingRequest:
    @pytest.mark.parametrize("name", OUTCOMES)
    def test_every_example_is_recorded_with_its_why(self, api: Client, name: str) -> None:
        record = taken(api, name)
        assert (record["assessment"]["outcome"], record["state"]) == OUTCOMES[name]
        assert record["timeline"][0]["event"] == "received"
        orders = api.get(f"{TMF652}/resourceOrder?initiatingRequest.id={record['id']}").document
        told = {order["id"]: order["orderType"] for order in record.get("resourceOrder", [])}
        assert told == {order["id"]: order["orderType"] for order in orders}
        covered = {
            (one["resourceOrderId"], one["itemId"])
            for item in record["assessment"]["item"]
            for one in item.get("resourceOrderItem", [])
        }
        assert covered == {
            (order["id"], item["id"]) for order in orders for item in order["orderItem"]
        }

    def test_record_of_a_service_order_leads_back_to_it(self, api: Client) -> None:
        record = taken(api, "fibre-standard")
        assert record["requestType"] == "serviceOrder"
        assert record["source"]["@referredType"] == "ServiceOrder"
        path = record["source"]["href"].removeprefix(api.url)
        assert api.get(path)["externalId"] == record["externalId"]

    def test_fields_alone_come_back(self, api: Client) -> None:
        record = taken(api, "fibre-incorrect")
        path = f"/gateway/v1/initiatingRequest/{record['id']}?fields=assessment.outcome"
        assert api.get(path)["assessment"] == {"outcome": "rejected"}

    def test_unknown_id_is_not_found(self, gateway: Client) -> None:
        gateway.get(f"/initiatingRequest/{uuid.uuid4()}", expect=404)


class TestCreateInitiatingRequest:
    def test_trouble_is_recovered_by_a_standard_set(self, gateway: Client, api: Client) -> None:
        answer = gateway.post("/initiatingRequest", example("trouble-recovery"), expect=201)
        assert answer.headers["Location"] == answer["href"]
        assert gateway.get(f"/initiatingRequest/{answer['id']}").document == answer.document
        assert answer["relatedEntity"][0]["@referredType"] == "TroubleTicket"
        path = f"{TMF652}/resourceOrder?initiatingRequest.id={answer['id']}"
        (order,) = api.get(path).document
        assert order["orderItem"][0]["resourceSpecification"]["id"] == "rs-olt-port"

    def test_congestion_is_relieved_by_a_standard_set(self, gateway: Client, api: Client) -> None:
        answer = gateway.post("/initiatingRequest", example("port-congestion"), expect=201)
        assert answer["requestType"] == "resourcePerformance"
        (item,) = answer["assessment"]["item"]
        assert item["rule"] == {"id": "port-replacement", "version": 1}
        path = f"{TMF652}/resourceOrder?initiatingRequest.id={answer['id']}"
        (order,) = api.get(path).document
        characteristic = order["orderItem"][0]["resource"]["resourceCharacteristic"]
        assert [(one["name"], one["value"]) for one in characteristic] == [("reason", "congestion")]

    @pytest.mark.parametrize("name", ["partner-fibre", "partner-request"])
    def test_partner_gets_its_own_standard_set_by_either_door(self, api: Client, name: str) -> None:
        record = taken(api, name)
        assert record["requestType"] == "partyRequest"
        (item,) = record["assessment"]["item"]
        assert item["rule"] == {"id": "wholesale-fibre", "version": 1}
        by_tmf641 = name == "partner-fibre"
        assert ("source" in record) == by_tmf641
        if by_tmf641:
            assert record["source"]["@referredType"] == "ServiceOrder"

    @pytest.mark.parametrize("request_type", ["resourcePerformance", "partyRequest"])
    def test_rule_is_for_the_request_types_it_names(
        self, gateway: Client, request_type: str
    ) -> None:
        request = {**example("trouble-recovery"), "requestType": request_type}
        answer = gateway.post("/initiatingRequest", request, expect=201)
        expected = "standard" if request_type == "resourcePerformance" else "special"
        assert answer["assessment"]["outcome"] == expected

    @pytest.mark.parametrize(
        "change",
        [
            {"requestType": "serviceOrder"},
            {"requestType": None},
            {"requestedItem": []},
            {"requestedItem": [{"id": "1", "action": "add"}]},
            {"requestedItem": example("trouble-recovery")["requestedItem"] * 2},
            {"relatedParty": [{}]},
        ],
    )
    def test_request_that_breaks_the_contract_is_refused(
        self, gateway: Client, change: dict[str, Any]
    ) -> None:
        external_id = uuid.uuid4().hex
        request = {**example("trouble-recovery"), "externalId": external_id, **change}
        gateway.post("/initiatingRequest", request, expect=400)
        assert gateway.get(f"/initiatingRequest?externalId={external_id}").document == []

    def test_same_key_is_the_same_request(self, gateway: Client) -> None:
        key, request = uuid.uuid4().hex, example("trouble-recovery")
        first = gateway.post("/initiatingRequest", request, expect=201, key=key)
        again = gateway.post("/initiatingRequest", request, expect=201, key=key)
        assert again.document == first.document
        other = {**request, "externalId": "TT-78"}
        gateway.post("/initiatingRequest", other, expect=422, key=key)

    def test_several_at_once_under_one_key_make_one_set_of_orders(
        self, gateway: Client, api: Client
    ) -> None:
        key, external_id = uuid.uuid4().hex, uuid.uuid4().hex
        request = {**example("trouble-recovery"), "externalId": external_id}
        answers = at_once(gateway, "/initiatingRequest", request, key, number=4)
        assert len({answer["id"] for answer in answers}) == 1
        path = f"{TMF652}/resourceOrder?initiatingRequest.id={answers[0]['id']}"
        assert api.get(path).headers["X-Total-Count"] == "1"


class TestListInitiatingRequest:
    def test_filter_counts_and_part(self, gateway: Client, api: Client) -> None:
        names = ("fibre-standard", "fibre-incorrect")
        ids = ",".join(taken(api, name)["id"] for name in names)
        found = gateway.get(f"/initiatingRequest?id={ids}&state=rejected")
        assert found.headers["X-Total-Count"] == found.headers["X-Result-Count"] == "1"
        part = gateway.get(f"/initiatingRequest?id={ids}&limit=1", expect=206)
        assert part.headers["X-Total-Count"] == "2"
        assert part[0]["assessment"]["outcome"] == "standard"


class TestCreateAssessment:
    @pytest.mark.parametrize("name", OUTCOMES)
    def test_dry_run_equals_the_real_one_and_stores_nothing(
        self, api: Client, gateway: Client, name: str
    ) -> None:
        request = example(name)
        kind = "serviceOrder" if "serviceOrderItem" in request else "initiatingRequest"
        taken(api, "fibre-special")
        before = counts(api)
        dry = gateway.post("/assessment", {kind: request}, expect=200).document
        assert counts(api) == before
        record = taken(api, name)
        path = f"{TMF652}/resourceOrder?initiatingRequest.id={record['id']}&sort=domain"
        real = {
            "state": record["state"],
            "assessment": record["assessment"],
            "resourceOrder": api.get(path).document,
            "specialHandling": gateway.get(
                f"/specialHandling?initiatingRequest.id={record['id']}"
            ).document,
        }
        dry["resourceOrder"].sort(key=lambda order: order["domain"])
        assert Alike()(dry) == Alike()(real)

    @pytest.mark.parametrize("name", OUTCOMES)
    def test_dry_run_under_a_key_has_the_very_orders_of_the_real_run_under_it(
        self, api: Client, gateway: Client, name: str
    ) -> None:
        request, key = example(name), uuid.uuid4().hex
        is_service_order = "serviceOrderItem" in request
        kind = "serviceOrder" if is_service_order else "initiatingRequest"
        path = f"{TMF641}/serviceOrder" if is_service_order else "/gateway/v1/initiatingRequest"
        dry = gateway.post("/assessment", {kind: request}, expect=200, key=key)
        real = api.post(path, request, expect=201, key=key)
        issued = api.get(f"{TMF652}/resourceOrder?initiatingRequest.id={real['id']}").document
        handed = gateway.get(f"/specialHandling?initiatingRequest.id={real['id']}").document
        told = by_id(dry["resourceOrder"])
        assert undated(told) == undated(by_id(issued))
        assert undated(by_id(dry["specialHandling"])) == undated(by_id(handed))
        record = gateway.get(f"/initiatingRequest/{real['id']}")
        assert dry["assessment"] == record["assessment"]
        again = gateway.post("/assessment", {kind: request}, expect=200)
        assert not told.keys() & by_id(again["resourceOrder"]).keys()

    @pytest.mark.parametrize(
        "body",
        [
            {},
            {"serviceOrder": service_order(), "initiatingRequest": example("trouble-recovery")},
            {"serviceOrder": {}},
            {"serviceOrder": {"serviceOrderItem": [{}]}},
            {"serviceOrder": {"serviceOrderItem": [{"id": 1, "action": "add", "service": 5}]}},
            {"serviceOrder": service_order(note=5)},
            {"serviceOrder": service_order(serviceOrderItem=[service_item(place=[{}])])},
            {"serviceOrder": service_order(serviceOrderItem=[service_item()] * 2)},
            {"initiatingRequest": {**example("trouble-recovery"), "requestType": "serviceOrder"}},
        ],
    )
    def test_request_that_would_be_refused_is_refused(
        self, gateway: Client, body: dict[str, Any]
    ) -> None:
        gateway.post("/assessment", body, expect=400)
