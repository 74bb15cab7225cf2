"""What holds for every request and every order, whatever they ask for."""

from __future__ import annotations

from dataclasses import replace
from graphlib import TopologicalSorter
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st

from make import ADDRESSES, MOMENT, item, line, merge, request, resource_order, rule
from ordergate.errors import IllegalTransitionError
from ordergate.model.common import Action, Specification
from ordergate.model.states import FINAL, OrderState
from ordergate.process.acknowledge import acknowledge
from ordergate.process.assessment import Outcome
from ordergate.process.decide import decide
from ordergate.process.knowledge import Knowledge
from ordergate.process.lifecycle import amend
from ordergate.process.rules import (
    AppliesTo,
    CharacteristicRequirement,
    Feasibility,
    Literal,
    Requires,
    SpecialCondition,
)
from ordergate.schemas.json_schema import compile_schema

if TYPE_CHECKING:
    from ordergate.process.request import InitiatingRequest
    from ordergate.process.rules import Rule

FEW = settings(derandomize=True, deadline=None, max_examples=50)
KEYS = "abcd"
KINDS = ("svc-1", "svc-2", "svc-none")
SPEED = CharacteristicRequirement("speed", compile_schema({"type": "integer"}))

lines = st.builds(
    lambda key, depends_on, domain, when, quantity, bulk: line(
        key,
        *depends_on,
        domain=domain,
        when=when,
        quantity=Literal(quantity),
        bulk=bulk,
    ),
    st.sampled_from(KEYS),
    st.lists(st.sampled_from(KEYS), unique=True, max_size=2),
    st.sampled_from(["access", "core"]),
    st.sampled_from([None, None, Literal(value=False)]),
    st.sampled_from([1, 1, 2, 0]),
    st.booleans(),
)
rules = st.builds(
    lambda kind, several, special, feasibility, needs: rule(
        *several,
        id=f"rule-{kind}",
        applies_to=AppliesTo(Specification(kind)),
        special=special,
        feasibility=feasibility,
        requires=Requires(characteristic=needs),
    ),
    st.sampled_from(KINDS[:2]),
    st.lists(lines, min_size=1, max_size=4),
    st.sampled_from([(), (), (SpecialCondition("odd", Literal(value=True), "Odd."),)]),
    st.sampled_from([Feasibility.IF_SPECIAL, Feasibility.IF_SPECIAL, Feasibility.ALWAYS]),
    st.sampled_from([(), (), (SPEED,)]),
)


@st.composite
def requests(draw: st.DrawFn) -> InitiatingRequest:
    ids = [str(number) for number in range(draw(st.integers(1, 5)))]
    return request(
        *(
            item(
                one,
                Specification(draw(st.sampled_from(KINDS))),
                action=draw(st.sampled_from([Action.ADD] * 4 + [Action.NO_CHANGE, Action.DELETE])),
                subject={"id": f"svc-{one}"},
                quantity=draw(st.sampled_from([1, 1, 1, 2])),
                relies_on=tuple(draw(st.lists(st.sampled_from(ids), unique=True, max_size=2))),
                characteristic=draw(st.sampled_from([{"speed": 5}, {"speed": 5}, {}])),
            )
            for one in ids
        )
    )


@FEW
@given(asked=requests(), several=st.lists(rules, max_size=3))
def test_every_item_is_ordered_or_says_why_not_and_nothing_waits_in_a_circle(
    asked: InitiatingRequest, several: list[Rule]
) -> None:
    found = decide(asked, Knowledge(rules=several), ADDRESSES, MOMENT)
    assert found == decide(asked, Knowledge(rules=several), ADDRESSES, MOMENT)
    assert [one.item for one in found.assessment] == list(asked.item)
    inner = [one for order in found.all_orders for one in order.item]
    covered = {one.requested_item_id for one in inner}
    stopped = found.state is not OrderState.ACKNOWLEDGED
    for one in found.assessment:
        assert one.reason or one.outcome is Outcome.STANDARD
        takes_something = one.item.action is not Action.NO_CHANGE
        assert (one.item.id in covered) is (takes_something and not stopped)
    standard = [one for order in found.resource_order for one in order.item]
    waits = {one.id: {target.item_id for target in one.depends_on} for one in standard}
    assert len(waits) == len(standard)
    assert {target for targets in waits.values() for target in targets} <= set(waits)
    TopologicalSorter(waits).prepare()
    assert {one.requested_item_id for one in found.hand_over}.isdisjoint(
        {one.requested_item_id for one in standard}
    )


@FEW
@given(walk=st.lists(st.sampled_from([str(state) for state in OrderState]), max_size=12))
def test_no_walk_of_patches_leaves_the_machine_or_a_final_state(walk: list[str]) -> None:
    def any_result(_: dict[str, Any]) -> None:
        return None

    entity = acknowledge(resource_order(), "ro-1", ADDRESSES, MOMENT)
    told = 1
    for wanted in walk:
        before = entity.document["state"]
        try:
            found = amend(entity, merge({"state": wanted}), MOMENT, any_result, ADDRESSES)
        except IllegalTransitionError:
            assert wanted != before
            continue
        if found is None:
            assert wanted == before
            continue
        assert before not in FINAL
        assert found.document["state"] == wanted
        assert wanted not in {"assessingCancellation", "pendingCancellation", "acknowledged"}
        told += 2 if wanted == "pending" else 1
        assert found.sequence == told
        entity = replace(found, owed=())
