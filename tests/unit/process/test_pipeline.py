from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from desk import nobody
from fakes import (
    CountingMeter,
    CrashError,
    FaultAt,
    FixedClock,
    FixedRules,
    InMemoryTurns,
    NoFaults,
    RecordingRelay,
)
from fakes_orders import InMemoryCancelTaskBook, InMemoryOrderBook
from fakes_requests import InMemoryFeasibilityBook, InMemoryHandOverBook, InMemoryRequestBook
from make import (
    ADDRESSES,
    LIMIT,
    MOMENT,
    example,
    example_rules,
    line,
    request_of,
    resource_order,
    rule,
    service_item,
)
from ordergate.errors import (
    IdempotencyConflictError,
    StoreUnavailableError,
    TooLargeError,
)
from ordergate.model.common import Specification, timestamp
from ordergate.process.decisions import Decisions
from ordergate.process.entity import Entity, Idempotency
from ordergate.process.pipeline import IssueResourceOrders
from ordergate.process.plans import CarryOutPlans
from ordergate.process.resource_orders import CancelResourceOrders
from ordergate.process.rules import AppliesTo, Literal
from ordergate.process.size import MOST_BYTES
from ordergate.process.sweep import keep_sweeping
from ordergate.schemas.record import StandardDocuments
from ordergate.schemas.service_order_kept import write_service_order

if TYPE_CHECKING:
    from collections.abc import Callable

    from ordergate.model.common import Document
    from ordergate.process.decision import Decision
    from ordergate.process.entity import RecordedRequest
    from ordergate.process.ports import FaultPoints

KEY = Idempotency("key", "body")
TOO_OFTEN = 1000
"""A sweep that never ends would be seen after so many waits."""


class House:
    """The pipeline over fakes; `restarted` is the same stores in a new process."""

    def __init__(self, faults: FaultPoints | None = None) -> None:
        self.rules = example_rules()
        self.requests = InMemoryRequestBook()
        self.orders = InMemoryOrderBook()
        self.hand_overs = InMemoryHandOverBook()
        self.assessments = InMemoryFeasibilityBook()
        self.clock = FixedClock()
        self.relay = RecordingRelay()
        self.meter = CountingMeter()
        self.pipeline = self.process(faults or NoFaults())

    def process(self, faults: FaultPoints) -> IssueResourceOrders:
        parts: dict[str, Any] = {
            "orders": self.orders,
            "clock": self.clock,
            "relay": self.relay,
            "faults": faults,
            "follow": nobody,
        }
        cancellations = CancelResourceOrders(
            tasks=InMemoryCancelTaskBook(), addresses=ADDRESSES, **parts
        )
        self.plans = CarryOutPlans(
            requests=self.requests,
            hand_overs=self.hand_overs,
            superseding=cancellations,
            settle=self.requests.settle,
            **parts,
        )
        return IssueResourceOrders(
            decisions=Decisions(
                rules=FixedRules(*self.rules),
                orders=self.orders,
                assessments=self.assessments,
                documents=StandardDocuments(),
                addresses=ADDRESSES,
            ),
            requests=self.requests,
            orders=self.orders,
            documents=StandardDocuments(),
            limit=LIMIT,
            turns=InMemoryTurns(),
            addresses=ADDRESSES,
            clock=self.clock,
            plans=self.plans,
            faults=faults,
            meter=self.meter,
        )

    def restarted(self) -> IssueResourceOrders:
        return self.process(NoFaults())

    def restarted_plans(self) -> CarryOutPlans:
        self.restarted()
        return self.plans

    def sweep(self, older_than: float = 0) -> int:
        return asyncio.run(self.plans.sweep(older_than=older_than))

    async def take(
        self, document: dict[str, Any], idempotency: Idempotency | None = KEY
    ) -> RecordedRequest:
        def written(decision: Decision) -> Document:
            return write_service_order(document, decision, ADDRESSES)

        return await self.pipeline.take(request_of(document), written, idempotency)

    def issued(self) -> dict[str, list[int]]:
        """Return the issued orders, with the sequences of the events that each owes."""
        return {
            one: [event.sequence for event in self.orders.owed(one)] for one in self.orders.ids()
        }


def mixed() -> dict[str, Any]:
    """Return an order with a standard item and a special one."""
    unknown = service_item("2", serviceSpecification={"id": "svc-unknown"})
    return {"serviceOrderItem": [service_item("1"), unknown]}


def feasible(**order: Any) -> Entity:
    """Return an assessment that holds one order for the second item of `req-1`."""
    document = {
        "id": "fa-1",
        "href": ADDRESSES.feasibility_assessment("fa-1"),
        "for": {"initiatingRequest": {"id": "req-1"}, "itemId": "2"},
        "result": "feasible",
        "recordedDate": timestamp(MOMENT),
        "resourceOrder": [resource_order(**order)],
    }
    return Entity("fa-1", document)


class TestRelease:
    @pytest.mark.parametrize(("length", "orders"), [(10, 4), (MOST_BYTES, 3)])
    def test_what_an_answer_holds_is_issued_unless_it_is_too_large(
        self, length: int, orders: int
    ) -> None:
        house = House()
        asyncio.run(house.take(mixed()))
        asyncio.run(house.assessments.add(feasible(description="x" * length)))
        asyncio.run(house.pipeline.release("req-1"))
        assert len(house.issued()) == orders
        waiting = asyncio.run(house.requests.get("req-1")).waiting
        assert len(waiting) == 4 - orders


class TestTake:
    def test_request_is_recorded_issued_settled_and_told(self) -> None:
        house = House()
        record = asyncio.run(house.take(mixed()))
        assert set(house.issued()) == {one.id for one in record.plan.resource_order}
        assert sorted(house.issued().values()) == [[1], [1], [1, 2]]
        assert len(house.hand_overs.all()) == 1
        assert house.sweep() == 0
        assert house.relay.woken == 1
        assert house.meter.counted == [
            ("serviceOrder", "special", ["provision", "provision", "feasibility"])
        ]

    def test_request_of_another_door_has_no_service_order(self) -> None:
        house = House()
        asked = request_of(example("trouble-recovery"))
        record = asyncio.run(house.pipeline.take(asked))
        assert record.service_order is None
        assert house.requests.owed("req-1") == []
        assert len(house.issued()) == 1

    def test_same_key_and_body_answer_with_the_same_record_and_issue_nothing_twice(self) -> None:
        house = House()
        first = asyncio.run(house.take(mixed()))
        issued = house.issued()
        house.clock.moment += timedelta(hours=1)
        again = asyncio.run(house.take(mixed()))
        assert again.entity.document == first.entity.document
        assert again.service_order == first.service_order
        assert house.issued() == issued
        assert len(house.meter.counted) == 1

    def test_same_key_and_another_body_is_a_conflict_and_issues_nothing(self) -> None:
        house = House()
        asyncio.run(house.take(example("fibre-special")))
        issued = house.issued()
        with pytest.raises(IdempotencyConflictError) as caught:
            asyncio.run(house.take(example("fibre-standard"), Idempotency("key", "other")))
        assert caught.value.path == "Idempotency-Key"
        assert house.issued() == issued

    def test_known_id_without_a_key_is_a_conflict(self) -> None:
        house = House()
        asyncio.run(house.take(mixed(), None))
        with pytest.raises(IdempotencyConflictError):
            asyncio.run(house.take(mixed(), None))

    @pytest.mark.parametrize("name", ["fibre-incorrect", "fibre-incomplete"])
    def test_request_that_takes_nothing_is_recorded_and_told(self, name: str) -> None:
        house = House()
        asyncio.run(house.take(example(name)))
        assert house.issued() == {}
        assert len(house.requests.owed("req-1")) == 2
        assert house.relay.woken == 1

    def test_request_that_is_too_large_is_refused_before_anything_is_stored(self) -> None:
        house = House()
        with pytest.raises(TooLargeError):
            asyncio.run(house.take({**mixed(), "description": "x" * MOST_BYTES}))
        assert (house.issued(), house.requests.writes) == ({}, 0)
        assert (house.relay.woken, house.meter.counted) == (0, [])

    def test_what_was_taken_is_answered_again_though_it_would_be_too_large_now(self) -> None:
        house = House()
        first = asyncio.run(house.take(mixed()))
        port = line("port", quantity=Literal(1900), characteristic={"a": Literal("x" * 9000)})
        house.rules = (rule(port, applies_to=AppliesTo(Specification("svc-fibre-access"))),)
        house.pipeline = house.restarted()
        again = asyncio.run(house.take(mixed()))
        assert again.entity.document == first.entity.document
        with pytest.raises(IdempotencyConflictError):
            asyncio.run(house.take(mixed(), Idempotency("key", "other")))

    def test_dry_run_stores_and_tells_nothing(self) -> None:
        house = House()
        found = asyncio.run(house.pipeline.rehearse(request_of(mixed())))
        assert len(found.plan.resource_order) == 3
        assert (house.issued(), house.requests.owed("req-1")) == ({}, [])
        assert (house.relay.woken, house.meter.counted) == (0, [])

    def test_store_that_is_away_stops_it_before_anything_is_issued(self) -> None:
        house = House()
        house.requests.is_away = True
        with pytest.raises(StoreUnavailableError):
            asyncio.run(house.take(mixed()))
        assert house.issued() == {}


class TestCrash:
    @pytest.mark.parametrize("point", ["afterRecord", "afterHandOvers", "afterOrders"])
    def test_sweep_finishes_what_a_crash_left_with_nothing_twice(self, point: str) -> None:
        whole = House()
        asyncio.run(whole.take(mixed()))
        house = House(FaultAt(point))
        with pytest.raises(CrashError):
            asyncio.run(house.take(mixed()))
        assert house.relay.woken == 0
        house.restarted()
        assert house.sweep() == 1
        assert house.issued() == whole.issued()
        assert house.hand_overs.all() == whole.hand_overs.all()
        assert house.relay.woken == 1
        assert house.sweep() == 0

    @pytest.mark.parametrize("point", ["afterRecord", "afterHandOvers", "afterOrders"])
    def test_client_that_repeats_after_a_crash_finishes_it_too(self, point: str) -> None:
        house = House(FaultAt(point))
        with pytest.raises(CrashError):
            asyncio.run(house.take(mixed()))
        house.pipeline = house.restarted()
        asyncio.run(house.take(mixed()))
        assert len(house.issued()) == 3
        assert house.sweep() == 0

    def test_sweep_leaves_young_requests_to_whoever_is_at_them(self) -> None:
        house = House(FaultAt("afterRecord"))
        with pytest.raises(CrashError):
            asyncio.run(house.take(mixed()))
        house.clock.moment = MOMENT + timedelta(hours=1)  # who wrote it may have another clock
        house.restarted()
        assert house.sweep(older_than=10) == 0
        house.clock.moment += timedelta(seconds=9)
        assert house.sweep(older_than=10) == 0
        house.clock.moment += timedelta(seconds=1)
        assert house.sweep(older_than=10) == 1

    def test_sweep_finishes_what_was_received_by_a_clock_that_is_ahead(self) -> None:
        house = House(FaultAt("afterRecord"))
        with pytest.raises(CrashError):
            asyncio.run(house.take(mixed()))
        house.clock.moment = MOMENT - timedelta(hours=1)
        house.restarted()
        assert house.sweep(older_than=10) == 0
        house.clock.moment += timedelta(seconds=10)
        assert house.sweep(older_than=10) == 1


async def until(holds: Callable[[], bool]) -> None:
    for _ in range(TOO_OFTEN):
        if holds():
            return
        await asyncio.sleep(0.001)
    raise AssertionError("it never happened")


class TestKeepSweeping:
    def left(self) -> House:
        house = House(FaultAt("afterRecord"))
        with suppress(CrashError):
            asyncio.run(house.take(mixed()))
        return house

    def test_first_sweep_asks_for_no_age(self) -> None:
        house = self.left()

        async def story() -> None:
            stop = asyncio.Event()
            sweeping = asyncio.create_task(
                keep_sweeping(house.restarted_plans().sweep, stop, interval=60, older_than=3600)
            )
            await until(lambda: house.relay.woken == 1)
            stop.set()
            await sweeping

        asyncio.run(story())
        assert len(house.issued()) == 3

    def test_later_sweeps_leave_the_young_ones(self) -> None:
        house = House(FaultAt("afterRecord"))

        async def story() -> None:
            stop = asyncio.Event()
            sweeping = asyncio.create_task(
                keep_sweeping(house.restarted_plans().sweep, stop, interval=0.001, older_than=3600)
            )
            await until(lambda: house.requests.asked > 0)
            with suppress(CrashError):
                await house.take(mixed())
            asked = house.requests.asked
            await until(lambda: house.requests.asked > asked)
            assert house.issued() == {}
            house.clock.moment += timedelta(hours=1)
            await until(lambda: house.relay.woken == 1)
            stop.set()
            await sweeping

        asyncio.run(story())
        assert len(house.issued()) == 3

    def test_outage_of_the_store_only_puts_it_off(self, caplog: pytest.LogCaptureFixture) -> None:
        house = self.left()
        house.requests.is_away = True

        async def story() -> None:
            stop = asyncio.Event()
            sweeping = asyncio.create_task(
                keep_sweeping(house.restarted_plans().sweep, stop, interval=0.001, older_than=3600)
            )
            await until(lambda: "put off" in caplog.text)
            assert house.issued() == {}
            house.requests.is_away = False
            await until(lambda: house.relay.woken == 1)
            stop.set()
            await sweeping

        with caplog.at_level(logging.WARNING):
            asyncio.run(story())
        assert len(house.issued()) == 3
