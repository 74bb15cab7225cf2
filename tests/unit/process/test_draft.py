from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from fakes import Computed
from make import item, line, request, rule
from ordergate.model.order import OrderType
from ordergate.process.assessment import Assessment, Outcome
from ordergate.process.draft import MOST_ITEMS, draft
from ordergate.process.link import linked
from ordergate.process.rules import ExpressionError, Feasibility, ForEach, Literal

if TYPE_CHECKING:
    from ordergate.process.draft import Draft
    from ordergate.process.request import RequestedItem
    from ordergate.process.rules import OrderItemTemplate, Rule

SITES = Computed("characteristic.sites", lambda scope: scope["characteristic"]["sites"])
SITE = Computed("site", lambda scope: scope["site"])
FALSE = Literal(value=False)


def drafts(asked: RequestedItem, by: Rule) -> tuple[Draft, ...]:
    return draft(request(asked), Assessment(asked, Outcome.STANDARD), by)


def waits(asked: RequestedItem, *lines: OrderItemTemplate) -> dict[str, tuple[str, ...]]:
    return {one.id: one.depends_on for one in drafts(asked, rule(*lines))}


def over_sites(key: str, *depends_on: str, **changes: Any) -> OrderItemTemplate:
    return line(key, *depends_on, for_each=ForEach(SITES, "site"), **changes)


def with_sites(*sites: str, **changes: Any) -> RequestedItem:
    return item(characteristic={"sites": list(sites)}, **changes)


def test_line_makes_one_item_with_the_values_it_computes() -> None:
    resource = {"name": Literal("Port"), "@type": Literal("LogicalResource")}
    speed = Computed("speed", lambda scope: 2 * scope["characteristic"]["speed"])
    port = line("port", resource=resource, characteristic={"speed": speed}, place="site")
    asked = item(characteristic={"speed": 5}, place={"site": {"id": "s-1"}, "other": {"id": "o"}})
    (only,) = drafts(asked, rule(port))
    assert (only.id, only.quantity, only.order_type) == ("1-port", 1, OrderType.PROVISION)
    assert only.resource == {"name": "Port", "@type": "LogicalResource"}
    assert only.characteristic == {"speed": 10}
    assert only.place == {"id": "s-1"}


def test_place_that_is_not_there_is_left_out() -> None:
    assert drafts(item(), rule(line("port", place="site")))[0].place is None


def test_rule_that_wants_a_survey_first_drafts_feasibility() -> None:
    (only,) = drafts(item(), rule(feasibility=Feasibility.ALWAYS))
    assert only.order_type is OrderType.FEASIBILITY


def test_line_makes_nothing_unless_its_condition_is_true() -> None:
    lines = line("a", when=FALSE), line("b", when=Literal(1)), line("c", when=Literal(value=True))
    assert list(waits(item(), *lines)) == ["1-c"]


def test_units_are_items_of_their_own_and_bulk_is_one() -> None:
    lines = line("port", quantity=Literal(2)), line("cable", quantity=Literal(700), bulk=True)
    found = drafts(item(quantity=2), rule(*lines))
    assert [(one.id, one.quantity) for one in found] == [
        ("1-port-1", 1),
        ("1-port-2", 1),
        ("1-port-3", 1),
        ("1-port-4", 1),
        ("1-cable", 1400),
    ]


def test_sets_of_several_requested_units_do_not_wait_for_one_another() -> None:
    lines = (
        line("port"),
        line("ont", "port"),
        line("wifi", "ont", "cable"),
        line("cable", bulk=True),
    )
    assert waits(item(quantity=2), *lines) == {
        "1-port-1": (),
        "1-port-2": (),
        "1-ont-1": ("1-port-1",),
        "1-ont-2": ("1-port-2",),
        "1-wifi-1": ("1-ont-1", "1-cable"),
        "1-wifi-2": ("1-ont-2", "1-cable"),
        "1-cable": (),
    }


def test_bulk_waits_for_every_unit() -> None:
    lines = line("port", quantity=Literal(2)), line("cable", "port", bulk=True)
    assert waits(item(), *lines)["1-cable"] == ("1-port-1", "1-port-2")


def test_lines_over_one_list_wait_element_by_element() -> None:
    lines = line("core"), over_sites("tail", "core"), over_sites("cpe", "tail"), line("end", "cpe")
    assert waits(with_sites("N", "S"), *lines) == {
        "1-core": (),
        "1-tail-1": ("1-core",),
        "1-tail-2": ("1-core",),
        "1-cpe-1": ("1-tail-1",),
        "1-cpe-2": ("1-tail-2",),
        "1-end": ("1-cpe-1", "1-cpe-2"),
    }


def test_lines_over_different_lists_wait_for_every_element() -> None:
    others = Computed("others", lambda scope: scope["characteristic"]["sites"])
    lines = over_sites("tail"), line("cpe", "tail", for_each=ForEach(others, "other"))
    assert waits(with_sites("N", "S"), *lines)["1-cpe-1"] == ("1-tail-1", "1-tail-2")


def test_list_of_one_element_is_numbered_all_the_same() -> None:
    assert list(waits(with_sites("N"), over_sites("tail"))) == ["1-tail-1"]


def test_element_is_a_variable_of_its_line() -> None:
    tail = over_sites("tail", resource={"name": SITE})
    assert [one.resource["name"] for one in drafts(with_sites("N", "S"), rule(tail))] == ["N", "S"]


def test_line_that_makes_nothing_hands_on_what_it_waits_for() -> None:
    lines = line("port"), line("ont", "port", when=FALSE), line("wifi", "ont")
    assert waits(item(), *lines) == {"1-port": (), "1-wifi": ("1-port",)}
    empty = line("core"), over_sites("tail", "core"), line("end", "tail", "core")
    assert waits(with_sites(), *empty) == {"1-core": (), "1-end": ("1-core",)}


def test_lines_that_make_nothing_may_wait_in_a_circle() -> None:
    lines = line("a", "b", when=FALSE), line("b", "a", when=FALSE), line("c", "a")
    assert waits(item(), *lines) == {"1-c": ()}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"quantity": Literal(0)}, "not a positive number: 0"),
        ({"quantity": Literal(value=True)}, "not a positive number: True"),
        ({"quantity": Literal(1.5)}, "not a positive number"),
        ({"quantity": SITES}, "characteristic.sites"),
        ({"resource": {"name": Literal(7)}}, "name of the resource is not a text: 7"),
        ({"for_each": ForEach(Literal("N,S"), "site")}, "forEach of port is not a list"),
        ({"when": SITES}, "characteristic.sites"),
        ({"characteristic": {"x": SITES}}, "characteristic.sites"),
    ],
)
def test_value_that_makes_no_sense_fails_the_rule(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ExpressionError, match=message):
        drafts(item(), rule(line("port", **changes)))


def test_rule_makes_the_most_items_and_not_one_more() -> None:
    lines = line("a", quantity=Literal(MOST_ITEMS - 1)), line("b")
    assert len(drafts(item(), rule(*lines))) == MOST_ITEMS
    with pytest.raises(ExpressionError, match=f"with c there are more than {MOST_ITEMS}"):
        drafts(item(), rule(*lines, line("c")))


def test_more_than_the_most_is_refused_without_being_made() -> None:
    endless = item(quantity=10**15, characteristic={"sites": ["N"] * 100_000})
    with pytest.raises(ExpressionError, match=f"more than {MOST_ITEMS}"):
        drafts(endless, rule(over_sites("tail")))


def test_entry_items_wait_for_the_exit_items_of_what_is_waited_for() -> None:
    first, second = item("1"), item("2", relies_on=("1",))
    chain = rule(line("a"), line("b", "a"), line("c", "a"))
    both = (first, second)
    found = linked({one.id: drafts(one, chain) for one in both}, both)
    assert {one.id: one.depends_on for one in found} == {
        "1-a": (),
        "1-b": ("1-a",),
        "1-c": ("1-a",),
        "2-a": ("1-b", "1-c"),
        "2-b": ("2-a",),
        "2-c": ("2-a",),
    }


def test_item_that_waits_for_one_without_order_items_can_start() -> None:
    second = item("2", relies_on=("1",))
    (only,) = linked({"1": (), "2": drafts(second, rule())}, (item("1"), second))
    assert only.depends_on == ()
