from __future__ import annotations

import copy
from dataclasses import replace
from datetime import timedelta
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest

from make import ADDRESSES, MOMENT, merge, resource_order
from ordergate.errors import (
    IllegalTransitionError,
    InvalidDocumentError,
    InvalidPatchError,
    OrdergateError,
)
from ordergate.model.common import timestamp
from ordergate.model.states import FINAL, OrderState
from ordergate.process.acknowledge import acknowledge
from ordergate.process.lifecycle import amend, removal

if TYPE_CHECKING:
    from ordergate.process.entity import Entity

LATER = MOMENT + timedelta(hours=1)
TABLE = {
    ("acknowledged", "rejected"),
    ("acknowledged", "inProgress"),
    ("inProgress", "completed"),
    ("inProgress", "failed"),
    ("inProgress", "partial"),
    ("inProgress", "pending"),
    ("inProgress", "held"),
    ("pending", "inProgress"),
    ("pending", "cancelled"),
    ("held", "inProgress"),
    ("held", "cancelled"),
}
"""S2 to S12 of the standard, spelt out once more: the judge of what the model says."""

STATES = [str(state) for state in OrderState]
PAIRS = list(product(STATES, STATES))
ITEM_TABLE = {pair for pair in TABLE if "partial" not in pair} | {("acknowledged", "cancelled")}


def order(state: str = "acknowledged", **changes: Any) -> Entity:
    """Return a kept order in that state; its items are acknowledged."""
    entity = acknowledge(resource_order(**changes), "ro-1", ADDRESSES, MOMENT)
    return replace(entity, document={**entity.document, "state": state}, owed=())


def any_result(_: dict[str, Any]) -> None:
    """Let every result pass: the contract is the edge's business."""


def amended(entity: Entity, **patch: Any) -> Entity:
    found = amend(entity, merge(patch), LATER, any_result, ADDRESSES)
    assert found is not None
    return found


def refused(entity: Entity, **patch: Any) -> OrdergateError:
    with pytest.raises(OrdergateError) as caught:
        amend(entity, merge(patch), LATER, any_result, ADDRESSES)
    return caught.value


def items(entity: Entity, **first: Any) -> list[dict[str, Any]]:
    """Return the order's items as a patch would send them, the first one changed."""
    kept: list[dict[str, Any]] = copy.deepcopy(entity.document["orderItem"])
    kept[0] |= first
    return kept


def told(entity: Entity) -> list[tuple[str, str | None]]:
    return [(one.document["eventType"], one.document.get("fieldPath")) for one in entity.owed]


@pytest.mark.parametrize(("old", "new"), PAIRS)
def test_state_goes_only_where_the_table_leads(old: str, new: str) -> None:
    entity = order(old)
    if old == new:
        assert amend(entity, merge({"state": new}), LATER, any_result, ADDRESSES) is None
    elif (old, new) in TABLE:
        found = amended(entity, state=new)
        assert found.document["state"] == new
        assert told(found)[0] == ("ResourceOrderStateChangeEvent", None)
        required = [("ResourceOrderInformationRequiredEvent", "orderItem")]
        assert told(found)[1:] == (required if new == "pending" else [])
        assert found.owed[0].document["description"] == f"{old} -> {new}"
    else:
        error = refused(entity, state=new)
        assert isinstance(error, IllegalTransitionError)
        assert error.path == "state"
        for _, allowed in (pair for pair in TABLE if pair[0] == old):
            assert allowed in error.reason


@pytest.mark.parametrize(("old", "new"), PAIRS)
def test_state_of_an_item_goes_only_where_its_own_table_leads(old: str, new: str) -> None:
    entity = order("inProgress")
    entity.document["orderItem"][0]["state"] = old
    patch = {"orderItem": items(entity, state=new)}
    if old == new:
        assert amend(entity, merge(patch), LATER, any_result, ADDRESSES) is None
    elif (old, new) in ITEM_TABLE:
        found = amended(entity, **patch)
        assert found.document["orderItem"][0]["state"] == new
        assert ("ResourceOrderAttributeValueChangeEvent", "orderItem") in told(found)
    else:
        assert refused(entity, **patch).path == "orderItem[0].state"


@pytest.mark.parametrize("order_state", ["assessingCancellation", "pendingCancellation"])
@pytest.mark.parametrize(("old", "new"), PAIRS)
def test_item_of_an_order_being_cancelled_only_says_how_its_undoing_ended(
    old: str, new: str, order_state: str
) -> None:
    entity = order(order_state)
    entity.document["orderItem"][0]["state"] = old
    patch = {"orderItem": items(entity, state=new)}
    undone = {("pendingCancellation", "cancelled"), ("pendingCancellation", "failed")}
    if old == new:
        assert amend(entity, merge(patch), LATER, any_result, ADDRESSES) is None
    elif (old, new) in undone:
        found = amended(entity, **patch)
        assert found.document["state"] == order_state
        assert told(found) == [("ResourceOrderAttributeValueChangeEvent", "orderItem")]
    else:
        assert isinstance(refused(entity, **patch), IllegalTransitionError)


def test_item_without_work_may_be_complete_at_once() -> None:
    entity = order("inProgress")
    entity.document["orderItem"][0]["action"] = "noChange"
    found = amended(entity, orderItem=items(entity, state="completed"))
    assert found.document["orderItem"][0]["state"] == "completed"


def test_change_raises_revision_and_sequence_and_leaves_the_old_order_alone() -> None:
    entity = order()
    before = copy.deepcopy(entity)
    found = amended(entity, state="inProgress", description="New")
    assert (found.revision, found.sequence) == (2, 3)
    assert [event.sequence for event in found.owed] == [2, 3]
    assert told(found) == [
        ("ResourceOrderStateChangeEvent", None),
        ("ResourceOrderAttributeValueChangeEvent", "description"),
    ]
    assert {str(event.document["event"]) for event in found.owed} == {
        str({"resourceOrder": found.document})
    }
    assert entity == before


def test_field_path_names_every_changed_attribute() -> None:
    found = amended(order(), priority=3, description="New", **{"x-mine": 1})
    assert set(str(told(found)[0][1]).split(",")) == {"priority", "description", "x-mine"}


@pytest.mark.parametrize(
    "patch",
    [
        {},
        {"priority": 2},
        {"id": "ro-1", "href": ADDRESSES.resource_order("ro-1")},
        {"orderDate": "2026-01-01T13:00:00+01:00"},
        {"x-mine": None},
    ],
)
def test_patch_that_changes_nothing_comes_to_nothing(patch: dict[str, Any]) -> None:
    assert amend(order(), merge(patch), LATER, any_result, ADDRESSES) is None


def test_start_date_is_set_once() -> None:
    started = amended(order(), state="inProgress")
    assert started.document["startDate"] == timestamp(LATER)
    held = amended(started, state="held")
    again = amend(
        held, merge({"state": "inProgress"}), LATER + timedelta(hours=1), any_result, ADDRESSES
    )
    assert again is not None
    assert again.document["startDate"] == timestamp(LATER)


@pytest.mark.parametrize("state", ["completed", "partial", "failed"])
def test_completion_date_is_set_when_the_work_ends(state: str) -> None:
    found = amended(order("inProgress"), state=state)
    assert found.document["completionDate"] == timestamp(LATER)


@pytest.mark.parametrize("state", ["rejected", "pending", "held", "cancelled"])
def test_other_states_have_no_completion_date(state: str) -> None:
    old = next(old for old, new in sorted(TABLE) if new == state)
    assert "completionDate" not in amended(order(old), state=state).document


@pytest.mark.parametrize("state", ["pending", "held"])
def test_order_that_is_given_up_says_when(state: str) -> None:
    found = amended(order(state), state="cancelled")
    assert found.document["cancellationDate"] == timestamp(LATER)


@pytest.mark.parametrize("name", ["id", "href", "orderDate", "completionDate"])
@pytest.mark.parametrize("value", ["2020-01-01T00:00:00Z", None])
def test_immutable_attribute_is_neither_changed_nor_removed(name: str, value: str | None) -> None:
    entity = amended(order("inProgress"), state="completed")
    error = refused(entity, **{name: value})
    assert isinstance(error, InvalidPatchError)
    assert error.path == name


def test_action_of_an_item_is_immutable() -> None:
    error = refused(order(), orderItem=items(order(), action="noChange"))
    assert isinstance(error, InvalidPatchError)
    assert error.path == "orderItem[0].action"


def test_result_that_breaks_the_contract_is_refused() -> None:
    def check(document: dict[str, Any]) -> None:
        assert document["priority"] == 9
        raise InvalidDocumentError("No.", path="priority")

    with pytest.raises(InvalidDocumentError):
        amend(order(), merge({"priority": 9}), LATER, check, ADDRESSES)
    assert refused(order(), priority=9).path == "priority"


@pytest.mark.parametrize("state", sorted(FINAL))
def test_final_order_takes_words_only(state: str) -> None:
    for patch in (
        {"note": [{"text": "x"}]},
        {"externalReference": [{"name": "x"}]},
        {"description": "x"},
        {"category": "x"},
        {"relatedParty": [{"id": "x"}]},
        {"description": "x", "state": state},
    ):
        assert amended(order(state), **patch).document["state"] == state
    for name in ("priority", "requestedStartDate", "x-mine"):
        error = refused(order(state), **{name: 1})
        assert isinstance(error, IllegalTransitionError)
        assert error.path == name
    entity = order(state)
    assert refused(entity, orderItem=items(entity, quantity=5)).path == "orderItem"


class TestItems:
    @pytest.mark.parametrize("state", ["acknowledged", "pending"])
    def test_items_may_be_left_out_before_the_work_begins(self, state: str) -> None:
        entity = order(state)
        found = amended(entity, orderItem=items(entity)[:1])
        assert [one["id"] for one in found.document["orderItem"]] == ["1"]

    @pytest.mark.parametrize("state", ["inProgress", "held"])
    def test_items_stay_once_the_work_has_begun(self, state: str) -> None:
        entity = order(state)
        error = refused(entity, orderItem=items(entity)[:1])
        assert isinstance(error, IllegalTransitionError)
        assert error.path == "orderItem"
        extra = {"id": "9", "action": "add", "resource": {"name": "x"}}
        assert refused(entity, orderItem=[*items(entity), extra]).path == "orderItem"

    @pytest.mark.parametrize("state", ["acknowledged", "pending"])
    def test_new_item_is_acknowledged_as_in_a_new_order(self, state: str) -> None:
        entity = order(state)
        extra = {"action": "no_change", "resource": {"id": "r-9"}, "state": "completed"}
        add = {"id": "9", "action": "add", "resource": {"name": "x"}}
        found = amended(entity, orderItem=[*items(entity), extra, add]).document["orderItem"]
        assert [one["id"] for one in found] == ["1", "2", "3", "9"]
        assert (found[2]["action"], found[2]["state"]) == ("noChange", "acknowledged")
        assert found[2]["resource"]["href"].endswith("/resource/r-9")
        assert found[3]["resource"]["href"].endswith(f"/resource/{found[3]['resource']['id']}")

    def test_number_of_an_item_that_leaves_is_not_given_again(self) -> None:
        entity = order()
        extra = {"action": "modify", "resource": {"id": "r-9"}}
        found = amended(entity, orderItem=[items(entity)[0], extra]).document["orderItem"]
        assert [one["id"] for one in found] == ["1", "3"]

    def test_resource_may_change_until_the_work_begins(self) -> None:
        entity = order()
        changed = items(entity, resource={"name": "Port 8"})
        found = amended(entity, orderItem=changed).document["orderItem"][0]
        assert found["resource"]["name"] == "Port 8"
        entity = order("inProgress")
        error = refused(entity, orderItem=items(entity, resource={"name": "Port 8"}))
        assert isinstance(error, IllegalTransitionError)
        assert error.path == "orderItem[0].resource"

    def test_what_the_server_gave_an_item_stays_when_the_patch_leaves_it_out(self) -> None:
        entity = order("inProgress", orderItem=resource_order()["orderItem"][:1])
        sent = resource_order()["orderItem"][:1]
        assert amend(entity, merge({"orderItem": sent}), LATER, any_result, ADDRESSES) is None
        found = amended(entity, orderItem=[{**sent[0], "quantity": 2}]).document["orderItem"][0]
        assert found["state"] == "acknowledged"
        assert found["resource"] == entity.document["orderItem"][0]["resource"]

    def test_id_of_another_resource_brings_its_own_address(self) -> None:
        entity = order()
        found = amended(entity, orderItem=items(entity, resource={"id": "r-9"}))
        assert found.document["orderItem"][0]["resource"] == {"id": "r-9"}

    def test_older_spelling_of_an_action_is_no_change_of_it(self) -> None:
        entity = order()
        entity.document["orderItem"][0]["action"] = "noChange"
        patch = {"orderItem": items(entity, action="no_change")}
        assert amend(entity, merge(patch), LATER, any_result, ADDRESSES) is None

    def test_result_is_held_to_what_concerns_several_items(self) -> None:
        entity = order()
        link = {"relationshipType": "dependency", "orderItem": {"itemId": "2"}}
        circle = items(entity, orderItemRelationship=[link])
        assert isinstance(refused(entity, orderItem=circle), InvalidDocumentError)
        twice = [*items(entity), items(entity)[0]]
        assert isinstance(refused(entity, orderItem=twice), InvalidDocumentError)


class TestDerivation:
    def test_items_take_the_order_along_one_event_a_step(self) -> None:
        entity = order(orderItem=[{"id": "1", "action": "noChange", "resource": {"id": "r-1"}}])
        found = amended(entity, orderItem=items(entity, state="completed"))
        assert found.document["state"] == "completed"
        assert told(found) == [
            ("ResourceOrderStateChangeEvent", None),
            ("ResourceOrderStateChangeEvent", None),
            ("ResourceOrderAttributeValueChangeEvent", "orderItem"),
        ]
        first, second, _ = (event.document for event in found.owed)
        assert first["description"] == "acknowledged -> inProgress"
        assert second["description"] == "inProgress -> completed"
        assert first["event"]["resourceOrder"]["state"] == "inProgress"
        assert "completionDate" not in first["event"]["resourceOrder"]
        assert second["event"]["resourceOrder"] == found.document
        assert found.document["startDate"] == timestamp(LATER)
        assert found.document["completionDate"] == timestamp(LATER)

    def test_patch_that_sets_the_state_itself_has_the_last_word(self) -> None:
        entity = order()
        found = amended(entity, state="inProgress", orderItem=items(entity, state="rejected"))
        assert found.document["state"] == "inProgress"
        assert [one["state"] for one in found.document["orderItem"]] == [
            "rejected",
            "acknowledged",
        ]

    def test_change_of_an_item_but_its_state_moves_nothing(self) -> None:
        entity = order("held")
        found = amended(entity, orderItem=items(entity, quantity=2))
        assert found.document["state"] == "held"

    def test_item_that_waits_for_information_says_so_even_where_the_order_goes_on(self) -> None:
        entity = order("inProgress")
        del entity.document["orderItem"][1]["orderItemRelationship"]
        entity.document["orderItem"][0]["state"] = "inProgress"
        found = amended(entity, orderItem=items(entity, state="pending"))
        assert found.document["state"] == "inProgress"
        assert told(found) == [
            ("ResourceOrderAttributeValueChangeEvent", "orderItem"),
            ("ResourceOrderInformationRequiredEvent", "orderItem[0]"),
        ]

    def test_order_that_waits_for_its_item_asks_once(self) -> None:
        entity = order("inProgress")
        entity.document["orderItem"][0]["state"] = "inProgress"
        found = amended(entity, orderItem=items(entity, state="pending"))
        assert found.document["state"] == "pending"
        assert told(found) == [
            ("ResourceOrderStateChangeEvent", None),
            ("ResourceOrderAttributeValueChangeEvent", "orderItem"),
            ("ResourceOrderInformationRequiredEvent", "orderItem[0]"),
        ]


class TestRemoval:
    @pytest.mark.parametrize("state", ["acknowledged", *sorted(FINAL)])
    def test_order_nobody_works_on_leaves_with_an_event(self, state: str) -> None:
        entity = order(state)
        gone = removal(entity, LATER)
        assert (gone.revision, gone.sequence) == (2, 2)
        assert told(gone) == [("ResourceOrderDeleteEvent", None)]
        assert gone.owed[0].document["event"] == {"resourceOrder": entity.document}

    @pytest.mark.parametrize("state", sorted(set(STATES) - FINAL - {"acknowledged"}))
    def test_order_in_flight_stays(self, state: str) -> None:
        with pytest.raises(IllegalTransitionError, match=state):
            removal(order(state), LATER)
