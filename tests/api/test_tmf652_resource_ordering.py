"""TMF652 v4.0.0 over HTTP, created: K, Q, F, P, S and W are statements in the standards' list."""

from __future__ import annotations

import json
import re
import uuid
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest

from api.orders import at_once, posted
from make import resource_order

if TYPE_CHECKING:
    from api.client import Client

MANDATORY = {"id", "href", "state", "orderDate", "orderItem"}
ITEM = {"action": "add", "resourceSpecification": {"id": "rs-olt-port"}}
UTC_TEXT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


class TestCreateResourceOrder:
    def test_order_comes_back_whole_with_its_address(self, tmf652: Client) -> None:
        answer = tmf652.post("/resourceOrder", resource_order(), expect=201)  # K3, W1
        assert answer.document.keys() >= MANDATORY
        assert answer.headers["Location"] == answer["href"]
        assert answer["href"] == f"{tmf652.url}{tmf652.door}/resourceOrder/{answer['id']}"
        assert answer["state"] == "acknowledged"
        assert [item["state"] for item in answer["orderItem"]] == ["acknowledged"] * 2
        assert answer["@type"] == "ResourceOrder"
        assert UTC_TEXT.fullmatch(answer["orderDate"])
        assert tmf652.get(f"/resourceOrder/{answer['id']}").document == answer.document  # K5

    def test_what_the_server_owns_is_ignored_not_refused(self, tmf652: Client) -> None:
        theirs = {
            "id": "mine",
            "href": "http://elsewhere/1",
            "state": "active",
            "orderDate": "yesterday",
            "completionDate": 7,
            "startDate": None,
            "expectedCompletionDate": "",
        }
        item = {**ITEM, "state": "completed"}
        order = posted(tmf652, orderItem=[item], **theirs)  # W2, K14
        assert order["id"] != "mine"
        assert order["state"] == "acknowledged"
        assert order["orderItem"][0]["state"] == "acknowledged"
        assert datetime.fromisoformat(order["orderDate"])
        assert not {"completionDate", "startDate", "expectedCompletionDate"} & order.keys()

    def test_smallest_body_of_both_publications_is_taken(self, tmf652: Client) -> None:
        order = posted(tmf652, orderItem=[ITEM])
        assert order["orderItem"][0]["id"] == "1"

    def test_items_without_id_get_the_free_numbers(self, tmf652: Client) -> None:
        order = posted(tmf652, orderItem=[ITEM, {**ITEM, "id": "1"}, ITEM])
        assert [item["id"] for item in order["orderItem"]] == ["2", "1", "3"]

    def test_resource_by_value_gets_id_and_address(self, tmf652: Client) -> None:
        resources = [item["resource"] for item in posted(tmf652)["orderItem"]]
        assert len({resource["id"] for resource in resources}) == 2
        for resource in resources:
            assert resource["href"].endswith(f"/resource/{resource['id']}")

    @pytest.mark.parametrize(
        ("resource", "named"),
        [
            ({"id": "port-7"}, "port-7"),
            ({"href": "http://inventory/resource/port-7"}, "port-7"),
        ],
    )
    @pytest.mark.parametrize("action", ["modify", "delete", "noChange"])
    def test_resource_that_is_named_is_told_by_id_and_address(
        self, tmf652: Client, resource: dict[str, str], named: str, action: str
    ) -> None:
        (item,) = posted(tmf652, orderItem=[{"action": action, "resource": resource}])["orderItem"]
        assert item["resource"]["id"] == named
        assert item["resource"]["href"].endswith(f"/resource/{named}")

    def test_both_spellings_of_no_change_become_one(self, tmf652: Client) -> None:
        spellings = [{**ITEM, "action": "no_change"}, {**ITEM, "action": "noChange"}]
        order = posted(tmf652, orderItem=spellings)
        assert [item["action"] for item in order["orderItem"]] == ["noChange"] * 2

    def test_extensions_ride_along_untouched(self, tmf652: Client) -> None:
        extensions = {
            "shoeSize": 42,
            "serialDate": 20240101,
            "": "no name",
            "name": "ß 漢字 👩‍🚀 \u202e",
        }
        order = posted(tmf652, **extensions)
        assert {name: order[name] for name in extensions} == extensions
        path = f"/resourceOrder/{order['id']}"
        tmf652.patch(path, {"description": "later"})
        kept = tmf652.get(path)
        assert {name: kept[name] for name in extensions} == extensions

    @pytest.mark.parametrize(
        ("text", "kept"),
        [
            ("2020-11-20T10:19:46Z", "2020-11-20T10:19:46.000Z"),
            ("2020-11-20T10:19:46+0000", "2020-11-20T10:19:46.000Z"),  # Q7
            ("2020-11-20T10:19:46.5+0130", "2020-11-20T08:49:46.500Z"),
            ("2020-11-20T10:19:46.123456+02:00", "2020-11-20T08:19:46.123Z"),
        ],
    )
    def test_dates_are_kept_in_utc(self, tmf652: Client, text: str, kept: str) -> None:
        assert posted(tmf652, requestedStartDate=text)["requestedStartDate"] == kept  # W16

    def test_empty_date_is_no_date(self, tmf652: Client) -> None:
        assert "requestedStartDate" not in posted(tmf652, requestedStartDate="")

    def test_document_with_the_traits_of_published_samples_is_taken(self, tmf652: Client) -> None:
        order = posted(
            tmf652,
            orderDate="2020-03-31T20:50:27.275Z",
            requestedCompletionDate="",
            priority=0,
            externalReference=[{"externalReferenceType": "Order number", "name": "8b03"}],
            note=[{"text": "Double jacket, it lies in water"}],
            relatedParty=[{"id": "456", "name": "Acme", "role": "requester"}],
            orderItem=[
                {
                    "id": "049e",
                    "quantity": 7000,
                    "action": "add",
                    "appointment": {"id": "74da", "href": "https:/host/appointment/74da"},
                    "resource": {
                        "category": "Premium",
                        "operationalState": "disable",
                        "startOperatingDate": "2020-11-20T10:19:46+0000",
                        "attachment": [{"id": "305f", "url": "http://host/Content/d08d"}],
                        "place": {"id": "49c2", "role": "site", "@referredType": "Address"},
                        "resourceCharacteristic": [{"name": "length", "value": 7000}],
                    },
                }
            ],
        )
        assert order["note"][0]["id"] == "1"
        assert UTC_TEXT.fullmatch(order["note"][0]["date"])
        assert order["relatedParty"][0]["@referredType"] == "RelatedParty"
        assert order["externalReference"] == [
            {"externalReferenceType": "Order number", "name": "8b03"}
        ]

    @pytest.mark.parametrize(
        ("changes", "path"),
        [  # W3, W4, Q3, Q8
            ({"orderItem": []}, "orderItem"),
            ({"orderItem": [{"resource": {"name": "x"}}]}, "orderItem[0]"),
            ({"orderItem": [{"action": "add"}]}, "orderItem[0]"),
            ({"orderItem": [{**ITEM, "action": "explode"}]}, "orderItem[0].action"),
            ({"orderItem": [{**ITEM, "action": "modify"}]}, "orderItem[0].resource"),
            (
                {"orderItem": [{"action": "delete", "resource": {"name": "x"}}]},
                "orderItem[0].resource",
            ),
            ({"orderItem": [{**ITEM, "id": "1"}, {**ITEM, "id": "1"}]}, "orderItem"),
            ({"note": [{"author": "nobody"}]}, "note[0]"),
            ({"relatedParty": [{"name": "Acme"}]}, "relatedParty[0]"),
            ({"priority": 5}, "priority"),
            ({"requestedStartDate": "31/31/2020"}, "requestedStartDate"),
        ],
    )
    def test_order_that_breaks_a_rule_is_refused_at_its_place(
        self, tmf652: Client, changes: dict[str, Any], path: str
    ) -> None:
        category = uuid.uuid4().hex
        body = resource_order(category=category, **changes)
        error = tmf652.post("/resourceOrder", body, expect=400)
        assert error["code"] == "invalidDocument"
        assert error["message"] == path
        assert tmf652.get(f"/resourceOrder?category={category}").document == []

    def test_order_without_items_is_refused(self, tmf652: Client) -> None:
        tmf652.post("/resourceOrder", {"category": "none"}, expect=400)  # K14

    @pytest.mark.parametrize("target", ["2", "9"])
    def test_dependency_that_can_not_be_met_is_refused(self, tmf652: Client, target: str) -> None:
        wait = [{"relationshipType": "dependency", "orderItem": {"itemId": target}}]
        back = [{"relationshipType": "dependency", "orderItem": {"itemId": "1"}}]
        items = [
            {**ITEM, "id": "1", "orderItemRelationship": wait},
            {**ITEM, "id": "2", "orderItemRelationship": back},
        ]
        tmf652.post("/resourceOrder", resource_order(orderItem=items), expect=400)

    def test_same_key_and_body_is_the_same_order(self, tmf652: Client) -> None:
        key, category = uuid.uuid4().hex, uuid.uuid4().hex
        body = resource_order(category=category)
        first = tmf652.post("/resourceOrder", body, expect=201, key=key)
        again = tmf652.post("/resourceOrder", body, expect=201, key=key)
        assert again.document == first.document
        assert again.headers["Location"] == first.headers["Location"]
        assert len(tmf652.get(f"/resourceOrder?category={category}").document) == 1

    def test_same_key_with_another_body_is_refused(self, tmf652: Client) -> None:
        key = uuid.uuid4().hex
        tmf652.post("/resourceOrder", resource_order(), expect=201, key=key)
        other = resource_order(description="another")
        error = tmf652.post("/resourceOrder", other, expect=422, key=key)
        assert error["code"] == "idempotencyConflict"

    def test_two_at_once_under_one_key_make_one_order(self, tmf652: Client) -> None:
        key, category = uuid.uuid4().hex, uuid.uuid4().hex
        answers = at_once(
            tmf652, "/resourceOrder", resource_order(category=category), key, number=8
        )
        assert len({answer["id"] for answer in answers}) == 1
        assert tmf652.get(f"/resourceOrder?category={category}").headers["X-Total-Count"] == "1"

    @pytest.mark.parametrize("key", ["", "k" * 256])
    def test_key_that_can_not_be_kept_is_refused(self, tmf652: Client, key: str) -> None:
        error = tmf652.post("/resourceOrder", resource_order(), expect=400, key=key)
        assert "Idempotency-Key" in error["reason"]

    @pytest.mark.parametrize(
        "media_type", ["application/json", "application/json;charset=utf-8", "APPLICATION/JSON"]
    )
    def test_json_is_taken_in_any_spelling(self, tmf652: Client, media_type: str) -> None:
        tmf652.call(
            "POST",
            "/resourceOrder",
            201,
            data=json.dumps(resource_order()),
            headers={"Content-Type": media_type},
        )

    @pytest.mark.parametrize(
        "media_type", ["text/plain", "application/merge-patch+json", "application/xml", ""]
    )
    def test_other_media_types_are_refused(self, tmf652: Client, media_type: str) -> None:
        error = tmf652.call(
            "POST",
            "/resourceOrder",
            415,
            data=json.dumps(resource_order()),
            headers={"Content-Type": media_type},
        )
        assert error["code"] == "unsupportedMediaType"
