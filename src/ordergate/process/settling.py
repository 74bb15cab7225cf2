"""Settling: note which plans are carried out, beside the requests and many at a time.

Nobody waits for it. What a crash keeps from being noted is carried out again, and that changes
nothing.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from ordergate.errors import StoreUnavailableError

if TYPE_CHECKING:
    from ordergate.process.entity import RecordedRequest
    from ordergate.process.ports import RequestBook

_log = logging.getLogger(__name__)

_AT_ONCE = 100
_PAUSE = 0.1
"""Seconds in which more may come, so that a write is for several."""


class SettlePlans:
    """Settles the plans of records that were handed in."""

    def __init__(self, requests: RequestBook) -> None:
        self._requests = requests
        self._carried_out: list[RecordedRequest] = []
        self._is_any = asyncio.Event()

    async def settle(self, record: RecordedRequest) -> None:
        """Take it over; return at once."""
        self._carried_out.append(record)
        self._is_any.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Settle whatever comes, until `stop`."""
        stopping = asyncio.create_task(stop.wait())
        while not stop.is_set():
            coming = asyncio.create_task(self._is_any.wait())
            await asyncio.wait({stopping, coming}, return_when=asyncio.FIRST_COMPLETED)
            coming.cancel()
            await asyncio.sleep(_PAUSE)
            await self.finish()
        stopping.cancel()

    async def finish(self) -> None:
        """Settle what there is; what the store doesn't take is left to the sweeper."""
        while several := self._carried_out[:_AT_ONCE]:
            del self._carried_out[:_AT_ONCE]
            try:
                await self._requests.settle(*several)
            except StoreUnavailableError:
                _log.warning("the sweeper settles plans: the store does not answer")
        self._is_any.clear()
