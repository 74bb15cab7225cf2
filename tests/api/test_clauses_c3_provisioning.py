"""C3, new provisioning: which orders and order items a standard set is, and what waits for what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from api.kinds import Wanted, characteristics, line, waits

if TYPE_CHECKING:
    from api.kinds import Bench

SITES = {"sites": {"type": "array", "items": {"type": "string"}}}
EARLY, LATE = "2099-01-15T08:00:00.000Z", "2099-03-15T08:00:00.000Z"


def test_each_domain_has_its_order_and_dependencies_cross_them(bench: Bench) -> None:
    specification = bench.rule(
        line("port"), line("ont", "port"), line("vlan", "port", "ont", domain="core")
    )
    record = bench.send(Wanted(specification))
    orders = bench.by_domain(record)
    assert {name: one["orderType"] for name, one in orders.items()} == {
        "access": "provision",
        "core": "provision",
    }
    port, ont = orders["access"]["orderItem"]
    (vlan,) = orders["core"]["orderItem"]
    assert (waits(port), waits(ont), waits(vlan)) == (set(), {"1-port"}, {"1-port", "1-ont"})
    targets = [one["orderItem"] for one in vlan["orderItemRelationship"]]
    assert {one["resourceOrderId"] for one in targets} == {orders["access"]["id"]}
    assert "resourceOrderId" not in ont["orderItemRelationship"][0]["orderItem"]


def test_line_that_is_not_wanted_hands_on_what_it_waits_for(bench: Bench) -> None:
    specification = bench.rule(
        line("port"),
        line("box", "port", when='has(characteristic.box) && characteristic.box == "yes"'),
        line("vlan", "box"),
        requires={"characteristic": {"box": {"type": "string", "optional": True}}},
    )
    without = bench.items(bench.send(Wanted(specification)))
    assert (set(without), waits(without["vlan"])) == ({"port", "vlan"}, {"1-port"})
    both = bench.items(bench.send(Wanted(specification, characteristic={"box": "yes"})))
    assert (set(both), waits(both["vlan"])) == ({"port", "box", "vlan"}, {"1-box"})


def test_item_that_waits_for_another_waits_for_its_last_order_items(bench: Bench) -> None:
    specification = bench.rule(line("port"), line("vlan", "port", domain="core"))
    record = bench.send(Wanted(specification, "b", waits_for=("a",)), Wanted(specification, "a"))
    items = {item["id"]: item for order in bench.orders(record) for item in order["orderItem"]}
    assert {item_id: waits(item) for item_id, item in items.items()} == {
        "a-port": set(),
        "a-vlan": {"a-port"},
        "b-port": {"a-vlan"},
        "b-vlan": {"b-port"},
    }


@pytest.mark.parametrize(("unit", "quantities"), [("each", [1] * 6), ("bulk", [6])])
def test_quantity_is_ordered_one_by_one_or_in_bulk(
    bench: Bench, unit: str, quantities: list[int]
) -> None:
    specification = bench.rule(line("cable", quantity=2, unit=unit))
    record = bench.send(Wanted(specification, quantity=3))
    items = bench.order(record)["orderItem"]
    assert [one["quantity"] for one in items] == quantities
    assert len({one["resource"]["id"] for one in items}) == len(quantities)


def test_what_belongs_to_one_unit_waits_for_that_unit_only(bench: Bench) -> None:
    specification = bench.rule(
        line("port"), line("box", "port"), line("cable", unit="bulk"), line("test", "cable", "box")
    )
    items = {
        one["id"]: one
        for one in bench.order(bench.send(Wanted(specification, quantity=2)))["orderItem"]
    }
    assert waits(items["1-box-2"]) == {"1-port-2"}
    assert waits(items["1-test-2"]) == {"1-cable", "1-box-2"}


def test_each_element_of_a_list_has_its_own(bench: Bench) -> None:
    over: dict[str, Any] = {"forEach": {"expr": "characteristic.sites", "as": "site"}}
    specification = bench.rule(
        line("core"),
        line("port", "core", characteristic={"site": {"expr": "site"}}, **over),
        line("box", "port", domain="premises", **over),
        requires={"characteristic": SITES},
    )
    record = bench.send(Wanted(specification, characteristic={"sites": ["N", "S"]}))
    items = bench.items(record)
    assert set(items) == {"core", "port/N", "port/S", "box/N", "box/S"}
    assert characteristics(items["port/S"]["resource"]) == {"site": "S"}
    assert waits(items["box/S"]) == {items["port/S"]["id"]}


def test_values_of_a_rule_are_literals_or_computed(bench: Bench) -> None:
    specification = bench.rule(
        line(
            "port",
            resource={"@type": "LogicalResource", "name": {"expr": '"Port for " + item.id'}},
            characteristic={
                "vendor": "ACME",
                "mbit": {"expr": "characteristic.gbit * 1000"},
                "names": {"expr": '["a", "b"]'},
            },
        ),
        requires={"characteristic": {"gbit": {"type": "integer", "maximum": 100}}},
    )
    (item,) = bench.order(bench.send(Wanted(specification, characteristic={"gbit": 10})))[
        "orderItem"
    ]
    assert item["resource"]["name"] == "Port for 1"
    assert characteristics(item["resource"]) == {
        "vendor": "ACME",
        "mbit": 10000,
        "names": ["a", "b"],
    }
    assert item["resourceSpecification"]["id"] == "rs-port"


def test_different_start_dates_split_an_order(bench: Bench) -> None:
    specification = bench.rule()
    wanted = [
        Wanted(specification, one, door={"requestedStartDate": date} if date else {})
        for one, date in (
            ("1", EARLY),
            ("2", LATE),
            ("3", None),
            ("4", "2099-01-15T09:00:00+01:00"),
        )
    ]
    record = bench.send(*wanted, requestedStartDate=EARLY)
    found = {
        one["requestedStartDate"]: [item["id"] for item in one["orderItem"]]
        for one in bench.orders(record)
    }
    assert found == {EARLY: ["1-port", "3-port", "4-port"], LATE: ["2-port"]}


def test_appointment_goes_where_somebody_has_to_come(bench: Bench) -> None:
    specification = bench.rule(line("port"), line("box", "port", appointment=True))
    appointment = {"id": "app-1", "href": "http://x/app-1"}
    items = bench.items(bench.send(Wanted(specification, door={"appointment": appointment})))
    assert "appointment" not in items["port"]
    assert items["box"]["appointment"]["id"] == "app-1"


def test_no_change_takes_nothing_unless_another_item_waits_for_it(bench: Bench) -> None:
    specification, service = bench.rule(line("port"), line("vlan", "port")), f"service-{uuid4()}"
    known = bench.deliver(bench.send(Wanted(specification, service=service)))
    stays = Wanted(specification, "1", "noChange", service=service)
    alone = bench.send(stays)
    assert (bench.orders(alone), alone["state"]) == ([], "completed")
    beside = bench.send(stays, Wanted(specification, "2", waits_for=("1",)))
    items = {one["id"]: one for one in bench.order(beside)["orderItem"]}
    (standing,) = [one for one in items.values() if one["action"] == "noChange"]
    assert standing["resource"]["id"] == bench.resources(known)["vlan"]
    assert waits(items["2-port"]) == {standing["id"]}


def test_same_request_gets_the_same_orders_and_a_rehearsal_has_their_very_ids(
    bench: Bench,
) -> None:
    specification = bench.rule(line("port"), line("vlan", "port", domain="core"))
    wanted, key = [Wanted(specification), Wanted("svc-nobody-knows", "2")], f"key-{uuid4()}"
    rehearsed = bench.rehearse(*wanted, key=key)
    assert (
        bench.api.get(
            f"/gateway/v1/initiatingRequest?requestedItem.specification.id={specification}"
        ).document
        == []
    )
    first = bench.send(*wanted, key=key)
    again = bench.send(*wanted, key=key)
    assert again == first
    orders = {one["id"]: one for one in bench.orders(first)}
    assert {one["id"] for one in rehearsed["resourceOrder"]} == set(orders)
    for one in rehearsed["resourceOrder"]:
        real = orders[one["id"]]
        assert [item["id"] for item in one["orderItem"]] == [
            item["id"] for item in real["orderItem"]
        ]
        assert [item["resource"]["id"] for item in one["orderItem"]] == [
            item["resource"]["id"] for item in real["orderItem"]
        ]
    assert rehearsed["assessment"] == first["assessment"]
    bench.post(Wanted(specification), expect=422, key=key)


def test_rule_that_wants_a_survey_first_issues_that(bench: Bench) -> None:
    specification = bench.rule(feasibility="always")
    record = bench.send(Wanted(specification))
    assert [one["orderType"] for one in bench.orders(record)] == ["feasibility"]
    assert bench.codes(record) == ["feasibilityFirst"]
    assert bench.hand_overs(record) == []
