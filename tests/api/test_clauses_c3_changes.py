"""C3, change and recovery: what a later request does to what was really delivered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from api.client import TMF652
from api.kinds import Wanted, characteristics, line, waits

if TYPE_CHECKING:
    from api.kinds import Bench, Document

REQUIRES = {
    "characteristic": {
        "speed": {"type": "integer"},
        "sites": {"type": "array", "items": {"type": "string"}},
    }
}
LINES = (
    line("port", characteristic={"speed": {"expr": "characteristic.speed"}}),
    line(
        "box",
        "port",
        domain="premises",
        forEach={"expr": "characteristic.sites", "as": "site"},
        characteristic={"site": {"expr": "site"}},
    ),
)


class Service:
    """A service that was asked for, and what is asked of it next."""

    def __init__(self, bench: Bench, **rule: Any) -> None:
        self.bench = bench
        self.id = f"service-{uuid4()}"
        self.specification = bench.rule(*LINES, requires=REQUIRES, **rule)

    def wanted(self, action: str, speed: int = 10, sites: str = "NS", **more: Any) -> Wanted:
        values = {"speed": speed, "sites": list(sites)}
        known: dict[str, Any] = {"characteristic": values, "service": self.id, **more}
        return Wanted(self.specification, action=action, **known)

    def ask(self, action: str, speed: int = 10, sites: str = "NS") -> Document:
        return self.bench.send(self.wanted(action, speed, sites))

    def delivered(self, speed: int = 10, sites: str = "NS") -> Document:
        return self.bench.deliver(self.ask("add", speed, sites))


@pytest.fixture
def service(bench: Bench) -> Service:
    return Service(bench)


def order_types(bench: Bench, record: Document) -> set[str]:
    return {one["orderType"] for one in bench.orders(record)}


class TestChange:
    def test_only_the_difference_is_ordered_and_refers_to_what_it_changes(
        self, bench: Bench, service: Service
    ) -> None:
        added = service.delivered(sites="NS")
        before, first = bench.resources(added), bench.by_domain(added)
        record = service.ask("modify", speed=20, sites="SE")
        assert order_types(bench, record) == {"change"}
        assert bench.actions(record) == {"port": "modify", "box/E": "add", "box/N": "delete"}
        after = bench.resources(record)
        assert (after["port"], after["box/N"]) == (before["port"], before["box/N"])
        assert after["box/E"] not in before.values()
        items = bench.items(record)
        assert characteristics(items["port"]["resource"]) == {"speed": 20}
        assert waits(items["box/E"]) == {items["port"]["id"]}
        for domain, order in bench.by_domain(record).items():
            assert first[domain]["id"] in {one["id"] for one in order["externalReference"]}

    def test_same_values_again_issue_nothing(self, bench: Bench, service: Service) -> None:
        service.delivered()
        record = service.ask("modify")
        assert (bench.orders(record), bench.codes(record)) == ([], ["alreadySo"])
        assert (record["assessment"]["outcome"], record["state"]) == ("standard", "completed")

    def test_change_of_a_change_is_told_from_all_of_it(
        self, bench: Bench, service: Service
    ) -> None:
        before = bench.resources(service.delivered(speed=10, sites="N"))
        bench.deliver(service.ask("modify", speed=20, sites="NS"))
        record = service.ask("modify", speed=10, sites="N")
        assert bench.actions(record) == {"port": "modify", "box/S": "delete"}
        assert bench.resources(record)["port"] == before["port"]

    def test_failed_change_is_as_if_it_had_not_been(self, bench: Bench, service: Service) -> None:
        service.delivered(speed=10, sites="N")
        for order in bench.orders(service.ask("modify", speed=20, sites="N")):
            bench.report(order, "inProgress", "failed")
        again = service.ask("modify", speed=20, sites="N")
        assert bench.actions(again) == {"port": "modify"}

    def test_change_that_is_taken_back_is_withdrawn(self, bench: Bench, service: Service) -> None:
        service.delivered(speed=10, sites="N")
        change = service.ask("modify", speed=20, sites="N")
        back = service.ask("modify", speed=10, sites="N")
        assert (bench.orders(back), bench.codes(back)) == ([], ["alreadySo", "superseded"])
        assert bench.record(change)["state"] == "cancelled"
        assert bench.record(back)["state"] == "completed"

    def test_what_is_on_its_way_counts_and_is_waited_for(
        self, bench: Bench, service: Service
    ) -> None:
        added = service.ask("add", speed=10, sites="N")
        access = bench.by_domain(added)["access"]
        bench.report(access, "inProgress")
        record = service.ask("modify", speed=20, sites="N")
        assert bench.actions(record) == {"port": "modify", "box/N": "add"}
        (related,) = bench.items(record)["port"]["orderItemRelationship"]
        assert related["orderItem"]["resourceOrderId"] == access["id"]
        before = {domain: one["state"] for domain, one in bench.by_domain(added).items()}
        assert before == {"access": "inProgress", "premises": "cancelled"}
        bench.deliver(record)

    def test_orders_that_nobody_began_with_are_superseded(
        self, bench: Bench, service: Service
    ) -> None:
        added = service.ask("add", speed=10, sites="N")
        record = service.ask("modify", speed=20, sites="N")
        assert order_types(bench, record) == {"provision"}
        assert bench.actions(record) == {"port": "add", "box/N": "add"}
        assert bench.codes(record) == ["superseded"]
        assert {one["state"] for one in bench.orders(added)} == {"cancelled"}
        assert bench.record(added)["state"] == "cancelled"

    def test_while_an_order_is_being_cancelled_people_decide(
        self, bench: Bench, service: Service
    ) -> None:
        added = service.ask("add", speed=10, sites="N")
        access = bench.by_domain(added)["access"]
        bench.report(access, "inProgress")
        cancel = {"resourceOrder": {"id": access["id"]}}
        bench.api.post(f"{TMF652}/cancelResourceOrder", cancel, expect=201)
        record = service.ask("modify", speed=20, sites="N")
        assert bench.codes(record) == ["beingCancelled"]
        assert record["assessment"]["outcome"] == "special"


class TestRecovery:
    def test_what_was_delivered_is_taken_away_from_the_outside_in(
        self, bench: Bench, service: Service
    ) -> None:
        before = bench.resources(service.delivered(sites="NS"))
        record = service.ask("delete")
        assert order_types(bench, record) == {"recover"}
        assert set(bench.actions(record).values()) == {"delete"}
        assert bench.resources(record) == before
        items = bench.items(record)
        assert waits(items["port"]) == {items["box/N"]["id"], items["box/S"]["id"]}
        assert waits(items["box/N"]) == set()

    def test_deleted_orders_are_remembered(self, bench: Bench, service: Service) -> None:
        added = service.delivered(sites="N")
        before = bench.resources(added)
        for order in bench.orders(added):
            bench.api.delete(f"{TMF652}/resourceOrder/{order['id']}")
        record = service.ask("delete")
        assert bench.resources(record) == before

    def test_what_failed_is_not_there_to_be_taken_away(
        self, bench: Bench, service: Service
    ) -> None:
        orders = bench.by_domain(service.ask("add", sites="N"))
        bench.report(orders["access"], "inProgress", "completed")
        bench.report(orders["premises"], "inProgress", "failed")
        assert bench.actions(service.ask("delete")) == {"port": "delete"}

    def test_what_was_taken_away_is_gone(self, bench: Bench, service: Service) -> None:
        service.delivered()
        bench.deliver(service.ask("delete"))
        for action in ("delete", "modify"):
            record = service.ask(action)
            assert (record["state"], bench.codes(record)) == ("rejected", ["neverDelivered"])

    def test_orders_that_nobody_began_with_are_withdrawn(
        self, bench: Bench, service: Service
    ) -> None:
        added = service.ask("add")
        record = service.ask("delete")
        assert (bench.orders(record), bench.codes(record)) == ([], ["withdrawn"])
        assert {one["state"] for one in bench.orders(added)} == {"cancelled"}
        states = [bench.record(one)["state"] for one in (added, record)]
        assert states == ["cancelled", "completed"]

    def test_dependency_between_two_that_are_deleted_is_turned_round(
        self, bench: Bench, service: Service
    ) -> None:
        other = Service(bench)
        service.delivered(sites="N")
        other.delivered(sites="N")
        record = bench.send(
            service.wanted("delete", id="a"), other.wanted("delete", id="b", waits_for=("a",))
        )
        items = [item for order in bench.orders(record) for item in order["orderItem"]]
        ids = {
            (item["requestedItem"]["id"], item["requestedItem"]["line"]): item["id"]
            for item in items
        }
        waiting = {item["id"]: waits(item) for item in items}
        assert waiting[ids["a", "box/N"]] == {ids["b", "port"]}
        assert waiting[ids["b", "box/N"]] == set()

    def test_resource_is_named_by_the_requester(self, bench: Bench) -> None:
        named = f"resource-{uuid4()}"
        record = bench.send(Wanted("svc-old", action="delete", resource=named))
        (item,) = bench.order(record)["orderItem"]
        assert (item["action"], item["resource"]["id"]) == ("delete", named)
        assert order_types(bench, record) == {"recover"}

    def test_named_resource_is_changed(self, bench: Bench, service: Service) -> None:
        before = bench.resources(service.delivered(sites="N"))
        wanted = Wanted(
            service.specification,
            action="modify",
            resource=before["port"],
            characteristic={"speed": 30, "sites": []},
        )
        record = bench.send(wanted)
        (item,) = bench.order(record)["orderItem"]
        assert (item["action"], item["resource"]["id"]) == ("modify", before["port"])


def test_rehearsal_of_a_change_withdraws_nothing(bench: Bench, service: Service) -> None:
    added = service.ask("add", sites="N")
    rehearsed = bench.rehearse(service.wanted("modify", speed=20, sites="N"))
    assert {one["orderType"] for one in rehearsed["resourceOrder"]} == {"provision"}
    assert {one["state"] for one in bench.orders(added)} == {"acknowledged"}


def test_survey_of_a_change_comes_first_where_the_rule_wants_one(bench: Bench) -> None:
    service = Service(bench, feasibility="always")
    added = service.ask("add", sites="N")
    early = service.ask("modify", speed=20, sites="N")
    assert bench.codes(early) == ["beingAssessed"]
    bench.answer(added, result="feasible")
    bench.deliver(added)
    record = service.ask("modify", speed=20, sites="N")
    assert order_types(bench, record) == {"feasibility"}
    bench.answer(record, result="feasible")
    assert order_types(bench, record) == {"feasibility", "change"}
