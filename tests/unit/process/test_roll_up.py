"""Roll-up: a request, and its service order, follow the resource orders (standards 7.5)."""

from __future__ import annotations

import copy
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from desk import at_once
from fakes import CrashError, FaultAt
from make import MOMENT, example, merge, service_item, service_order
from ordergate.errors import IllegalTransitionError, StoreUnavailableError
from ordergate.model.common import timestamp
from ordergate.process.entity import Plan
from ordergate.process.roll_up import roll_up
from service_desk import ServiceDesk

if TYPE_CHECKING:
    from ordergate.model.common import Document

LATE = timestamp(MOMENT + timedelta(days=400))
SUPPORTING = {
    "serviceSpecification": {"id": "svc-bundle"},
    "supportingService": [
        service_item()["service"],
        {"serviceSpecification": {"id": "svc-unknown"}},
    ],
}


def standard(**changes: Any) -> ServiceDesk:
    """Return a desk whose item 1 is served by an access order and a core order."""
    return ServiceDesk(service_order(**changes))


def two() -> ServiceDesk:
    """Return a desk with two items, both served by an access order and a core order."""
    return ServiceDesk({"serviceOrderItem": [service_item("1"), service_item("2")]})


def order_in(desk: ServiceDesk, domain: str) -> Document:
    return next(one.document for one in desk.issued if one.document["domain"] == domain)


def move(desk: ServiceDesk, domain: str, **states: str) -> None:
    """Report states of items in a domain by the last part of their ids, such as `port`."""
    order = order_in(desk, domain)
    now = [states.get(item["id"].split("-")[-1], item["state"]) for item in order["orderItem"]]
    desk.move(order["id"], *now)


def all_in(desk: ServiceDesk, domain: str, state: str) -> None:
    order = order_in(desk, domain)
    desk.move(order["id"], *[state] * len(order["orderItem"]))


def item_states(desk: ServiceDesk) -> list[str]:
    return [item["state"] for item in desk.service_order["serviceOrderItem"]]


def document(desk: ServiceDesk) -> Document:
    return desk.record.entity.document


def patched(desk: ServiceDesk, domain: str, **patch: Any) -> None:
    at_once(desk.door.change(order_in(desk, domain)["id"], merge(patch)))


class TestStates:
    def test_work_that_begins_is_seen(self) -> None:
        desk = standard()
        move(desk, "access", port="inProgress")
        assert desk.service_order["state"] == "inProgress"
        assert item_states(desk) == ["inProgress"]
        assert desk.way() == ["acknowledged -> inProgress"]
        assert desk.service_order["startDate"] == timestamp(MOMENT)

    def test_all_completed_is_completed(self) -> None:
        desk = standard()
        all_in(desk, "access", "completed")
        assert desk.service_order["state"] == "inProgress"
        desk.clock.moment += timedelta(hours=1)
        all_in(desk, "core", "completed")
        assert (desk.service_order["state"], item_states(desk)) == ("completed", ["completed"])
        assert desk.service_order["completionDate"] == timestamp(desk.clock.moment)
        assert desk.way() == ["acknowledged -> inProgress", "inProgress -> completed"]

    def test_all_failed_is_failed(self) -> None:
        desk = standard()
        all_in(desk, "access", "failed")
        all_in(desk, "core", "failed")
        assert (desk.service_order["state"], item_states(desk)) == ("failed", ["failed"])

    def test_some_of_an_item_is_partial(self) -> None:
        desk = standard()
        all_in(desk, "access", "completed")
        all_in(desk, "core", "failed")
        assert (desk.service_order["state"], item_states(desk)) == ("partial", ["partial"])

    def test_some_of_the_items_is_partial(self) -> None:
        desk = two()
        for domain in ("access", "core"):
            order = order_in(desk, domain)
            ends = ["completed" if one["id"][0] == "1" else "failed" for one in order["orderItem"]]
            desk.move(order["id"], *ends)
        assert (desk.service_order["state"], item_states(desk)) == (
            "partial",
            ["completed", "failed"],
        )

    def test_order_is_pending_when_nothing_else_can_go_on(self) -> None:
        desk = standard()
        move(desk, "access", port="inProgress")
        move(desk, "access", port="pending")
        assert (desk.service_order["state"], item_states(desk)) == ("pending", ["pending"])
        events = [event.document for event in desk.requests.owed("req-1")]
        asked = [one for one in events if one["eventType"].endswith("InformationRequiredEvent")]
        assert [one["fieldPath"] for one in asked] == ["serviceOrderItem[0]"]
        move(desk, "access", port="inProgress")
        assert desk.service_order["state"] == "inProgress"

    def test_order_is_held_when_nothing_else_can_go_on(self) -> None:
        desk = standard()
        move(desk, "access", port="inProgress")
        move(desk, "access", port="held")
        assert (desk.service_order["state"], item_states(desk)) == ("held", ["held"])

    def test_item_that_can_go_on_keeps_the_order_in_progress(self) -> None:
        desk = two()
        order = order_in(desk, "access")
        begun = [
            "inProgress" if one["id"] == "1-port" else "acknowledged" for one in order["orderItem"]
        ]
        desk.move(order["id"], *begun)
        pending = ["pending" if one == "inProgress" else one for one in begun]
        desk.move(order["id"], *pending)
        assert desk.service_order["state"] == "inProgress"
        assert item_states(desk) == ["pending", "acknowledged"]

    @pytest.mark.parametrize("state", ["completed", "failed"])
    def test_state_of_a_whole_order_speaks_for_its_items(self, state: str) -> None:
        desk = standard()
        for domain in ("access", "core"):
            patched(desk, domain, state="inProgress")
            assert item_states(desk) == ["inProgress"]
            patched(desk, domain, state=state)
        assert (desk.service_order["state"], item_states(desk)) == (state, [state])

    def test_orders_cancelled_one_by_one_cancel_the_service_order(self) -> None:
        desk = standard()
        for order in desk.issued:
            asked: Document = {"resourceOrder": {"id": order.id}}
            asked["cancellationReason"] = "Out of fibre"
            at_once(desk.resource_cancellations.take(asked, f"task-{order.id}"))
        assert (desk.service_order["state"], item_states(desk)) == ("cancelled", ["cancelled"])
        ways = [
            one.document["description"]
            for one in desk.requests.owed("req-1")
            if one.document["eventType"] == "ServiceOrderStateChangeEvent"
        ]
        assert ways == [
            "acknowledged -> assessingCancellation",
            "assessingCancellation -> pendingCancellation",
            "pendingCancellation -> cancelled",
        ]
        errors = desk.service_order["errorMessage"]
        assert {one["code"] for one in errors} == {"resourceOrderItemCancelled"}
        assert all(one["reason"].endswith("with its order: Out of fibre") for one in errors)

    def test_order_that_takes_nothing_is_complete_at_once_in_one_write(self) -> None:
        nothing = {**service_item("1"), "action": "noChange"}
        desk = ServiceDesk(service_order(serviceOrderItem=[nothing]))
        assert (desk.service_order["state"], item_states(desk)) == ("completed", ["completed"])
        assert (desk.requests.writes, desk.record.revision) == (1, 1)
        owed = [one.document["eventType"] for one in desk.requests.owed("req-1")]
        assert owed[:3] == [
            "ServiceOrderCreateEvent",
            "ServiceOrderStateChangeEvent",
            "ServiceOrderStateChangeEvent",
        ]
        assert [one.sequence for one in desk.requests.owed("req-1")] == list(
            range(1, len(owed) + 1)
        )

    def test_item_that_waited_for_a_failed_one_has_no_error_of_its_own(self) -> None:
        desk = standard()
        move(desk, "access", port="failed")
        states = [item["state"] for item in order_in(desk, "access")["orderItem"]]
        assert states == ["failed", "cancelled", "cancelled"]
        assert len(desk.service_order["errorMessage"]) == 1

    def test_item_whose_orders_were_all_withdrawn_is_cancelled(self) -> None:
        desk = standard()
        record = desk.record
        orders = [{**one, "supersededBy": []} for one in document(desk)["resourceOrder"]]
        entity = replace(
            record.entity,
            document={**document(desk), "resourceOrder": orders},
            revision=record.revision + 1,
        )
        assert at_once(desk.requests.replace(replace(record, entity=entity)))
        for order in desk.issued:
            at_once(desk.resource_cancellations.supersede(order.id, "req-2"))
        assert item_states(desk) == ["cancelled"]
        assert "errorMessage" not in desk.service_order

    def test_final_order_stays(self) -> None:
        desk = standard()
        desk.cancel()
        before = desk.service_order
        at_once(desk.roll_ups.follow(desk.issued[0]))
        assert desk.service_order == before

    def test_order_that_is_being_cancelled_is_the_tasks(self) -> None:
        desk = standard()
        move(desk, "access", port="inProgress")
        desk.cancel()
        move(desk, "access", port="failed")
        assert desk.service_order["state"] == "cancelled"
        assert [one.split(" -> ")[1] for one in desk.way()] == [
            "inProgress",
            "assessingCancellation",
            "pendingCancellation",
            "cancelled",
        ]

    def test_supporting_services_bring_the_item_that_rests_on_them(self) -> None:
        desk = ServiceDesk({"serviceOrderItem": [service_item("1", **SUPPORTING)]})
        requested = document(desk)["requestedItem"]
        assert len(requested) > 1
        for order in desk.issued:
            states = ["failed"] * len(order.document["orderItem"])
            desk.move(order.id, *states)
        assert (desk.service_order["state"], item_states(desk)) == ("failed", ["failed"])

    def test_nested_items_bring_those_around_them(self) -> None:
        outer = {**service_item("1"), "serviceOrderItem": [service_item("a"), service_item("b")]}
        desk = ServiceDesk({"serviceOrderItem": [outer]})
        for domain in ("access", "core"):
            order = order_in(desk, domain)
            ends = ["completed" if ".a-" in one["id"] else "failed" for one in order["orderItem"]]
            desk.move(order["id"], *ends)
        (item,) = desk.service_order["serviceOrderItem"]
        assert [one["state"] for one in item["serviceOrderItem"]] == ["completed", "failed"]
        assert item["state"] == "partial"
        wrong = [one["serviceOrderItem"] for one in desk.service_order["errorMessage"]]
        assert {one["itemId"] for each in wrong for one in each} == {"b"}


class TestSurveys:
    def special(self) -> ServiceDesk:
        return ServiceDesk(example("unknown-service"))

    def test_survey_that_is_done_delivers_nothing_by_itself(self) -> None:
        desk = self.special()
        (survey,) = desk.issued
        desk.move(survey.id, "completed")
        assert desk.service_order["state"] == "inProgress"
        assert item_states(desk) == ["inProgress"]

    def test_survey_that_failed_fails_its_item(self) -> None:
        desk = self.special()
        (survey,) = desk.issued
        desk.move(survey.id, "failed")
        assert (desk.service_order["state"], item_states(desk)) == ("failed", ["failed"])


class TestWhatIsSaid:
    def test_failed_item_is_an_error_of_the_order_and_of_its_item(self) -> None:
        desk = standard()
        patched(desk, "access", note=[{"text": "No fibre in the duct."}])
        move(desk, "access", port="failed")
        order = order_in(desk, "access")
        said = f"Item 1-port of resource order {order['id']} failed: No fibre in the duct."
        plain = {
            "code": "resourceOrderItemFailed",
            "reason": said,
            "message": "serviceOrderItem[0]",
            "timestamp": timestamp(MOMENT),
        }
        found = desk.service_order
        assert found["errorMessage"] == [{**plain, "serviceOrderItem": [{"itemId": "1"}]}]
        assert found["serviceOrderItem"][0]["errorMessage"] == [plain]
        all_in(desk, "core", "completed")
        assert len(desk.service_order["errorMessage"]) == 1

    def test_order_that_is_late_is_an_alert_once(self) -> None:
        desk = standard(requestedCompletionDate="2026-02-01T00:00:00.000Z")
        order = order_in(desk, "access")
        patched(desk, "access", expectedCompletionDate="2026-02-01T00:00:00.000Z")
        assert "jeopardyAlert" not in desk.service_order
        patched(desk, "access", expectedCompletionDate=LATE)
        (alert,) = desk.service_order["jeopardyAlert"]
        assert alert["id"]
        assert alert == {
            "id": alert["id"],
            "jeopardyType": "Hazard",
            "exception": "expectedCompletionDate exceeded",
            "alertDate": timestamp(MOMENT),
            "message": f"Resource order {order['id']} is expected on {LATE}, "
            "not by 2026-02-01T00:00:00.000Z.",
            "serviceOrderItem": [{"itemId": "1"}],
        }
        assert desk.service_order["expectedCompletionDate"] == LATE
        patched(desk, "access", expectedCompletionDate=timestamp(MOMENT + timedelta(days=500)))
        assert desk.told().count("ServiceOrderJeopardyEvent") == 1
        assert len(desk.service_order["jeopardyAlert"]) == 1

    def test_each_milestone_is_reached_once(self) -> None:
        desk = standard()
        all_in(desk, "access", "completed")
        access = order_in(desk, "access")["id"]
        reached = [
            one["name"] for one in desk.service_order["milestone"] if access in one["description"]
        ]
        assert reached == [
            "resourceOrder.acknowledged",
            "resourceOrder.inProgress",
            "resourceOrder.completed",
        ]
        assert {one["status"] for one in desk.service_order["milestone"]} == {"reached"}
        all_in(desk, "core", "completed")
        ids = [one["id"] for one in desk.service_order["milestone"]]
        assert len(ids) == len(set(ids)) == 6
        assert desk.told().count("ServiceOrderMilestoneEvent") == 6

    def test_each_change_is_told_in_order_with_the_order_as_it_was_then(self) -> None:
        desk = standard()
        all_in(desk, "access", "completed")
        all_in(desk, "core", "failed")
        events = desk.requests.owed("req-1")
        assert [one.sequence for one in events] == [*range(1, len(events) + 1)]
        changes = [one.document for one in events if one.document["description"] in desk.way()]
        for one in changes:
            now = one["description"].split(" -> ")[1]
            assert one["event"]["serviceOrder"]["state"] == now


class TestRecord:
    def test_record_shows_the_state_of_each_order_and_item(self) -> None:
        desk = standard()
        move(desk, "access", port="inProgress")
        access, core = order_in(desk, "access")["id"], order_in(desk, "core")["id"]
        found = document(desk)
        assert found["state"] == "inProgress"
        assert {one["id"]: one["state"] for one in found["resourceOrder"]} == {
            access: "inProgress",
            core: "acknowledged",
        }
        (assessed,) = found["assessment"]["item"]
        states = {one["itemId"]: one["state"] for one in assessed["resourceOrderItem"]}
        assert states["1-port"] == "inProgress"
        assert [one["state"] for one in found["requestedItem"]] == ["inProgress"]
        assert [(one["event"], one["detail"]) for one in found["timeline"][-2:]] == [
            ("resourceOrderStateChanged", f"{access}: acknowledged -> inProgress"),
            ("stateChanged", "acknowledged -> inProgress"),
        ]

    @pytest.mark.parametrize("state", ["completed", "failed"])
    def test_request_that_is_no_service_order_follows_too(self, state: str) -> None:
        desk = ServiceDesk(example("trouble-recovery"))
        for order in desk.issued:
            desk.move(order.id, *[state] * len(order.document["orderItem"]))
        assert document(desk)["state"] == state
        assert desk.requests.owed("req-1") == []

    def test_deleted_order_stays_known_as_it_was(self) -> None:
        desk = standard()
        all_in(desk, "access", "completed")
        access = order_in(desk, "access")["id"]
        at_once(desk.door.remove(access))
        found = {one["id"]: one["state"] for one in document(desk)["resourceOrder"]}
        assert found[access] == "completed"
        all_in(desk, "core", "completed")
        assert desk.service_order["state"] == "completed"

    def test_order_that_is_deleted_before_it_began_will_never_be_done(self) -> None:
        desk = standard()
        at_once(desk.door.remove(order_in(desk, "core")["id"]))
        assert desk.service_order["state"] == "acknowledged"
        all_in(desk, "access", "completed")
        assert (desk.service_order["state"], item_states(desk)) == ("partial", ["partial"])

    def test_order_that_is_gone_counts_as_soon_as_it_is_noted_that_all_was_issued(self) -> None:
        desk = standard()
        record = desk.record
        order = replace(record.entity, revision=record.revision + 1, owed=())
        plan = Plan(tuple(desk.issued), revision=order.revision)
        at_once(desk.requests.replace(replace(record, entity=order, plan=plan)))
        at_once(desk.door.remove(order_in(desk, "core")["id"]))
        all_in(desk, "access", "completed")
        assert desk.service_order["state"] == "inProgress"
        at_once(desk.requests.settle(desk.record))
        assert at_once(desk.roll_ups.sweep(older_than=0)) == 1
        assert (desk.service_order["state"], item_states(desk)) == ("partial", ["partial"])
        assert at_once(desk.roll_ups.sweep(older_than=0)) == 0

    def test_order_whose_place_another_took_is_left_out(self) -> None:
        desk = standard()
        record = desk.record
        core = order_in(desk, "core")["id"]
        orders = [
            {**one, "supersededBy": [{"id": "x"}]} if one["id"] == core else one
            for one in document(desk)["resourceOrder"]
        ]
        entity = replace(
            record.entity,
            document={**document(desk), "resourceOrder": orders},
            revision=record.revision + 1,
        )
        assert at_once(desk.requests.replace(replace(record, entity=entity)))
        all_in(desk, "access", "completed")
        assert desk.service_order["state"] == "completed"

    def test_order_of_a_stranger_moves_nothing(self) -> None:
        desk = standard()
        order = desk.issued[0]
        at_once(desk.roll_ups.follow(order))
        stranger = replace(
            order, id="stranger", document={**order.document, "id": "stranger", "state": "failed"}
        )
        at_once(desk.orders.add(stranger))
        before = desk.record
        at_once(desk.roll_ups.follow(stranger))
        assert desk.record == before

    def test_order_of_a_request_that_there_is_not_is_no_matter(self) -> None:
        desk = standard()
        order = desk.issued[0]
        document = {**order.document, "id": "stranger", "initiatingRequest": {"id": "req-9"}}
        at_once(desk.orders.add(replace(order, id="stranger", document=document)))
        at_once(desk.door.change("stranger", merge({"description": "x"})))
        assert at_once(desk.roll_ups.sweep(older_than=0)) == 0

    def test_deleted_service_order_leaves_a_record_that_follows(self) -> None:
        desk = standard()
        record = desk.record
        entity = replace(record.entity, revision=record.revision + 1)
        assert at_once(desk.requests.replace(replace(record, entity=entity, service_order=None)))
        all_in(desk, "access", "completed")
        states = {one["state"] for one in document(desk)["resourceOrder"] if "state" in one}
        assert "completed" in states
        assert desk.record.service_order is None


class TestAgain:
    def test_roll_up_of_what_is_rolled_up_changes_nothing(self) -> None:
        desk = standard()
        all_in(desk, "access", "completed")
        assert roll_up(desk.record, desk.issued, MOMENT) is None
        writes = desk.requests.writes
        at_once(desk.roll_ups.follow(desk.issued[0]))
        assert desk.requests.writes == writes
        assert at_once(desk.roll_ups.sweep(older_than=0)) == 0

    @pytest.mark.parametrize("point", ["afterOrderChanged", "afterRollUp"])
    def test_crash_changes_nothing_of_the_outcome(self, point: str) -> None:
        undisturbed, desk = standard(), standard()
        for one in (undisturbed, desk.restarted(FaultAt(point))):
            with suppress(CrashError):
                patched(one, "access", state="inProgress")
        desk.restarted()
        assert at_once(desk.roll_ups.sweep(older_than=0)) == 1
        assert at_once(desk.roll_ups.sweep(older_than=0)) == 0
        assert desk.record == undisturbed.record
        assert desk.requests.owed("req-1") == undisturbed.requests.owed("req-1")

    def test_change_is_kept_while_the_record_can_not_be_written(self) -> None:
        desk = standard()
        desk.requests.is_away = True
        with suppress(StoreUnavailableError):
            patched(desk, "access", state="inProgress")
        assert order_in(desk, "access")["state"] == "inProgress"
        desk.requests.is_away = False
        assert at_once(desk.roll_ups.sweep(older_than=0)) == 1
        assert desk.service_order["state"] == "inProgress"


MOVES = st.tuples(
    st.sampled_from(["access", "core"]),
    st.sampled_from(["port", "ont", "wifi", "vlan"]),
    st.sampled_from(["inProgress", "pending", "held", "completed", "failed", "cancelled"]),
)


@settings(derandomize=True, deadline=None, max_examples=40)
@given(walk=st.lists(MOVES, max_size=14))
def test_any_walk_ends_where_one_look_at_its_end_does(walk: list[tuple[str, str, str]]) -> None:
    desk = standard()
    at_once(desk.roll_ups.follow(desk.issued[0]))
    for domain, name, state in walk:
        with suppress(IllegalTransitionError):
            order = order_in(desk, domain)
            items = [
                {**one, "state": state} if one["id"].endswith(name) else one
                for one in order["orderItem"]
            ]
            patched(desk, domain, orderItem=items)
    assert roll_up(desk.record, desk.issued, MOMENT) is None
    ended = {one.document["state"] for one in desk.issued} <= {
        "completed",
        "failed",
        "partial",
        "cancelled",
    }
    over = desk.service_order["state"] in {"completed", "failed", "partial"}
    assert ended is over
    late = standard()
    for mine, theirs in zip(late.issued, desk.issued, strict=True):
        late.orders.put(copy.deepcopy({**theirs.document, "id": mine.id}))
    looked = roll_up(late.record, late.issued, MOMENT)
    now = (looked or late.record).service_order or {}
    assert [one["state"] for one in now["serviceOrderItem"]] == item_states(desk)
    if ended:
        assert now["state"] == desk.service_order["state"]
