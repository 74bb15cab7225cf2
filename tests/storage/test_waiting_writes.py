"""How long writes wait for a store that isn't there."""

from __future__ import annotations

import asyncio
import time

import pytest
from pymongo import InsertOne

from delivery.listeners import free_port
from ordergate.errors import StoreUnavailableError
from ordergate.storage.database import deadline_of, open_client
from ordergate.storage.group_commit import GroupCommit

TIMEOUT = 2.0
BUSY = 1.0
"""Seconds that a busy machine may add; less than a second wait would."""


def test_write_that_queued_behind_another_waits_no_longer_than_one_deadline() -> None:
    async def waited(together: GroupCommit, name: str, after: float) -> float:
        await asyncio.sleep(after)
        begin = time.monotonic()
        with pytest.raises(StoreUnavailableError):
            await together.write(InsertOne({"_id": name}))
        return time.monotonic() - begin

    async def story() -> tuple[float, float]:
        client = open_client(f"mongodb://127.0.0.1:{free_port()}", timeout=TIMEOUT)
        collection = client["ordergate"]["any"]
        together = GroupCommit(collection, deadline_of(collection))
        waits = await asyncio.gather(waited(together, "first", 0), waited(together, "next", 0.3))
        await client.close()
        return waits

    assert max(asyncio.run(story())) < TIMEOUT + BUSY
