"""Cancelling a service order: its own machine, and what becomes of its resource orders."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from desk import at_once
from fakes import CrashError, FaultAt
from make import ADDRESSES, MOMENT, example, service_item
from ordergate.errors import (
    DuplicateError,
    IdempotencyConflictError,
    IllegalTransitionError,
    UnknownServiceOrderError,
)
from ordergate.model.common import timestamp
from ordergate.process.cancel_service_order import resource_task_id
from ordergate.process.entity import Idempotency, Plan
from ordergate.process.record import service_order_of, with_service_order
from service_desk import ServiceDesk

if TYPE_CHECKING:
    from ordergate.model.common import Document
    from ordergate.process.entity import Entity

LATER = timestamp(MOMENT + timedelta(hours=1))
OPEN = ("acknowledged", "inProgress", "pending", "held")
OVER = ("completed", "failed", "partial", "cancelled", "rejected")
POINTS = (
    "afterCancelServiceTask",
    "afterServiceTaskBegun",
    "afterServiceAssessing",
    "afterServiceCascadeOne",
    "afterServiceCascade",
    "afterServiceAssessed",
    "afterServiceWithdrawn",
    "afterServiceCancelled",
    "afterServiceTaskEnded",
    "afterCancelTask",
    "afterTaskBegun",
    "afterAssessing",
    "afterAssessed",
    "afterCancelled",
    "afterTaskEnded",
)


def mixed() -> dict[str, Any]:
    """Return an order with a standard item and one that is handed over."""
    unknown = service_item("2", serviceSpecification={"id": "svc-unknown"})
    return {"serviceOrderItem": [service_item("1"), unknown]}


def standard() -> ServiceDesk:
    """Return a desk whose request took two orders: access (two items and Wi-Fi) and core (one)."""
    return ServiceDesk(example("fibre-standard"))


def put(desk: ServiceDesk, state: str) -> None:
    """Bring the service order to a state, as a roll-up does."""
    record = desk.record
    order = service_order_of(record)
    document = {**order.document, "state": state}
    moved = replace(order, document=document, revision=order.revision + 1)
    assert at_once(
        desk.requests.replace(with_service_order(record, moved, MOMENT, "stateChanged", state))
    )


def ids(desk: ServiceDesk) -> tuple[str, str]:
    """Return the ids of the access order and of the core order."""
    by_domain = {one.document["domain"]: one.id for one in desk.issued}
    return by_domain["access"], by_domain["core"]


def task_events(desk: ServiceDesk) -> list[str]:
    return [event.document["description"] for event in desk.tasks.owed("task-1")]


class TestTable:
    @pytest.mark.parametrize("state", OPEN)
    def test_open_order_is_cancelled_with_all_that_was_issued(self, state: str) -> None:
        desk = standard()
        put(desk, state)
        task = desk.cancel(cancellationReason="Moved away")
        assert task == {
            "id": "task-1",
            "href": ADDRESSES.cancel_service_order("task-1"),
            "@type": "CancelServiceOrder",
            "serviceOrder": {"id": "req-1", "href": ADDRESSES.service_order("req-1")},
            "cancellationReason": "Moved away",
            "state": "done",
            "effectiveCancellationDate": timestamp(MOMENT),
        }
        assert desk.states == ["cancelled", "cancelled"]
        assert {one.document["cancellationReason"] for one in desk.issued} == {"Moved away"}
        order = desk.service_order
        assert (order["state"], order["cancellationReason"]) == ("cancelled", "Moved away")
        assert order["cancellationDate"] == timestamp(MOMENT)
        assert order["serviceOrderItem"][0]["state"] == "cancelled"
        assert desk.way() == [
            f"{state} -> assessingCancellation",
            "assessingCancellation -> pendingCancellation",
            "pendingCancellation -> cancelled",
        ]
        assert task_events(desk) == ["Received.", "accepted -> inProgress", "inProgress -> done"]

    @pytest.mark.parametrize("state", OPEN)
    def test_denied_order_goes_back_to_where_it_was(self, state: str) -> None:
        desk = standard()
        access, _ = ids(desk)
        desk.move(access, "completed", "inProgress", "acknowledged")
        put(desk, state)
        before = desk.service_order
        task = desk.cancel()
        said = f"Denied: resource order {access} is past the point of no return: 1-ont."
        assert (task["state"], task["completionMessage"]) == ("done", said)
        assert "effectiveCancellationDate" not in task
        assert desk.service_order == before
        assert desk.way()[-2:] == [
            f"{state} -> assessingCancellation",
            f"assessingCancellation -> {state}",
        ]

    @pytest.mark.parametrize("state", [*OVER, "assessingCancellation", "pendingCancellation"])
    def test_order_that_is_over_or_being_cancelled_is_refused(self, state: str) -> None:
        desk = standard()
        put(desk, state)
        with pytest.raises(IllegalTransitionError, match=f"The order is {state}: it can be") as no:
            desk.cancel()
        assert no.value.path == "serviceOrder.id"

    def test_another_task_that_is_not_over_is_in_the_way(self) -> None:
        desk = standard()
        desk.cancel(requestedCancellationDate=LATER)
        with pytest.raises(DuplicateError) as error:
            desk.cancel("task-2")
        assert error.value.path == "serviceOrder.id"

    def test_unknown_order_is_said_to_be(self) -> None:
        with pytest.raises(UnknownServiceOrderError, match="'so-9'") as error:
            standard().cancel(serviceOrder={"id": "so-9"})
        assert error.value.path == "serviceOrder.id"

    def test_request_that_is_no_service_order_is_unknown_here(self) -> None:
        with pytest.raises(UnknownServiceOrderError):
            ServiceDesk(example("trouble-recovery")).cancel()

    def test_same_key_is_the_same_task_and_another_body_a_conflict(self) -> None:
        desk = standard()
        first = desk.cancel()
        assert desk.cancel() == first
        assert len(task_events(desk)) == 3
        other = Idempotency("task-1", "other")
        with pytest.raises(IdempotencyConflictError):
            at_once(desk.cancellations.take({"serviceOrder": {"id": "req-1"}}, "task-1", other))


class TestNothingIssued:
    def test_order_that_waits_for_information_is_cancelled_at_once(self) -> None:
        desk = ServiceDesk(example("fibre-incomplete"))
        assert desk.service_order["state"] == "pending"
        assert desk.cancel()["state"] == "done"
        assert desk.service_order["state"] == "cancelled"

    def test_open_hand_overs_are_withdrawn(self) -> None:
        desk = ServiceDesk(mixed())
        assert desk.cancel()["effectiveCancellationDate"]
        assert desk.states == ["cancelled"] * 3
        (hand_over,) = desk.hand_overs.all()
        assert hand_over.document["state"] == "resolved"
        assert hand_over.document["resolution"] == "withdrawn"
        assert desk.record.waiting == ()

    def test_it_is_taken_back_though_nobody_noted_yet_that_all_is_issued(self) -> None:
        desk = standard()
        self._plan(desk, *desk.issued)
        assert desk.cancel()["state"] == "done"
        assert desk.states == ["cancelled"] * 2

    def test_nothing_is_taken_back_while_a_crash_left_some_to_be_issued(self) -> None:
        desk = standard()
        self._plan(desk, *desk.issued, replace(desk.issued[0], id="still to be issued"))
        assert desk.cancel()["state"] == "inProgress"
        assert desk.service_order["state"] == "assessingCancellation"
        assert desk.states[:2] == ["acknowledged"] * 2
        at_once(desk.plans.sweep(older_than=0))
        assert desk.sweep() == 1
        assert desk.service_order["state"] == "cancelled"

    def _plan(self, desk: ServiceDesk, *orders: Entity) -> None:
        record = desk.record
        order = service_order_of(record)
        moved = replace(order, revision=order.revision + 1)
        later = with_service_order(record, moved, MOMENT, "x", "")
        plan = Plan(orders, revision=moved.revision)
        assert at_once(desk.requests.replace(replace(later, plan=plan)))


class TestAssessment:
    def test_delivered_order_denies_before_anything_is_cancelled(self) -> None:
        desk = standard()
        access, core = ids(desk)
        desk.move(core, "completed")
        said = desk.cancel()["completionMessage"]
        assert said == f"Denied: resource order {core} is completed."
        assert at_once(desk.orders.get(access)).document["state"] == "acknowledged"

    def test_order_that_came_to_nothing_is_in_nobodys_way(self) -> None:
        desk = standard()
        _, core = ids(desk)
        desk.move(core, "failed")
        assert desk.cancel()["effectiveCancellationDate"]

    def test_survey_that_is_done_delivered_nothing(self) -> None:
        desk = ServiceDesk(mixed())
        survey = next(o for o in desk.issued if o.document["orderType"] == "feasibility")
        desk.move(survey.id, "completed")
        assert desk.cancel()["effectiveCancellationDate"]
        assert sorted(desk.states) == ["cancelled", "cancelled", "completed"]

    def test_order_that_only_claims_to_be_of_the_request_is_left_alone(self) -> None:
        desk = standard()
        order = desk.issued[0]
        document = {**order.document, "id": "stranger"}
        at_once(desk.orders.add(replace(order, id="stranger", document=document)))
        assert desk.cancel()["effectiveCancellationDate"]
        assert sorted(desk.states) == ["acknowledged", "cancelled", "cancelled"]

    def test_cancellation_that_an_order_has_to_come_denies(self) -> None:
        desk = standard()
        _, core = ids(desk)
        own = {"resourceOrder": {"id": core}, "requestedCancellationDate": LATER}
        at_once(desk.resource_cancellations.take(own, "own"))
        said = desk.cancel()["completionMessage"]
        assert said == f"Denied: resource order {core} has a cancellation of its own to come."

    def test_cancellation_that_an_order_is_under_is_waited_for(self) -> None:
        desk = standard()
        _, core = ids(desk)
        desk.restarted(FaultAt("afterAssessing"))
        with suppress(CrashError):
            at_once(desk.resource_cancellations.take({"resourceOrder": {"id": core}}, "own"))
        desk.restarted()
        assert desk.cancel()["state"] == "inProgress"
        assert desk.service_order["state"] == "assessingCancellation"
        desk.sweep()
        assert desk.task()["effectiveCancellationDate"]

    def test_race_leaves_some_cancelled_and_says_which(self) -> None:
        desk = standard()
        first, second = (one.id for one in desk.issued)
        desk.restarted(FaultAt("afterServiceCascadeOne"))
        with suppress(CrashError):
            desk.cancel()
        assert desk.states == ["cancelled", "acknowledged"]
        order = at_once(desk.orders.get(second)).document
        items = [{**item, "state": "completed"} for item in order["orderItem"]]
        desk.orders.put({**order, "state": "completed", "orderItem": items})
        desk.restarted().sweep()
        task = desk.task()
        assert (task["state"], task["completionMessage"]) == (
            "done",
            f"Denied: resource order {second} is completed. Cancelled all the same: {first}.",
        )
        desk.sweep()
        assert desk.service_order["state"] == "partial"
        assert desk.way()[-3:] == [
            "assessingCancellation -> acknowledged",
            "acknowledged -> inProgress",
            "inProgress -> partial",
        ]


class TestUndoing:
    def undoing(self) -> tuple[ServiceDesk, str]:
        desk = standard()
        access, _ = ids(desk)
        desk.move(access, "inProgress", "acknowledged", "acknowledged")
        assert desk.cancel()["state"] == "inProgress"
        assert desk.service_order["state"] == "pendingCancellation"
        assert desk.service_order["serviceOrderItem"][0]["state"] == "pendingCancellation"
        assert desk.sweep() == 0
        return desk, access

    def test_order_is_cancelled_when_the_last_work_is_undone(self) -> None:
        desk, access = self.undoing()
        desk.clock.moment += timedelta(hours=1)
        desk.move(access, "cancelled", "cancelled", "cancelled")
        assert desk.task()["effectiveCancellationDate"] == LATER
        assert desk.service_order["cancellationDate"] == LATER

    def test_failed_undoing_ends_the_task_with_an_error_and_leaves_a_note(self) -> None:
        desk, access = self.undoing()
        desk.move(access, "failed", "cancelled", "cancelled")
        desk.sweep()
        said = f"{access}: The work of these items could not be undone: 1-port."
        task = desk.task()
        assert (task["state"], task["errorMessage"]["reason"]) == ("terminatedWithError", said)
        assert task["effectiveCancellationDate"]
        assert [note["text"] for note in desk.service_order["note"]][-1] == said
        assert desk.service_order["state"] == "cancelled"


class TestTask:
    def test_task_waits_for_its_day(self) -> None:
        desk = standard()
        assert desk.cancel(requestedCancellationDate=LATER)["state"] == "accepted"
        assert desk.sweep() == 0
        desk.clock.moment += timedelta(hours=1)
        assert desk.sweep() == 1
        assert desk.task()["effectiveCancellationDate"] == LATER
        own = resource_task_id("task-1", desk.issued[0].id)
        child: Document = at_once(desk.resource_tasks.get(own)).document
        assert child["requestedCancellationDate"] == LATER

    def test_order_that_came_to_its_end_meanwhile_is_kept(self) -> None:
        desk = standard()
        desk.cancel(requestedCancellationDate=LATER)
        put(desk, "rejected")
        desk.clock.moment += timedelta(hours=1)
        desk.sweep()
        assert desk.task()["completionMessage"] == "Not cancelled: the order is rejected."
        assert desk.states == ["acknowledged"] * 2

    def test_order_that_was_deleted_meanwhile_ends_the_task_with_an_error(self) -> None:
        desk = standard()
        desk.cancel(requestedCancellationDate=LATER)
        put(desk, "completed")
        record = desk.record
        entity = replace(record.entity, revision=record.revision + 1)
        assert at_once(desk.requests.replace(replace(record, entity=entity, service_order=None)))
        desk.clock.moment += timedelta(hours=1)
        desk.sweep()
        assert desk.task()["state"] == "terminatedWithError"

    def test_denied_order_can_be_cancelled_later(self) -> None:
        desk = standard()
        access, _ = ids(desk)
        desk.move(access, "completed", "inProgress", "acknowledged")
        desk.cancel()
        desk.move(access, "completed", "held", "acknowledged")
        assert desk.cancel("task-2")["state"] == "inProgress"
        assert desk.service_order["state"] == "pendingCancellation"


@pytest.mark.parametrize("point", POINTS)
def test_crash_at_any_point_changes_nothing_of_the_outcome(point: str) -> None:
    undisturbed, desk = ServiceDesk(mixed()), ServiceDesk(mixed())
    undisturbed.cancel(cancellationReason="Moved away")
    with pytest.raises(CrashError):
        desk.restarted(FaultAt(point)).cancel(cancellationReason="Moved away")
    desk.restarted()
    while desk.sweep():
        pass
    assert desk.task() == undisturbed.task()
    assert desk.service_order == undisturbed.service_order
    assert [one.document for one in desk.issued] == [one.document for one in undisturbed.issued]
    assert desk.told() == undisturbed.told()
    assert [one.document for one in desk.hand_overs.all()] == [
        one.document for one in undisturbed.hand_overs.all()
    ]
