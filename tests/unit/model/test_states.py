from __future__ import annotations

import pytest

from ordergate.model.states import (
    CANCELLABLE,
    FINAL,
    UNDER_CANCELLATION,
    OrderState,
    TaskState,
    next_states,
)


def test_states_are_spelt_as_the_standard_does() -> None:
    assert {str(state) for state in OrderState} == {
        "acknowledged",
        "rejected",
        "pending",
        "held",
        "inProgress",
        "cancelled",
        "completed",
        "failed",
        "partial",
        "assessingCancellation",
        "pendingCancellation",
    }


@pytest.mark.parametrize("state", sorted(FINAL))
def test_nothing_leads_out_of_a_final_state(state: OrderState) -> None:
    assert next_states(state) == ()


def test_cancelling_has_a_task_of_its_own() -> None:
    cancelling = {OrderState.ASSESSING_CANCELLATION, OrderState.PENDING_CANCELLATION}
    assert {one for state in cancelling for one in next_states(state)} == set()
    assert cancelling.isdisjoint({one for state in OrderState for one in next_states(state)})


def test_every_other_state_leads_somewhere_and_never_to_itself() -> None:
    for state in (OrderState.ACKNOWLEDGED, OrderState.IN_PROGRESS, "pending", "held"):
        found = next_states(OrderState(state))
        assert found
        assert state not in found


def test_order_can_be_cancelled_until_it_is_over() -> None:
    assert {*CANCELLABLE} | FINAL | UNDER_CANCELLATION == set(OrderState)
    assert len(CANCELLABLE) + len(FINAL) + len(UNDER_CANCELLATION) == len(OrderState)


def test_states_of_a_task_are_those_of_the_published_contracts() -> None:
    found = {str(state) for state in TaskState}
    first = {"acknowledged", "accepted"}  # TMF652's word, and TMF641's
    assert found == {*first, "inProgress", "done", "terminatedWithError"}
