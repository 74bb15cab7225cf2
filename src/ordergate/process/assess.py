"""Assess: give each requested item its outcome, and say why.

eTOM 1.5.6.7: assess the information in the request to determine the associated resource orders.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from ordergate.model.common import Action
from ordergate.model.feasibility import FeasibilityResult
from ordergate.model.order import Reason
from ordergate.process.rules import ExpressionError, Feasibility, matching

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from ordergate.model.feasibility import FeasibilityAssessment
    from ordergate.process.feasibility import LookedUp
    from ordergate.process.request import InitiatingRequest, RequestedItem
    from ordergate.process.rules import Rule, Scope


class Outcome(StrEnum):
    """What becomes of an item; the request's own is the first here that any item has."""

    REJECTED = "rejected"
    INFORMATION_REQUIRED = "informationRequired"
    SPECIAL = "special"
    STANDARD = "standard"


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition that was looked at, and what it came to: part of the why."""

    code: str
    expression: str
    value: Any


@dataclass(frozen=True, slots=True)
class Assessment:
    """The outcome of one requested item, with the rule that stands behind it.

    Args:
        feasibility: the assessment that the decision rests on.
        looked_up: those that were looked at, used or not.
    """

    item: RequestedItem
    outcome: Outcome
    reason: tuple[Reason, ...] = ()
    rule: Rule | None = None
    condition: tuple[Condition, ...] = ()
    feasibility: FeasibilityAssessment | None = None
    looked_up: tuple[LookedUp, ...] = ()

    @property
    def is_feasible(self) -> bool:
        """Whether an assessment says that it can be delivered."""
        found = self.feasibility
        return found is not None and found.result is FeasibilityResult.FEASIBLE

    @property
    def is_survey_first(self) -> bool:
        """Whether the rule wants a survey before anything is provisioned."""
        wanted = self.rule is not None and self.rule.feasibility is Feasibility.ALWAYS
        return wanted and self.outcome is Outcome.STANDARD

    @property
    def is_provisioned(self) -> bool:
        """Whether it takes resources now, if what it waits for does."""
        if self.feasibility is not None:
            return self.is_feasible
        return self.outcome is Outcome.STANDARD and not self.is_survey_first

    def as_special(self, *reasons: Reason) -> Assessment:
        """Return it handed over for these reasons instead."""
        return replace(self, outcome=Outcome.SPECIAL, reason=(*self.reason, *reasons))


def assess(
    request: InitiatingRequest, rules: Sequence[Rule], moment: datetime
) -> tuple[Assessment, ...]:
    """Return the outcome of each item, the first of `Outcome` that holds."""
    looped = _in_a_cycle(request.item)
    known = {item.id for item in request.item}
    assessments = []
    for item in request.item:
        contradictions = tuple(_contradictions(item, known, looped))
        assessments.append(
            Assessment(item, Outcome.REJECTED, contradictions)
            if contradictions
            else _assess_item(request, item, rules, moment)
        )
    return tuple(assessments)


def outcome_of(assessments: Iterable[Assessment]) -> Outcome:
    """Return the request's own outcome: the first of `Outcome` that any item has."""
    outcomes = {assessment.outcome for assessment in assessments}
    return next(outcome for outcome in Outcome if outcome in outcomes)


def scope_of(request: InitiatingRequest, item: RequestedItem) -> dict[str, Any]:
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
        "previous": {},
    }


def _assess_item(
    request: InitiatingRequest,
    item: RequestedItem,
    rules: Sequence[Rule],
    moment: datetime,
) -> Assessment:
    if item.action is Action.NO_CHANGE:
        unchanged = Reason("noChange", "Nothing is to change, so nothing is issued.", item.path)
        return Assessment(item, Outcome.STANDARD, (unchanged,))
    if item.action is not Action.ADD:
        by_hand = Reason(
            "actionNotStandard",
            f"The standard sets only add; {item.action} is handed over.",
            item.path,
        )
        return Assessment(item, Outcome.SPECIAL, (by_hand,))
    scope = scope_of(request, item)
    try:
        found = matching(rules, item, request.request_type, scope, moment)
    except ExpressionError as error:
        return Assessment(item, Outcome.SPECIAL, (rule_failed(item, error),))
    if len(found) != 1:
        return Assessment(item, Outcome.SPECIAL, (_no_single_rule(item, found),))
    return _by_rule(item, found[0], scope)


def _by_rule(item: RequestedItem, rule: Rule, scope: Scope) -> Assessment:
    """Return the item's outcome by the one rule that applies to it."""
    wrong = tuple(_wrong_values(item, rule))
    if wrong:
        return Assessment(item, Outcome.REJECTED, wrong, rule)
    missing = tuple(_missing(item, rule))
    if missing:
        return Assessment(item, Outcome.INFORMATION_REQUIRED, missing, rule)
    try:
        conditions = tuple(
            Condition(special.code, special.when.source, special.when.evaluate(scope))
            for special in rule.special
        )
    except ExpressionError as error:
        return Assessment(item, Outcome.SPECIAL, (rule_failed(item, error),), rule)
    reasons = [
        Reason(special.code, special.reason, item.path)
        for special, condition in zip(rule.special, conditions, strict=True)
        if condition.value is True
    ]
    for order_id in item.waits_for_order:
        # Nothing here knows when that order is complete; whoever tracks both does.
        said = f"It waits for order {order_id}, which is tracked elsewhere."
        reasons.append(Reason("waitsForOtherOrder", said, item.path))
    if item.needs_special_handling:
        reasons.append(Reason("requested", "The requester asks for special handling.", item.path))
    outcome = Outcome.SPECIAL if reasons else Outcome.STANDARD
    if outcome is Outcome.STANDARD and rule.feasibility is Feasibility.ALWAYS:
        first = "Its rule wants a feasibility assessment before anything is provisioned."
        reasons.append(Reason("feasibilityFirst", first, item.path))
    return Assessment(item, outcome, tuple(reasons), rule, conditions)


def _contradictions(
    item: RequestedItem, known: set[str], looped: frozenset[str]
) -> Iterable[Reason]:
    """Yield where the item contradicts itself or the rest of the request."""
    for target in item.relies_on:
        if target not in known:
            yield Reason("unknownItem", f"It waits for {target!r}, which isn't there.", item.path)
    if item.quantity < 1:
        yield Reason("invalidQuantity", f"{item.quantity} can't be ordered.", item.path)
    if item.id in looped:
        yield Reason("dependencyCycle", "It waits for itself, through other items.", item.path)
    if item.action is Action.ADD and item.subject.get("state") == "terminated":
        yield Reason(
            "terminatedAdd", "A service can't be added as terminated.", f"{item.path}.state"
        )
    delivered = item.subject.get("id") or item.supporting_resource
    if item.action in {Action.MODIFY, Action.DELETE} and not delivered:
        yield Reason(
            "neverDelivered",
            f"There is nothing to {item.action}: name the service's id or its supportingResource.",
            item.path,
        )


def _in_a_cycle(items: Iterable[RequestedItem]) -> frozenset[str]:
    """Return the ids of items that wait for themselves, directly or through others.

    Kosaraju's way, without recursion: two walks, so a large request costs no more than its size.
    """
    waits = {item.id: list(item.relies_on) for item in items}
    waited: dict[str, list[str]] = {}
    for item_id, targets in waits.items():
        for target in targets:
            waited.setdefault(target, []).append(item_id)
    looped = {item_id for item_id, targets in waits.items() if item_id in targets}
    seen: set[str] = set()
    finished = [one for start in waits for one in _walk(start, waits, seen)]
    seen = set()
    for start in reversed(finished):
        component = _walk(start, waited, seen)
        if len(component) > 1:
            looped.update(component)
    return frozenset(looped)


def _walk(start: str, edges: Mapping[str, Sequence[str]], seen: set[str]) -> list[str]:
    """Return what is reached from `start` and wasn't seen before, each after what it leads to."""
    finished: list[str] = []
    left = [(start, iter(edges.get(start, ())))]
    if start in seen:
        return finished
    seen.add(start)
    while left:
        node, targets = left[-1]
        target = next((one for one in targets if one not in seen), None)
        if target is None:
            finished.append(node)
            left.pop()
        else:
            seen.add(target)
            left.append((target, iter(edges.get(target, ()))))
    return finished


def _no_single_rule(item: RequestedItem, found: Sequence[Rule]) -> Reason:
    """Return why no standard set fits: no rule at all, or several that are equally specific."""
    name = item.specification.id if item.specification else "no specification"
    if not found:
        return Reason("noRule", f"There is no rule for {name}.", item.path)
    names = ", ".join(f"{rule.id} {rule.version}" for rule in found)
    return Reason("ambiguousRules", f"Several rules fit {name} equally: {names}.", item.path)


def _wrong_values(item: RequestedItem, rule: Rule) -> Iterable[Reason]:
    """Yield values that fail the rule's schema: nothing that could be brought later mends them."""
    for requirement in rule.requires.characteristic:
        if requirement.name in item.characteristic:
            value = item.characteristic[requirement.name]
            for problem in requirement.schema.problems(value):
                path = characteristic_path(item, requirement.name)
                yield Reason("invalidCharacteristic", f"{requirement.name}: {problem}", path)


def _missing(item: RequestedItem, rule: Rule) -> Iterable[Reason]:
    """Yield what the rule needs and the item doesn't bring: a PATCH can."""
    requires = rule.requires
    for requirement in requires.characteristic:
        if not requirement.optional and requirement.name not in item.characteristic:
            path = characteristic_path(item, requirement.name)
            yield Reason(
                "missingCharacteristic", f"The characteristic {requirement.name} is missing.", path
            )
    for role in requires.place:
        if role not in item.place:
            path = f"{item.path}.place[?(@.role=='{role}')]"
            yield Reason("missingPlace", f"The place with the role {role} is missing.", path)
    for role in requires.related_party:
        if role not in item.party:
            path = f"{item.path}.relatedParty[?(@.role=='{role}')]"
            yield Reason("missingParty", f"The party with the role {role} is missing.", path)


def characteristic_path(item: RequestedItem, name: str) -> str:
    """Return where the characteristic stands, or would, in the request's document."""
    attribute = "serviceCharacteristic" if item.path.startswith("service") else "characteristic"
    return f"{item.path}.{attribute}[?(@.name=='{name}')]"


def rule_failed(item: RequestedItem, error: ExpressionError) -> Reason:
    """Return the reason for an item whose rule has no value where it needs one."""
    return Reason("ruleFailed", f"The rule can't be applied: {error}", item.path)


def by_id(assessments: Iterable[Assessment]) -> Mapping[str, Assessment]:
    """Return the assessments by the id of their item."""
    return {assessment.item.id: assessment for assessment in assessments}
