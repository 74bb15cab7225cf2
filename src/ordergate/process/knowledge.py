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
    from ordergate.process.history import IssuedOrder
    from ordergate.process.previous import Previous
    from ordergate.process.rules import Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class Knowledge:
    """What is known when a request is decided.

    Args:
        rules: those in force; each may be valid at other moments.
        feasibility: assessments that may concern its special items, the newest first.
        issued: requested items that were issued in an earlier round: the order items that whatever
            waits for them has to wait for.
        previous: what was issued before, by requested item; nothing where one isn't there.
        waiting: other orders that wait for some of those.
        awaited: other service orders that items wait for: the order items that stand for them.
    """

    rules: Sequence[Rule] = ()
    feasibility: Sequence[FeasibilityAssessment] = ()
    issued: Mapping[str, Sequence[ItemReference]] = field(default_factory=dict)
    previous: Mapping[str, Previous] = field(default_factory=dict)
    waiting: Sequence[IssuedOrder] = ()
    awaited: Mapping[str, Sequence[ItemReference]] = field(default_factory=dict)
