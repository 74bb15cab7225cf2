"""Settling: plans that are carried out are noted soon, and nobody waits for it."""

from __future__ import annotations

import asyncio

from fakes_requests import InMemoryRequestBook
from ordergate.process.entity import Entity, Plan, RecordedRequest
from ordergate.process.settling import SettlePlans

TOO_OFTEN = 10_000


def record(name: str) -> RecordedRequest:
    document = {"id": name, "state": "acknowledged", "receivedDate": "2026-01-01T12:00:00.000Z"}
    order = Entity(f"order of {name}", {})
    return RecordedRequest(Entity(name, document), plan=Plan((order,)))


async def kept(*names: str) -> tuple[InMemoryRequestBook, SettlePlans]:
    book = InMemoryRequestBook()
    for name in names:
        await book.add(record(name))
    return book, SettlePlans(book)


async def is_settled(book: InMemoryRequestBook, name: str) -> bool:
    for _ in range(TOO_OFTEN):
        if name not in {one.entity.id for one in await book.unsettled(limit=10)}:
            return True
        await asyncio.sleep(0.001)
    return False


def test_what_is_handed_in_is_settled_while_it_runs() -> None:
    async def scenario() -> None:
        book, settling = await kept("a", "b", "c")
        stop = asyncio.Event()
        running = asyncio.create_task(settling.run(stop))
        for name in ("a", "b"):
            await settling.settle(record(name))
            assert await is_settled(book, name)
        assert [one.entity.id for one in await book.unsettled(limit=10)] == ["c"]
        stop.set()
        await running

    asyncio.run(asyncio.wait_for(scenario(), 10))


def test_what_is_handed_in_after_the_end_is_settled_by_the_last_look() -> None:
    async def scenario() -> None:
        book, settling = await kept("a")
        await settling.settle(record("a"))
        assert await book.unsettled(limit=10)
        await settling.finish()
        assert not await book.unsettled(limit=10)

    asyncio.run(scenario())


def test_what_the_store_does_not_take_is_left_to_the_sweeper() -> None:
    async def scenario() -> None:
        book, settling = await kept("a", "b")
        await settling.settle(record("a"))
        book.is_away = True
        await settling.finish()
        book.is_away = False
        await settling.settle(record("b"))
        await settling.finish()
        assert [one.entity.id for one in await book.unsettled(limit=10)] == ["a"]

    asyncio.run(scenario())
