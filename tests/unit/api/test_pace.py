"""The pace in which requests are taken."""

from __future__ import annotations

import asyncio

from ordergate.api.pace import OneATurn


def test_all_who_come_at_once_begin_in_turns_of_their_own_in_the_order_they_came() -> None:
    seen: list[str] = []

    async def begin(name: str, pace: OneATurn) -> None:
        await pace.turn()
        seen.append(name)
        asyncio.get_running_loop().call_soon(seen.append, f"sent after {name}")

    async def come() -> None:
        pace = OneATurn()
        await asyncio.gather(*(begin(name, pace) for name in "abc"))
        await asyncio.sleep(0)

    asyncio.run(come())
    assert seen == ["a", "sent after a", "b", "sent after b", "c", "sent after c"]
