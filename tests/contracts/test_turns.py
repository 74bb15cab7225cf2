"""What turns promise, on the fake and on MongoDB."""

from __future__ import annotations

import asyncio
from collections import Counter
from itertools import permutations
from typing import TYPE_CHECKING

import pytest

from fakes import InMemoryTurns
from fakes_delivery import empty, temporary_database
from ordergate.errors import InProgressError
from ordergate.storage.turns import MongoTurns

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ordergate.process.ports import Turns
    from ordergate.storage.database import Database


class TurnsContract:
    def test_nobody_else_is_at_the_same_meanwhile(
        self, runner: asyncio.Runner, turns: Turns
    ) -> None:
        inside: Counter[str] = Counter()
        most: Counter[str] = Counter()

        async def visit(names: list[str]) -> None:
            async with turns.at(names):
                inside.update(names)
                for name in names:
                    most[name] = max(most[name], inside[name])
                await asyncio.sleep(0.002)
                inside.subtract(names)

        async def many() -> None:
            several = [list(names) for n in (1, 2, 3) for names in permutations("abcd", n)]
            visits = several[::2]
            await asyncio.gather(*(visit(names) for names in visits))

        runner.run(many())
        assert most == Counter("abcd")

    def test_those_at_different_things_do_not_wait(
        self, runner: asyncio.Runner, turns: Turns
    ) -> None:
        async def nested() -> None:
            async with turns.at(["a"]), turns.at(["b"]), turns.at([]):
                pass

        runner.run(nested())

    def test_turn_ends_whatever_happens_in_it(self, runner: asyncio.Runner, turns: Turns) -> None:
        async def failing() -> None:
            async with turns.at(["a", "b"]):
                raise LookupError

        async def after() -> None:
            async with turns.at(["b"]):
                pass

        with pytest.raises(LookupError):
            runner.run(failing())
        runner.run(after())

    def test_patience_ends_and_leaves_the_turn_to_who_has_it(
        self, runner: asyncio.Runner, turns: Turns
    ) -> None:
        async def waiting() -> None:
            async with turns.at(["a"]):
                for _ in range(2):
                    with pytest.raises(InProgressError):
                        async with turns.at(["b", "a"]):
                            pass
            async with turns.at(["a", "b"]):
                pass

        runner.run(waiting())


class TestInMemoryTurns(TurnsContract):
    @pytest.fixture
    def runner(self) -> Iterator[asyncio.Runner]:
        with asyncio.Runner() as runner:
            yield runner

    @pytest.fixture
    def turns(self) -> Turns:
        return InMemoryTurns(patience=2)


@pytest.fixture(scope="module")
def loop_and_database(mongodb_uri: str) -> Iterator[tuple[asyncio.Runner, Database]]:
    with temporary_database(mongodb_uri) as (runner, database):
        runner.run(MongoTurns(database).ensure_indexes())
        yield runner, database


class TestMongoTurns(TurnsContract):
    @pytest.fixture
    def runner(self, loop_and_database: tuple[asyncio.Runner, Database]) -> asyncio.Runner:
        return loop_and_database[0]

    @pytest.fixture
    def database(self, loop_and_database: tuple[asyncio.Runner, Database]) -> Database:
        runner, database = loop_and_database
        runner.run(empty(database))
        return database

    @pytest.fixture
    def turns(self, database: Database) -> Turns:
        return MongoTurns(database, patience=2)

    def test_turn_of_one_who_died_ends_with_its_lease(
        self, runner: asyncio.Runner, database: Database
    ) -> None:
        async def one_after_the_other() -> None:
            await MongoTurns(database, lease=0.5).at(["a", "b"]).__aenter__()
            async with MongoTurns(database, patience=20).at(["b"]):
                pass

        runner.run(one_after_the_other())
