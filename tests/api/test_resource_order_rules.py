"""`resourceOrderRule` over HTTP: put, checked, listed, in force at once, retired."""

from __future__ import annotations

import json
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

    def test_rule_whose_own_test_fails_is_refused_with_its_place(self, gateway: Client) -> None:
        new = rule(tests=[{"name": "two", "given": {}, "expect": {"items": ["port", "cable"]}}])
        path = f"/resourceOrderRule/{new['id']}"
        text = json.dumps(new, indent=2)
        line = 1 + text[: text.index('"cable"')].count("\n")
        headers = {"Content-Type": "application/json"}
        error = gateway.call("PUT", path, 400, data=text, headers=headers)
        assert error["message"] == "tests[0].expect.items[1]"
        assert error["reason"] == (
            f'tests[0].expect.items[1] (line {line}, column 11): test "two": '
            "expected cable, but there is port"
        )
        gateway.get(path, expect=404)
        new["tests"][0]["expect"]["items"].pop()
        assert gateway.put(path, new, expect=201)["tests"] == new["tests"]

    def test_rule_is_tested_beside_those_in_force(self, gateway: Client) -> None:
        first = rule()
        gateway.put(f"/resourceOrderRule/{first['id']}", first, expect=201)
        order = service_order(
            serviceOrderItem=[
                service_item(serviceSpecification={"id": first["id"]}, serviceCharacteristic=[])
            ]
        )
        given = {"serviceOrder": order}
        second = rule(tests=[{"name": "of the first", "given": given, "expect": {}}])
        gateway.put(f"/resourceOrderRule/{second['id']}", second, expect=201)

    def test_rule_that_ties_with_one_in_force_is_refused_until_that_is_retired(
        self, gateway: Client
    ) -> None:
        first = rule()
        second = rule(appliesTo=first["appliesTo"])
        paths = [f"/resourceOrderRule/{one['id']}" for one in (first, second)]
        gateway.put(paths[0], first, expect=201)
        error = gateway.put(paths[1], second, expect=400)
        assert error["message"] == "appliesTo"
        assert f"ties with {first['id']}" in error["reason"]
        assert "retire it" in error["reason"]
        gateway.put(paths[1], {**second, "status": "draft"}, expect=201)
        gateway.put(paths[0], {**first, "version": 2}, expect=201)
        gateway.delete(paths[0])
        gateway.put(paths[1], {**second, "version": 2}, expect=201)
        assert outcome(gateway, first["id"])["rule"] == {"id": second["id"], "version": 2}

    @pytest.mark.parametrize(
        ("period", "expected"),
        [
            ({"startDateTime": "2001-01-01T00:00:00Z"}, "standard"),
            ({"endDateTime": "2099-01-01T00:00:00Z"}, "standard"),
            ({"startDateTime": "2099-01-01T00:00:00Z"}, "special"),
            ({"endDateTime": "2001-01-01T00:00:00Z"}, "special"),
        ],
    )
    def test_rule_decides_only_while_it_is_valid(
        self, gateway: Client, period: dict[str, str], expected: str
    ) -> None:
        new = rule(validFor=period)
        gateway.put(f"/resourceOrderRule/{new['id']}", new, expect=201)
        assert outcome(gateway, new["id"])["outcome"] == expected

    def test_draft_decides_nothing_and_leaves_the_version_before_in_force(
        self, gateway: Client
    ) -> None:
        new = rule()
        path = f"/resourceOrderRule/{new['id']}"
        gateway.put(path, new, expect=201)
        gateway.put(path, {**new, "version": 2, "status": "draft"}, expect=201)
        assert outcome(gateway, new["id"])["rule"]["version"] == 1

    @pytest.mark.parametrize(
        "expression",
        [
            "characteristic.list.map(x, characteristic.list).map(x, x) == []",
            "9223372036854775807 + item.quantity > 0",
            "characteristic.surprise.name == 'x'",
        ],
    )
    def test_expression_that_fails_makes_the_item_special_and_never_an_error(
        self, gateway: Client, expression: str
    ) -> None:
        # `feature` is never set in a sample, so these can't be found beforehand.
        when = f"has(feature.late) && {expression}"
        new = rule(special=[{"code": "late", "when": when, "reason": "Late."}])
        gateway.put(f"/resourceOrderRule/{new['id']}", new, expect=201)
        item = service_item(
            serviceSpecification={"id": new["id"]},
            serviceCharacteristic=[{"name": "list", "value": [[1] * 9] * 900}],
            feature=[{"name": "late", "featureCharacteristic": [{"name": "by", "value": 1}]}],
        )
        body = {"serviceOrder": service_order(serviceOrderItem=[item])}
        decided = gateway.post("/assessment", body, expect=200)["assessment"]["item"][0]
        assert decided["outcome"] == "special"
        assert [one["code"] for one in decided["reason"]] == ["ruleFailed"]


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

    def test_sort_is_heeded(self, gateway: Client) -> None:
        group = uuid.uuid4().hex
        made = [rule(name=f"{group} {text}") for text in ("b", "a", "c")]
        for new in made:
            gateway.put(f"/resourceOrderRule/{new['id']}", new, expect=201)
            gateway.put(f"/resourceOrderRule/{new['id']}", {**new, "version": 2}, expect=201)
        path = f"/resourceOrderRule?name.regex={group}&sort=version,-name"
        found = [(one["version"], one["name"][-1]) for one in gateway.get(path).document]
        assert found == [(1, "c"), (1, "b"), (1, "a"), (2, "c"), (2, "b"), (2, "a")]
        part = gateway.get(f"{path}&offset=2&limit=2", expect=206).document
        assert [(one["version"], one["name"][-1]) for one in part] == found[2:4]

    def test_sort_by_what_is_no_attribute_is_refused(self, gateway: Client) -> None:
        assert gateway.get("/resourceOrderRule?sort=unknown", expect=400)["message"] == "sort"


class TestCheckResourceOrderRule:
    def test_every_problem_is_told_and_nothing_kept(self, gateway: Client) -> None:
        wrong = rule(name=5, orderItem=[{}], special=[{"code": "c", "when": "nope", "reason": "r"}])
        told = gateway.post("/resourceOrderRule/check", wrong, expect=200)
        paths = {problem["path"] for problem in told["problem"]}
        assert {"name", "orderItem[0].key"} <= paths
        gateway.get(f"/resourceOrderRule/{wrong['id']}", expect=404)

    def test_problem_has_its_line_and_column_in_the_body(self, gateway: Client) -> None:
        text = json.dumps(rule(special=[{"code": "c", "when": "nope", "reason": "r"}]), indent=1)
        line = 1 + text[: text.index('"when"')].count("\n")
        headers = {"Content-Type": "application/json"}
        path = "/resourceOrderRule/check"
        told = gateway.call("POST", path, 200, data=text, headers=headers)
        (problem,) = told["problem"]
        assert (problem["path"], problem["line"], problem["column"]) == ("special[0].when", line, 4)

    def test_tests_of_a_rule_are_run(self, gateway: Client) -> None:
        test = {"name": "none", "given": {}, "expect": {"items": []}}
        told = gateway.post("/resourceOrderRule/check", rule(tests=[test]), expect=200)
        (problem,) = told["problem"]
        assert problem["path"] == "tests[0].expect.items"
        assert problem["message"] == 'test "none": did not expect port'

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
