"""C7: what Track & Manage reports rolls up; what is cancelled cascades, or is denied."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from api.client import TMF641, TMF652
from api.kinds import Wanted, line

if TYPE_CHECKING:
    from api.kinds import Bench, Document

LINES = (line("port"), line("vlan", "port", domain="core"))


def sent(bench: Bench, *lines: Document, **attributes: Any) -> Document:
    return bench.send(Wanted(bench.rule(*(lines or LINES))), **attributes)


def item_state(record: Document, item_id: str = "1") -> str:
    states = {one["id"]: one["state"] for one in record["requestedItem"]}
    return str(states[item_id])


def check_service_order(bench: Bench, record: Document) -> None:
    """Check that a service order is where its record is."""
    if bench.kind.is_service_order:
        order = bench.service_order(record)
        assert order["state"] == record["state"]
        assert order["serviceOrderItem"][0]["state"] == item_state(record)


@pytest.mark.parametrize(
    ("access", "core", "expected"),
    [
        (["inProgress"], [], "inProgress"),
        (["inProgress", "completed"], [], "inProgress"),
        (["inProgress", "completed"], ["inProgress", "completed"], "completed"),
        (["inProgress", "failed"], ["inProgress", "failed"], "failed"),
        (["inProgress", "completed"], ["inProgress", "failed"], "partial"),
        (["inProgress", "completed"], ["rejected"], "partial"),
        (["rejected"], ["rejected"], "rejected"),
        (["inProgress", "pending"], ["inProgress", "completed"], "pending"),
        (["inProgress", "held"], ["inProgress", "completed"], "held"),
        (["inProgress", "held", "inProgress"], [], "inProgress"),
    ],
)
def test_request_is_where_its_orders_are(
    bench: Bench, access: list[str], core: list[str], expected: str
) -> None:
    record = sent(bench)
    orders = bench.by_domain(record)
    bench.report(orders["access"], *access)
    bench.report(orders["core"], *core)
    after = bench.record(record)
    assert (after["state"], item_state(after)) == (expected, expected)
    ends = {one["domain"]: one.get("state", "acknowledged") for one in after["resourceOrder"]}
    assert ends["access"] == access[-1]
    check_service_order(bench, after)


def test_items_of_one_order_go_their_own_ways(bench: Bench) -> None:
    specification = bench.rule()
    record = bench.send(Wanted(specification, "1"), Wanted(specification, "2"))
    order = bench.order(record)
    path = f"{TMF652}/resourceOrder/{order['id']}"
    for states in (("inProgress", "inProgress"), ("completed", "failed")):
        items = bench.api.get(path)["orderItem"]
        moved = [{**item, "state": state} for item, state in zip(items, states, strict=True)]
        bench.api.patch(path, {"orderItem": moved})
    after = bench.record(record)
    assert (item_state(after, "1"), item_state(after, "2")) == ("completed", "failed")
    assert after["state"] == "partial"


def test_order_of_a_request_says_how_far_each_of_its_items_is(bench: Bench) -> None:
    record = sent(bench)
    bench.report(bench.by_domain(record)["access"], "inProgress", "completed")
    served = bench.assessed(record)["resourceOrderItem"]
    assert {one["line"]: one.get("state") for one in served} == {
        "port": "completed",
        "vlan": "acknowledged",
    }


def test_orders_cancelled_one_by_one_cancel_the_request(bench: Bench) -> None:
    record = sent(bench)
    for order in bench.orders(record):
        asked = {"resourceOrder": {"id": order["id"]}}
        bench.api.post(f"{TMF652}/cancelResourceOrder", asked, expect=201)
    after = bench.record(record)
    assert (after["state"], item_state(after)) == ("cancelled", "cancelled")
    check_service_order(bench, after)


class TestServiceOrders:
    """What only a service order has to say."""

    def test_milestones_alerts_and_errors(self, tmf641_bench: Bench) -> None:
        bench = tmf641_bench
        record = sent(bench, requestedCompletionDate="2099-01-20T08:00:00.000Z")
        orders = bench.by_domain(record)
        late = {"expectedCompletionDate": "2099-02-20T08:00:00.000Z"}
        bench.api.patch(f"{TMF652}/resourceOrder/{orders['core']['id']}", late)
        bench.report(orders["access"], "inProgress", "completed")
        bench.report(orders["core"], "inProgress", "failed")
        order = bench.service_order(record)
        assert sorted({one["name"] for one in order["milestone"]}) == [
            "resourceOrder.acknowledged",
            "resourceOrder.completed",
            "resourceOrder.inProgress",
        ]
        assert [one["jeopardyType"] for one in order["jeopardyAlert"]] == ["Hazard"]
        assert [one["code"] for one in order["errorMessage"]] == ["resourceOrderItemFailed"]
        assert order["state"] == "partial"
        assert order["completionDate"]

    def cancel(self, bench: Bench, record: Document) -> Document:
        asked = {"serviceOrder": {"id": record["id"]}, "cancellationReason": "moved away"}
        task = bench.api.post(f"{TMF641}/cancelServiceOrder", asked, expect=201)
        found: Document = bench.api.get(f"{TMF641}/cancelServiceOrder/{task['id']}").document
        return found

    def test_cancellation_cascades(self, tmf641_bench: Bench) -> None:
        bench = tmf641_bench
        specification = bench.rule(*LINES)
        record = bench.send(
            Wanted(specification),
            Wanted("svc-nobody-knows", "2"),
            Wanted(specification, "3", waits_for=("2",)),
        )
        task = self.cancel(bench, record)
        assert task["state"] == "done"
        assert task["effectiveCancellationDate"]
        assert {one["state"] for one in bench.orders(record)} == {"cancelled"}
        assert [one["resolution"] for one in bench.hand_overs(record)] == ["withdrawn"]
        after = bench.record(record)
        assert after["state"] == "cancelled"
        assert {one["state"] for one in after["requestedItem"]} == {"cancelled"}
        assert {one["state"] for one in after["resourceOrder"]} == {"cancelled"}
        check_service_order(bench, after)
        reasons = {one["cancellationReason"] for one in bench.orders(record)}
        assert reasons == {"moved away"}

    def test_order_that_misses_something_is_cancelled(self, tmf641_bench: Bench) -> None:
        bench = tmf641_bench
        record = bench.send(Wanted(bench.rule(requires={"place": ["site"]})))
        assert self.cancel(bench, record)["state"] == "done"
        after = bench.record(record)
        assert after["state"] == "cancelled"
        check_service_order(bench, after)

    def test_cancellation_is_denied_past_a_point_of_no_return(self, tmf641_bench: Bench) -> None:
        bench = tmf641_bench
        record = sent(bench, line("port", pointOfNoReturn="inProgress"), LINES[1])
        orders = bench.by_domain(record)
        bench.report(orders["access"], "inProgress")
        task = self.cancel(bench, record)
        assert task["state"] == "done"
        assert "effectiveCancellationDate" not in task
        assert "point of no return" in task["completionMessage"]
        states = {domain: one["state"] for domain, one in bench.by_domain(record).items()}
        assert states == {"access": "inProgress", "core": "acknowledged"}
        after = bench.record(record)
        assert after["state"] == "inProgress"
        check_service_order(bench, after)

    def test_what_is_done_already_is_undone_by_track_and_manage(self, tmf641_bench: Bench) -> None:
        bench = tmf641_bench
        record = sent(bench)
        access = bench.by_domain(record)["access"]
        bench.report(access, "inProgress")
        task = self.cancel(bench, record)
        assert task["state"] == "inProgress"
        assert bench.record(record)["state"] == "pendingCancellation"
        bench.report(access, "cancelled")
        path = f"{TMF641}/cancelServiceOrder/{task['id']}"
        assert bench.api.get(path)["state"] == "done"
        assert bench.record(record)["state"] == "cancelled"

    def test_what_can_not_be_undone_is_said(self, tmf641_bench: Bench) -> None:
        bench = tmf641_bench
        record = sent(bench)
        access = bench.by_domain(record)["access"]
        bench.report(access, "inProgress")
        task = self.cancel(bench, record)
        bench.report(access, "failed")
        after = bench.api.get(f"{TMF641}/cancelServiceOrder/{task['id']}")
        assert after["state"] == "terminatedWithError"
        assert after["errorMessage"]
        assert bench.record(record)["state"] == "cancelled"
