"""The outcome of one requested item, and what it rests on."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from ordergate.model.common import Action
from ordergate.model.feasibility import FeasibilityResult
from ordergate.process.rules import Feasibility

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ordergate.model.feasibility import FeasibilityAssessment
    from ordergate.model.order import Reason
    from ordergate.process.feasibility import LookedUp
    from ordergate.process.request import RequestedItem
    from ordergate.process.rules import Rule

_TAKE_NOTHING = frozenset({"alreadySo", "withdrawn", "notProvisioned"})
"""Codes of the reasons for which a standard item takes no order items."""


class Outcome(StrEnum):
    """What becomes of an item; the request's own is the first here that any item has."""

    REJECTED = "rejected"
    INFORMATION_REQUIRED = "informationRequired"
    SPECIAL = "special"
    STANDARD = "standard"


_IN_ORDER = tuple(Outcome)


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition that was looked at, and what it came to: part of the why.

    Args:
        code: of a special condition; `appliesTo` for that of the rule itself.
        given: the values that it looked at, by their path.
    """

    code: str
    expression: str
    value: Any
    given: Mapping[str, Any] = field(default_factory=dict)


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
        provides = self.item.action is not Action.DELETE and not self.takes_nothing
        return wanted and provides and self.outcome is Outcome.STANDARD

    @property
    def is_provisioned(self) -> bool:
        """Whether it takes resources now, if what it waits for does."""
        if self.feasibility is not None:
            return self.is_feasible
        return self.outcome is Outcome.STANDARD and not self.is_survey_first

    @property
    def takes_nothing(self) -> bool:
        """Whether it is standard, and nothing is to be done for it."""
        if self.outcome is not Outcome.STANDARD:
            return False
        unchanged = self.item.action is Action.NO_CHANGE
        return unchanged or any(one.code in _TAKE_NOTHING for one in self.reason)

    def because(self, *reasons: Reason) -> Assessment:
        """Return it with more reasons, and the same outcome."""
        return replace(self, reason=(*self.reason, *reasons))

    def as_special(self, *reasons: Reason) -> Assessment:
        """Return it handed over for these reasons instead."""
        return replace(self, outcome=Outcome.SPECIAL, reason=(*self.reason, *reasons))


def outcome_of(assessments: Iterable[Assessment]) -> Outcome:
    """Return the request's own outcome: the first of `Outcome` that any item has."""
    outcomes = {assessment.outcome for assessment in assessments}
    return next(outcome for outcome in _IN_ORDER if outcome in outcomes)


def by_id(assessments: Iterable[Assessment]) -> Mapping[str, Assessment]:
    """Return the assessments by the id of their item."""
    return {assessment.item.id: assessment for assessment in assessments}
