from __future__ import annotations

from typing import TYPE_CHECKING, Any

from make import ADDRESSES, MOMENT, item, request
from ordergate.model.common import Action, Specification
from ordergate.model.order import OrderType, Reason, SpecialHandling
from ordergate.process.assessment import Assessment, Outcome
from ordergate.process.special_handling import DOMAIN, special_handling

if TYPE_CHECKING:
    from ordergate.process.special_handling import HandOver

REASON = Reason("longDrop", "It is far.", "requestedItem[1]")


def handed_over(**changes: Any) -> HandOver:
    asked = item(**changes)
    assessment = Assessment(asked, Outcome.SPECIAL, (REASON,))
    return special_handling(request(asked, priority="1"), assessment, ADDRESSES, MOMENT)


def test_hand_over_is_one_feasibility_order_that_is_marked() -> None:
    found = handed_over()
    assert found.order.order_type is OrderType.FEASIBILITY
    assert found.order.domain == DOMAIN == "specialHandling"
    assert found.order.special_handling == SpecialHandling((REASON,), MOMENT)
    assert found.order.priority == 1
    assert found.order.initiating_request.id == "req-1"


def test_hand_over_says_which_item_and_why() -> None:
    found = handed_over()
    assert (found.requested_item_id, found.reason) == ("1", (REASON,))
    assert found.href == ADDRESSES.special_handling(found.id)
    assert found.handed_over_date == MOMENT


def test_order_carries_along_what_was_asked_for() -> None:
    found = handed_over(
        action=Action.MODIFY,
        specification=Specification("svc-x", "Quantum link"),
        characteristic={"qubits": 7},
        quantity=3,
        place={"site": {"id": "s-1"}},
        appointment={"id": "ap-1"},
    )
    (only,) = found.order.item
    assert (only.id, only.requested_item_id, only.action) == ("1", "1", Action.MODIFY)
    assert only.quantity == 3
    assert only.appointment == {"id": "ap-1"}
    assert only.resource_specification == Specification("svc-x", "Quantum link")
    assert only.resource.name == "Quantum link"
    assert only.resource.characteristic == {"qubits": 7}
    assert only.resource.place == {"id": "s-1"}


def test_item_without_a_specification_can_be_handed_over_too() -> None:
    (only,) = handed_over(specification=None).order.item
    assert only.resource_specification == Specification("unspecified")


def test_same_item_is_handed_over_under_the_same_ids() -> None:
    assert handed_over() == handed_over()
    asked = item("2")
    other = special_handling(request(asked), Assessment(asked, Outcome.SPECIAL), ADDRESSES, MOMENT)
    assert {other.id, other.order.id}.isdisjoint({handed_over().id, handed_over().order.id})
