"""What holds for every change and every recovery, whatever the rule and whatever was there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from fakes import Computed
from make import item, line, request, rule
from network import Network, actions, codes, order_types
from ordergate.model.common import Action
from ordergate.process.assessment import Outcome
from ordergate.process.rules import ForEach

CHANGES = (Action.MODIFY, Action.DELETE)

if TYPE_CHECKING:
    from ordergate.process.request import InitiatingRequest, RequestedItem
    from ordergate.process.rules import OrderItemTemplate, Rule

WITHOUT_SHRINKING = (Phase.explicit, Phase.generate)
FEW = settings(derandomize=True, deadline=None, max_examples=25, phases=WITHOUT_SHRINKING)
KEYS = "abcd"
SERVICE = "service-1"

SITES = Computed("characteristic.sites", lambda scope: scope["characteristic"]["sites"])
SPEED = Computed("characteristic.speed", lambda scope: scope["characteristic"]["speed"])
SITE = Computed("site", lambda scope: scope["site"])


def _on(key: str) -> Computed:
    return Computed(f"on.{key}", lambda scope: key in scope["characteristic"]["on"])


def _count(key: str) -> Computed:
    return Computed(f"count.{key}", lambda scope: scope["characteristic"]["count"][key])


@st.composite
def lines(draw: st.DrawFn, key: str) -> OrderItemTemplate:
    """Return a line that depends on earlier ones only, as a rule that was checked does."""
    earlier = KEYS[: KEYS.index(key)]
    over_sites = draw(st.booleans())
    values: dict[str, Any] = {"speed": SPEED} if draw(st.booleans()) else {}
    return line(
        key,
        *(draw(st.lists(st.sampled_from(earlier), unique=True)) if earlier else ()),
        domain=draw(st.sampled_from(["access", "core"])),
        when=_on(key),
        quantity=_count(key),
        bulk=draw(st.booleans()),
        for_each=ForEach(SITES, "site") if over_sites else None,
        characteristic={**values, **({"site": SITE} if over_sites else {})},
    )


@st.composite
def rule_books(draw: st.DrawFn) -> Rule:
    return rule(line("base", characteristic={"speed": SPEED}), *(draw(lines(key)) for key in KEYS))


wishes = st.fixed_dictionaries(
    {
        "on": st.lists(st.sampled_from(KEYS), unique=True),
        "count": st.fixed_dictionaries({key: st.integers(1, 3) for key in KEYS}),
        "sites": st.lists(st.sampled_from(["N", "S", "E", "a/b", "2"]), unique=True, max_size=4),
        "speed": st.sampled_from([10, 20]),
    }
)


def asked(number: int, *items: RequestedItem) -> InitiatingRequest:
    return request(*items, id=f"req-{number}", href=f"http://x/{number}")


def wish(action: Action, wanted: dict[str, Any], quantity: int = 1) -> RequestedItem:
    return item(action=action, characteristic=wanted, service_id=SERVICE, quantity=quantity)


@FEW
@given(by=rule_books(), first=wishes, second=wishes, quantity=st.integers(1, 2))
def test_add_and_then_modify_ends_with_what_adding_it_so_would_have_brought(
    by: Rule, first: dict[str, Any], second: dict[str, Any], quantity: int
) -> None:
    network, fresh = Network(by), Network(by)
    network.take(asked(1, wish(Action.ADD, first)))
    network.build_all()
    again = asked(2, wish(Action.MODIFY, second, quantity))
    expected = network.decide(again)
    decision = network.take(again)
    assert decision == expected
    assert set(order_types(decision)) <= {"change"}
    network.build_all()
    fresh.take(asked(1, wish(Action.ADD, second, quantity)))
    fresh.build_all()
    assert network.lines(SERVICE) == fresh.lines(SERVICE)
    assert bool(actions(decision)) is (codes(decision)["1"] == [])


@FEW
@given(by=rule_books(), first=wishes, second=wishes, data=st.data())
def test_modify_of_what_is_half_built_ends_so_too(
    by: Rule, first: dict[str, Any], second: dict[str, Any], data: st.DataObject
) -> None:
    network, fresh = Network(by), Network(by)
    network.take(asked(1, wish(Action.ADD, first)))
    network.build(lambda _, __: data.draw(st.booleans()))
    decision = network.take(asked(2, wish(Action.MODIFY, second)))
    assert decision.outcome is Outcome.STANDARD
    network.build_all()
    fresh.take(asked(1, wish(Action.ADD, second)))
    fresh.build_all()
    assert network.lines(SERVICE) == fresh.lines(SERVICE)
    untouched = [one for one in decision.superseded if network.orders[one]["state"] != "cancelled"]
    assert untouched == []


@FEW
@given(by=rule_books(), wanted=wishes, data=st.data())
def test_modify_to_the_same_values_issues_nothing(
    by: Rule, wanted: dict[str, Any], data: st.DataObject
) -> None:
    network = Network(by)
    network.take(asked(1, wish(Action.ADD, wanted)))
    network.build(lambda _, __: data.draw(st.booleans()))
    decision = network.take(asked(2, wish(Action.MODIFY, wanted)))
    assert (decision.all_orders, decision.superseded) == ((), ())
    assert decision.outcome is Outcome.STANDARD
    assert codes(decision) == {"1": ["alreadySo"]}


@FEW
@given(by=rule_books(), steps=st.lists(wishes, min_size=1, max_size=3), data=st.data())
def test_delete_recovers_exactly_what_was_delivered(
    by: Rule, steps: list[dict[str, Any]], data: st.DataObject
) -> None:
    network = Network(by)
    for number, wanted in enumerate(steps):
        network.take(asked(number, wish(Action.MODIFY if number else Action.ADD, wanted)))
        network.build(lambda _, __: data.draw(st.booleans()))
    leaving = {
        one["resource"]["id"]
        for order in network.open()
        for one in order["orderItem"]
        if one["action"] == "delete"
    }
    there = set(network.resource) - leaving
    network_before = network.decide(asked(99, wish(Action.DELETE, {})))
    decision = network.take(asked(99, wish(Action.DELETE, {})))
    assert decision == network_before
    assert set(order_types(decision)) <= {"recover"}
    recovered = {one.resource.id for order in decision.all_orders for one in order.item}
    assert there <= recovered
    network.build_all()
    assert network.resource == {}
    again = network.take(asked(100, wish(Action.DELETE, {})))
    assert (again.outcome, codes(again)) == (Outcome.REJECTED, {"1": ["neverDelivered"]})


@dataclass(frozen=True)
class Plan:
    """What becomes of three services, and which of them waits for which before it."""

    action: list[Action]
    waits: list[tuple[str, ...]]
    started: bool

    def items(self, values: list[dict[str, Any]], *, anew: bool = False) -> list[RequestedItem]:
        return [
            item(
                str(number),
                action=Action.ADD if anew else action,
                characteristic=values[number],
                service_id=f"service-{number}",
                relies_on=tuple(one for one in self.waits[number] if int(one) < number),
            )
            for number, action in enumerate(self.action)
        ]


plans = st.builds(
    Plan,
    st.lists(st.sampled_from([*CHANGES, Action.NO_CHANGE]), min_size=3, max_size=3),
    st.lists(st.sampled_from([(), ("0",), ("1",)]), min_size=3, max_size=3),
    st.booleans(),
)


@FEW
@given(by=rule_books(), first=st.lists(wishes, min_size=3, max_size=3), plan=plans, wanted=wishes)
def test_items_that_wait_for_one_another_never_wait_in_a_circle_and_all_are_covered(
    by: Rule, first: list[dict[str, Any]], plan: Plan, wanted: dict[str, Any]
) -> None:
    network = Network(by)
    network.take(asked(1, *plan.items(first, anew=True)))
    if plan.started:
        network.build_all()
    decision = network.take(asked(2, *plan.items([wanted] * 3)))
    assert decision.outcome is Outcome.STANDARD
    covered = {one.requested_item_id for order in decision.all_orders for one in order.item}
    for one in decision.assessment:
        assert one.item.id in covered or one.takes_nothing
    network.build_all()
    for number, action in enumerate(plan.action):
        if action is Action.DELETE:
            assert network.lines(f"service-{number}") == {}
