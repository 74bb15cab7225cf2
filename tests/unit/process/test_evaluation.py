from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from fakes_catalog import small_rule
from make import ADDRESSES, MOMENT, SMALL, item, line, request, rule
from ordergate.catalog.compile import compile_rule
from ordergate.process.decide import decide
from ordergate.process.evaluation import MOST_EFFORT, Effort, Evaluator
from ordergate.process.knowledge import Knowledge
from ordergate.process.rules import AppliesTo, ExpressionError, SpecialCondition

if TYPE_CHECKING:
    from ordergate.process.decision import Decision
    from ordergate.process.rules import Rule, Scope

SITES = [{"name": f"site-{number}", "bandwidth": number} for number in range(1000)]


class Counting:
    """An expression that names one variable, and counts how often it is evaluated."""

    source = "counting"

    def __init__(self, variable: str, units: int = 1) -> None:
        self.evaluated = 0
        self._variable = variable
        self._units = units

    def names(self, variable: str) -> bool:
        return variable == self._variable

    def evaluate(self, scope: Scope, effort: Effort) -> Any:
        effort.take(self._units)
        self.evaluated += 1
        return scope[self._variable]

    def looked_at(self, scope: Scope) -> dict[str, Any]:
        return {self._variable: scope[self._variable]}


def heavy_rule(expression: str) -> Rule:
    """Return a rule that computes a value for each of the sites."""
    site = {
        "key": "site",
        "forEach": {"expr": "characteristic.sites", "as": "site"},
        "resourceSpecification": {"id": "rs-site"},
        "resource": {"name": {"expr": "site.name"}},
        "characteristic": {"value": {"expr": expression}},
    }
    rule, problems = compile_rule(small_rule(orderItem=[site]))
    assert rule is not None, problems
    return rule


def decided(rule: Rule, *items: dict[str, Any]) -> Decision:
    """Return the decision on a request with an item for each of these characteristics."""
    asked = (item(str(n), characteristic=one) for n, one in enumerate(items, 1))
    return decide(request(*asked), Knowledge(rules=(rule,)), ADDRESSES, MOMENT)


def reasons(decision: Decision) -> list[tuple[str, ...]]:
    return [tuple(reason.code for reason in one.reason) for one in decision.assessment]


def test_what_does_not_look_at_the_element_is_evaluated_once() -> None:
    all_sites, one_site = Counting("sites"), Counting("site")
    evaluator = Evaluator({"sites": [1, 2, 3]})
    for site in evaluator.value_of(all_sites):
        inner = evaluator.with_element("site", site)
        assert (inner.value_of(all_sites), inner.value_of(one_site)) == ([1, 2, 3], site)
    assert (all_sites.evaluated, one_site.evaluated) == (1, 3)


def test_effort_lasts_to_its_last_unit() -> None:
    effort = Effort(3)
    Evaluator({"a": 1}, effort).value_of(Counting("a", units=2))
    Evaluator({"a": 1}, effort).value_of(Counting("a"))
    with pytest.raises(ExpressionError, match="altogether"):
        Evaluator({"a": 1}, effort).value_of(Counting("a"))


def test_nothing_is_tried_after_an_effort_is_spent() -> None:
    effort, cheap = Effort(), Counting("a")
    with pytest.raises(ExpressionError):
        effort.take(MOST_EFFORT + 1)
    with pytest.raises(ExpressionError):
        Evaluator({"a": 1}, effort).value_of(cheap)
    assert cheap.evaluated == 0


def test_heavy_expression_for_each_of_a_thousand_elements_is_special() -> None:
    heavy = heavy_rule("characteristic.sites.exists(s, s.name == site.name + '!')")
    decision = decided(heavy, {"sites": SITES})
    assert reasons(decision) == [("ruleFailed",)]
    assert "send it in several" in decision.assessment[0].reason[0].message
    assert len(decision.all_orders) == 1


@pytest.mark.parametrize("expression", ["size(characteristic.sites)", "site.bandwidth * 2"])
def test_ordinary_expression_for_each_of_a_thousand_elements_is_standard(expression: str) -> None:
    decision = decided(heavy_rule(expression), {"sites": SITES})
    assert [len(order.item) for order in decision.resource_order] == [len(SITES)]


def test_items_of_a_request_share_one_effort() -> None:
    by = rule(line("a", characteristic={"a": Counting("item", units=MOST_EFFORT * 3 // 5)}))
    assert reasons(decided(by, {})) == [()]
    assert reasons(decided(by, {}, {}, {})) == [(), ("ruleFailed",), ("ruleFailed",)]


def test_conditions_of_rules_take_from_the_same_effort() -> None:
    expression = Counting("item", units=MOST_EFFORT * 3 // 5)
    special = SpecialCondition("odd", expression, "It is odd.")
    by = rule(special=(special,))
    assert reasons(decided(by, {}, {})) == [(), ("ruleFailed",)]
    by = rule(line("a", characteristic={"a": expression}), special=(special,))
    assert reasons(decided(by, {})) == [("ruleFailed",)]
    by = rule(applies_to=AppliesTo(SMALL, when=expression))
    assert reasons(decided(by, {}, {})) == [("noRule",), ("ruleFailed",)]
