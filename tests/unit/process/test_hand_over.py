from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from desk import any_result, at_once
from fakes import FixedClock
from fakes_requests import InMemoryHandOverBook
from make import MOMENT, merge
from ordergate.errors import (
    IllegalTransitionError,
    InvalidDocumentError,
    InvalidPatchError,
    NotFoundError,
    PreconditionFailedError,
)
from ordergate.model.common import timestamp
from ordergate.process.entity import Entity
from ordergate.process.hand_over import amend_hand_over
from ordergate.process.hand_overs import KeepHandOvers

if TYPE_CHECKING:
    from collections.abc import Mapping

OPEN = {"state": "open"}
CLAIMED = {"state": "claimed", "owner": "Ada"}
RESOLVED = {"state": "resolved", "owner": "Ada", "resolution": "byHand"}


def hand_over(changes: Mapping[str, Any]) -> Entity:
    return Entity("ho-1", {"id": "ho-1", "reason": [{"code": "longDrop"}], **changes}, revision=3)


def amended(before: Mapping[str, Any], **patch: Any) -> dict[str, Any]:
    after = amend_hand_over(hand_over(before), merge(patch), MOMENT, any_result)
    assert after is not None
    assert after.revision == 4
    return {k: v for k, v in after.document.items() if k not in {"id", "reason"}}


def test_open_one_is_claimed_by_somebody() -> None:
    assert amended(OPEN, state="claimed", owner="Ada") == CLAIMED


@pytest.mark.parametrize("patch", [{"state": "claimed"}, {"state": "claimed", "owner": ""}])
def test_nobody_claims_nothing(patch: dict[str, Any]) -> None:
    with pytest.raises(InvalidDocumentError) as caught:
        amended(OPEN, **patch)
    assert caught.value.path == "owner"


def test_owner_without_a_claim_is_refused() -> None:
    with pytest.raises(InvalidDocumentError) as caught:
        amended(OPEN, owner="Ada")
    assert caught.value.path == "owner"


def test_claimed_one_keeps_an_owner_and_may_get_another() -> None:
    assert amended(CLAIMED, owner="Grace") == {**CLAIMED, "owner": "Grace"}
    with pytest.raises(InvalidDocumentError):
        amended(CLAIMED, owner=None)


def test_claimed_one_is_given_back_without_its_owner() -> None:
    assert amended(CLAIMED, state="open") == OPEN
    assert amended(CLAIMED, state="open", owner=None) == OPEN


def test_claimed_one_is_resolved_by_hand() -> None:
    assert amended(CLAIMED, state="resolved") == RESOLVED


@pytest.mark.parametrize(
    ("before", "state", "allowed"),
    [
        (OPEN, "resolved", "claimed"),
        (RESOLVED, "open", "none"),
        (RESOLVED, "claimed", "none"),
        (CLAIMED, "done", "open, resolved"),
    ],
)
def test_any_other_state_is_refused_with_the_next_ones(
    before: dict[str, Any], state: str, allowed: str
) -> None:
    with pytest.raises(IllegalTransitionError, match=f"next states: {allowed}") as caught:
        amended(before, state=state)
    assert caught.value.path == "state"


def test_note_can_be_left_in_any_state_and_gets_id_and_date() -> None:
    note = {"id": "1", "text": "Called", "date": timestamp(MOMENT)}
    for before in (OPEN, CLAIMED, RESOLVED):
        assert amended(before, note=[{"text": "Called"}]) == {**before, "note": [note]}


def test_resolved_one_keeps_its_owner() -> None:
    with pytest.raises(IllegalTransitionError):
        amended(RESOLVED, owner="Grace")


@pytest.mark.parametrize(
    "patch",
    [{"state": None}, {"resolution": "byHand"}, {"reason": []}, {"delivery": {}}, {"id": "ho-2"}],
)
def test_what_is_the_gateways_cannot_be_changed(patch: dict[str, Any]) -> None:
    with pytest.raises(InvalidPatchError):
        amended(CLAIMED, **patch)


def test_patch_of_nothing_changes_nothing() -> None:
    patch = merge({"state": "claimed", "owner": "Ada"})
    assert amend_hand_over(hand_over(CLAIMED), patch, MOMENT, any_result) is None


class TestKeepHandOvers:
    @pytest.fixture
    def queue(self) -> KeepHandOvers:
        book = InMemoryHandOverBook()
        at_once(book.add_all([Entity("ho-1", {"id": "ho-1", **OPEN})]))
        return KeepHandOvers(hand_overs=book, clock=FixedClock(), check=any_result)

    def test_change_is_kept(self, queue: KeepHandOvers) -> None:
        at_once(queue.change("ho-1", merge(CLAIMED)))
        kept = at_once(queue.change("ho-1", merge({"state": "resolved"}), {2}))
        assert (kept.revision, kept.document) == (3, {"id": "ho-1", **RESOLVED})

    def test_change_of_another_revision_is_refused(self, queue: KeepHandOvers) -> None:
        with pytest.raises(PreconditionFailedError):
            at_once(queue.change("ho-1", merge(CLAIMED), {2}))

    def test_unknown_one_is_not_found(self, queue: KeepHandOvers) -> None:
        with pytest.raises(NotFoundError):
            at_once(queue.change("ho-2", merge(CLAIMED)))
