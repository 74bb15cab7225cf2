"""A house of delivery for each test, on a database of the test module's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from delivery.house import House
from fakes_delivery import empty, temporary_database

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def loop_and_house(mongodb_uri: str) -> Iterator[tuple[asyncio.Runner, House]]:
    with temporary_database(mongodb_uri) as (runner, database):
        house = House(database)
        for store in (house.outboxes, house.events, house.lanes, house.hubs):
            runner.run(store.ensure_indexes())
        yield runner, house


@pytest.fixture
def runner(loop_and_house: tuple[asyncio.Runner, House]) -> asyncio.Runner:
    return loop_and_house[0]


@pytest.fixture
def house(loop_and_house: tuple[asyncio.Runner, House]) -> House:
    runner, house = loop_and_house
    runner.run(empty(house.database))
    return house
