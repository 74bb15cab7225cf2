"""Rules as the process sees them: compiled, and ready to be matched with a requested item.

A matching rule is the *standard set* of eTOM 1.5.6.7. Rules are written as YAML, kept in the store
and compiled by the `catalog`; this module only knows what they mean.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from ordergate.model.common import Specification
    from ordergate.process.evaluation import Effort, Evaluator
    from ordergate.process.request import RequestedItem, RequestType

Scope: TypeAlias = "Mapping[str, Any]"
"""What an expression may look at: `VARIABLES` and, in a `forEach`, the element's name."""

VARIABLES = (
    "request",
    "item",
    "service",
    "characteristic",
    "feature",
    "place",
    "party",
    "previous",
)


class ExpressionError(Exception):
    """An expression of a rule has no value for this request."""


class Expression(Protocol):
    """A compiled expression: bounded, without side effects."""

    @property
    def source(self) -> str:
        """The expression as it is written in the rule."""

    def names(self, variable: str) -> bool:
        """Return whether it may look at that variable: if not, its value never depends on it."""

    def evaluate(self, scope: Scope, effort: Effort) -> Any:
        """Return its value, and take from `effort` what that takes, beforehand.

        Raises:
            ExpressionError: it has none, for a missing value or a wrong type; or it takes too much.
        """

    def looked_at(self, scope: Scope) -> Mapping[str, Any]:
        """Return the single values that it looks at, by their path: part of the why.

        A list or a map counts as the number of its elements.
        """


class ValueSchema(Protocol):
    """A compiled JSON Schema of a characteristic's value."""

    def problems(self, value: Any) -> Sequence[str]:
        """Return what is wrong with `value`, for people; empty when it is right."""


@dataclass(frozen=True, slots=True)
class Literal:
    """A value that a rule states outright; it is an expression without variables."""

    value: Any

    @property
    def source(self) -> str:
        """The value as text."""
        return repr(self.value)

    def names(self, variable: str) -> bool:  # noqa: ARG002 - it looks at nothing
        """Return that it doesn't."""
        return False

    def evaluate(self, scope: Scope, effort: Effort) -> Any:  # noqa: ARG002 - it looks at nothing
        """Return the value."""
        return self.value

    def looked_at(self, scope: Scope) -> Mapping[str, Any]:  # noqa: ARG002 - it looks at nothing
        """Return nothing."""
        return {}


class Feasibility(StrEnum):
    """When a rule wants a feasibility assessment before anything is provisioned."""

    NEVER = "never"
    IF_SPECIAL = "ifSpecial"
    ALWAYS = "always"


@dataclass(frozen=True, slots=True)
class AppliesTo:
    """Which requested items a rule is for."""

    specification: Specification
    request_type: frozenset[RequestType] | None = None
    when: Expression | None = None


@dataclass(frozen=True, slots=True)
class CharacteristicRequirement:
    """A characteristic that a rule needs, or takes, and what its value may be."""

    name: str
    schema: ValueSchema
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Requires:
    """What a requested item must bring to be complete; places and parties by role."""

    characteristic: tuple[CharacteristicRequirement, ...] = ()
    place: tuple[str, ...] = ()
    related_party: tuple[str, ...] = ()

    def refuses(self, item: RequestedItem) -> bool:
        """Return whether a value is wrong."""
        return any(
            one.name in item.characteristic and one.schema.problems(item.characteristic[one.name])
            for one in self.characteristic
        )

    def lacks(self, item: RequestedItem) -> bool:
        """Return whether something is missing."""
        return not (
            all(one.optional or one.name in item.characteristic for one in self.characteristic)
            and all(role in item.place for role in self.place)
            and all(role in item.party for role in self.related_party)
        )


@dataclass(frozen=True, slots=True)
class SpecialCondition:
    """A condition under which the standard set doesn't fit (eTOM 1.5.6.7, C5)."""

    code: str
    when: Expression
    reason: str


@dataclass(frozen=True, slots=True)
class ForEach:
    """One order item for each element of a list; `name` is the element's variable."""

    over: Expression
    name: str


@dataclass(frozen=True, slots=True)
class OrderItemTemplate:
    """One line of a standard set, from which order items are made.

    Args:
        key: its name within the rule; `depends_on` names other keys.
        resource: `@type`, `category`, `name`, `description` of the resource: attribute to value.
        place: role of the requested item's place to take along.
        bulk: `unit: bulk` orders the quantity in one item, else each unit is an item of its own.
        appointment: take the requested item's appointment along.
    """

    key: str
    domain: str
    resource_specification: Specification
    resource: Mapping[str, Expression]
    characteristic: Mapping[str, Expression] = field(default_factory=dict)
    place: str | None = None
    quantity: Expression = field(default_factory=lambda: Literal(1))
    bulk: bool = False
    when: Expression | None = None
    for_each: ForEach | None = None
    depends_on: tuple[str, ...] = ()
    point_of_no_return: str | None = None
    appointment: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """A version of a rule, compiled."""

    id: str
    version: int
    name: str
    applies_to: AppliesTo
    order_item: tuple[OrderItemTemplate, ...]
    requires: Requires = field(default_factory=Requires)
    special: tuple[SpecialCondition, ...] = ()
    feasibility: Feasibility = Feasibility.IF_SPECIAL
    valid_from: datetime | None = None
    valid_until: datetime | None = None

    def specificity(self) -> int:
        """Return how narrowly it applies: the most specific of several rules wins."""
        applies = self.applies_to
        return (
            4 * (applies.specification.version is not None)
            + 2 * (applies.when is not None)
            + (applies.request_type is not None)
        )

    def is_valid_at(self, moment: datetime) -> bool:
        """Return whether `validFor` holds at `moment`; it ends before its end."""
        return (self.valid_from is None or self.valid_from <= moment) and (
            self.valid_until is None or moment < self.valid_until
        )


def matching(
    rules: Iterable[Rule],
    item: RequestedItem,
    request_type: RequestType,
    evaluator: Evaluator,
    moment: datetime,
) -> tuple[Rule, ...]:
    """Return the rules for `item` that are most specific: one is the standard set.

    None means that the request is special (`noRule`), several likewise (`ambiguousRules`).

    A condition may look at what its own rule requires. While that is missing, or wrong, it can't be
    judged: such a rule gives way to those that apply for certain. Where there are none, the item is
    assessed by it, and so is told what is missing or wrong; that it may then be another rule's is
    seen when it is assessed again.

    Raises:
        ExpressionError: a rule's `appliesTo.when` has no value for this item, though the item
            brings all that the rule requires.
    """
    found: list[Rule] = []
    unjudged: list[Rule] = []
    for rule in rules:
        if rule.is_valid_at(moment) and _is_asked(rule.applies_to, item, request_type):
            holds = _holds(rule, item, evaluator)
            if holds is None:
                unjudged.append(rule)
            elif holds:
                found.append(rule)
    if not found:
        # Bringing what is missing settles it; a wrong value may be right for another rule.
        unjudged.sort(key=lambda rule: (rule.requires.refuses(item), -rule.specificity()))
        return tuple(unjudged[:1])
    most = max(rule.specificity() for rule in found)
    return tuple(rule for rule in found if rule.specificity() == most)


def _is_asked(applies: AppliesTo, item: RequestedItem, request_type: RequestType) -> bool:
    """Return whether the rule is for this specification and kind of request."""
    asked, wanted = item.specification, applies.specification
    return (
        asked is not None
        and asked.id == wanted.id
        and wanted.version in (None, asked.version)
        and (applies.request_type is None or request_type in applies.request_type)
    )


def _holds(rule: Rule, item: RequestedItem, evaluator: Evaluator) -> bool | None:
    """Return whether the rule's condition is true; None while it can't be judged."""
    when = rule.applies_to.when
    if when is None:
        return True
    try:
        return evaluator.value_of(when) is True
    except ExpressionError:
        if rule.requires.lacks(item) or rule.requires.refuses(item):
            return None
        raise
