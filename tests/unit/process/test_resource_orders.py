from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from desk import KEY, Desk, at_once
from make import merge, resource_order
from ordergate.errors import (
    IdempotencyConflictError,
    IllegalTransitionError,
    NotFoundError,
    PreconditionFailedError,
    StaleRevisionError,
    TooLargeError,
)
from ordergate.process.entity import Idempotency
from ordergate.process.size import MOST_BYTES

if TYPE_CHECKING:
    from fakes_orders import InMemoryOrderBook


class TestKeepResourceOrders:
    def test_taken_order_is_kept_and_told(self) -> None:
        desk = Desk()
        assert desk.owed() == ["ResourceOrderCreateEvent"]
        assert desk.relay.woken == 1

    def test_same_key_and_body_answer_with_the_order_as_it_is_now(self) -> None:
        desk = Desk()
        at_once(desk.door.change("ro-1", merge({"state": "inProgress"})))
        again = at_once(desk.door.take(resource_order(), "ro-1", KEY))
        assert again.document["state"] == "inProgress"
        assert len(desk.owed()) == 2

    def test_same_key_and_another_body_is_a_conflict(self) -> None:
        with pytest.raises(IdempotencyConflictError):
            at_once(Desk().door.take(resource_order(), "ro-1", Idempotency("key", "other")))

    def test_change_is_kept_and_told(self) -> None:
        desk = Desk()
        found = at_once(desk.door.change("ro-1", merge({"state": "inProgress"})))
        assert at_once(desk.orders.get("ro-1")).document == found.document
        assert desk.owed()[1:] == ["ResourceOrderStateChangeEvent"]
        assert desk.relay.woken == 2

    def test_change_of_nothing_writes_and_tells_nothing(self) -> None:
        desk = Desk()
        at_once(desk.door.change("ro-1", merge({"state": "acknowledged"})))
        assert (desk.orders.writes, desk.relay.woken) == (1, 1)

    def test_change_over_another_one_is_made_again(self) -> None:
        rivals = [1, 2]

        def rival(book: InMemoryOrderBook) -> None:
            if rivals:
                rivals.pop()
                book.touch("ro-1")

        desk = Desk(rival)
        found = at_once(desk.door.change("ro-1", merge({"state": "inProgress"})))
        assert found.document["state"] == "inProgress"
        assert len(desk.owed()) == 2

    def test_change_gives_up_when_the_order_never_rests(self) -> None:
        desk = Desk(lambda book: book.touch("ro-1"))
        with pytest.raises(StaleRevisionError):
            at_once(desk.door.change("ro-1", merge({"state": "inProgress"})))
        with pytest.raises(StaleRevisionError):
            at_once(desk.door.remove("ro-1"))
        assert len(desk.owed()) == 1

    def test_change_of_another_revision_than_the_one_meant_fails(self) -> None:
        desk = Desk()
        started = at_once(desk.door.change("ro-1", merge({"state": "inProgress"}), {1}))
        assert started.revision == 2
        for late in (
            desk.door.change("ro-1", merge({"state": "held"}), {1}),
            desk.door.change("ro-1", merge({}), {1}),
            desk.door.remove("ro-1", {1}),
        ):
            with pytest.raises(PreconditionFailedError):
                at_once(late)
        assert desk.orders.writes == 2

    def test_change_that_comes_second_fails_where_it_was_meant_for_the_revision_before(
        self,
    ) -> None:
        desk = Desk(lambda book: book.touch("ro-1"))
        with pytest.raises(PreconditionFailedError):
            at_once(desk.door.change("ro-1", merge({"state": "inProgress"}), {1}))
        assert desk.orders.writes == 1

    def test_removed_order_is_gone_and_told(self) -> None:
        desk = Desk()
        at_once(desk.door.remove("ro-1"))
        assert desk.owed()[1:] == ["ResourceOrderDeleteEvent"]
        for again in (desk.door.remove("ro-1"), desk.door.change("ro-1", merge({}))):
            with pytest.raises(NotFoundError):
                at_once(again)

    def test_order_in_flight_is_not_removed(self) -> None:
        desk = Desk()
        at_once(desk.door.change("ro-1", merge({"state": "inProgress"})))
        with pytest.raises(IllegalTransitionError):
            at_once(desk.door.remove("ro-1"))


def test_order_that_is_too_large_is_not_kept() -> None:
    desk = Desk()
    with pytest.raises(TooLargeError):
        at_once(desk.door.take(resource_order(description="x" * MOST_BYTES), "ro-2"))
    assert desk.orders.ids() == {"ro-1"}


def test_change_that_makes_an_order_too_large_is_refused_and_others_are_not() -> None:
    desk = Desk(description="x" * (MOST_BYTES // 3))
    larger = merge({"description": "x" * (MOST_BYTES * 2 // 3)})
    with pytest.raises(TooLargeError):
        at_once(desk.door.change("ro-1", larger))
    kept = at_once(desk.door.change("ro-1", merge({"state": "inProgress"})))
    assert (kept.document["state"], len(kept.document["description"])) == (
        "inProgress",
        MOST_BYTES // 3,
    )
