"""Cancelling: S13 to S22, the task's machine (3.3) and the table of both (3.4)."""

from __future__ import annotations

import copy
from contextlib import suppress
from datetime import timedelta
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from desk import Desk, at_once
from fakes import CrashError, FaultAt
from fakes_orders import InMemoryCancelTaskBook
from make import ADDRESSES, MOMENT, resource_order
from ordergate.errors import (
    DuplicateError,
    IdempotencyConflictError,
    IllegalTransitionError,
    UnknownResourceOrderError,
)
from ordergate.model.common import timestamp
from ordergate.process.entity import Idempotency

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from fakes_orders import InMemoryOrderBook
    from ordergate.process.entity import Entity

LATER = timestamp(MOMENT + timedelta(hours=1))
ITEM = {"action": "add", "resource": {"name": "Port"}}
OPEN = ("acknowledged", "inProgress", "pending", "held")
OVER = ("completed", "failed", "partial", "cancelled", "rejected")
WAYS = {
    "acknowledged": (),
    "inProgress": ("inProgress",),
    "pending": ("inProgress", "pending"),
    "held": ("inProgress", "held"),
    "completed": ("inProgress", "completed"),
    "failed": ("inProgress", "failed"),
    "partial": ("inProgress", "partial"),
    "cancelled": ("inProgress", "held", "cancelled"),
    "rejected": ("rejected",),
}
MACHINE = {
    ("acknowledged", "rejected"),
    ("acknowledged", "inProgress"),
    *(("inProgress", one) for one in ("completed", "failed", "partial", "pending", "held")),
    *((one, "inProgress") for one in ("pending", "held")),
    *((one, "cancelled") for one in ("pending", "held", "pendingCancellation")),
    *((one, "assessingCancellation") for one in OPEN),
    *(("assessingCancellation", one) for one in (*OPEN, "pendingCancellation")),
}
"""S2 to S22, spelt out once more: the judge of what the process does."""


def desk_in(state: str, **order: Any) -> Desk:
    """Return a desk whose order was brought to that state by its own PATCHes."""
    desk = Desk(**order)
    for one in WAYS[state]:
        desk.change(state=one)
    return desk


def items(*states: str, **first: Any) -> Desk:
    """Return a desk whose order has items in these states; the first one has more attributes."""
    desk = Desk(orderItem=[{**ITEM, **(first if not n else {})} for n in range(len(states))])
    order = desk.order.document
    for item, state in zip(order["orderItem"], states, strict=True):
        item["state"] = state
    order["state"] = "inProgress"
    desk.orders.put(order)
    return desk


def task_events(desk: Desk, task_id: str = "task-1") -> list[str]:
    return [event.document["description"] for event in desk.tasks.owed(task_id)]


def cancelling(desk: Desk) -> list[str]:
    """Return the state changes since the order was being cancelled."""
    way = desk.way()
    first = next(n for n, one in enumerate(way) if one.endswith("assessingCancellation"))
    return way[first:]


class TestTable:
    @pytest.mark.parametrize("state", OPEN)
    def test_open_order_is_cancelled_through_every_state(self, state: str) -> None:
        desk = desk_in(state)
        task = desk.cancel(cancellationReason="Moved away")
        assert task.document == {
            "id": "task-1",
            "href": ADDRESSES.cancel_resource_order("task-1"),
            "@type": "CancelResourceOrder",
            "resourceOrder": {"id": "ro-1", "href": ADDRESSES.resource_order("ro-1")},
            "cancellationReason": "Moved away",
            "state": "done",
            "effectiveCancellationDate": timestamp(MOMENT),
        }
        order = desk.order.document
        assert order["state"] == "cancelled"
        assert order["cancellationDate"] == timestamp(MOMENT)
        assert order["cancellationReason"] == "Moved away"
        assert desk.item_states == ["cancelled", "cancelled"]
        assert cancelling(desk) == [
            f"{state} -> assessingCancellation",
            "assessingCancellation -> pendingCancellation",
            "pendingCancellation -> cancelled",
        ]
        assert task_events(desk) == [
            "Received.",
            "acknowledged -> inProgress",
            "inProgress -> done",
        ]

    @pytest.mark.parametrize("state", OPEN)
    def test_order_past_its_point_of_no_return_goes_back_to_where_it_was(self, state: str) -> None:
        desk = desk_in(state, orderItem=[{**ITEM, "pointOfNoReturn": "acknowledged"}, ITEM])
        before = desk.order.document
        task = desk.cancel().document
        assert task["state"] == "done"
        assert task["completionMessage"] == "Denied: past the point of no return: 1."
        assert "effectiveCancellationDate" not in task
        assert desk.order.document == before
        assert cancelling(desk) == [
            f"{state} -> assessingCancellation",
            f"assessingCancellation -> {state}",
        ]

    @pytest.mark.parametrize("state", OVER)
    def test_order_that_is_over_can_not_be_cancelled(self, state: str) -> None:
        desk = desk_in(state)
        with pytest.raises(IllegalTransitionError, match=f"The order is {state}: it can be") as no:
            desk.cancel()
        assert all(one in no.value.reason for one in OPEN)
        assert task_events(desk) == []

    @pytest.mark.parametrize("state", ["assessingCancellation", "pendingCancellation"])
    def test_order_that_is_being_cancelled_can_not_be_cancelled_again(self, state: str) -> None:
        desk = items("inProgress")
        if state == "assessingCancellation":
            desk.restarted(FaultAt("afterAssessing"))
        with suppress(CrashError):
            desk.cancel()
        assert desk.order.document["state"] == state
        with pytest.raises(IllegalTransitionError, match=state):
            desk.restarted().cancel("task-2")

    def test_another_task_that_is_not_over_is_in_the_way(self) -> None:
        desk = Desk()
        desk.cancel(requestedCancellationDate=LATER)
        with pytest.raises(DuplicateError):
            desk.cancel("task-2")

    def test_unknown_order_is_said_to_be(self) -> None:
        desk = Desk()
        with pytest.raises(UnknownResourceOrderError, match="'ro-9'") as error:
            desk.cancel(resourceOrder={"id": "ro-9"})
        assert error.value.path == "resourceOrder.id"

    def test_denied_order_can_be_cancelled_later(self) -> None:
        desk = items("inProgress", pointOfNoReturn="inProgress")
        desk.cancel()
        desk.move(i1="held")
        assert desk.cancel("task-2").document["effectiveCancellationDate"]
        assert desk.order.document["state"] == "cancelled"


class TestAssessment:
    @pytest.mark.parametrize(
        ("point", "state"),
        list(
            product(
                ["acknowledged", "pending", "held", "inProgress", "completed"],
                ["acknowledged", "pending", "held", "inProgress", "completed"],
            )
        ),
    )
    def test_item_at_or_past_its_point_denies(self, point: str, state: str) -> None:
        rank = {"acknowledged": 0, "pending": 1, "held": 1, "inProgress": 2, "completed": 3}
        desk = items(state, "inProgress", pointOfNoReturn=point)
        denied = "completionMessage" in desk.cancel().document
        assert denied is (rank[state] >= rank[point])

    @pytest.mark.parametrize("state", ["failed", "cancelled", "rejected"])
    def test_item_that_came_to_nothing_denies_nothing(self, state: str) -> None:
        desk = items(state, "acknowledged", pointOfNoReturn="acknowledged")
        assert desk.cancel().document["effectiveCancellationDate"]
        assert desk.item_states == [state, "cancelled"]

    def test_point_that_is_no_state_of_progress_denies_nothing(self) -> None:
        desk = items("inProgress", pointOfNoReturn="failed")
        desk.cancel()
        assert desk.order.document["state"] == "pendingCancellation"

    def test_what_never_started_ends_at_once_and_the_rest_has_to_be_undone(self) -> None:
        states = ("acknowledged", "pending", "held", "inProgress", "completed", "failed")
        desk = items(*states)
        assert desk.cancel().document["state"] == "inProgress"
        assert desk.order.document["state"] == "pendingCancellation"
        assert desk.item_states == [
            *["cancelled"] * 3,
            *["pendingCancellation"] * 2,
            "failed",
        ]
        assert desk.owed()[-2:] == [
            "ResourceOrderStateChangeEvent",
            "ResourceOrderAttributeValueChangeEvent",
        ]

    def test_item_that_took_no_work_has_nothing_to_undo(self) -> None:
        idle = {"action": "noChange", "resource": {"id": "r-1"}}
        desk = items("completed", "acknowledged", **idle)
        assert desk.cancel().document["state"] == "done"
        assert desk.item_states == ["completed", "cancelled"]


class TestCompensation:
    def test_order_is_cancelled_when_the_last_item_is_undone(self) -> None:
        desk = items("inProgress", "completed")
        desk.cancel()
        assert desk.move(i1="cancelled").document["state"] == "pendingCancellation"
        assert desk.task().document["state"] == "inProgress"
        assert desk.move(i2="cancelled").document["state"] == "cancelled"
        assert desk.task().document["state"] == "done"
        assert desk.task().document["effectiveCancellationDate"] == timestamp(MOMENT)
        assert desk.way()[-1] == "pendingCancellation -> cancelled"

    def test_failed_undoing_ends_the_task_with_an_error_and_leaves_a_note(self) -> None:
        desk = items("inProgress", "failed")
        desk.cancel()
        order = desk.move(i1="failed").document
        assert order["state"] == "cancelled"
        said = "The work of these items could not be undone: 1."
        assert [note["text"] for note in order["note"]] == [said]
        task = desk.task().document
        assert task["state"] == "terminatedWithError"
        assert task["errorMessage"]["reason"] == said
        assert task["effectiveCancellationDate"] == order["cancellationDate"]
        last = desk.orders.owed("ro-1")[-1].document
        assert (last["eventType"], last["fieldPath"]) == (
            "ResourceOrderAttributeValueChangeEvent",
            "note",
        )

    def test_item_that_failed_before_is_no_failed_undoing(self) -> None:
        desk = items("inProgress", "failed")
        desk.cancel()
        desk.move(i1="cancelled")
        assert desk.task().document["state"] == "done"

    @pytest.mark.parametrize("state", [*OPEN, *OVER, "assessingCancellation"])
    def test_state_of_the_order_is_the_tasks_alone(self, state: str) -> None:
        desk = items("inProgress")
        desk.cancel()
        with pytest.raises(IllegalTransitionError, match="PATCH: none"):
            desk.change(state=state)
        assert desk.order.document["state"] == "pendingCancellation"


class TestTask:
    def test_what_the_server_owns_is_ignored(self) -> None:
        theirs = {"id": "mine", "href": "x", "state": "done", "effectiveCancellationDate": "y"}
        told: dict[str, Any] = {
            "completionMessage": "z",
            "errorMessage": {},
            "x-mine": 1,
            "@type": "Mine",
        }
        task = Desk().cancel(requestedCancellationDate=LATER, **theirs, **told).document
        assert (task["id"], task["state"], task["x-mine"]) == ("task-1", "acknowledged", 1)
        assert task["@type"] == "Mine"
        assert {"effectiveCancellationDate", "completionMessage"}.isdisjoint(task)

    def test_same_key_and_body_is_the_same_task_whatever_became_of_the_order(self) -> None:
        desk = Desk()
        first = desk.cancel()
        assert desk.cancel().document == first.document
        at_once(desk.door.remove("ro-1"))
        assert desk.cancel().document == first.document
        assert len(task_events(desk)) == 3

    def test_same_key_and_another_body_is_a_conflict(self) -> None:
        desk = Desk()
        desk.cancel()
        other = desk.cancellations.take(
            {"resourceOrder": {"id": "ro-1"}}, "task-1", Idempotency("task-1", "other")
        )
        with pytest.raises(IdempotencyConflictError):
            at_once(other)

    def test_task_waits_for_its_day(self) -> None:
        desk = Desk()
        local = "2026-01-01T15:00:00+02:00"
        task = desk.cancel(requestedCancellationDate=local).document
        assert (task["state"], task["requestedCancellationDate"]) == ("acknowledged", LATER)
        assert desk.sweep() == 0
        assert desk.order.document["state"] == "acknowledged"
        desk.clock.moment += timedelta(hours=1)
        assert desk.sweep() == 1
        assert desk.order.document["cancellationDate"] == LATER
        assert desk.task().document["state"] == "done"
        assert desk.sweep() == 0

    def test_empty_day_is_today(self) -> None:
        task = Desk().cancel(requestedCancellationDate="").document
        assert task["state"] == "done"
        assert "requestedCancellationDate" not in task

    def test_order_that_came_to_its_end_meanwhile_is_kept(self) -> None:
        desk = Desk()
        desk.cancel(requestedCancellationDate=LATER)
        desk.change(state="rejected")
        desk.clock.moment += timedelta(hours=1)
        desk.sweep()
        assert desk.task().document["state"] == "done"
        assert desk.task().document["completionMessage"] == "Not cancelled: the order is rejected."
        assert desk.order.document["state"] == "rejected"

    def test_order_that_was_deleted_meanwhile_ends_the_task_with_an_error(self) -> None:
        desk = Desk()
        desk.cancel(requestedCancellationDate=LATER)
        at_once(desk.door.remove("ro-1"))
        desk.clock.moment += timedelta(hours=1)
        desk.sweep()
        assert desk.task().document["state"] == "terminatedWithError"
        assert "deleted" in desk.task().document["errorMessage"]["reason"]

    def test_change_that_comes_between_holds_up_nothing(self) -> None:
        rivals = [1, 2]

        def rival(book: InMemoryOrderBook) -> None:
            if rivals:
                rivals.pop()
                book.touch("ro-1")

        desk = Desk(rival)
        assert desk.cancel().document["state"] == "done"
        assert rivals == []

    def test_order_that_never_rests_is_left_to_the_sweeper(self) -> None:
        desk = Desk(lambda book: book.touch("ro-1"))
        assert desk.cancel().document["state"] == "inProgress"

    def test_task_that_is_over_by_the_time_it_is_looked_at_begins_nothing(self) -> None:
        class Stale(InMemoryCancelTaskBook):
            async def unfinished(
                self, *, due: datetime, after: str, limit: int
            ) -> Sequence[Entity]:
                assert due
                return [seen][:limit] if not after else []

        desk = Desk(orderItem=[{**ITEM, "pointOfNoReturn": "acknowledged"}])
        desk.tasks = Stale()
        with suppress(CrashError):
            desk.restarted(FaultAt("afterTaskBegun")).cancel("task-1")
        seen = desk.task("task-1")
        desk.restarted().cancel("task-1")
        desk.cancel("task-2")
        before = desk.order
        assert desk.sweep() == 0
        assert desk.order == before

    def test_sweep_comes_to_every_task_however_many_wait(self) -> None:
        desk = items("inProgress")
        desk.cancel("waits")
        for number in range(120):
            new = desk.door.take(resource_order(), f"ro-x{number}")
            at_once(new)
            asked = {
                "resourceOrder": {"id": f"ro-x{number}"},
                "requestedCancellationDate": LATER,
            }
            at_once(desk.cancellations.take(asked, f"task-{number:03}"))
        desk.clock.moment += timedelta(hours=1)
        assert desk.sweep() == 120
        assert desk.sweep() == 0


def outcome(desk: Desk, task_id: str = "task-1") -> tuple[Entity, Entity, Any, Any]:
    """Return all that can be seen of a cancellation: task, order, and every event of both."""
    owed = desk.orders.owed("ro-1"), desk.tasks.owed(task_id)
    return desk.task(task_id), desk.order, *owed


KINDS: dict[str, dict[str, Any]] = {
    "accepted": {"orderItem": [ITEM, ITEM]},
    "denied": {"orderItem": [{**ITEM, "pointOfNoReturn": "acknowledged"}]},
}
POINTS = [
    *(("accepted", point) for point in ("afterCancelTask", "afterTaskBegun", "afterAssessing")),
    *(("accepted", point) for point in ("afterAssessed", "afterCancelled", "afterTaskEnded")),
    *(("denied", point) for point in ("afterCancelTask", "afterTaskBegun", "afterAssessing")),
    *(("denied", point) for point in ("afterAssessed", "afterTaskEnded")),
]


class TestCrash:
    @pytest.mark.parametrize(("kind", "point"), POINTS)
    def test_sweep_gives_the_outcome_that_an_undisturbed_run_gives(
        self, kind: str, point: str
    ) -> None:
        calm, hit = Desk(**KINDS[kind]), Desk(**KINDS[kind])
        calm.cancel(cancellationReason="x")
        hit.restarted(FaultAt(point))
        with pytest.raises(CrashError):
            hit.cancel(cancellationReason="x")
        ended = point == "afterTaskEnded"
        assert hit.restarted().sweep() == (0 if ended else 1)
        assert outcome(hit) == outcome(calm)
        assert hit.sweep() == 0

    @pytest.mark.parametrize(("kind", "point"), POINTS)
    def test_same_request_again_does_as_well(self, kind: str, point: str) -> None:
        calm, hit = Desk(**KINDS[kind]), Desk(**KINDS[kind])
        calm.cancel()
        with suppress(CrashError):
            hit.restarted(FaultAt(point)).cancel()
        hit.restarted().cancel()
        assert outcome(hit) == outcome(calm)

    @pytest.mark.parametrize("ends", ["cancelled", "failed"])
    @pytest.mark.parametrize("point", ["afterCancelled", "afterTaskEnded"])
    def test_crash_after_the_last_item_was_undone_loses_nothing(
        self, point: str, ends: str
    ) -> None:
        calm, hit = items("inProgress"), items("inProgress")
        for desk in (calm, hit):
            desk.cancel()
        calm.move(i1=ends)
        with pytest.raises(CrashError):
            hit.restarted(FaultAt(point)).move(i1=ends)
        hit.restarted().sweep()
        assert outcome(hit) == outcome(calm)

    def test_denial_stands_whatever_happens_before_the_sweep(self) -> None:
        desk = items("inProgress", pointOfNoReturn="inProgress")
        with suppress(CrashError):
            desk.restarted(FaultAt("afterAssessed")).cancel()
        desk.restarted().move(i1="completed")
        desk.sweep()
        assert desk.task().document["completionMessage"].startswith("Denied")
        assert desk.order.document["state"] == "completed"


STATES = st.sampled_from([*OPEN, *OVER, "assessingCancellation", "pendingCancellation"])
MOVES = st.one_of(
    st.tuples(st.just("order"), STATES),
    st.tuples(st.sampled_from(["i1", "i2", "i3"]), STATES),
    st.tuples(st.just("cancel"), st.sampled_from(["now", "later"])),
    st.tuples(st.just("sweep"), st.just("")),
)


def moved(desk: Desk, number: int, what: str, which: str) -> None:
    if what == "order":
        desk.change(state=which)
    elif what == "cancel":
        date = {"requestedCancellationDate": LATER} if which == "later" else {}
        desk.cancel(f"task-{number}", **date)
    elif what == "sweep":
        desk.clock.moment += timedelta(minutes=40)
        desk.sweep()
    else:
        desk.move(**{what: which})


@settings(derandomize=True, deadline=None, max_examples=50)
@given(walk=st.lists(MOVES, max_size=14), point=st.sampled_from(["", "acknowledged", "completed"]))
def test_no_walk_of_patches_and_cancellations_leaves_the_machine(
    walk: list[tuple[str, str]], point: str
) -> None:
    link = {"relationshipType": "dependency", "orderItem": {"itemId": "1"}}
    desk = Desk(
        orderItem=[
            {**ITEM, "id": "1", **({"pointOfNoReturn": point} if point else {})},
            {**ITEM, "id": "2", "orderItemRelationship": [link]},
            {"id": "3", "action": "noChange", "resource": {"id": "r-3"}},
        ]
    )
    for number, (what, which) in enumerate(walk):
        before = copy.deepcopy(desk.order)
        with suppress(IllegalTransitionError, DuplicateError):
            moved(desk, number, what, which)
            continue
        assert desk.order == before
    told = [event.document for event in desk.orders.owed("ro-1")]
    assert [event.sequence for event in desk.orders.owed("ro-1")] == [*range(1, len(told) + 1)]
    way = [tuple(one.split(" -> ")) for one in desk.way()]
    assert set(way) <= MACHINE
    assert ["acknowledged", *(new for _, new in way)] == [
        *(old for old, _ in way),
        desk.order.document["state"],
    ]
    if desk.order.document["state"] == "cancelled":
        assert desk.order.document["cancellationDate"]
