"""A service order that is amended is assessed anew (eTOM 1.5.6.7, C2), over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from api.client import GATEWAY, TMF652
from make import example, service_item, service_order

if TYPE_CHECKING:
    from api.client import Client


def issued(api: Client, order_id: str) -> dict[str, str]:
    """Return the states of the resource orders that were issued for the request."""
    found = api.get(f"{TMF652}/resourceOrder?initiatingRequest.id={order_id}").document
    return {one["id"]: one["state"] for one in found}


def record(api: Client, order_id: str) -> dict[str, Any]:
    found: dict[str, Any] = api.get(f"{GATEWAY}/initiatingRequest/{order_id}").document
    return found


def events(record_: dict[str, Any]) -> list[str]:
    return [entry["event"] for entry in record_["timeline"]]


class TestPendingOrder:
    @pytest.fixture
    def order(self, tmf641: Client) -> dict[str, Any]:
        body = example("fibre-incomplete")
        document: dict[str, Any] = tmf641.post("/serviceOrder", body, expect=201).document
        assert document["state"] == "pending"
        return document

    def test_patch_that_brings_what_was_missing_issues_the_orders(
        self, api: Client, tmf641: Client, order: dict[str, Any]
    ) -> None:
        path = f"/serviceOrder/{order['id']}"
        assert issued(api, order["id"]) == {}
        answer = tmf641.patch(path, {"serviceOrderItem": [service_item("1")]})
        assert answer["state"] == "inProgress"
        assert answer["serviceOrderItem"][0]["state"] == "inProgress"
        assert "errorMessage" not in answer["serviceOrderItem"][0]
        assert list(issued(api, order["id"]).values()) == ["acknowledged"] * 2
        kept = record(api, order["id"])
        assert kept["state"] == "inProgress"
        assert kept["assessment"]["outcome"] == "standard"
        assert events(kept) == [
            "received",
            "assessed",
            "informationRequired",
            "assessed",
            "issued",
        ]

    def test_patch_that_brings_only_some_of_it_keeps_the_order_pending(
        self, api: Client, tmf641: Client, order: dict[str, Any]
    ) -> None:
        item = service_item("1", place=[])
        answer = tmf641.patch(f"/serviceOrder/{order['id']}", {"serviceOrderItem": [item]})
        assert answer["state"] == "pending"
        (error,) = answer["serviceOrderItem"][0]["errorMessage"]
        assert error["code"] == "missingPlace"
        assert issued(api, order["id"]) == {}

    def test_patch_that_contradicts_the_rules_is_refused_and_changes_nothing(
        self, api: Client, tmf641: Client, order: dict[str, Any]
    ) -> None:
        path = f"/serviceOrder/{order['id']}"
        wrong = [{"name": "bandwidth", "value": "fast"}]
        before = tmf641.get(path).document
        item = service_item("1", serviceCharacteristic=wrong)
        error = tmf641.patch(path, {"serviceOrderItem": [item]}, expect=400)
        assert "bandwidth" in error["message"]
        assert tmf641.get(path).document == before
        assert len(record(api, order["id"])["timeline"]) == 3


class TestAcknowledgedOrder:
    @pytest.fixture
    def order(self, tmf641: Client) -> dict[str, Any]:
        document: dict[str, Any] = tmf641.post(
            "/serviceOrder", service_order(), expect=201
        ).document
        return document

    def test_amended_order_supersedes_what_was_issued(
        self, api: Client, tmf641: Client, order: dict[str, Any]
    ) -> None:
        before = issued(api, order["id"])
        items = [service_item("1"), service_item("2")]
        answer = tmf641.patch(f"/serviceOrder/{order['id']}", {"serviceOrderItem": items})
        assert answer["state"] == "acknowledged"
        after = issued(api, order["id"])
        assert {after[one] for one in before} == {"cancelled"}
        fresh = {one: state for one, state in after.items() if one not in before}
        assert list(fresh.values()) == ["acknowledged"] * 2
        kept = {one["id"]: one for one in record(api, order["id"])["resourceOrder"]}
        assert {one["id"] for one in kept[next(iter(before))]["supersededBy"]} == set(fresh)
        assert all("supersededBy" not in kept[one] for one in fresh)

    def test_words_about_the_order_supersede_nothing(
        self, api: Client, tmf641: Client, order: dict[str, Any]
    ) -> None:
        before = issued(api, order["id"])
        tmf641.patch(f"/serviceOrder/{order['id']}", {"description": "New"})
        assert issued(api, order["id"]) == before

    def test_same_items_again_change_nothing_and_keep_the_ids_of_their_services(
        self, tmf641: Client, order: dict[str, Any]
    ) -> None:
        path = f"/serviceOrder/{order['id']}"
        before = tmf641.get(path)
        assert before["serviceOrderItem"][0]["service"]["id"]
        tmf641.patch(path, {"serviceOrderItem": service_order()["serviceOrderItem"]})
        assert tmf641.get(path)["serviceOrderItem"] == before["serviceOrderItem"]

    def test_amendment_is_too_late_once_a_resource_order_is_being_delivered(
        self, api: Client, tmf641: Client, order: dict[str, Any]
    ) -> None:
        first = next(iter(issued(api, order["id"])))
        api.patch(f"{TMF652}/resourceOrder/{first}", {"state": "inProgress"})
        items = [service_item("1"), service_item("2")]
        path = f"/serviceOrder/{order['id']}"
        error = tmf641.patch(path, {"serviceOrderItem": items}, expect=409)
        assert first in error["reason"] or "any more" in error["reason"]

    def test_amendment_that_lacks_something_is_refused(
        self, api: Client, tmf641: Client, order: dict[str, Any]
    ) -> None:
        before = issued(api, order["id"])
        item = service_item("1", place=[])
        path = f"/serviceOrder/{order['id']}"
        error = tmf641.patch(path, {"serviceOrderItem": [item]}, expect=400)
        assert "place" in error["message"]
        assert issued(api, order["id"]) == before
