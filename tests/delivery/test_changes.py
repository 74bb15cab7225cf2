"""The stream of changes: a hint that comes soon, and whose loss costs nothing but a poll."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from delivery.house import eventually
from delivery.listeners import listening
from ordergate.storage.changes import Changes

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from delivery.house import House
    from delivery.listeners import Listener
    from ordergate.storage.database import Database


@asynccontextmanager
async def watching(database: Database, wake: Callable[[], None]) -> AsyncIterator[None]:
    stop = asyncio.Event()
    task = asyncio.create_task(Changes(database, wake).run(stop))
    await asyncio.sleep(0.3)  # until the stream is open
    try:
        yield
    finally:
        stop.set()
        await task


async def kill_streams(database: Database) -> int:
    """End the cursors of every stream, as the server does when it loses its place."""
    look = {"aggregate": 1, "pipeline": [{"$currentOp": {"idleCursors": True}}], "cursor": {}}
    running = (await database.client.admin.command(look))["cursor"]["firstBatch"]
    streams = [
        one["cursor"]["cursorId"]
        for one in running
        if one.get("ns", "").startswith(f"{database.name}.$cmd") and one.get("cursor")
    ]
    await database.command("killCursors", "$cmd.aggregate", cursors=streams)
    return len(streams)


def test_change_wakes_at_once(runner: asyncio.Runner, house: House) -> None:
    async def story() -> None:
        woken = asyncio.Event()
        async with watching(house.database, woken.set):
            await house.owe("order", 1)
            async with asyncio.timeout(2):
                await woken.wait()

    runner.run(story())


def test_outbox_that_is_emptied_wakes_nobody(runner: asyncio.Runner, house: House) -> None:
    async def story() -> list[str]:
        woken: list[str] = []
        doing = "owed"
        async with watching(house.database, lambda: woken.append(doing)):
            await house.owe("order", 1)
            await eventually(lambda: bool(woken))
            doing = "emptied"
            await house.outboxes.clear({"order": 1})
            await asyncio.sleep(0.2)
            doing = "owed again"
            await house.owe("order", 2)
            await eventually(lambda: woken[-1] == doing)
        return woken

    assert runner.run(story()) == ["owed", "owed again"]


def test_stream_that_dies_is_opened_anew_and_loses_nothing(
    runner: asyncio.Runner, house: House
) -> None:
    async def story(listener: Listener) -> None:
        await house.register("hub", listener.callback)
        async with (
            house.dispatching() as (dispatcher,),
            watching(house.database, dispatcher.wake),
        ):
            await house.owe("order", 1)
            await eventually(lambda: len(listener.told) == 1)
            assert await kill_streams(house.database) == 1
            for sequence in range(2, 6):
                await house.owe("order", sequence)
            await eventually(house.drained, within=5)

    with listening() as listener:
        runner.run(story(listener))
    assert listener.sequences("order") == [1, 2, 3, 4, 5]
