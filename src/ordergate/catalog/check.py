"""Check: what is wrong with rules, before one of them decides.

Beside its form, a rule is tried with requests that its own `requires` allows (`samples`). A
request for which `appliesTo.when` is false, or a special condition true, doesn't get as far as the
order items, so these aren't tried with it; nor is what stays unreached by every sample. A rule with
nothing wrong so far runs its own tests (`rehearsal`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING, Any

from ordergate.catalog.compile import compile_document
from ordergate.catalog.rehearsal import rehearse
from ordergate.catalog.trial import Trial
from ordergate.schemas.resource_order_rule import Problem, RuleStatus, read_rule

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ordergate.process.rules import Rule
    from ordergate.schemas.resource_order_rule import RuleDocument


@dataclass(slots=True)
class _Checked:
    """A rule on its way through the checks: as it was read, compiled, and what is wrong with it."""

    document: Any
    read: RuleDocument | None = None
    rule: Rule | None = None
    problems: list[Problem] = field(default_factory=list)


def check_rule(document: Any, beside: Iterable[Rule] = ()) -> list[Problem]:
    """Return what is wrong with one rule.

    Args:
        beside: the rules in force; what has the same id is what it would replace.
    """
    checked = _check(document)
    others = [rule for rule in beside if checked.rule and rule.id != checked.rule.id]
    if _is_active(checked):
        checked.problems += _ties(checked, others)
    _rehearse(checked, others)
    return checked.problems


def check_rules(documents: Sequence[Any]) -> list[list[Problem]]:
    """Return what is wrong with each rule, for itself and beside the others."""
    checked = [_check(document) for document in documents]
    seen: dict[tuple[str, int], Any] = {}
    for one in checked:
        rule = one.rule
        if rule and seen.setdefault((rule.id, rule.version), one.document) != one.document:
            text = f"{rule.id} version {rule.version} is there with other content"
            one.problems.append(Problem("version", text))
    before: list[Rule] = []
    for one in _in_force(checked):
        one.problems += _ties(one, before)
        before += [one.rule] if one.rule else []
    sound = [one.rule for one in _in_force(checked) if one.rule and not one.problems]
    for one in checked:
        _rehearse(one, [rule for rule in sound if one.rule and rule.id != one.rule.id])
    return [one.problems for one in checked]


def _check(document: Any) -> _Checked:
    """Return a rule with what is wrong with it for itself."""
    read, problems = read_rule(document)
    if read is None:
        return _Checked(document, problems=problems)
    rule, problems = compile_document(read)
    problems += _structure(read)
    if rule is not None and not problems:
        problems += Trial(rule, read).problems()
    return _Checked(document, read, rule, problems)


def _rehearse(checked: _Checked, others: Sequence[Rule]) -> None:
    """Run the tests of a rule, unless something else is wrong that they would only repeat."""
    if checked.rule and checked.read and not checked.problems:
        checked.problems += rehearse(checked.rule, checked.read, others)


def _structure(document: RuleDocument) -> Iterator[Problem]:
    """Yield what is wrong among the order items of a rule."""
    lines = document["order_item"]
    keys = [line["key"] for line in lines]
    for index, line in enumerate(lines):
        path = f"orderItem[{index}]"
        if line["key"] in keys[:index]:
            yield Problem(f"{path}.key", f'there is an item "{line["key"]}" already')
        if line["place"] is not None and line["place"] not in document["requires"]["place"]:
            yield Problem(f"{path}.place", f'requires.place has no "{line["place"]}"')
        for position, key in enumerate(line["depends_on"]):
            if key == line["key"]:
                yield Problem(f"{path}.dependsOn[{position}]", "an item can't depend on itself")
            elif key not in keys:
                yield Problem(f"{path}.dependsOn[{position}]", f'there is no item "{key}"')
    yield from _cycle(lines)


def _cycle(lines: Sequence[RuleDocument]) -> Iterator[Problem]:
    """Yield the first cycle among the items, if there is one longer than an item by itself."""
    graph = {line["key"]: set(line["depends_on"]) - {line["key"]} for line in lines}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        around = error.args[1]
        index = next(i for i, line in enumerate(lines) if line["key"] in around)
        text = f"depends on itself in the end: {' → '.join(around)}"
        yield Problem(f"orderItem[{index}].dependsOn", text)


def _is_active(checked: _Checked) -> bool:
    return checked.read is not None and checked.read["status"] is RuleStatus.ACTIVE


def _in_force(checked: Sequence[_Checked]) -> list[_Checked]:
    """Return the highest active version of each rule, in the order that they came."""
    highest: dict[str, int] = {}
    for one in filter(_is_active, checked):
        if one.rule:
            highest[one.rule.id] = max(one.rule.version, highest.get(one.rule.id, 0))
    found: dict[str, _Checked] = {}
    for one in filter(_is_active, checked):
        if one.rule and one.rule.version == highest[one.rule.id]:
            found.setdefault(one.rule.id, one)
    return [one for one in checked if one.rule and found.get(one.rule.id) is one]


def _ties(checked: _Checked, others: Sequence[Rule]) -> Iterator[Problem]:
    for other in others:
        if checked.rule and _tie(checked.rule, other):
            text = (
                f"ties with {other.id}: no item could tell which one it is for. Narrow one of them "
                "by version, requestType or when, let its validFor end, or retire it."
            )
            yield Problem("appliesTo", text)


def _tie(one: Rule, other: Rule) -> bool:
    """Return whether some item would match both, neither more specifically.

    Conditions may exclude each other, so rules that have one don't count.
    """
    mine, theirs = one.applies_to, other.applies_to
    return (
        (mine.specification.id, mine.specification.version)
        == (theirs.specification.id, theirs.specification.version)
        and mine.when is None
        and theirs.when is None
        and one.specificity() == other.specificity()
        and bool(
            mine.request_type is None
            or theirs.request_type is None
            or mine.request_type & theirs.request_type
        )
        and _holds_before_end(one, other)
        and _holds_before_end(other, one)
    )


def _holds_before_end(one: Rule, other: Rule) -> bool:
    """Return whether `one` begins before `other` ends."""
    return one.valid_from is None or other.valid_until is None or one.valid_from < other.valid_until
