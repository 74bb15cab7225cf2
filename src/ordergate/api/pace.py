"""The pace in which requests are taken: one begins in a turn of the loop.

Many that come at once would else be worked on in one go, while what they have to write waits to be
sent, and the store for something to do; then all would wait for the store.
"""

from __future__ import annotations

import asyncio


class OneATurn:
    """Lets whoever has work for the processor begin one after the other, first come first served.

    Between two of them everything else goes on: answers, and commands for the store.
    """

    def __init__(self) -> None:
        self._first = asyncio.Lock()

    async def turn(self) -> None:
        """Return in a turn of the loop in which nobody else does."""
        async with self._first:
            await asyncio.sleep(0)
