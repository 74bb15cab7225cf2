"""Writes that come at once share a command, and nothing else."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, cast

import pytest
from pymongo import InsertOne
from pymongo.errors import AutoReconnect, BulkWriteError, DuplicateKeyError, OperationFailure

from ordergate.errors import StoreUnavailableError
from ordergate.storage.group_commit import GroupCommit

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

DUPLICATE, REFUSED = 11000, 2


class Commands:
    """A collection that takes its time over each command, and fails writes by their id."""

    def __init__(self, failing: dict[str, int] | None = None) -> None:
        self.seen: list[list[str]] = []
        self.is_gone = False
        self.slow = asyncio.Event()
        self._failing = failing or {}

    async def bulk_write(self, writes: list[Any], *, ordered: bool) -> None:
        assert not ordered
        ids = [one._doc["_id"] for one in writes]
        self.seen.append(ids)
        await self.slow.wait()
        if self.is_gone:
            raise AutoReconnect("gone")
        failed = [
            {"index": place, "code": self._failing[one], "errmsg": one}
            for place, one in enumerate(ids)
            if one in self._failing
        ]
        if failed:
            raise BulkWriteError({"writeErrors": failed, "writeConcernErrors": []})


def insertion(name: str) -> Any:
    return InsertOne({"_id": name})


def run(case: Callable[[GroupCommit, Commands], Awaitable[None]], **failing: int) -> Commands:
    async def ran() -> Commands:
        commands = Commands(failing)
        await asyncio.wait_for(case(GroupCommit(cast("Any", commands), 20), commands), 10)
        return commands

    return asyncio.run(ran())


async def begun(together: GroupCommit, *names: str) -> list[asyncio.Task[None]]:
    """Begin to write, one after the other, each with some turns of the loop for itself."""
    tasks = []
    for name in names:
        tasks.append(asyncio.create_task(together.write(insertion(name))))
        for _ in range(10):
            await asyncio.sleep(0)
    return tasks


def test_what_is_just_about_to_be_written_shares_the_command_too() -> None:
    async def case(together: GroupCommit, commands: Commands) -> None:
        commands.slow.set()
        await asyncio.gather(*(together.write(insertion(name)) for name in "abc"))

    assert run(case).seen == [["a", "b", "c"]]


def test_what_comes_while_a_command_is_under_way_shares_the_next() -> None:
    async def case(together: GroupCommit, commands: Commands) -> None:
        tasks = await begun(together, "a", "b", "c", "d", "e")
        commands.slow.set()
        await asyncio.gather(*tasks)

    assert run(case).seen == [["a"], ["b", "c", "d", "e"]]


def test_write_that_fails_leaves_those_that_share_its_command_be() -> None:
    async def case(together: GroupCommit, commands: Commands) -> None:
        tasks = await begun(together, "a", "b", "c", "d", "e")
        commands.slow.set()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        kinds = [type(one) for one in outcomes]
        none = type(None)
        assert kinds == [none, none, DuplicateKeyError, none, OperationFailure]

    run(case, c=DUPLICATE, e=REFUSED)


def test_failures_of_several_are_told_together() -> None:
    async def case(together: GroupCommit, commands: Commands) -> None:
        commands.slow.set()
        failures = await together.try_all([insertion(one) for one in "abc"])
        assert [one.code for one in failures] == [DUPLICATE]

    run(case, b=DUPLICATE)


def test_all_that_share_a_command_learn_that_the_store_is_gone() -> None:
    async def case(together: GroupCommit, commands: Commands) -> None:
        commands.is_gone = True
        tasks = await begun(together, "a", "b", "c", "d")
        commands.slow.set()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        assert [type(one) for one in outcomes] == [StoreUnavailableError] * 4
        commands.is_gone = False
        await together.write(insertion("e"))

    assert run(case).seen[-1] == ["e"]


@pytest.mark.parametrize("waiting", ["b", "bc"])
def test_write_that_is_given_up_holds_up_nobody_after_it(waiting: str) -> None:
    async def case(together: GroupCommit, commands: Commands) -> None:
        tasks = await begun(together, "a", *waiting)
        tasks[1].cancel()
        await asyncio.sleep(0)
        commands.slow.set()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        assert [type(one) for one in outcomes[2:]] == [StoreUnavailableError] * len(waiting[1:])
        await together.write(insertion("e"))

    assert run(case).seen == [["a"], ["e"]]
