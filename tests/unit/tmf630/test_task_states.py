from __future__ import annotations

import pytest

from ordergate.tmf630.query import Condition, Operator
from ordergate.tmf630.task_states import in_both_spellings


def state(*values: str, operator: Operator = Operator.EQ) -> Condition:
    return Condition("state", operator, values)


@pytest.mark.parametrize("operator", [Operator.EQ, Operator.NE])
@pytest.mark.parametrize("spelled", ["accepted", "acknowledged"])
def test_first_state_is_meant_in_both_spellings(spelled: str, operator: Operator) -> None:
    meant = in_both_spellings(state("done", spelled, operator=operator))
    assert meant.operator is operator
    assert sorted(meant.values) == ["accepted", "acknowledged", "done"]


@pytest.mark.parametrize(
    "other", [state("done"), state("accepted", operator=Operator.REGEX), state("Accepted")]
)
def test_anything_else_stays_as_it_is(other: Condition) -> None:
    assert in_both_spellings(other) is other
