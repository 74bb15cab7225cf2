"""What every store of lanes promises, on the fake and on MongoDB."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from fakes_delivery import MemoryLanes, empty, temporary_database
from ordergate.storage.lanes import MongoLanes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ordergate.delivery.ports import Lanes
    from ordergate.model.notification import LaneClaim
    from ordergate.storage.database import Database

LEASE = 30.0
LANE = ("hub", "order")


async def claimed(lanes: Lanes, lease: float = LEASE) -> LaneClaim:
    claim = await lanes.claim(lease)
    assert claim is not None
    return claim


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
        async def story() -> LaneClaim | None:
            await lanes.push({LANE: [1]})
            await lanes.settle(await claimed(lanes), 1)
            await lanes.push({LANE: [1]})
            return await lanes.claim(LEASE)

        assert runner.run(story()) is None

    def test_one_push_may_concern_many_lanes(self, runner: asyncio.Runner, lanes: Lanes) -> None:
        async def story() -> set[tuple[str, tuple[int, ...]]]:
            await lanes.push({("a", "x"): [1], ("a", "y"): [1, 2], ("b", "x"): [3]})
            claims = [await claimed(lanes) for _ in range(3)]
            assert await lanes.claim(LEASE) is None
            return {(claim.lane_id, claim.sequences) for claim in claims}

        assert runner.run(story()) == {("a:x", (1,)), ("a:y", (1, 2)), ("b:x", (3,))}

    def test_claimed_lane_is_nobody_elses_until_its_lease_ends(
        self, runner: asyncio.Runner, lanes: Lanes
    ) -> None:
        async def story() -> None:
            await lanes.push({LANE: [1]})
            first = await claimed(lanes, 0.2)
            await lanes.push({LANE: [2]})
            assert await lanes.claim(LEASE) is None
            await asyncio.sleep(0.25)
            second = await claimed(lanes)
            assert second.fence > first.fence
            assert second.sequences == (1, 2)

        runner.run(story())

    def test_settlements_under_a_lost_lease_are_refused(
        self, runner: asyncio.Runner, lanes: Lanes
    ) -> None:
        async def story() -> None:
            await lanes.push({LANE: [1]})
            lost = await claimed(lanes, 0)
            await claimed(lanes, 0)
            assert not await lanes.settle(lost, 1)
            assert not await lanes.postpone(lost, 60)
            assert not await lanes.bury(lost, 1, "too old")
            assert (await claimed(lanes)).sequences == (1,)

        runner.run(story())

    def test_what_came_while_the_lane_was_held_is_due_at_once(
        self, runner: asyncio.Runner, lanes: Lanes
    ) -> None:
        async def story() -> tuple[int, ...]:
            await lanes.push({LANE: [1]})
            claim = await claimed(lanes)
            await lanes.push({LANE: [2]})
            assert await lanes.settle(claim, 1)
            return (await claimed(lanes)).sequences

        assert runner.run(story()) == (2,)

    def test_lane_given_back_untouched_keeps_its_events_and_attempts(
        self, runner: asyncio.Runner, lanes: Lanes
    ) -> None:
        async def story() -> LaneClaim:
            await lanes.push({LANE: [1]})
            await lanes.postpone(await claimed(lanes), 0)
            await lanes.settle(await claimed(lanes))
            return await claimed(lanes)

        claim = runner.run(story())
        assert (claim.sequences, claim.attempts) == ((1,), 1)

    def test_postponed_lane_is_due_after_its_wait_even_if_more_comes(
        self, runner: asyncio.Runner, lanes: Lanes
    ) -> None:
        async def story() -> None:
            await lanes.push({LANE: [1]})
            assert await lanes.postpone(await claimed(lanes), 0.2)
            await lanes.push({LANE: [2]})
            assert await lanes.claim(LEASE) is None
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
                await lanes.postpone(claim, 0, delivered)
            return seen

        assert runner.run(story()) == [((1, 2), 0), ((1, 2), 1), ((1, 2), 2), ((2,), 1)]

    def test_buried_event_leaves_the_lane_and_the_rest_goes_on(
        self, runner: asyncio.Runner, lanes: Lanes
    ) -> None:
        async def story() -> LaneClaim:
            await lanes.push({LANE: [1, 2]})
            await lanes.postpone(await claimed(lanes), 0)
            claim = await claimed(lanes)
            assert await lanes.bury(claim, 1, "refused: 500")
            assert await lanes.claim(LEASE) is None
            assert await lanes.settle(claim)
            return await claimed(lanes)

        claim = runner.run(story())
        assert (claim.sequences, claim.attempts) == ((2,), 0)

    def test_lane_of_a_hub_that_is_passed_over_waits(
        self, runner: asyncio.Runner, lanes: Lanes
    ) -> None:
        async def story() -> str:
            await lanes.push({("slow", "order"): [1]})
            await lanes.push({("quick", "order"): [1]})
            claim = await lanes.claim(LEASE, passing_over={"slow"})
            assert claim is not None
            assert await lanes.claim(LEASE, passing_over={"slow"}) is None
            return claim.hub_id

        assert runner.run(story()) == "quick"

    def test_lane_that_is_due_longest_is_claimed_first(
        self, runner: asyncio.Runner, lanes: Lanes
    ) -> None:
        async def story() -> list[str]:
            for entity in ("x", "y", "z"):
                await lanes.push({("hub", entity): [1]})
                await asyncio.sleep(0.005)
            await lanes.settle(await claimed(lanes))
            return [(await claimed(lanes)).entity_id for _ in range(3)]

        assert runner.run(story()) == ["y", "z", "x"]

    def test_removed_lane_is_claimed_no_more(self, runner: asyncio.Runner, lanes: Lanes) -> None:
        async def story() -> LaneClaim | None:
            await lanes.push({LANE: [1]})
            claim = await claimed(lanes, 0)
            await lanes.remove(claim)
            assert not await lanes.settle(claim)
            return await lanes.claim(LEASE)

        assert runner.run(story()) is None


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

    def test_claims_at_once_never_give_one_lane_twice(
        self, runner: asyncio.Runner, lanes: MongoLanes
    ) -> None:
        async def story() -> list[str]:
            await lanes.push({("hub", str(number)): [1] for number in range(20)})
            claims = await asyncio.gather(*(lanes.claim(LEASE) for _ in range(30)))
            return sorted(claim.lane_id for claim in claims if claim is not None)

        assert runner.run(story()) == sorted(f"hub:{number}" for number in range(20))

    def test_pushes_at_once_keep_the_order(self, runner: asyncio.Runner, lanes: MongoLanes) -> None:
        async def story() -> tuple[int, ...]:
            heads = [list(range(1, end)) for end in range(2, 22)]
            await asyncio.gather(*(lanes.push({LANE: head}) for head in heads))
            return (await claimed(lanes)).sequences

        assert runner.run(story()) == tuple(range(1, 21))

    def test_claim_examines_only_the_lane_it_takes(
        self,
        runner: asyncio.Runner,
        lanes: MongoLanes,
        loop_and_database: tuple[asyncio.Runner, Database],
    ) -> None:
        database = loop_and_database[1]

        async def story() -> tuple[int, int]:
            await lanes.push({("slow", str(number)): [1] for number in range(50)})
            await lanes.push({("quick", str(number)): [1] for number in range(50)})
            await database.command("profile", 2)
            await lanes.claim(LEASE, passing_over={"slow"})
            await database.command("profile", 0)
            profile = await database["system.profile"].find_one({"command.findAndModify": "lane"})
            assert profile is not None
            return profile["docsExamined"], profile["keysExamined"]

        documents, keys = runner.run(story())
        assert documents == 1
        assert keys <= 52

    def test_dead_letter_says_what_and_why(
        self,
        runner: asyncio.Runner,
        lanes: MongoLanes,
        loop_and_database: tuple[asyncio.Runner, Database],
    ) -> None:
        async def story() -> list[tuple[str, str, int, str]]:
            await lanes.push({LANE: [1]})
            await lanes.bury(await claimed(lanes), 1, "refused: 500")
            letters = loop_and_database[1]["deadLetter"].find()
            return [(x["hub"], x["entity"], x["sequence"], x["reason"]) async for x in letters]

        assert runner.run(story()) == [("hub", "order", 1, "refused: 500")]
