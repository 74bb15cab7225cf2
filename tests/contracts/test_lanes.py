"""What every store of lanes promises, on the fake and on MongoDB."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from fakes_delivery import MemoryLanes, empty, hub, temporary_database
from ordergate.model.notification import FailureKind, PastAttempt
from ordergate.storage.hubs import MongoHubs
from ordergate.storage.lanes import MongoLanes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ordergate.delivery.ports import Lanes
    from ordergate.model.notification import LaneClaim, Streak
    from ordergate.storage.database import Database

LEASE = 30.0
LANE = ("hub", "order")


async def claimed(lanes: Lanes, lease: float = LEASE, hub_id: str = "hub") -> LaneClaim:
    (claim,) = await lanes.claim(hub_id, lease, 1)
    return claim


async def none_is_due(lanes: Lanes, hub_id: str = "hub") -> bool:
    return not await lanes.claim(hub_id, LEASE, 1)


async def postponed(lanes: Lanes, failure: FailureKind | None, delivered: int = 0) -> None:
    """Let an attempt fail, and wait no time for the next."""
    await lanes.postpone(await claimed(lanes), 0, delivered, failure=failure)


class LanesContract:
    def test_pushed_events_are_claimed_in_order(self, runner: asyncio.Runner, lanes: Lanes) -> None:
        async def story() -> LaneClaim:
            await lanes.push({LANE: [1, 2]})
            await lanes.push({LANE: [3]})
            return await claimed(lanes)

        claim = runner.run(story())
        assert (claim.hub_id, claim.entity_id) == LANE
        assert claim.sequences == (1, 2, 3)
        assert claim.attempts == 0

    def test_events_pushed_again_or_late_are_in_the_lane_once(
        self, runner: asyncio.Runner, lanes: Lanes
    ) -> None:
        async def story() -> LaneClaim:
            await lanes.push({LANE: [1, 2]})
            await lanes.push({LANE: [1, 2, 3]})
            await lanes.push({LANE: [1]})
            return await claimed(lanes)

        assert runner.run(story()).sequences == (1, 2, 3)

    def test_delivered_event_never_comes_back_by_a_late_push(
        self, runner: asyncio.Runner, lanes: Lanes
    ) -> None:
        async def story() -> bool:
            await lanes.push({LANE: [1]})
            await lanes.settle({await claimed(lanes): 1})
            await lanes.push({LANE: [1]})
            return await none_is_due(lanes)

        assert runner.run(story())

    def test_one_push_may_concern_many_lanes(self, runner: asyncio.Runner, lanes: Lanes) -> None:
        async def story() -> set[tuple[str, tuple[int, ...]]]:
            await lanes.push({("a", "x"): [1], ("a", "y"): [1, 2], ("b", "x"): [3]})
            claims = [*await lanes.claim("a", LEASE, 9), *await lanes.claim("b", LEASE, 9)]
            assert await none_is_due(lanes, "a")
            return {(claim.lane_id, claim.sequences) for claim in claims}

        assert runner.run(story()) == {("a:x", (1,)), ("a:y", (1, 2)), ("b:x", (3,))}

    def test_claimed_lane_is_nobody_elses_until_its_lease_ends(
        self, runner: asyncio.Runner, lanes: Lanes
    ) -> None:
        async def story() -> None:
            await lanes.push({LANE: [1]})
            first = await claimed(lanes, 0.2)
            await lanes.push({LANE: [2]})
            assert await none_is_due(lanes)
            await asyncio.sleep(0.25)
            second = await claimed(lanes)
            assert second.fence != first.fence
            assert second.sequences == (1, 2)

        runner.run(story())

    def test_settlements_under_a_lost_lease_are_refused(
        self, runner: asyncio.Runner, lanes: Lanes
    ) -> None:
        async def story() -> None:
            await lanes.push({LANE: [1]})
            lost = await claimed(lanes, 0)
            await claimed(lanes, 0)
            await lanes.settle({lost: 1})
            await lanes.postpone(lost, 60, failure=FailureKind.FAULT)
            assert not await lanes.bury(lost, 1, "too old", None)
            claim = await claimed(lanes)
            assert (claim.sequences, claim.attempts) == ((1,), 0)

        runner.run(story())

    def test_what_came_while_the_lane_was_held_is_due_at_once(
        self, runner: asyncio.Runner, lanes: Lanes
    ) -> None:
        async def story() -> tuple[int, ...]:
            await lanes.push({LANE: [1]})
            claim = await claimed(lanes)
            await lanes.push({LANE: [2]})
            await lanes.settle({claim: 1})
            return (await claimed(lanes)).sequences

        assert runner.run(story()) == (2,)

    def test_lane_given_back_untouched_keeps_its_events_and_attempts(
        self, runner: asyncio.Runner, lanes: Lanes
    ) -> None:
        async def story() -> LaneClaim:
            await lanes.push({LANE: [1]})
            await postponed(lanes, FailureKind.FAULT)
            await lanes.settle({await claimed(lanes): 0})
            return await claimed(lanes)

        claim = runner.run(story())
        assert (claim.sequences, claim.attempts) == ((1,), 1)

    def test_postponed_lane_is_due_after_its_wait_even_if_more_comes(
        self, runner: asyncio.Runner, lanes: Lanes
    ) -> None:
        async def story() -> None:
            await lanes.push({LANE: [1]})
            await lanes.postpone(await claimed(lanes), 0.2, failure=FailureKind.FAULT)
            await lanes.push({LANE: [2]})
            assert await none_is_due(lanes)
            await asyncio.sleep(0.25)
            claim = await claimed(lanes)
            assert (claim.sequences, claim.attempts) == ((1, 2), 1)

        runner.run(story())

    def test_attempts_count_for_the_oldest_event_only(
        self, runner: asyncio.Runner, lanes: Lanes
    ) -> None:
        async def story() -> list[tuple[tuple[int, ...], int]]:
            await lanes.push({LANE: [1, 2]})
            seen = []
            for delivered in (0, 0, 1, 0):
                claim = await claimed(lanes)
                seen.append((claim.sequences, claim.attempts))
                await lanes.postpone(claim, 0, delivered, failure=FailureKind.FAULT)
            return seen

        assert runner.run(story()) == [((1, 2), 0), ((1, 2), 1), ((1, 2), 2), ((2,), 1)]

    def test_buried_event_leaves_the_lane_and_the_rest_goes_on(
        self, runner: asyncio.Runner, lanes: Lanes
    ) -> None:
        async def story() -> LaneClaim:
            await lanes.push({LANE: [1, 2]})
            await postponed(lanes, FailureKind.FAULT)
            claim = await claimed(lanes)
            assert await lanes.bury(claim, 1, "refused: 500", None)
            assert await none_is_due(lanes)
            await lanes.settle({claim: 0})
            return await claimed(lanes)

        claim = runner.run(story())
        assert (claim.sequences, claim.attempts) == ((2,), 0)

    def test_last_attempts_at_the_oldest_event_are_told(
        self, runner: asyncio.Runner, lanes: Lanes
    ) -> None:
        moment = datetime(2026, 11, 23, 8, tzinfo=UTC)
        made = [
            PastAttempt(moment, "refused", status=500 + number, milliseconds=7)
            for number in range(12)
        ]
        timed_out = PastAttempt(moment, "timedOut", error="TimeoutError")

        async def story() -> None:
            await lanes.push({LANE: [1, 2]})
            for attempt in made:
                claim = await claimed(lanes)
                await lanes.postpone(claim, 0, failure=FailureKind.FAULT, attempt=attempt)
            await lanes.postpone(await claimed(lanes), 0, attempt=timed_out)  # a probe
            claim = await claimed(lanes)
            assert claim.history == (*made[-9:], timed_out)
            assert claim.attempts == 12
            await lanes.postpone(claim, 0, 1, failure=FailureKind.FAULT, attempt=made[0])
            claim = await claimed(lanes)
            assert (claim.sequences, claim.history) == ((2,), (made[0],))
            await lanes.settle({claim: 0})
            await lanes.put_back("hub", {"order": [1]})
            assert (await claimed(lanes)).history == ()

        runner.run(story())

    def test_probe_that_fails_is_no_attempt(self, runner: asyncio.Runner, lanes: Lanes) -> None:
        async def story() -> LaneClaim:
            await lanes.push({LANE: [1]})
            await postponed(lanes, FailureKind.FAULT)
            await postponed(lanes, None)
            return await claimed(lanes)

        claim = runner.run(story())
        assert claim.attempts == 1
        assert claim.streak is not None
        assert claim.streak.count == 1

    def test_failures_of_a_kind_in_a_row_are_counted_from_the_first_on(
        self, runner: asyncio.Runner, lanes: Lanes
    ) -> None:
        async def story() -> list[Streak | None]:
            await lanes.push({LANE: [1, 2]})
            seen = []
            for kind in (FailureKind.PUSHBACK, FailureKind.REFUSAL, FailureKind.REFUSAL):
                await postponed(lanes, kind)
                claim = await claimed(lanes)
                seen.append(claim.streak)
                await lanes.settle({claim: 0})
            await postponed(lanes, FailureKind.REFUSAL, delivered=1)
            seen.append((await claimed(lanes)).streak)
            return seen

        first, second, third, next_event = runner.run(story())
        assert first is not None
        assert second is not None
        assert third is not None
        assert next_event is not None
        assert (first.kind, first.count) == (FailureKind.PUSHBACK, 1)
        assert (second.kind, second.count) == (FailureKind.REFUSAL, 1)
        assert (third.kind, third.count, third.since) == (FailureKind.REFUSAL, 2, second.since)
        assert next_event.count == 1
        assert second.since > first.since

    def test_each_event_says_since_when_it_waits(
        self, runner: asyncio.Runner, lanes: Lanes
    ) -> None:
        async def story() -> LaneClaim:
            await lanes.push({LANE: [1, 2]})
            await asyncio.sleep(0.01)
            await lanes.push({LANE: [3]})
            return await claimed(lanes)

        claim = runner.run(story())
        first, second, third = claim.since
        assert first <= second < third <= claim.claimed_at

    def test_claim_takes_lanes_of_one_listener_only_and_no_more_than_asked_for(
        self, runner: asyncio.Runner, lanes: Lanes
    ) -> None:
        async def story() -> tuple[set[str], int]:
            await lanes.push({("slow", str(number)): [1] for number in range(5)})
            await lanes.push({("quick", str(number)): [1] for number in range(5)})
            claims = await lanes.claim("quick", LEASE, 3)
            return {claim.hub_id for claim in claims}, len(await lanes.claim("quick", LEASE, 9))

        assert runner.run(story()) == ({"quick"}, 2)

    def test_listeners_that_anything_waits_for_are_told_with_what_is_due_first(
        self, runner: asyncio.Runner, lanes: Lanes
    ) -> None:
        async def story() -> list[tuple[str, bool]]:
            await lanes.push({("idle", "x"): [1]})
            await lanes.settle({await claimed(lanes, hub_id="idle"): 1})
            await lanes.push({("later", "x"): [1]})
            await lanes.postpone(await claimed(lanes, hub_id="later"), 60)
            await lanes.push({("both", "x"): [1]})
            await lanes.postpone(await claimed(lanes, hub_id="both"), 60)
            await lanes.push({("both", "y"): [1]})
            return [(one.hub_id, one.due <= one.now) for one in await lanes.waiting()]

        assert runner.run(story()) == [("both", True), ("later", False)]

    def test_probe_takes_the_lane_that_was_not_tried_for_longest_though_it_is_not_due(
        self, runner: asyncio.Runner, lanes: Lanes
    ) -> None:
        async def story() -> list[str]:
            seen = []
            for entity in ("x", "y"):
                await lanes.push({("hub", entity): [1]})
                await lanes.postpone(await claimed(lanes), 60)
                await asyncio.sleep(0.005)
            for _ in range(3):
                (claim,) = await lanes.claim_ahead("hub", LEASE, 1)
                seen.append(claim.entity_id)
                await lanes.postpone(claim, 0 if len(seen) == 1 else 60)
                await asyncio.sleep(0.005)
            return seen

        assert runner.run(story()) == ["x", "y", "x"]

    def test_lane_that_is_leased_is_nobodys_probe(
        self, runner: asyncio.Runner, lanes: Lanes
    ) -> None:
        async def story() -> tuple[int, int]:
            await lanes.push({LANE: [1]})
            await claimed(lanes, 0.1)
            during = len(await lanes.claim_ahead("hub", LEASE, 9))
            await asyncio.sleep(0.15)
            return during, len(await lanes.claim_ahead("hub", LEASE, 9))

        assert runner.run(story()) == (0, 1)

    def test_lane_whose_lease_ran_out_is_left_to_its_owner_by_who_takes_over_nothing(
        self, runner: asyncio.Runner, lanes: Lanes
    ) -> None:
        async def story() -> tuple[list[str], list[str]]:
            await lanes.push({LANE: [1], ("hub", "free"): [1]})
            await lanes.settle({await claimed(lanes): 0})
            lost = await claimed(lanes, 0)
            free = await lanes.claim("hub", 0, 9, takes_over=False)
            await lanes.settle(dict.fromkeys(free, 0))
            both = await lanes.claim("hub", LEASE, 9)
            assert lost.entity_id not in {claim.entity_id for claim in free}
            return [claim.entity_id for claim in free], sorted(claim.entity_id for claim in both)

        free, both = runner.run(story())
        assert len(free) == 1
        assert both == ["free", "order"]

    def test_lanes_can_be_claimed_by_how_long_their_oldest_event_waits(
        self, runner: asyncio.Runner, lanes: Lanes
    ) -> None:
        async def story() -> list[str]:
            await lanes.push({("hub", "old"): [1]})
            await asyncio.sleep(0.01)
            await lanes.push({("hub", "new"): [1], ("hub", "old"): [2]})
            (old, new) = sorted(await lanes.claim("hub", 0, 2), key=lambda one: one.since)
            found = await lanes.claim_ahead("hub", LEASE, 9, waiting_before=new.since[0])
            assert found[0].lane_id == old.lane_id
            return [claim.entity_id for claim in found]

        assert runner.run(story()) == ["old"]

    def test_hastened_lanes_are_due_but_for_those_that_are_leased(
        self, runner: asyncio.Runner, lanes: Lanes
    ) -> None:
        async def story() -> list[str]:
            await lanes.push({("hub", "leased"): [1]})
            await claimed(lanes)
            await lanes.push({("hub", "postponed"): [1]})
            await lanes.postpone(await claimed(lanes), 60)
            await lanes.push({("other", "postponed"): [1]})
            await lanes.postpone(await claimed(lanes, hub_id="other"), 60)
            await lanes.hasten("hub")
            assert await none_is_due(lanes, "other")
            return [claim.entity_id for claim in await lanes.claim("hub", LEASE, 9)]

        assert runner.run(story()) == ["postponed"]

    def test_events_put_back_wait_in_order_before_the_later_ones(
        self, runner: asyncio.Runner, lanes: Lanes
    ) -> None:
        async def story() -> LaneClaim:
            await lanes.push({LANE: [1, 2]})
            await lanes.settle({await claimed(lanes): 2})
            await lanes.push({LANE: [3, 4]})
            await postponed(lanes, FailureKind.FAULT)
            await lanes.put_back("hub", {"order": [1, 2, 3]})
            await lanes.put_back("hub", {"order": [1, 2]})
            return await claimed(lanes)

        claim = runner.run(story())
        assert claim.sequences == (1, 2, 3, 4)
        assert (claim.attempts, claim.streak) == (0, None)
        assert claim.since[0] > claim.since[2]

    def test_events_put_back_into_an_idle_or_a_missing_lane_are_due(
        self, runner: asyncio.Runner, lanes: Lanes
    ) -> None:
        async def story() -> list[tuple[int, ...]]:
            await lanes.push({LANE: [1, 2]})
            await lanes.settle({await claimed(lanes): 2})
            await lanes.put_back("hub", {"order": [2], "gone": [4, 7]})
            await lanes.push({("hub", "gone"): [7]})
            return sorted(claim.sequences for claim in await lanes.claim("hub", LEASE, 9))

        assert runner.run(story()) == [(2,), (4, 7)]

    def test_what_is_put_back_while_a_lane_is_held_is_not_taken_for_delivered(
        self, runner: asyncio.Runner, lanes: Lanes
    ) -> None:
        async def story() -> tuple[int, ...]:
            await lanes.push({LANE: [5, 6]})
            claim = await claimed(lanes)
            await lanes.put_back("hub", {"order": [1, 2]})
            assert await none_is_due(lanes)
            await lanes.settle({claim: 6})
            return (await claimed(lanes)).sequences

        assert runner.run(story()) == (1, 2)

    def test_lane_that_is_due_longest_is_claimed_first(
        self, runner: asyncio.Runner, lanes: Lanes
    ) -> None:
        async def story() -> list[str]:
            for entity in ("x", "y", "z"):
                await lanes.push({("hub", entity): [1]})
                await asyncio.sleep(0.005)
            await lanes.settle({await claimed(lanes): 0})
            return [(await claimed(lanes)).entity_id for _ in range(3)]

        assert runner.run(story()) == ["y", "z", "x"]

    def test_removed_lane_is_claimed_no_more(self, runner: asyncio.Runner, lanes: Lanes) -> None:
        async def story() -> bool:
            await lanes.push({LANE: [1]})
            claim = await claimed(lanes, 0)
            await lanes.remove(claim)
            await lanes.settle({claim: 0})
            return await none_is_due(lanes)

        assert runner.run(story())


class TestMemoryLanes(LanesContract):
    @pytest.fixture
    def runner(self) -> Iterator[asyncio.Runner]:
        with asyncio.Runner() as runner:
            yield runner

    @pytest.fixture
    def lanes(self) -> MemoryLanes:
        return MemoryLanes()


@pytest.fixture(scope="module")
def loop_and_database(mongodb_uri: str) -> Iterator[tuple[asyncio.Runner, Database]]:
    with temporary_database(mongodb_uri) as (runner, database):
        runner.run(MongoLanes(database).ensure_indexes())
        yield runner, database


class TestMongoLanes(LanesContract):
    @pytest.fixture
    def runner(self, loop_and_database: tuple[asyncio.Runner, Database]) -> asyncio.Runner:
        return loop_and_database[0]

    @pytest.fixture
    def lanes(self, loop_and_database: tuple[asyncio.Runner, Database]) -> MongoLanes:
        runner, database = loop_and_database
        runner.run(empty(database))
        return MongoLanes(database)

    def test_lanes_taken_over_are_counted(
        self,
        runner: asyncio.Runner,
        lanes: MongoLanes,
        loop_and_database: tuple[asyncio.Runner, Database],
    ) -> None:
        hubs = MongoHubs(loop_and_database[1])

        async def story() -> Mapping[str, int]:
            await hubs.add(hub("hub"))
            await lanes.push({LANE: [1], ("hub", "other"): [1]})
            await lanes.settle({await claimed(lanes): 0})
            assert await hubs.lease_steals() == {}
            assert len(await lanes.claim("hub", 0, 2)) == 2
            assert len(await lanes.claim("hub", 0, 2)) == 2
            await claimed(lanes)
            return await hubs.lease_steals()

        assert runner.run(story()) == {"hub": 3}

    def test_claims_at_once_never_give_one_lane_twice(
        self, runner: asyncio.Runner, lanes: MongoLanes
    ) -> None:
        async def story() -> list[str]:
            await lanes.push({("hub", str(number)): [1] for number in range(20)})
            claims = await asyncio.gather(*(lanes.claim("hub", LEASE, 7) for _ in range(30)))
            claims += await asyncio.gather(*(lanes.claim_ahead("hub", 9, 7) for _ in range(9)))
            return sorted(claim.lane_id for some in claims for claim in some)

        assert runner.run(story()) == sorted(f"hub:{number}" for number in range(20))

    def test_pushes_at_once_keep_the_order(self, runner: asyncio.Runner, lanes: MongoLanes) -> None:
        async def story() -> tuple[int, ...]:
            heads = [list(range(1, end)) for end in range(2, 22)]
            await asyncio.gather(*(lanes.push({LANE: head}) for head in heads))
            return (await claimed(lanes)).sequences

        assert runner.run(story()) == tuple(range(1, 21))

    def test_lanes_settled_together_share_writes(
        self,
        runner: asyncio.Runner,
        lanes: MongoLanes,
        loop_and_database: tuple[asyncio.Runner, Database],
    ) -> None:
        database = loop_and_database[1]

        async def story() -> int:
            await lanes.push({("hub", str(number)): [1] for number in range(40)})
            claims = await lanes.claim("hub", LEASE, 40)
            await database.command("profile", 2)
            await lanes.settle(dict.fromkeys(claims, 1))
            await database.command("profile", 0)
            assert await lanes.waiting() == []
            profile = database["system.profile"]
            commands = await profile.distinct("ts", {"op": "update"})
            await profile.drop()
            return len(commands)

        assert 1 <= runner.run(story()) <= 20

    def test_claim_examines_only_the_lanes_it_takes(
        self,
        runner: asyncio.Runner,
        lanes: MongoLanes,
        loop_and_database: tuple[asyncio.Runner, Database],
    ) -> None:
        database = loop_and_database[1]

        async def story() -> list[tuple[int, int]]:
            await lanes.push({("slow", str(number)): [1] for number in range(50)})
            await lanes.push({("quick", str(number)): [1] for number in range(50)})
            await database.command("profile", 2)
            await lanes.waiting()
            await lanes.claim("quick", LEASE, 4)
            await database.command("profile", 0)
            ran = {"ns": f"{database.name}.lane", "op": {"$in": ["query", "command"]}}
            profile = await database["system.profile"].find(ran).sort("ts", 1).to_list()
            await database["system.profile"].drop()
            return [(one["docsExamined"], one["keysExamined"]) for one in profile]

        waiting, first, second = runner.run(story())
        assert waiting == (0, 2) or waiting[1] <= 4  # one step in the index for each listener
        assert first[0] <= 4
        assert second[0] <= 4

    def test_dead_letter_says_what_and_why(
        self,
        runner: asyncio.Runner,
        lanes: MongoLanes,
        loop_and_database: tuple[asyncio.Runner, Database],
    ) -> None:
        async def story() -> list[tuple[str, str, int, str]]:
            await lanes.push({LANE: [1]})
            await lanes.bury(await claimed(lanes), 1, "refused: 500", None)
            letters = loop_and_database[1]["deadLetter"].find()
            return [(x["hub"], x["entity"], x["sequence"], x["reason"]) async for x in letters]

        assert runner.run(story()) == [("hub", "order", 1, "refused: 500")]
