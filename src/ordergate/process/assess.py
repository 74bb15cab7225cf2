"""Assess: give each requested item its outcome, and say why.

eTOM 1.5.6.7: assess the information in the request to determine the associated resource orders.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ordergate.model.common import Action
from ordergate.model.order import Reason
from ordergate.process.assessment import Assessment, Condition, Outcome
from ordergate.process.contradictions import contradictions, is_there
from ordergate.process.evaluation import Evaluator
from ordergate.process.previous import NOTHING
from ordergate.process.requirements import missing, wrong_values
from ordergate.process.rules import ExpressionError, matching
from ordergate.process.supersede import CHANGES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from ordergate.model.order import ItemReference
    from ordergate.process.evaluation import Effort
    from ordergate.process.previous import Previous
    from ordergate.process.request import InitiatingRequest, RequestedItem
    from ordergate.process.rules import Expression, Rule


_ONLY_DESIGNED = frozenset({"designed", "feasibilityChecked"})
"""States of a service that takes no resources yet."""


def assess(
    request: InitiatingRequest,
    rules: Sequence[Rule],
    moment: datetime,
    previous: Mapping[str, Previous] | None = None,
    awaited: Mapping[str, Sequence[ItemReference]] | None = None,
    *,
    effort: Effort | None = None,
) -> tuple[Assessment, ...]:
    """Return the outcome of each item, the first of `Outcome` that holds.

    Args:
        previous: what was issued before, by item.
        awaited: the order items that stand for another order; one that isn't there is unknown.
        effort: what the expressions may take; without it each item has its own.
    """
    wrong = contradictions(request.item, previous or {})
    assessments = []
    for item in request.item:
        before = (previous or {}).get(item.id, NOTHING)
        if wrong[item.id]:
            assessments.append(Assessment(item, Outcome.REJECTED, wrong[item.id]))
            continue
        found = _assess_item(request, item, rules, moment, before, effort=effort)
        if found.outcome in {Outcome.SPECIAL, Outcome.STANDARD} and not found.takes_nothing:
            found = _hindered(found, tuple(_hindrances(item, before, awaited or {})))
        assessments.append(found)
    return tuple(assessments)


def scope_of(
    request: InitiatingRequest, item: RequestedItem, previous: Previous = NOTHING
) -> dict[str, Any]:
    """Return what the expressions of a rule may look at (`rules.VARIABLES`)."""
    specification = item.specification
    return {
        "request": {
            "id": request.id,
            "requestType": str(request.request_type),
            "externalId": request.external_id or "",
            "category": request.category or "",
            "priority": request.priority or "",
        },
        "item": {
            "id": item.id,
            "action": str(item.action),
            "quantity": item.quantity,
            "specification": {
                "id": specification.id if specification else "",
                "version": (specification.version if specification else None) or "",
            },
        },
        "service": item.subject,
        "characteristic": dict(item.characteristic),
        "feature": {name: dict(values) for name, values in item.feature.items()},
        "place": dict(item.place),
        "party": dict(item.party),
        "previous": previous.as_variable(),
    }


def _assess_item(
    request: InitiatingRequest,
    item: RequestedItem,
    rules: Sequence[Rule],
    moment: datetime,
    previous: Previous,
    *,
    effort: Effort | None,
) -> Assessment:
    nothing = _nothing_to_do(item, previous)
    if nothing is not None:
        return Assessment(item, Outcome.STANDARD, (nothing,))
    evaluator = Evaluator(scope_of(request, item, previous), effort)
    try:
        found = matching(rules, item, request.request_type, evaluator, moment)
    except ExpressionError as error:
        if item.action is Action.DELETE:
            return Assessment(item, Outcome.STANDARD)
        return Assessment(item, Outcome.SPECIAL, (rule_failed(item, error),))
    if item.action is Action.DELETE:
        # What was delivered is recovered whatever the rules are now; one may know its domain.
        rule = found[0] if len(found) == 1 and not previous.delivered else None
        return Assessment(item, Outcome.STANDARD, rule=rule)
    if len(found) != 1:
        return Assessment(item, Outcome.SPECIAL, (_no_single_rule(item, found),))
    return _by_rule(item, found[0], evaluator)


def _nothing_to_do(item: RequestedItem, previous: Previous) -> Reason | None:
    """Return why the item takes no order items, whatever the rules; None if it may take some."""
    if item.action is Action.NO_CHANGE:
        return Reason("noChange", "Nothing is to change, so nothing is issued.", item.path)
    if item.action is Action.DELETE:
        if previous.superseded and not previous.delivered:
            said = "What was issued for it is withdrawn before anybody began with it."
            return Reason("withdrawn", said, item.path)
        return None
    state = item.subject.get("state")
    if state in _ONLY_DESIGNED:
        said = f"A service that is to be {state} takes no resources yet."
        return Reason("notProvisioned", said, f"{item.path}.state")
    return None


def _by_rule(item: RequestedItem, rule: Rule, evaluator: Evaluator) -> Assessment:
    """Return the item's outcome by the one rule that applies to it."""
    wrong = tuple(wrong_values(item, rule))
    if wrong:
        return Assessment(item, Outcome.REJECTED, wrong, rule)
    lacking = tuple(missing(item, rule))
    if lacking:
        return Assessment(item, Outcome.INFORMATION_REQUIRED, lacking, rule)
    try:
        when = rule.applies_to.when
        applies = () if when is None else (_condition("appliesTo", when, evaluator),)
        special = tuple(_condition(one.code, one.when, evaluator) for one in rule.special)
    except ExpressionError as error:
        return Assessment(item, Outcome.SPECIAL, (rule_failed(item, error),), rule)
    reasons = tuple(
        Reason(one.code, one.reason, item.path)
        for one, condition in zip(rule.special, special, strict=True)
        if condition.value is True
    )
    outcome = Outcome.SPECIAL if reasons else Outcome.STANDARD
    return Assessment(item, outcome, reasons, rule, (*applies, *special))


def _condition(code: str, when: Expression, evaluator: Evaluator) -> Condition:
    return Condition(code, when.source, evaluator.value_of(when), when.looked_at(evaluator.scope))


def _hindered(assessment: Assessment, hindrances: Sequence[Reason]) -> Assessment:
    """Return it with what no rule knows of, and that a rule wants a survey first."""
    if hindrances:
        return assessment.as_special(*hindrances)
    item = assessment.item
    if assessment.is_survey_first:
        first = "Its rule wants a feasibility assessment before anything is provisioned."
        return assessment.because(Reason("feasibilityFirst", first, item.path))
    return assessment


def _hindrances(
    item: RequestedItem, previous: Previous, awaited: Mapping[str, Sequence[ItemReference]]
) -> Iterable[Reason]:
    """Yield what keeps a standard set from being issued, whatever the rule."""
    for order_id in item.waits_for_order:
        if order_id not in awaited:
            # Nothing here knows when that order is complete; whoever tracks both does.
            said = f"It waits for order {order_id}, which is tracked elsewhere."
            yield Reason("waitsForOtherOrder", said, item.path)
    if item.needs_special_handling:
        yield Reason("requested", "The requester asks for special handling.", item.path)
    for order_id in previous.unclear:
        said = f"Order {order_id} is being cancelled: what will be left of it isn't known yet."
        yield Reason("beingCancelled", said, item.path)
    if item.action in CHANGES and not is_there(item, previous):
        said = f"Order {previous.surveyed[0]} is still to say whether it can be delivered."
        yield Reason("beingAssessed", said, item.path)


def _no_single_rule(item: RequestedItem, found: Sequence[Rule]) -> Reason:
    """Return why no standard set fits: no rule at all, or several that are equally specific."""
    name = item.specification.id if item.specification else "no specification"
    if not found:
        return Reason("noRule", f"There is no rule for {name}.", item.path)
    names = ", ".join(f"{rule.id} {rule.version}" for rule in found)
    return Reason("ambiguousRules", f"Several rules fit {name} equally: {names}.", item.path)


def rule_failed(item: RequestedItem, error: ExpressionError) -> Reason:
    """Return the reason for an item whose rule has no value where it needs one."""
    return Reason("ruleFailed", f"The rule can't be applied: {error}", item.path)
