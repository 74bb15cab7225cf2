"""Changes, case by case; what holds for all of them is in `test_change_properties`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from fakes import Computed
from make import item, line, request, rule
from network import Network, actions, codes, order_types
from ordergate.model.common import Action, Specification
from ordergate.process.assessment import Outcome
from ordergate.process.rules import AppliesTo, Feasibility, Literal, SpecialCondition

if TYPE_CHECKING:
    from ordergate.process.decision import Decision
    from ordergate.process.request import InitiatingRequest, RequestedItem
    from ordergate.process.rules import OrderItemTemplate

SPEED = Computed("speed", lambda scope: scope["characteristic"]["speed"])
WIFI = Computed("wifi", lambda scope: scope["characteristic"].get("wifi", False))
LINES = (
    line("port", characteristic={"speed": SPEED}),
    line("ont", "port", resource={"name": Literal("ont"), "@type": Literal("PhysicalResource")}),
    line("wifi", "ont", when=WIFI),
    line("vlan", "port", domain="core", characteristic={"speed": SPEED}),
)


def about(
    action: Action, item_id: str = "1", service: str | None = "s", **said: Any
) -> RequestedItem:
    changes = said.pop("item", {})
    return item(item_id, action=action, service_id=service, characteristic=said, **changes)


def asked(number: int, *items: RequestedItem, **changes: Any) -> InitiatingRequest:
    return request(*items, id=f"req-{number}", href=f"http://x/{number}", **changes)


def delivered(*lines: OrderItemTemplate, **said: Any) -> Network:
    """Return a network with a service that was added and built."""
    network = Network(rule(*(lines or LINES)))
    network.take(asked(1, about(Action.ADD, **{"speed": 10, **said})))
    network.build_all()
    return network


def waits(decision: Decision) -> dict[str, list[str]]:
    """Return item to what it waits for; `@` before an item that was issued before."""
    ours = {order.id for order in decision.all_orders}
    return {
        one.id: [
            ("" if to.resource_order_id in {None, *ours} else "@") + to.item_id
            for to in one.depends_on
        ]
        for order in decision.all_orders
        for one in order.item
    }


class TestModify:
    def test_line_that_is_new_waits_for_what_stays_as_it_is(self) -> None:
        decision = delivered().take(asked(2, about(Action.MODIFY, speed=10, wifi=True)))
        assert actions(decision) == {"1-wifi": "add"}
        assert waits(decision) == {"1-wifi": ["@1-ont"]}

    def test_line_that_is_no_longer_given_is_taken_away(self) -> None:
        network = delivered(wifi=True)
        decision = network.take(asked(2, about(Action.MODIFY, speed=20)))
        assert actions(decision) == {
            "1-port": "modify",
            "1-vlan": "modify",
            "1-delete-1": "delete",
        }
        assert waits(decision) == {"1-port": [], "1-vlan": ["1-port"], "1-delete-1": []}

    def test_change_goes_where_the_resource_was_delivered(self) -> None:
        network = delivered()
        elsewhere = [replace(one, domain="edge") for one in LINES]
        network.rules = (rule(*elsewhere),)
        decision = network.take(asked(2, about(Action.MODIFY, speed=20, wifi=True)))
        assert {one.domain: len(one.item) for one in decision.all_orders} == {
            "access": 1,
            "edge": 1,
            "core": 1,
        }

    def test_place_specification_and_quantity_are_differences_too(self) -> None:
        bulk = line("cable", quantity=SPEED, bulk=True, place="site")
        network = delivered(bulk)
        longer = about(Action.MODIFY, speed=11)
        assert network.decide(asked(2, longer)).all_orders[0].item[0].quantity == 11
        placed = about(Action.MODIFY, speed=10, item={"place": {"site": {"id": "p"}}})
        assert actions(network.decide(asked(2, placed))) == {"1-cable": "modify"}
        network.rules = (rule(replace(bulk, resource_specification=Specification("rs-new"))),)
        assert actions(network.decide(asked(2, about(Action.MODIFY, speed=10)))) == {
            "1-cable": "modify"
        }

    def test_what_the_network_added_is_no_difference(self) -> None:
        network = delivered()
        for order in network.orders.values():
            for one in order["orderItem"]:
                serial = {"name": "serialNumber", "value": "X1"}
                one["resource"].setdefault("resourceCharacteristic", []).append(serial)
            network.book.put(order)
        assert codes(network.take(asked(2, about(Action.MODIFY, speed=10)))) == {"1": ["alreadySo"]}

    def test_characteristic_that_the_rule_gives_no_more_is_a_difference(self) -> None:
        network = delivered(line("port", characteristic={"speed": SPEED, "old": Literal(1)}))
        network.rules = (rule(line("port", characteristic={"speed": SPEED})),)
        modify = asked(2, about(Action.MODIFY, speed=10))
        assert actions(network.take(modify)) == {"1-port": "modify"}
        network.build_all()
        again = asked(3, about(Action.MODIFY, speed=10))
        assert codes(network.take(again)) == {"1": ["alreadySo"]}

    def test_rule_sees_what_was_delivered_before(self) -> None:
        grown = Computed("grown", lambda scope: scope["previous"]["characteristic"] != {})
        network = Network(rule(*LINES, special=(SpecialCondition("grown", grown, "Grown."),)))
        first = network.take(asked(1, about(Action.ADD, speed=10)))
        assert first.outcome is Outcome.STANDARD
        network.build_all()
        assert codes(network.take(asked(2, about(Action.MODIFY, speed=20)))) == {"1": ["grown"]}

    def test_rule_that_wants_a_survey_first_has_the_change_surveyed(self) -> None:
        network = delivered()
        network.rules = (rule(*LINES, feasibility=Feasibility.ALWAYS),)
        decision = network.take(asked(2, about(Action.MODIFY, speed=20)))
        assert order_types(decision) == ["feasibility"]
        same = network.decide(asked(3, about(Action.MODIFY, speed=10)))
        assert (same.all_orders, codes(same)) == ((), {"1": ["alreadySo"]})
        assert same.assessment[0].is_provisioned


class TestNamedResources:
    def modify(self, *resources: dict[str, Any], lines: tuple[Any, ...] = LINES) -> Decision:
        named = {"supporting_resource": resources}
        network = Network(rule(*lines))
        return network.take(asked(1, about(Action.MODIFY, speed=10, service=None, item=named)))

    def test_resources_are_known_by_specification_or_name(self) -> None:
        decision = self.modify(
            {"id": "r-1", "resourceSpecification": {"id": "rs-port"}}, {"id": "r-2", "name": "ont"}
        )
        assert actions(decision) == {"1-port": "modify", "1-ont": "modify", "1-vlan": "add"}
        named = {one.id: one.resource.id for one in decision.all_orders[0].item}
        assert (named["1-port"], named["1-ont"]) == ("r-1", "r-2")

    @pytest.mark.parametrize(
        "resources",
        [
            [{"id": "r-1"}],
            [{"id": "r-1", "name": "port"}, {"id": "r-2", "name": "port"}],
            [{"id": "r-1", "resourceSpecification": {"id": "rs-other"}}],
        ],
    )
    def test_resource_that_could_be_several_or_none_is_handed_over(
        self, resources: list[dict[str, Any]]
    ) -> None:
        decision = self.modify(*resources)
        assert (decision.outcome, codes(decision)) == (
            Outcome.SPECIAL,
            {"1": ["ambiguousResource"]},
        )

    def test_one_line_and_one_resource_belong_together(self) -> None:
        decision = self.modify({"id": "r-1"}, lines=(LINES[0],))
        assert actions(decision) == {"1-port": "modify"}

    def test_named_resource_is_taken_away_where_its_specification_is_known(self) -> None:
        named = (
            {"id": "r-1", "resourceSpecification": {"id": "rs-vlan"}},
            {"id": "r-2", "href": "http://inventory/r-2"},
        )
        gone = about(Action.DELETE, service=None, item={"supporting_resource": named})
        decision = Network(rule(*LINES)).take(asked(1, gone))
        found = {one.domain: one.item[0].resource for one in decision.all_orders}
        assert {domain: one.id for domain, one in found.items()} == {
            "core": "r-1",
            "default": "r-2",
        }
        assert found["default"].href == "http://inventory/r-2"

    def test_delivered_resource_is_changed_and_taken_away_by_its_id(self) -> None:
        network = delivered(LINES[0])
        (port_id,) = network.resource
        port = Specification("rs-port")
        network.rules = (rule(LINES[0], applies_to=AppliesTo(port)),)

        def trouble(action: Action, speed: int) -> RequestedItem:
            named = {"supporting_resource": ({"id": port_id},), "resource_id": port_id}
            plain = about(action, service=None, speed=speed, item=named)
            return replace(plain, specification=port)

        slower = network.take(asked(2, trouble(Action.MODIFY, 5)))
        (changed,) = slower.all_orders[0].item
        assert (changed.action, changed.resource.id) == (Action.MODIFY, port_id)
        assert (changed.line, changed.service_id) == ("port", "s")
        network.build_all()
        assert network.lines("s")["port"][1] == {"speed": 5}
        gone = network.take(asked(3, trouble(Action.DELETE, 5)))
        assert gone.all_orders[0].domain == "access"
        network.build_all()
        again = network.take(asked(4, trouble(Action.DELETE, 5)))
        assert codes(again) == {"1": ["neverDelivered"]}
        whole = network.take(asked(5, about(Action.DELETE)))
        assert codes(whole) == {"1": ["neverDelivered"]}


class TestSupersede:
    def test_order_that_is_for_another_service_too_stays_until_both_are_changed(self) -> None:
        network = Network(rule(LINES[0]))
        first = (about(Action.ADD, "1", "s", speed=1), about(Action.ADD, "2", "t", speed=1))
        network.take(asked(1, *first))
        decision = network.take(asked(2, about(Action.MODIFY, "1", "s", speed=2)))
        assert decision.superseded == ()
        assert (actions(decision), waits(decision)) == (
            {"1-port": "modify"},
            {"1-port": ["@1-port"]},
        )
        both = [about(Action.DELETE, "1", "s"), about(Action.DELETE, "2", "t")]
        whole = network.take(asked(3, *both))
        assert len(whole.superseded) == 2
        assert codes(whole) == {"1": ["withdrawn"], "2": ["withdrawn"]}

    def test_order_that_another_one_waits_for_stays(self) -> None:
        network = Network(rule(LINES[0]))
        network.take(asked(1, about(Action.ADD, "1", "s", speed=1)))
        later = about(Action.ADD, "1", "t", speed=1, item={"waits_for_order": ("req-1",)})
        waiting = network.take(asked(2, later))
        assert waits(waiting) == {"1-port": ["@1-port"]}
        decision = network.take(asked(3, about(Action.DELETE, "1", "s")))
        assert (decision.superseded, order_types(decision)) == ((), ["recover"])

    def test_order_stays_where_one_of_its_services_is_handed_over(self) -> None:
        special = SpecialCondition(
            "odd", Computed("odd", lambda scope: scope["characteristic"]["speed"] == 13), "Odd."
        )
        network = Network(rule(LINES[0], special=(special,)))
        first = (about(Action.ADD, "1", "s", speed=1), about(Action.ADD, "2", "t", speed=1))
        network.take(asked(1, *first))
        changes = (
            about(Action.MODIFY, "1", "s", speed=2),
            about(Action.MODIFY, "2", "t", speed=13),
        )
        decision = network.take(asked(2, *changes))
        assert decision.superseded == ()
        assert codes(decision) == {"1": [], "2": ["odd"]}
        assert actions(decision)["1-port"] == "modify"

    def test_order_that_brings_what_is_asked_for_stays(self) -> None:
        network = Network(rule(LINES[0]))
        network.take(asked(1, about(Action.ADD, speed=1)))
        same = network.take(asked(2, about(Action.MODIFY, speed=1)))
        assert (same.superseded, same.all_orders) == ((), ())
        assert codes(same) == {"1": ["alreadySo"]}
        assert len(network.take(asked(3, about(Action.MODIFY, speed=2))).superseded) == 1

    def test_service_that_was_only_handed_over_is_withdrawn(self) -> None:
        network = Network()
        first = network.take(asked(1, about(Action.ADD, speed=1)))
        assert first.outcome is Outcome.SPECIAL
        decision = network.take(asked(2, about(Action.DELETE)))
        assert codes(decision) == {"1": ["withdrawn"]}
        assert decision.superseded == (first.all_orders[0].id,)

    def test_order_that_is_being_cancelled_makes_it_special(self) -> None:
        network = Network(rule(LINES[0]))
        network.take(asked(1, about(Action.ADD, speed=1)))
        (order,) = network.orders.values()
        network.book.put({**order, "state": "assessingCancellation"})
        assert codes(network.take(asked(2, about(Action.DELETE)))) == {"1": ["beingCancelled"]}

    def test_service_whose_survey_is_going_on_is_special(self) -> None:
        network = Network()
        network.take(asked(1, about(Action.ADD, speed=1)))
        (order,) = network.orders.values()
        network.book.put({**order, "state": "inProgress"})
        assert codes(network.take(asked(2, about(Action.DELETE)))) == {"1": ["beingAssessed"]}


class TestUnchanged:
    def stays(self, item_id: str = "1", *relies_on: str, service: str = "s") -> RequestedItem:
        return about(Action.NO_CHANGE, item_id, service, item={"relies_on": relies_on})

    def test_nothing_is_issued_for_it_alone(self) -> None:
        network = delivered()
        decision = network.take(asked(2, self.stays()))
        assert (decision.all_orders, network.book.looked_back) == ((), 0)

    def test_what_waits_for_it_says_so_by_its_ends(self) -> None:
        network = delivered()
        new = about(Action.ADD, "2", "t", speed=1, item={"relies_on": ("1",)})
        decision = network.take(asked(2, self.stays(), new))
        access = decision.all_orders[0]
        assert {one.id: str(one.action) for one in access.item} == {
            "1-noChange-1": "noChange",
            "1-noChange-2": "noChange",
            "2-port": "add",
            "2-ont": "add",
        }
        assert waits(decision)["2-port"] == ["1-noChange-1", "1-noChange-2"]
        network.build_all()

    def test_chain_of_waiting_does_not_break_at_it(self) -> None:
        network = Network(rule(line("port")))
        first = about(Action.ADD, "0", "q")
        last = about(Action.ADD, "2", "t", item={"relies_on": ("1",)})
        decision = network.take(asked(1, first, self.stays("1", "0", service="unknown"), last))
        assert waits(decision) == {"0-port": [], "2-port": ["0-port"]}

    def test_known_one_in_a_chain_waits_itself(self) -> None:
        network = delivered(line("port"))
        first = about(Action.ADD, "0", "q")
        last = about(Action.ADD, "2", "t", item={"relies_on": ("1",)})
        decision = network.take(asked(2, first, self.stays("1", "0"), last))
        assert waits(decision) == {
            "0-port": [],
            "1-noChange-1": ["0-port"],
            "2-port": ["1-noChange-1"],
        }


class TestDelete:
    def test_what_was_built_upon_others_goes_first(self) -> None:
        decision = delivered(wifi=True).take(asked(2, about(Action.DELETE)))
        named = {one.resource.name: one.id for order in decision.all_orders for one in order.item}
        expected = {"port": {"ont", "vlan"}, "ont": {"wifi"}, "wifi": set(), "vlan": set()}
        assert {name: set(waits(decision)[one]) for name, one in named.items()} == {
            name: {named[other] for other in others} for name, others in expected.items()
        }

    def test_dependencies_between_deleted_services_are_turned_round(self) -> None:
        network = Network(rule(line("port")))
        upon = {"relies_on": ("1",)}
        network.take(asked(1, about(Action.ADD, "1", "s"), about(Action.ADD, "2", "t", item=upon)))
        network.build_all()
        both = about(Action.DELETE, "1", "s"), about(Action.DELETE, "2", "t", item=upon)
        decision = network.take(asked(2, *both))
        assert waits(decision) == {"1-delete-1": ["2-delete-1"], "2-delete-1": []}

    def test_appointment_goes_to_what_can_be_touched(self) -> None:
        gone = about(Action.DELETE, item={"appointment": {"id": "ap-1"}})
        decision = delivered().take(asked(2, gone))
        found = {
            one.resource.name: one.appointment
            for order in decision.all_orders
            for one in order.item
        }
        assert found == {"port": None, "ont": {"id": "ap-1"}, "vlan": None}

    def test_order_refers_to_the_orders_that_delivered(self) -> None:
        network = delivered()
        before = {order["domain"]: order["id"] for order in network.orders.values()}
        for order in network.take(asked(2, about(Action.DELETE))).all_orders:
            named = [one["id"] for one in order.external_reference]
            assert named == [before[order.domain]]

    def test_item_that_failed_delivered_nothing(self) -> None:
        network = Network(rule(*LINES))
        network.take(asked(1, about(Action.ADD, speed=1)))
        network.build(lambda _, one: one["id"] in {"1-port", "1-ont"})
        for order in network.open():
            for one in order["orderItem"]:
                one["state"] = one["state"] if one["state"] == "completed" else "failed"
            network.book.put({**order, "state": "failed"})
        decision = network.decide(asked(2, about(Action.DELETE)))
        found = {one.resource.name for order in decision.all_orders for one in order.item}
        assert found == {"port", "ont"}


def test_request_that_only_adds_costs_no_look_up() -> None:
    network = Network(rule(*LINES))
    network.take(asked(1, about(Action.ADD, speed=1)))
    assert network.book.looked_back == 0


@pytest.mark.parametrize(
    ("state", "survey", "expected"),
    [
        ("completed", False, []),
        ("inProgress", False, []),
        ("failed", False, ["waitsForOtherOrder"]),
        ("acknowledged", True, ["waitsForOtherOrder"]),
    ],
)
def test_other_order_is_waited_for_only_where_it_is_known_to_come(
    state: str,
    survey: bool,  # noqa: FBT001 - a column of the table
    expected: list[str],
) -> None:
    network = Network() if survey else Network(rule(line("port")))
    network.take(asked(1, about(Action.ADD)))
    (order,) = network.orders.values()
    network.book.put({**order, "state": state})
    network.rules = (rule(line("port")),)
    later = about(Action.ADD, "1", "t", item={"waits_for_order": ("req-1",)})
    assert codes(network.take(asked(2, later))) == {"1": expected}
