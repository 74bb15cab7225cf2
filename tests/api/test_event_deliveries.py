"""`eventDelivery` over HTTP, and the state of hubs: what waits, what is dead, and a way back."""

from __future__ import annotations

import asyncio
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from api.client import GATEWAY, TMF652, Client
from fakes_delivery import owed
from ordergate.delivery.breaker import Breaker
from ordergate.delivery.ports import Attempt, Outcome
from ordergate.model.notification import FailureKind, PastAttempt

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from ordergate.assembly.stores import Stores as StoresType
    from ordergate.model.notification import LaneClaim
    from ordergate.settings import Settings

from ordergate.assembly.stores import Stores

GONE = Attempt(Outcome.REFUSED, 410)
MOMENT = datetime(2026, 11, 23, 8, tzinfo=UTC)
TRIED = PastAttempt(MOMENT, "refused", status=422, milliseconds=7)
SHOWN = {
    "date": "2026-11-23T08:00:00.000Z",
    "outcome": "refused",
    "status": 422,
    "milliseconds": 7,
}


class Desk:
    """A hub at the running gateway, and the hands of a dispatcher on its store."""

    def __init__(self, url: str, settings: Settings) -> None:
        self._settings = settings
        self.gateway = Client(url, GATEWAY)
        self.door = Client(url, TMF652)
        address = f"http://127.0.0.1:9999/{uuid.uuid4()}"
        body = {"callback": address, "query": "state=inProgress"}
        self.hub: str = self.door.post("/hub", body, expect=201)["id"]
        self.entity = str(uuid.uuid4())

    def close(self) -> None:
        self.door.delete(f"/hub/{self.hub}")
        for client in (self.door, self.gateway):
            client.close()

    def do(self, work: Callable[[StoresType], Awaitable[None]]) -> None:
        async def story() -> None:
            stores = Stores(self._settings)
            await work(stores)
            await stores.close()

        asyncio.run(story())

    def told(self, *sequences: int, state: str = "inProgress") -> None:
        """Let events be relayed, and wait for the listener."""

        async def work(stores: StoresType) -> None:
            await stores.events.add_again([owed(self.entity, n, state=state) for n in sequences])
            if state == "inProgress":
                await stores.lanes.push({(self.hub, self.entity): sequences})

        self.do(work)

    async def claim(self, stores: StoresType) -> LaneClaim:
        (claim,) = await stores.lanes.claim(self.hub, 30, 1)
        return claim

    def delivered(self, up_to: int) -> None:
        async def work(stores: StoresType) -> None:
            await stores.lanes.settle({await self.claim(stores): up_to})

        self.do(work)

    def failed(self) -> None:
        async def work(stores: StoresType) -> None:
            claim = await self.claim(stores)
            await stores.lanes.postpone(claim, 0, failure=FailureKind.FAULT, attempt=TRIED)
            claim = await self.claim(stores)
            late = PastAttempt(MOMENT, "timedOut", error="TimeoutError", milliseconds=1000)
            await stores.lanes.postpone(claim, 60, failure=FailureKind.PUSHBACK, attempt=late)

        self.do(work)

    def buried(self) -> None:
        async def work(stores: StoresType) -> None:
            claim = await self.claim(stores)
            first = claim.sequences[0]
            events = await stores.events.get({self.entity: [first]})
            event = events[self.entity][first]
            await stores.lanes.bury(claim, first, "refused: 422", event, TRIED)
            await stores.lanes.settle({claim: 0})

        self.do(work)

    def answered(self, *attempts: Attempt) -> None:
        async def work(stores: StoresType) -> None:
            await stores.hubs.change_health(
                self.hub, lambda health, now: Breaker().after(health, attempts, now)
            )

        self.do(work)

    def list(self, query: str = "") -> list[tuple[int, str]]:
        found = self.gateway.get(f"/eventDelivery?hub.id={self.hub}{query}").document
        return [(one["sequence"], one["state"]) for one in found]

    def replay(self, **wanted: object) -> int:
        body = {"hub": {"id": self.hub}, "entity": {"id": self.entity}, **wanted}
        count: int = self.gateway.post("/eventDelivery/replay", body, expect=200)["events"]
        return count


@pytest.fixture
def desk(url: str, store_settings: Settings) -> Iterator[Desk]:
    desk = Desk(url, store_settings)
    yield desk
    desk.close()


class TestListEventDelivery:
    def test_events_that_wait_are_listed_with_what_comes_next(self, desk: Desk) -> None:
        desk.told(1, 2)
        desk.failed()
        first, second = desk.gateway.get(f"/eventDelivery?hub.id={desk.hub}").document
        assert first.pop("since") <= second.pop("since")
        assert first.pop("nextAttempt").endswith("Z")
        assert first.pop("attemptHistory") == [
            SHOWN,
            {
                "date": SHOWN["date"],
                "outcome": "timedOut",
                "error": "TimeoutError",
                "milliseconds": 1000,
            },
        ]
        common = {"hub": {"id": desk.hub}, "entity": {"id": desk.entity}, "state": "pending"}
        lane = f"{desk.hub}:{desk.entity}"
        assert first == {**common, "id": f"{lane}.0000000001", "sequence": 1, "attempts": 2}
        assert second == {**common, "id": f"{lane}.0000000002", "sequence": 2, "attempts": 0}

    def test_dead_letters_are_listed_with_their_reason(self, desk: Desk) -> None:
        desk.told(1, 2)
        desk.buried()
        assert desk.list() == [(1, "dead"), (2, "pending")]
        assert desk.list("&state=pending") == [(2, "pending")]
        (dead,) = desk.gateway.get(f"/eventDelivery?hub.id={desk.hub}&state=dead").document
        assert dead["reason"] == "refused: 422"
        assert dead["deadDate"] >= dead["since"]
        assert dead["attemptHistory"] == [SHOWN]
        assert desk.list("&attemptHistory.status=422") == [(1, "dead")]

    def test_list_is_filtered_sorted_and_paged(self, desk: Desk) -> None:
        desk.told(*range(1, 6))
        desk.buried()
        assert desk.list("&sequence.gt=3") == [(4, "pending"), (5, "pending")]
        assert desk.list("&sort=-sequence")[0] == (5, "pending")
        assert desk.list(f"&entity.id={desk.entity}&state=dead,pending&sequence=1") == [(1, "dead")]
        assert desk.list("&entity.id=nobody") == []
        part = desk.gateway.get(
            f"/eventDelivery?hub.id={desk.hub}&offset=1&limit=2&fields=sequence",
            expect=206,
        )
        assert [one["sequence"] for one in part.document] == [2, 3]
        assert part.headers["X-Total-Count"] == "5"
        none = desk.gateway.get(f"/eventDelivery?hub.id={desk.hub}&limit=0", expect=206)
        assert none.document == []

    @pytest.mark.parametrize("query", ["sequence=first", "since.gt=yesterday", "sort=colour"])
    def test_query_that_makes_no_sense_is_refused(self, desk: Desk, query: str) -> None:
        desk.gateway.get(f"/eventDelivery?{query}", expect=400)

    def test_list_without_a_filter_is_answered(self, desk: Desk) -> None:
        desk.told(1)
        answer = desk.gateway.call("GET", "/eventDelivery", 200)
        assert any(one["hub"]["id"] == desk.hub for one in answer.document)


class TestReplay:
    def test_delivered_events_wait_again_in_order(self, desk: Desk) -> None:
        desk.told(1, 2)
        desk.told(3, state="completed")  # its query doesn't select that one
        desk.delivered(2)
        desk.told(4)
        assert desk.list() == [(4, "pending")]
        assert desk.replay() == 3
        assert desk.list() == [(4, "pending"), (1, "pending"), (2, "pending")]  # by age
        assert desk.list("&sort=sequence") == [(1, "pending"), (2, "pending"), (4, "pending")]

    def test_dead_letters_alone_wait_again(self, desk: Desk) -> None:
        desk.told(1, 2, 3)
        desk.delivered(1)
        desk.buried()
        assert desk.replay(state="dead") == 1
        assert desk.list("&sort=sequence") == [(2, "pending"), (3, "pending")]
        assert desk.replay(state="dead") == 0

    def test_dead_letter_waits_again_though_its_event_is_no_longer_kept(self, desk: Desk) -> None:
        desk.told(1)
        desk.buried()

        async def forget(stores: StoresType) -> None:
            await stores.database["event"].delete_many({"entityId": desk.entity})

        async def claim(stores: StoresType) -> None:
            claim = await desk.claim(stores)
            events = await stores.events.get({desk.entity: claim.sequences})
            assert [one.event.document["eventId"] for one in events[desk.entity].values()] == [
                f"event-{desk.entity}-1"
            ]

        desk.do(forget)
        assert desk.replay() == 1
        desk.do(claim)

    @pytest.mark.parametrize(
        ("wanted", "count"),
        [
            ({"from": "2020-01-01T00:00:00Z"}, 2),
            ({"from": "2099-01-01T00:00:00Z"}, 0),
            ({"to": "2020-01-01T00:00:00+02:00"}, 0),
            ({"from": "2020-01-01T00:00:00Z", "to": "2099-01-01T00:00:00.5Z"}, 2),
            ({"entity": {"id": "another"}}, 0),
        ],
    )
    def test_only_what_lies_in_the_span_waits_again(
        self, desk: Desk, wanted: dict[str, object], count: int
    ) -> None:
        desk.told(1, 2)
        desk.delivered(1)
        desk.buried()
        assert desk.replay(**wanted) == count

    @pytest.mark.parametrize(
        "body",
        [
            {},
            {"hub": {}},
            {"hub": {"id": "nobody"}},
            {"hub": {"id": "x"}, "from": "yesterday"},
            {"hub": {"id": "x"}, "to": "2026-11-23T08:00:00"},
            {"hub": {"id": "x"}, "state": "pending"},
        ],
    )
    def test_replay_that_makes_no_sense_is_refused(self, desk: Desk, body: object) -> None:
        desk.gateway.post("/eventDelivery/replay", body, expect=400)


class TestHubState:
    def test_hub_tells_how_it_stands_with_it(self, desk: Desk) -> None:
        desk.told(1, 2, 3)
        desk.buried()
        desk.answered(Attempt(Outcome.DELIVERED, 201), *[Attempt(Outcome.REFUSED, 500)] * 9)
        shown = desk.door.get(f"/hub/{desk.hub}").document
        assert shown["status"] == "failing"
        assert shown["reason"] == "9 failures in a row, last refused: 500"
        assert (shown["consecutiveFailures"], shown["backlog"], shown["deadLetters"]) == (9, 2, 1)
        assert shown["lastSuccess"].endswith("Z")
        assert desk.door.get(f"/hub?id={desk.hub}&status=failing").document == [shown]

    def test_disabled_hub_keeps_its_backlog_and_can_be_enabled(self, desk: Desk) -> None:
        desk.told(1)
        desk.failed()
        desk.answered(GONE)
        assert desk.door.get(f"/hub/{desk.hub}")["status"] == "disabled"
        assert desk.list() == [(1, "pending")]
        shown = desk.door.patch(f"/hub/{desk.hub}", {"status": "active"}).document
        assert (shown["status"], shown["backlog"]) == ("active", 1)
        assert "reason" not in shown
        assert desk.door.get(f"/hub/{desk.hub}").document == shown
        desk.delivered(1)  # it is due at once

    @pytest.mark.parametrize("body", [{}, {"status": "disabled"}, {"callback": "http://x/"}])
    def test_nothing_else_of_a_hub_can_be_changed(self, desk: Desk, body: object) -> None:
        desk.door.patch(f"/hub/{desk.hub}", body, expect=400)

    def test_hub_that_is_not_there_can_not_be_enabled(self, desk: Desk) -> None:
        desk.door.patch("/hub/nobody", {"status": "active"}, expect=404)
        for client in (desk.gateway.at("/tmf-api/serviceOrdering/v4"),):
            client.patch(f"/hub/{desk.hub}", {"status": "active"}, expect=404)
            client.close()

    def test_metrics_tell_of_every_listener(self, desk: Desk) -> None:
        desk.told(1, 2)
        desk.buried()
        desk.answered(GONE)
        text = desk.gateway.at("").get("/metrics").text
        assert f'ordergate_hub_backlog{{hub="{desk.hub}"}} 1.0' in text
        assert f'ordergate_hub_dead_letters{{hub="{desk.hub}"}} 1.0' in text
        assert f'ordergate_hub_status{{hub="{desk.hub}",status="disabled"}} 1.0' in text
        assert f'ordergate_hub_attempts_total{{hub="{desk.hub}",outcome="refused"}} 1.0' in text
        assert f'ordergate_hub_oldest_undelivered_seconds{{hub="{desk.hub}"}}' in text
        assert f'ordergate_hub_lease_steals_total{{hub="{desk.hub}"}} 0.0' in text

    def test_metrics_tell_of_lanes_that_were_taken_over(self, desk: Desk) -> None:
        desk.told(1)

        async def hang_twice(stores: StoresType) -> None:
            for _ in range(3):
                assert await stores.lanes.claim(desk.hub, 0, 1)

        desk.do(hang_twice)
        text = desk.gateway.at("").get("/metrics").text
        assert f'ordergate_hub_lease_steals_total{{hub="{desk.hub}"}} 2.0' in text
