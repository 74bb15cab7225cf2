from __future__ import annotations

import asyncio
import copy
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from desk import nobody
from fakes import FixedClock, NoFaults, RecordingRelay
from fakes_orders import InMemoryOrderBook
from fakes_requests import InMemoryHandOverBook, InMemoryRequestBook
from make import ADDRESSES, LIMIT, MOMENT, merge, service_item, service_order
from ordergate.errors import (
    IllegalTransitionError,
    InvalidDocumentError,
    InvalidPatchError,
    NotFoundError,
    OrdergateError,
    PreconditionFailedError,
)
from ordergate.model.common import timestamp
from ordergate.model.completion import completed
from ordergate.model.states import FINAL, OrderState, next_states
from ordergate.process.entity import Entity, RecordedRequest
from ordergate.process.notify import changed
from ordergate.process.plans import CarryOutPlans
from ordergate.process.service_lifecycle import (
    IMMUTABLE,
    amend_service_order,
    service_order_removal,
    told,
)
from ordergate.process.service_orders import KeepServiceOrders

if TYPE_CHECKING:
    from collections.abc import Callable

LATER = MOMENT + timedelta(hours=1)
STATES = [str(state) for state in OrderState]


def order(state: str = "acknowledged", **changes: Any) -> Entity:
    """Return a kept service order in that state, with an item inside an item."""
    inner = {**service_item("1.1"), "state": "acknowledged"}
    outer = {**service_item("1"), "state": "acknowledged", "serviceOrderItem": [inner]}
    document = service_order(
        id="so-1",
        href=ADDRESSES.service_order("so-1"),
        state=state,
        orderDate=timestamp(MOMENT),
        serviceOrderItem=[{**outer, "errorMessage": [{"code": "x"}]}],
    )
    return Entity("so-1", completed({**document, **changes}, MOMENT), revision=3, sequence=1)


def any_result(_: dict[str, Any]) -> None:
    """Let every result pass: the contract is the edge's business."""


def amended(entity: Entity, **patch: Any) -> Entity:
    found = amend_service_order(entity.document, merge(patch), LATER, any_result)
    assert found is not None
    return changed(entity, found, LATER, *told(entity.document, found))


def refused(entity: Entity, **patch: Any) -> OrdergateError:
    with pytest.raises(OrdergateError) as caught:
        amend_service_order(entity.document, merge(patch), LATER, any_result)
    return caught.value


def items(entity: Entity, **first: Any) -> list[dict[str, Any]]:
    """Return the order's items as a patch would send them, the first one changed."""
    kept: list[dict[str, Any]] = copy.deepcopy(entity.document["serviceOrderItem"])
    kept[0] |= first
    return kept


def events(entity: Entity) -> list[tuple[str, str | None]]:
    return [(one.document["eventType"], one.document.get("fieldPath")) for one in entity.owed]


@pytest.mark.parametrize("old", STATES)
@pytest.mark.parametrize("new", STATES)
def test_state_goes_only_where_the_machine_leads(old: str, new: str) -> None:
    entity = order(old)
    if old == new:
        assert (
            amend_service_order(entity.document, merge({"state": new}), LATER, any_result) is None
        )
    elif new in next_states(OrderState(old)):
        found = amended(entity, state=new)
        assert found.document["state"] == new
        kinds = ["ServiceOrderStateChangeEvent"]
        if new == "pending":
            kinds.append("ServiceOrderInformationRequiredEvent")
        assert [kind for kind, _ in events(found)] == kinds
        assert found.owed[0].document["event"] == {"serviceOrder": found.document}
        assert found.owed[0].document["description"] == f"{old} -> {new}"
    else:
        error = refused(entity, state=new)
        assert isinstance(error, IllegalTransitionError)
        assert error.path == "state"


def test_cancelling_is_not_a_matter_of_a_patch() -> None:
    for state in ("assessingCancellation", "pendingCancellation", "cancelled"):
        assert isinstance(refused(order("inProgress"), state=state), IllegalTransitionError)


@pytest.mark.parametrize(
    ("old", "new", "date"),
    [
        ("acknowledged", "inProgress", "startDate"),
        ("inProgress", "completed", "completionDate"),
        ("inProgress", "partial", "completionDate"),
        ("inProgress", "failed", "completionDate"),
        ("pending", "cancelled", "cancellationDate"),
    ],
)
def test_new_state_brings_its_date_and_no_other(old: str, new: str, date: str) -> None:
    document = amended(order(old), state=new).document
    dates = {"startDate", "completionDate", "cancellationDate"} & document.keys()
    assert dates == {date}
    assert document[date] == timestamp(LATER)


def test_work_that_goes_on_keeps_its_start() -> None:
    held = order("held", startDate=timestamp(MOMENT))
    assert amended(held, state="inProgress").document["startDate"] == timestamp(MOMENT)


def test_attributes_change_with_an_event_that_names_them() -> None:
    entity = order()
    before = copy.deepcopy(entity)
    found = amended(
        entity,
        state="inProgress",
        description="New",
        note=[{"text": "Ring twice"}],
        priority="2",
        requestedCompletionDate="2027-01-01T01:00:00+01:00",
    )
    assert (found.revision, found.sequence) == (4, 3)
    (_, nothing), (kind, path) = events(found)
    assert (kind, nothing) == ("ServiceOrderAttributeValueChangeEvent", None)
    assert {"description", "note", "priority", "requestedCompletionDate"} <= set(
        str(path).split(",")
    )
    assert found.document["requestedCompletionDate"] == "2027-01-01T00:00:00.000Z"
    assert found.document["note"][0]["id"] == "1"
    assert entity == before


@pytest.mark.parametrize("name", sorted(IMMUTABLE))
def test_what_the_server_owns_is_neither_set_nor_changed(name: str) -> None:
    error = refused(order(), **{name: "2020-01-01T00:00:00.000Z"})
    assert isinstance(error, InvalidPatchError)
    assert error.path == name


def test_what_the_server_owns_may_be_sent_as_it_is() -> None:
    entity = order()
    same = {name: entity.document[name] for name in ("id", "href", "orderDate")}
    same["serviceOrderItem"] = items(entity)
    for name in ("state", "errorMessage"):
        del same["serviceOrderItem"][0][name]
    del same["serviceOrderItem"][0]["serviceOrderItem"][0]["state"]
    assert amend_service_order(entity.document, merge(same), LATER, any_result) is None


def test_action_of_an_item_is_immutable() -> None:
    entity = order()
    error = refused(entity, serviceOrderItem=items(entity, action="delete"))
    assert (type(error), error.path) == (InvalidPatchError, "serviceOrderItem[0].action")
    sent = items(entity)
    sent[0]["serviceOrderItem"][0]["action"] = "delete"
    error = refused(entity, serviceOrderItem=sent)
    assert error.path == "serviceOrderItem[0].serviceOrderItem[0].action"


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("change", [{"quantity": 2}, {"id": "9"}])
def test_items_change_as_long_as_nothing_is_delivered(state: str, change: dict[str, Any]) -> None:
    entity = order(state)
    sent = items(entity, **change)
    if state in {"acknowledged", "pending"}:
        found = amended(entity, serviceOrderItem=sent).document["serviceOrderItem"][0]
        assert {name: found[name] for name in change} == change
    else:
        error = refused(entity, serviceOrderItem=sent)
        assert isinstance(error, IllegalTransitionError)
        assert error.path == "serviceOrderItem"


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("name", ["state", "errorMessage"])
def test_what_follows_from_resource_orders_is_not_set(state: str, name: str) -> None:
    entity = order(state)
    error = refused(entity, serviceOrderItem=items(entity, **{name: "other"}))
    assert isinstance(error, IllegalTransitionError)
    assert error.path == f"serviceOrderItem[0].{name}"


def test_pending_order_says_what_it_waits_for() -> None:
    missing = {"code": "missingPlace", "reason": "No place.", "message": "serviceOrderItem[0].x"}
    before = order("pending").document
    after = {**before, "serviceOrderItem": [{"id": "1", "errorMessage": [missing]}]}
    (_, found) = told(before, after)
    assert found.event_type == "ServiceOrderInformationRequiredEvent"
    assert (found.description, found.field_path) == ("No place.", "serviceOrderItem[0].x")
    assert [one.event_type for one in told(after, {**after, "description": "x"})] == [
        "ServiceOrderAttributeValueChangeEvent"
    ]


def test_order_patched_to_pending_says_that_it_waits() -> None:
    assert [kind for kind, _ in events(amended(order("inProgress"), state="pending"))] == [
        "ServiceOrderStateChangeEvent",
        "ServiceOrderInformationRequiredEvent",
    ]


@pytest.mark.parametrize("state", sorted(FINAL))
def test_final_order_takes_words_only(state: str) -> None:
    found = amended(order(state), description="x", category="y", note=[{"text": "z"}])
    assert found.document["state"] == state
    error = refused(order(state), priority="4", description="x")
    assert isinstance(error, IllegalTransitionError)
    assert error.path == "priority"


def test_result_that_breaks_the_contract_is_refused() -> None:
    def check(document: dict[str, Any]) -> None:
        raise InvalidDocumentError(document["description"])

    with pytest.raises(InvalidDocumentError, match="Bad"):
        amend_service_order(order().document, merge({"description": "Bad"}), LATER, check)


class TestRemoval:
    @pytest.mark.parametrize("state", ["acknowledged", *sorted(FINAL)])
    def test_order_nobody_works_on_leaves_with_an_event(self, state: str) -> None:
        gone = service_order_removal(order(state), LATER)
        assert (gone.revision, gone.sequence) == (4, 2)
        assert events(gone) == [("ServiceOrderDeleteEvent", None)]
        assert gone.owed[0].document["event"] == {"serviceOrder": order(state).document}

    @pytest.mark.parametrize("state", sorted(set(STATES) - FINAL - {"acknowledged"}))
    def test_order_in_flight_stays(self, state: str) -> None:
        with pytest.raises(IllegalTransitionError, match=state):
            service_order_removal(order(state), LATER)


class NothingNew:
    """Finds that no amendment asks for anything else."""

    async def amend(self, *_: object) -> None:
        return None

    def identified(self, _: object, service_order: dict[str, Any]) -> dict[str, Any]:
        return service_order

    async def supersede(self, order_id: str, request_id: str) -> None:
        raise AssertionError(f"nothing is superseded: {order_id} by {request_id}")


class Desk:
    """The service orders' desk over fakes, with one order on it."""

    def __init__(self, between: Callable[[InMemoryRequestBook], object] | None = None) -> None:
        self.book = InMemoryRequestBook(between)
        self.relay = RecordingRelay()
        self.desk = KeepServiceOrders(
            requests=self.book,
            clock=FixedClock(),
            relay=self.relay,
            process=NothingNew(),
            plans=CarryOutPlans(
                requests=self.book,
                orders=InMemoryOrderBook(),
                hand_overs=InMemoryHandOverBook(),
                superseding=NothingNew(),
                follow=nobody,
                settle=self.book.settle,
                clock=FixedClock(),
                relay=self.relay,
                faults=NoFaults(),
            ),
            limit=LIMIT,
            check=any_result,
        )
        document = {"id": "so-1", "state": "acknowledged"}
        record = replace(order(), document=document, revision=1)
        asyncio.run(self.book.add(RecordedRequest(record, order().document)))

    def record(self) -> RecordedRequest:
        return asyncio.run(self.book.get("so-1"))

    def change(self, if_revision: set[int] | None = None, **patch: Any) -> RecordedRequest:
        return asyncio.run(self.desk.change("so-1", merge(patch), if_revision))


class TestKeepServiceOrders:
    def test_change_is_kept_and_told(self) -> None:
        desk = Desk()
        found = desk.change(state="inProgress")
        assert desk.record().service_order == found.service_order
        assert desk.relay.woken == 1

    def test_record_follows_its_service_order(self) -> None:
        desk = Desk()
        desk.change(state="inProgress")
        document = desk.record().entity.document
        assert document["state"] == "inProgress"
        assert document["timeline"] == [
            {"date": timestamp(MOMENT), "event": "amended", "detail": "state, startDate"}
        ]

    def test_change_of_nothing_writes_and_tells_nothing(self) -> None:
        desk = Desk()
        assert desk.change(state="acknowledged").revision == 1
        assert (desk.book.writes, desk.relay.woken) == (1, 0)

    def test_change_over_another_one_is_made_again(self) -> None:
        rivals = [1, 2]

        def rival(book: InMemoryRequestBook) -> None:
            if rivals:
                rivals.pop()
                book.touch("so-1")

        desk = Desk(rival)
        assert desk.change(state="inProgress").revision == 4

    def test_stale_change_and_removal_fail(self) -> None:
        desk = Desk()
        desk.change({1}, description="New")
        with pytest.raises(PreconditionFailedError):
            desk.change({1}, description="Newer")
        with pytest.raises(PreconditionFailedError):
            asyncio.run(desk.desk.remove("so-1", {1}))

    def test_removed_order_is_gone_and_told(self) -> None:
        desk = Desk()
        asyncio.run(desk.desk.remove("so-1"))
        assert desk.relay.woken == 1
        with pytest.raises(NotFoundError):
            desk.change(description="New")
        assert desk.record().entity.document["timeline"][-1]["event"] == "serviceOrderDeleted"
