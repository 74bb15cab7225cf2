"""Check: what is wrong with rules, before one of them decides.

Beside its form, a rule is tried with requests that its own `requires` allows (`samples`). A
request for which `appliesTo.when` is false, or a special condition true, doesn't get as far as the
order items, so these aren't tried with it; nor is what stays unreached by every sample.
"""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter
from itertools import combinations
from typing import TYPE_CHECKING, Any

from ordergate.catalog.compile import compile_document
from ordergate.catalog.trial import Trial
from ordergate.schemas.resource_order_rule import Problem, RuleStatus, read_rule

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ordergate.process.rules import Rule
    from ordergate.schemas.resource_order_rule import RuleDocument


def check_rule(document: Any) -> list[Problem]:
    """Return what is wrong with one rule, for itself."""
    return _check(document)[1]


def check_rules(documents: Sequence[Any]) -> list[list[Problem]]:
    """Return what is wrong with each rule, for itself and beside the others."""
    checked = [_check(document) for document in documents]
    found = [problems for _, problems in checked]
    seen: dict[tuple[str, int], Any] = {}
    for document, (rule, _), problems in zip(documents, checked, found, strict=True):
        if rule is not None and seen.setdefault((rule.id, rule.version), document) != document:
            problems.append(
                Problem("version", f"{rule.id} version {rule.version} is there with other content")
            )
    in_force = _in_force(documents, [rule for rule, _ in checked])
    for (_, one), (position, other) in combinations(in_force, 2):
        if _tie(one, other):
            found[position].append(
                Problem("appliesTo", f"ties with {one.id}: no item could tell which one it is for")
            )
    return found


def _check(document: Any) -> tuple[Rule | None, list[Problem]]:
    read, problems = read_rule(document)
    if read is None:
        return None, problems
    rule, problems = compile_document(read)
    problems += _structure(read)
    if rule is not None and not problems:
        problems += Trial(rule, read).problems()
    return rule, problems


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


def _in_force(documents: Sequence[Any], rules: Sequence[Rule | None]) -> list[tuple[int, Rule]]:
    """Return the highest active version of each rule, with its position."""
    highest: dict[str, tuple[int, Rule]] = {}
    for position, (document, rule) in enumerate(zip(documents, rules, strict=True)):
        if rule is None or document.get("status", RuleStatus.ACTIVE) != RuleStatus.ACTIVE:
            continue
        if rule.id not in highest or highest[rule.id][1].version < rule.version:
            highest[rule.id] = position, rule
    return sorted(highest.values(), key=lambda found: found[0])


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
