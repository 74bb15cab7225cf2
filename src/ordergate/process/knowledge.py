"""Knowledge: everything that a decision rests on beside the request itself.

It is gathered before the decision, so that the decision stays a pure function.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ordergate.model.feasibility import FeasibilityAssessment
    from ordergate.model.order import ItemReference
    from ordergate.process.rules import Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class Knowledge:
    """What is known when a request is decided.

    Args:
        rules: those in force; each may be valid at other moments.
        feasibility: assessments that may concern its special items, the newest first.
        issued: requested items that were issued in an earlier round: the order items that whatever
            waits for them has to wait for.
    """

    rules: Sequence[Rule] = ()
    feasibility: Sequence[FeasibilityAssessment] = ()
    issued: Mapping[str, Sequence[ItemReference]] = field(default_factory=dict)
