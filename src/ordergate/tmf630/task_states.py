"""`TaskStateType`: TMF652 calls the first state of a task acknowledged, TMF641 accepted (Q5)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ordergate.tmf630.query import Operator

if TYPE_CHECKING:
    from ordergate.tmf630.query import Condition

_FIRST_STATE = ("acknowledged", "accepted")


def in_both_spellings(condition: Condition) -> Condition:
    """Return a condition on a task's state that means the first one however it is spelled."""
    is_text = condition.operator in {Operator.EQ, Operator.NE}
    if not is_text or not set(_FIRST_STATE).intersection(condition.values):
        return condition
    return replace(condition, values=tuple(dict.fromkeys(condition.values + _FIRST_STATE)))
