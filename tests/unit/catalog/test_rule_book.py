from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from fakes_catalog import MemoryRuleStore, example_rule, small_rule
from ordergate.catalog.rule_book import CompiledRuleBook

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest


def in_force(book: CompiledRuleBook) -> set[tuple[str, int]]:
    return {(rule.id, rule.version) for rule in book.current()}


def test_highest_active_version_of_each_rule_is_in_force() -> None:
    book = CompiledRuleBook(MemoryRuleStore(), interval=1)
    book.replace(
        [
            example_rule(),
            small_rule(version=2),
            small_rule(version=10),
            small_rule(version=11, status="draft"),
            small_rule(id="gone", status="retired"),
        ]
    )
    assert in_force(book) == {("fibre-access", 1), ("small", 10)}


def test_stored_rule_that_no_longer_compiles_is_left_out_and_logged_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    book = CompiledRuleBook(MemoryRuleStore(), interval=1)
    broken = small_rule(id="broken", special=[{"code": "x", "when": "1 +", "reason": "x"}])
    for _ in range(2):
        book.replace([broken, small_rule()])
    assert in_force(book) == {("small", 1)}
    assert [record.levelno for record in caplog.records] == [logging.ERROR]
    assert "special[0].when" in caplog.text


def test_unchanged_rule_is_not_compiled_again() -> None:
    book = CompiledRuleBook(MemoryRuleStore(), interval=1)
    book.replace([small_rule()])
    before = book.current()[0]
    book.replace([small_rule(), example_rule()])
    assert book.current()[0] is before
    book.replace([small_rule(name="Other")])
    assert book.current()[0].name == "Other"


def test_refresh_takes_over_what_changed() -> None:
    store = MemoryRuleStore()
    book = CompiledRuleBook(store, interval=1)

    async def story() -> None:
        assert await book.refresh()
        assert not await book.refresh()
        await store.put(small_rule())
        assert await book.refresh()
        assert in_force(book) == {("small", 1)}
        await store.retire("small")
        assert await book.refresh()
        assert in_force(book) == set()

    asyncio.run(story())


def test_rules_stay_in_force_while_the_store_is_away_and_are_refreshed_after(
    caplog: pytest.LogCaptureFixture,
) -> None:
    store = MemoryRuleStore()
    book = CompiledRuleBook(store, interval=0.001)

    async def story() -> None:
        stop = asyncio.Event()
        running = asyncio.create_task(book.run(stop))
        await store.put(small_rule())
        await until(lambda: in_force(book) == {("small", 1)})
        store.is_away = True
        await until(lambda: bool(caplog.records))
        await asyncio.sleep(0.02)
        assert in_force(book) == {("small", 1)}
        store.is_away = False
        await store.put(small_rule(version=2))
        await until(lambda: in_force(book) == {("small", 2)})
        stop.set()
        await asyncio.wait_for(running, 5)

    asyncio.run(story())
    assert len(caplog.records) == 1


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not holds():  # noqa: ASYNC110 - what it waits for has no event
            await asyncio.sleep(0.001)


def test_change_is_in_force_in_every_book_when_the_one_that_made_it_says_so() -> None:
    async def story() -> tuple[set[tuple[str, int]], set[tuple[str, int]]]:
        store, stop = MemoryRuleStore(), asyncio.Event()
        here, there = (CompiledRuleBook(store, interval=0.02) for _ in range(2))
        other_process = asyncio.create_task(there.run(stop))
        await asyncio.sleep(0)
        await store.put(small_rule())
        await here.in_force()
        stop.set()
        await other_process
        return in_force(here), in_force(there)

    assert asyncio.run(story()) == ({("small", 1)}, {("small", 1)})
