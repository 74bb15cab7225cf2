"""C8: every issued set is correct and complete, or nothing of it is issued."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from api.client import GATEWAY
from api.kinds import SERVICE_ORDER, Bench, Wanted, line

if TYPE_CHECKING:
    from api.client import Client
    from api.kinds import Document

COUNT = {"characteristic": {"count": {"type": "integer", "minimum": 1}}}
MANY = {"expr": "characteristic.many", "as": "one"}
FEW = {"expr": "characteristic.few", "as": "one"}


def lists(few: int, many: int) -> Document:
    return {"few": list(range(few)), "many": [f"m{one}" for one in range(many)]}


BREAKING: dict[str, tuple[list[Document], Document, Document, str]] = {
    "it gives no item": (
        [line("port", when="characteristic.count > 2")],
        COUNT,
        {"count": 1},
        "incompleteDetermination",
    ),
    "a quantity is not positive": (
        [line("cable", quantity={"expr": "7 - characteristic.count"}, unit="bulk")],
        COUNT,
        {"count": 7},
        "ruleFailed",
    ),
    "there are too many items": (
        [line("port", quantity={"expr": "characteristic.count"})],
        COUNT,
        {"count": 2001},
        "ruleFailed",
    ),
    "there are too many dependencies": (
        [line("a", forEach=FEW), line("b", "a", forEach=MANY)],
        {"characteristic": {"few": {"type": "array"}, "many": {"type": "array"}}},
        lists(101, 101),
        "incompleteDetermination",
    ),
    "a name is no text": (
        [line("port", resource={"name": {"expr": "characteristic.name"}})],
        {"characteristic": {"name": {}}},
        {"name": 5},
        "ruleFailed",
    ),
    "a list is no list": (
        [line("port", forEach={"expr": "characteristic.sites", "as": "site"})],
        {"characteristic": {"sites": {}}},
        {"sites": 5},
        "ruleFailed",
    ),
}


@pytest.mark.parametrize("case", BREAKING)
def test_set_of_a_rule_that_is_broken_is_handed_over_whole(bench: Bench, case: str) -> None:
    lines, requires, values, code = BREAKING[case]
    specification = bench.rule(*lines, requires=requires)
    beside = Wanted(bench.rule(), "2")
    record = bench.send(Wanted(specification, characteristic=values), beside)
    assert bench.codes(record) == [code]
    (reason,) = bench.assessed(record)["reason"]
    assert (reason["path"], bool(reason["message"])) == (bench.kind.item_at(0), True)
    found = bench.by_domain(record)
    assert [one["id"] for one in found["specialHandling"]["orderItem"]] == ["1"]
    assert [one["id"] for one in found["access"]["orderItem"]] == ["2-port"]
    assert len(bench.hand_overs(record)) == 1


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"orderItem": [line("a", "b"), line("b", "a")]}, "depends on itself"),
        ({"orderItem": [line("a", "nothing")]}, "nothing"),
        ({"orderItem": []}, "orderItem"),
        ({"orderItem": [line("a"), line("a")]}, "a"),
        ({"orderItem": [line("a", when="characteristic.unknown > 1")]}, "unknown"),
        ({"orderItem": [line("a", when="1 +")]}, "read"),
        ({"special": [{"code": "x", "when": "1 + 1", "reason": "r"}]}, "special"),
    ],
)
def test_rule_that_could_never_give_a_whole_set_is_refused(
    api: Client, change: Document, found: str
) -> None:
    rule_id = f"rule-{uuid4()}"
    rule: dict[str, Any] = {
        "id": rule_id,
        "version": 1,
        "name": "Broken",
        "appliesTo": {"specification": {"id": f"svc-{rule_id}"}},
        "orderItem": [line("a")],
        **change,
    }
    error = api.put(f"{GATEWAY}/resourceOrderRule/{rule_id}", rule, expect=400)
    assert found in error["reason"]
    problems = api.post(f"{GATEWAY}/resourceOrderRule/check", rule, expect=200)["problem"]
    assert any(one["message"] in error["reason"] for one in problems)


def test_rule_that_ties_with_one_in_force_is_refused(api: Client) -> None:
    specification = Bench(api, SERVICE_ORDER).rule()
    rule = {
        "id": f"rule-{uuid4()}",
        "version": 1,
        "name": "Twin",
        "appliesTo": {"specification": {"id": specification}},
        "orderItem": [line("a")],
    }
    api.put(f"{GATEWAY}/resourceOrderRule/{rule['id']}", rule, expect=400)


def test_all_that_was_asked_for_is_ordered_and_nothing_twice(bench: Bench) -> None:
    specification = bench.rule(line("port", quantity=2), line("vlan", "port", domain="core"))
    wanted = [
        Wanted(specification, str(number), waits_for=(str(number - 1),) if number else ())
        for number in range(4)
    ]
    record = bench.send(*wanted)
    orders = bench.orders(record)
    ids = {(one["id"], item["id"]) for one in orders for item in one["orderItem"]}
    resources = [item["resource"]["id"] for one in orders for item in one["orderItem"]]
    assert len(resources) == len(set(resources)) == 12
    for one in orders:
        for item in one["orderItem"]:
            assert item["action"] == "add"
            assert item["quantity"] >= 1
            assert item["resourceSpecification"]["id"]
            for related in item.get("orderItemRelationship", []):
                target = related["orderItem"]
                assert (target.get("resourceOrderId", one["id"]), target["itemId"]) in ids
    covered = {item["requestedItem"]["id"] for one in orders for item in one["orderItem"]}
    assert covered == {one.id for one in wanted}


def test_determined_order_that_is_broken_is_refused(bench: Bench) -> None:
    record = bench.send(Wanted("svc-nobody-knows"))
    items = [
        {
            "id": one,
            "action": "add",
            "resourceSpecification": {"id": "rs-1"},
            "orderItemRelationship": [
                {"relationshipType": "dependency", "orderItem": {"itemId": other}}
            ],
        }
        for one, other in (("1", "2"), ("2", "1"))
    ]
    bench.answer(record, expect=400, result="feasible", resourceOrder=[{"orderItem": items}])
    assert [one["state"] for one in bench.hand_overs(record)] == ["open"]
