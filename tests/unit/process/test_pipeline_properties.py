"""What holds for all that is decided and issued, whatever the rules and whatever came before."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Any

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from desk import at_once
from fakes import Computed, NoFaults
from make import ADDRESSES, line, request_of, rule
from ordergate.model.common import Specification
from ordergate.process.answer import AnswerFeasibility
from ordergate.process.rules import AppliesTo, Feasibility, SpecialCondition
from service_desk import ServiceDesk

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ordergate.model.common import Document
    from ordergate.process.rules import Rule

WITHOUT_SHRINKING = (Phase.explicit, Phase.generate)
FEW = settings(derandomize=True, deadline=None, max_examples=60, phases=WITHOUT_SHRINKING)
KINDS = ("svc-1", "svc-2", "svc-3", "svc-nobody-knows")
SPEED = Computed("characteristic.speed", lambda scope: scope["characteristic"]["speed"])
FAST = Computed("characteristic.speed > 5", lambda scope: scope["characteristic"]["speed"] > 5)
NAMED = Computed("item.id", lambda scope: scope["item"]["id"])
PREDETERMINED = {
    "domain": "radio",
    "orderItem": [{"id": "x", "action": "add", "resourceSpecification": {"id": "rs-x"}}],
}


def rule_for(kind: str, draw: st.DrawFn) -> Rule:
    """Return a rule of three lines, one of which depends on what is asked."""
    odd = SpecialCondition("odd", FAST, "Too fast for a standard set.")
    return rule(
        line("port", characteristic={"speed": SPEED}),
        line("box", "port", domain=draw(st.sampled_from(["access", "core"])), bulk=True),
        line("vlan", "box", domain="core", when=FAST, characteristic={"for": NAMED}),
        id=f"rule-{kind}",
        applies_to=AppliesTo(Specification(kind)),
        special=draw(st.sampled_from([(), (), (odd,)])),
        feasibility=draw(st.sampled_from([Feasibility.IF_SPECIAL, Feasibility.ALWAYS])),
    )


@st.composite
def rule_books(draw: st.DrawFn) -> tuple[Rule, ...]:
    return tuple(rule_for(kind, draw) for kind in KINDS[:3])


@st.composite
def documents(draw: st.DrawFn, actions: tuple[str, ...] = ("add",)) -> Document:
    """Return a request for a few services; each waits for earlier ones at most."""
    count = draw(st.integers(1, 4))
    return {
        "requestType": "partyRequest",
        "requestedItem": [
            {
                "id": str(number),
                "action": draw(st.sampled_from(actions)),
                "quantity": draw(st.sampled_from([1, 2])),
                "specification": {"id": draw(st.sampled_from(KINDS))},
                "service": {"id": f"service-{number}"},
                "characteristic": [{"name": "speed", "value": draw(st.sampled_from([3, 9]))}],
                "requestedItemRelationship": [
                    {"relationshipType": "dependency", "itemId": str(other)}
                    for other in range(number)
                    if draw(st.booleans())
                ],
            }
            for number in range(count)
        ],
    }


histories = st.lists(st.sampled_from(["nothing", "inProgress", "completed", "failed"]), max_size=6)


def play(desk: ServiceDesk, history: Iterable[str]) -> None:
    """Report what became of the orders that were issued, in turn."""
    for order, state in zip(list(desk.issued), history, strict=False):
        if state != "nothing":
            desk.move(order.id, *[state] * len(order.document["orderItem"]))


def all_issued(desk: ServiceDesk, request_id: str) -> Mapping[str, Document]:
    return {one.id: one.document for one in at_once(desk.orders.of_request(request_id))}


@FEW
@given(
    rules=rule_books(),
    first=documents(),
    history=histories,
    second=documents(("add", "modify", "modify", "delete", "noChange")),
)
def test_rehearsal_says_what_a_real_run_does(
    rules: tuple[Rule, ...], first: Document, history: list[str], second: Document
) -> None:
    desk = ServiceDesk(first, *rules)
    play(desk, history)
    request = request_of(second, "req-2")
    rehearsed = at_once(desk.issuing.rehearse(request, asked=second))
    assert rehearsed == at_once(desk.issuing.rehearse(request, asked=second))
    assert all_issued(desk, "req-2") == {}
    real = at_once(desk.issuing.take(request, asked=second))
    assert real.entity.document == rehearsed.entity.document
    planned = {one.id: one.document for one in rehearsed.plan.resource_order}
    assert all_issued(desk, "req-2") == planned


@FEW
@given(
    rules=rule_books(),
    first=documents(),
    answers=st.lists(
        st.sampled_from(["asItIs", "predetermined", "infeasible"]), min_size=4, max_size=4
    ),
    order=st.permutations(range(4)),
)
def test_every_item_ends_issued_or_says_why_not_and_nothing_is_issued_twice(
    rules: tuple[Rule, ...], first: Document, answers: list[str], order: list[int]
) -> None:
    desk = ServiceDesk(first, *rules)
    answering = AnswerFeasibility(
        assessments=desk.assessments,
        requests=desk.requests,
        process=desk.issuing,
        addresses=ADDRESSES,
        clock=desk.clock,
        faults=NoFaults(),
    )
    asked = {one["id"] for one in first["requestedItem"]}
    for number in (one for one in order if str(one) in asked):
        said = answers[number]
        body: dict[str, Any] = {
            "for": {"initiatingRequest": {"id": "req-1"}, "itemId": str(number)},
            "result": "infeasible" if said == "infeasible" else "feasible",
            **({"resourceOrder": [PREDETERMINED]} if said == "predetermined" else {}),
        }
        asyncio.run(answering.take(body, f"fa-{number}", None))
        known = all_issued(desk, "req-1")
        asyncio.run(answering.take(body, f"fa-again-{number}", None))
        assert all_issued(desk, "req-1") == known
    check_issued_once(desk)
    check_all_said(desk.record.entity.document, all_issued(desk, "req-1"))


def check_issued_once(desk: ServiceDesk) -> None:
    """Check that no line of any item is provided twice, and nothing waits for what isn't there."""
    orders = all_issued(desk, "req-1")
    provided = [
        (item["requestedItem"]["id"], item["requestedItem"].get("line"), item["id"])
        for one in orders.values()
        if one["orderType"] == "provision"
        for item in one["orderItem"]
    ]
    assert max(Counter(provided).values(), default=1) == 1
    there = {(one["id"], item["id"]) for one in orders.values() for item in one["orderItem"]}
    for one in orders.values():
        for item in one["orderItem"]:
            for related in item.get("orderItemRelationship", []):
                target = related["orderItem"]
                assert (target.get("resourceOrderId", one["id"]), target["itemId"]) in there


def check_all_said(record: Document, orders: Mapping[str, Document]) -> None:
    """Check that each item has what it takes, or a reason why it hasn't."""
    for item in record["assessment"]["item"]:
        served = [one["resourceOrderId"] for one in item.get("resourceOrderItem", [])]
        provided = [one for one in served if orders[one]["orderType"] == "provision"]
        assert provided or item["reason"]
