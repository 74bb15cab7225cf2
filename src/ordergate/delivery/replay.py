"""Sends events again that a listener had, or never got."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from ordergate.delivery.relay import hub_query

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from ordergate.delivery.ports import DeadLetters, Events, Hubs, Lanes
    from ordergate.model.events import OwedEvent
    from ordergate.model.notification import EventSubscription, Span


class Replay:
    """Lets events wait once more in their lanes; each step may be repeated.

    Args:
        wake: tells the dispatcher of this process that something is due.
    """

    def __init__(
        self,
        *,
        hubs: Hubs,
        events: Events,
        lanes: Lanes,
        dead_letters: DeadLetters,
        wake: Callable[[], None],
    ) -> None:
        self._hubs = hubs
        self._events = events
        self._lanes = lanes
        self._dead_letters = dead_letters
        self._wake = wake

    async def replay(self, hub_id: str, span: Span, *, dead_only: bool = False) -> int:
        """Send the events of that span again that the listener's query selects; return how many.

        Each order's come in order, before what waits already.

        Raises:
            NotFoundError: there is no such listener.
        """
        hub = await self._hubs.get(hub_id)
        dead = await self._again(hub, self._dead_letters.of(hub_id, span))
        if dead_only:
            return len(dead)
        told = await self._again(hub, self._events.told_by(hub.api, span))
        return len(dead | told)

    async def _again(
        self, hub: EventSubscription, parts: AsyncIterator[Sequence[OwedEvent]]
    ) -> set[tuple[str, int]]:
        query = hub_query(hub)
        done: set[tuple[str, int]] = set()
        async for part in parts:
            wanted = [event for event in part if query.selects(event.document)]
            again: defaultdict[str, list[int]] = defaultdict(list)
            for event in wanted:
                again[event.entity_id].append(event.sequence)
            if not again:
                continue
            await self._events.add_again(wanted)  # a dead letter may outlive its event
            await self._lanes.put_back(hub.id, again)
            await self._dead_letters.forget(hub.id, again)
            self._wake()
            done.update((event.entity_id, event.sequence) for event in wanted)
        return done
