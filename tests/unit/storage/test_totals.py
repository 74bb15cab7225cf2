"""Totals: counted once for all who ask, and told while they are counted again."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from ordergate.storage.totals import Totals

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

MANY = 10_001
ALL = ()


class Store:
    """Counts as slowly as it is told to."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.counts = 0
        self.is_slow = False
        self.may_end = asyncio.Event()
        self.failure: Exception | None = None

    async def count(self, _: tuple[Any, ...]) -> int:
        self.counts += 1
        if self.is_slow:
            await self.may_end.wait()
        if self.failure is not None:
            raise self.failure
        return self.total


def run(case: Callable[[Store, Totals], Awaitable[None]], total: int) -> None:
    async def ran() -> None:
        store = Store(total)
        await asyncio.wait_for(case(store, Totals(store.count, patience=0.05)), 10)

    asyncio.run(ran())


def age(monkeypatch: pytest.MonkeyPatch, *, fresh: float, kept: float) -> None:
    monkeypatch.setattr("ordergate.storage.totals._FRESH", fresh)
    monkeypatch.setattr("ordergate.storage.totals._KEPT", kept)


def test_small_total_is_counted_each_time() -> None:
    async def case(store: Store, totals: Totals) -> None:
        assert await totals.of(ALL) == 10_000
        store.total = 9
        assert await totals.of(ALL) == 9
        assert store.counts == 2

    run(case, 10_000)


def test_large_total_is_remembered() -> None:
    async def case(store: Store, totals: Totals) -> None:
        assert await totals.of(ALL) == MANY
        store.total = 9
        assert await totals.of(ALL) == MANY
        assert store.counts == 1

    run(case, MANY)


def test_all_who_ask_at_once_share_a_count() -> None:
    async def case(store: Store, totals: Totals) -> None:
        assert await asyncio.gather(*(totals.of(ALL) for _ in range(9))) == [3] * 9
        assert store.counts == 1

    run(case, 3)


def test_old_total_is_told_while_it_is_counted_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async def case(store: Store, totals: Totals) -> None:
        age(monkeypatch, fresh=0, kept=60)
        await totals.of(ALL)
        store.total, store.is_slow = MANY + 1, True
        assert [await totals.of(ALL) for _ in range(3)] == [MANY] * 3
        store.may_end.set()
        for _ in range(3):
            await asyncio.sleep(0)
        assert store.counts == 2
        assert await totals.of(ALL) == MANY + 1

    run(case, MANY)


def test_total_that_is_too_old_is_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    async def case(store: Store, totals: Totals) -> None:
        age(monkeypatch, fresh=0, kept=0)
        await totals.of(ALL)
        store.total = 9
        assert await totals.of(ALL) == 9

    run(case, MANY)


def test_count_that_takes_too_long_goes_on_for_whoever_asks_next() -> None:
    async def case(store: Store, totals: Totals) -> None:
        store.is_slow = True
        with pytest.raises(TimeoutError):
            await totals.of(ALL)
        store.may_end.set()
        assert await totals.of(ALL) == MANY
        assert store.counts == 1

    run(case, MANY)


def test_all_who_share_a_count_learn_why_it_failed_and_the_next_counts_anew() -> None:
    async def case(store: Store, totals: Totals) -> None:
        store.failure = ZeroDivisionError()
        shared = [totals.of(ALL) for _ in range(3)]
        outcomes = await asyncio.gather(*shared, return_exceptions=True)
        assert [type(one) for one in outcomes] == [ZeroDivisionError] * 3
        store.failure = None
        assert await totals.of(ALL) == 3

    run(case, 3)
