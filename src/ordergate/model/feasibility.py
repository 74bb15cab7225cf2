"""Feasibility assessments: what was found out about special requests (eTOM 1.5.6.7, C6)."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from ordergate.model.common import Action, Document, Specification


class FeasibilityResult(StrEnum):
    """What an assessment came to."""

    FEASIBLE = "feasible"
    INFEASIBLE = "infeasible"


@dataclass(frozen=True, slots=True)
class AppliesTo:
    """Which requested items an assessment is for, whatever request they are in.

    Args:
        action: None is any.
        place: role to the place that it was assessed for; others may be anywhere.
        characteristic: name to the value that it was assessed for; others may be anything.
    """

    specification: Specification
    action: Action | None = None
    place: Mapping[str, Document] = field(default_factory=dict)
    characteristic: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class FeasibilityAssessment:
    """What people, or a survey, found out: whether it can be delivered, and by which orders.

    Args:
        for_request: id of the initiating request that it answers, and of the item in it.
        applies_to: what else it is for.
        assessed_for: what the answered item asked for, as it was then.
        resource_order: the predetermined orders, each the body of a TMF652 POST. None of them
            means that the rule's own standard set fits.
        valid_from: it holds from then on, and before `valid_until`.
        replaced_by: id of a later assessment of the same.
    """

    id: str
    href: str
    result: FeasibilityResult
    recorded_date: datetime
    for_request: tuple[str, str] | None = None
    applies_to: AppliesTo | None = None
    assessed_for: AppliesTo | None = None
    resource_order: tuple[Document, ...] = ()
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    note: tuple[Document, ...] = ()
    replaced_by: str | None = None
