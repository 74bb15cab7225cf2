"""C4: a standard set is issued, and a record is made of the request and its orders."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

from api.client import GATEWAY, TMF652
from api.kinds import Wanted, characteristics, line

if TYPE_CHECKING:
    from api.kinds import Bench

REQUIRES = {"characteristic": {"speed": {"type": "integer"}}}
SPECIAL = [{"code": "tooFast", "when": "characteristic.speed > 50", "reason": "So fast."}]


def path_of(bench: Bench, href: str) -> str:
    assert href.startswith(bench.api.url)
    return href.removeprefix(bench.api.url)


def events(record: dict[str, Any]) -> list[str]:
    return [one["event"] for one in record["timeline"]]


def test_record_leads_to_all_that_was_issued_and_each_of_it_leads_back(bench: Bench) -> None:
    specification = bench.rule(line("port"), line("vlan", "port", domain="core"))
    record = bench.send(Wanted(specification), Wanted("svc-nobody-knows", "2"))
    orders = {one["id"]: one for one in bench.orders(record)}
    assert {one["id"]: one["domain"] for one in record["resourceOrder"]} == {
        one["id"]: one["domain"] for one in orders.values()
    }
    for reference in record["resourceOrder"]:
        order = bench.api.get(path_of(bench, reference["href"])).document
        assert order == orders[reference["id"]]
        back = bench.api.get(path_of(bench, order["initiatingRequest"]["href"])).document
        assert back == record
    (handed,) = bench.hand_overs(record)
    assert handed["initiatingRequest"]["id"] == record["id"]
    assert handed["requestedItem"]["id"] == "2"
    assert bench.api.get(path_of(bench, handed["resourceOrder"]["href"])).document in [
        *orders.values()
    ]
    if bench.kind.is_service_order:
        source = bench.api.get(path_of(bench, record["source"]["href"])).document
        assert source["id"] == record["id"]
        for order in orders.values():
            assert order["externalReference"][0]["id"] == source["id"]


def test_each_order_item_says_where_it_came_from_and_each_item_what_it_took(bench: Bench) -> None:
    specification = bench.rule(line("port"), line("vlan", "port", domain="core"))
    service = f"service-{uuid4()}"
    record = bench.send(Wanted(specification, service=service), Wanted(specification, "2"))
    said = {
        (one["resourceOrderId"], one["itemId"]): item["id"]
        for item in record["assessment"]["item"]
        for one in item["resourceOrderItem"]
    }
    found = {
        (order["id"], item["id"]): item["requestedItem"]["id"]
        for order in bench.orders(record)
        for item in order["orderItem"]
    }
    assert said == found
    assert len(said) == 4
    (port, vlan) = record["assessment"]["item"][0]["resourceOrderItem"]
    assert (port["line"], vlan["line"]) == ("port", "vlan")
    named = [item["requestedItem"] for order in bench.orders(record) for item in order["orderItem"]]
    assert {one["service"]["id"] for one in named if one["id"] == "1"} == {service}


def test_conditions_are_kept_with_their_values(bench: Bench) -> None:
    specification = bench.rule(
        requires=REQUIRES, special=SPECIAL, appliesTo={"when": "item.quantity < 5"}
    )
    for speed, value in ((10, False), (60, True)):
        record = bench.send(Wanted(specification, characteristic={"speed": speed}))
        (item,) = record["assessment"]["item"]
        conditions = {one["code"]: one for one in item["condition"]}
        assert conditions["tooFast"]["expression"] == SPECIAL[0]["when"]
        assert conditions["tooFast"]["value"] is value
        assert conditions["tooFast"]["given"] == [{"name": "characteristic.speed", "value": speed}]
        assert conditions["appliesTo"]["value"] is True
        assert [one["code"] for one in item.get("reason", [])] == ["tooFast"] * value


def test_version_that_decided_is_kept_whatever_the_rule_becomes(bench: Bench) -> None:
    rule_id = f"rule-{uuid4()}"
    specification = bench.rule(line("first"), id=rule_id)
    first = bench.send(Wanted(specification))
    bench.rule(line("second"), id=rule_id, specification=specification, version=2)
    second = bench.send(Wanted(specification))
    bench.api.delete(f"{GATEWAY}/resourceOrderRule/{rule_id}")
    third = bench.send(Wanted(specification))
    decided = [bench.assessed(one).get("rule") for one in (first, second, third)]
    assert decided == [{"id": rule_id, "version": 1}, {"id": rule_id, "version": 2}, None]
    assert [list(bench.items(one)) for one in (first, second)] == [["first"], ["second"]]
    assert bench.codes(third) == ["noRule"]
    for version, key in ((1, "first"), (2, "second")):
        kept = bench.api.get(f"{GATEWAY}/resourceOrderRule/{rule_id}?version={version}").document
        assert kept["orderItem"][0]["key"] == key


def test_request_is_kept_in_one_shape_whatever_door_it_came_by(bench: Bench) -> None:
    values, places, parties = {"speed": 10}, {"site": "adr-1"}, {"owner": "org-1"}
    wanted = Wanted("svc-1", "b", "add", values, places, parties, ("a",), quantity=2)
    record = bench.send(Wanted("svc-1", "a"), wanted)
    item = record["requestedItem"][1]
    assert (item["id"], item["action"], item["quantity"]) == ("b", "add", 2)
    assert item["specification"]["id"] == "svc-1"
    assert characteristics(item) == {"speed": 10}
    assert [one["id"] for one in item["place"]] == ["adr-1"]
    assert [one["role"] for one in item["relatedParty"]] == ["owner"]
    assert [one["itemId"] for one in item["requestedItemRelationship"]] == ["a"]


def test_timeline_tells_what_happened_in_order(bench: Bench) -> None:
    record = bench.send(Wanted(bench.rule()), Wanted("svc-nobody-knows", "2"))
    assert events(record) == ["received", "assessed", "issued", "handedOver"]
    bench.answer(
        record,
        "2",
        result="infeasible",
    )
    (standard,) = [one for one in bench.orders(record) if one["orderType"] == "provision"]
    bench.report(standard, "inProgress", "completed")
    after = bench.record(record)
    told = events(after)
    assert told[4:6] == ["feasibilityAssessed", "assessed"]
    assert told.count("resourceOrderStateChanged") == 3
    dates = [one["date"] for one in after["timeline"]]
    assert dates == sorted(dates)
    assert after["timeline"][-1]["detail"].endswith(f"-> {after['state']}")


def test_record_stays_when_its_orders_are_deleted(bench: Bench) -> None:
    record = bench.deliver(bench.send(Wanted(bench.rule(line("port"), line("vlan", domain="b")))))
    for order in bench.orders(record):
        bench.api.delete(f"{TMF652}/resourceOrder/{order['id']}")
    if bench.kind.is_service_order:
        bench.api.delete(f"{bench.kind.path}/{record['id']}")
    after = bench.record(record)
    assert after["state"] == "completed"
    for name in ("requestedItem", "assessment", "resourceOrder"):
        assert after[name] == record[name]


def test_rehearsal_says_the_same_and_leaves_nothing(bench: Bench) -> None:
    specification = bench.rule(requires=REQUIRES, special=SPECIAL)
    external_id = f"EXT-{uuid4()}"
    for speed, outcome in ((10, "standard"), (60, "special"), ("x", "rejected")):
        wanted = Wanted(specification, characteristic={"speed": speed})
        found = bench.rehearse(wanted, externalId=external_id)
        assert found["assessment"]["outcome"] == outcome
        assert bool(found["resourceOrder"]) is (outcome != "rejected")
        assert bool(found["specialHandling"]) is (outcome == "special")
    assert bench.api.get(f"{GATEWAY}/initiatingRequest?externalId={external_id}").document == []
