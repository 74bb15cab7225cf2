"""`resourceOrderRule` over HTTP: put, checked, listed, in force at once, retired."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import pytest

from make import service_item, service_order

if TYPE_CHECKING:
    from api.client import Client


def rule(**changes: Any) -> dict[str, Any]:
    """Return a rule for a specification of its own."""
    name = f"rule-{uuid.uuid4().hex}"
    return {
        "id": name,
        "version": 1,
        "name": "Test set",
        "appliesTo": {"specification": {"id": name}},
        "orderItem": [{"key": "port", "resourceSpecification": {"id": "rs-port"}}],
        **changes,
    }


def outcome(gateway: Client, specification: str) -> dict[str, Any]:
    item = service_item(serviceSpecification={"id": specification})
    body = {"serviceOrder": service_order(serviceOrderItem=[item])}
    decided = gateway.post("/assessment", body, expect=200)
    only: dict[str, Any] = decided["assessment"]["item"][0]
    return only


class TestPutResourceOrderRule:
    def test_new_version_is_created_and_in_force_at_once(self, gateway: Client) -> None:
        new = rule()
        path = f"/resourceOrderRule/{new['id']}"
        assert outcome(gateway, new["id"])["outcome"] == "special"
        answer = gateway.put(path, new, expect=201)
        assert answer.headers["Location"] == answer["href"] == f"{gateway.url}/gateway/v1{path}"
        assert outcome(gateway, new["id"])["rule"] == {"id": new["id"], "version": 1}
        gateway.put(path, {**new, "version": 2}, expect=201)
        assert outcome(gateway, new["id"])["rule"]["version"] == 2

    def test_same_version_again_changes_nothing(self, gateway: Client) -> None:
        new = rule()
        path = f"/resourceOrderRule/{new['id']}"
        first = gateway.put(path, new, expect=201)
        assert gateway.put(path, new, expect=200).document == first.document

    def test_version_never_changes(self, gateway: Client) -> None:
        new = rule()
        path = f"/resourceOrderRule/{new['id']}"
        gateway.put(path, new, expect=201)
        error = gateway.put(path, {**new, "name": "Other"}, expect=409)
        assert error["code"] == "duplicate"

    @pytest.mark.parametrize(
        ("change", "path"),
        [
            ({"orderItem": []}, "orderItem"),
            ({"special": [{"code": "x", "when": "((("}]}, "special[0]"),
            (
                {
                    "orderItem": [
                        {
                            "key": "a",
                            "resourceSpecification": {"id": "x"},
                            "characteristic": {"b": {"expr": "1/0"}},
                        }
                    ]
                },
                "orderItem[0]",
            ),
            ({"surprise": 1}, "surprise"),
        ],
    )
    def test_rule_with_problems_is_refused(
        self, gateway: Client, change: dict[str, Any], path: str
    ) -> None:
        new = rule(**change)
        error = gateway.put(f"/resourceOrderRule/{new['id']}", new, expect=400)
        assert error["message"].startswith(path)
        gateway.get(f"/resourceOrderRule/{new['id']}", expect=404)

    def test_address_and_id_are_the_same(self, gateway: Client) -> None:
        error = gateway.put("/resourceOrderRule/other", rule(), expect=400)
        assert error["message"] == "id"


class TestRetrieveResourceOrderRule:
    def test_highest_version_unless_one_is_named(self, gateway: Client) -> None:
        new = rule()
        path = f"/resourceOrderRule/{new['id']}"
        for version in (1, 2):
            gateway.put(path, {**new, "version": version}, expect=201)
        assert gateway.get(path)["version"] == 2
        assert gateway.get(f"{path}?version=1")["version"] == 1
        assert set(gateway.get(f"{path}?fields=name").document) == {"id", "href", "name"}
        gateway.get(f"{path}?version=3", expect=404)

    @pytest.mark.parametrize("version", ["0", "-1", "x", "2147483648", "9" * 30])
    def test_version_is_a_whole_number_from_one(self, gateway: Client, version: str) -> None:
        gateway.get(f"/resourceOrderRule/fibre-access?version={version}", expect=400)


class TestListResourceOrderRule:
    def test_every_version_is_listed(self, gateway: Client) -> None:
        new = rule()
        for version in (1, 2):
            gateway.put(f"/resourceOrderRule/{new['id']}", {**new, "version": version}, expect=201)
        answer = gateway.get(f"/resourceOrderRule?id={new['id']}")
        assert [one["version"] for one in answer.document] == [1, 2]
        assert answer.headers["X-Total-Count"] == "2"
        part = gateway.get(f"/resourceOrderRule?id={new['id']}&limit=1&offset=1", expect=206)
        assert [one["version"] for one in part.document] == [2]
        assert part.headers["X-Result-Count"] == "1"


class TestCheckResourceOrderRule:
    def test_every_problem_is_told_and_nothing_kept(self, gateway: Client) -> None:
        wrong = rule(name=5, orderItem=[{}], special=[{"code": "c", "when": "nope", "reason": "r"}])
        told = gateway.post("/resourceOrderRule/check", wrong, expect=200)
        paths = {problem["path"] for problem in told["problem"]}
        assert {"name", "orderItem[0].key"} <= paths
        gateway.get(f"/resourceOrderRule/{wrong['id']}", expect=404)

    def test_good_rule_has_none(self, gateway: Client) -> None:
        told = gateway.post("/resourceOrderRule/check", rule(), expect=200)
        assert told.document == {"problem": []}


class TestDeleteResourceOrderRule:
    def test_retired_rule_decides_nothing_but_stays_readable(self, gateway: Client) -> None:
        new = rule()
        path = f"/resourceOrderRule/{new['id']}"
        gateway.put(path, new, expect=201)
        gateway.delete(path)
        assert gateway.get(path)["status"] == "retired"
        assert outcome(gateway, new["id"])["outcome"] == "special"
        assert gateway.put(path, new, expect=200)["status"] == "retired"
        gateway.put(path, {**new, "version": 2}, expect=201)
        assert outcome(gateway, new["id"])["outcome"] == "standard"

    def test_unknown_rule_is_not_found(self, gateway: Client) -> None:
        gateway.delete(f"/resourceOrderRule/{uuid.uuid4()}", expect=404)
