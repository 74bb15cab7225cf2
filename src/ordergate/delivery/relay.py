"""Brings owed events from outboxes to the lanes of the listeners that want them."""

from __future__ import annotations

import logging
from collections import defaultdict
from functools import lru_cache
from typing import TYPE_CHECKING

from ordergate.errors import OrdergateError
from ordergate.schemas.patterns import compile_pattern
from ordergate.tmf630.hub_query import HubQuery, parse_hub_query

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ordergate.delivery.ports import Events, Hubs, Lanes, Outboxes
    from ordergate.model.events import OwedEvent
    from ordergate.model.notification import EventSubscription

_log = logging.getLogger(__name__)


class Relay:
    """Copies owed events to the store of events and the lanes, then clears the outboxes.

    Each step may be repeated and may happen twice at once, so a crash anywhere, or a second relay
    however slow, loses nothing and reorders nothing.

    Args:
        batch: entities of each kind taken at once.
    """

    def __init__(
        self, outboxes: Outboxes, events: Events, lanes: Lanes, hubs: Hubs, *, batch: int = 100
    ) -> None:
        self._outboxes = outboxes
        self._events = events
        self._lanes = lanes
        self._hubs = hubs
        self._batch = batch

    async def relay(self) -> int:
        """Relay one batch; return how many events it had."""
        found = await self._outboxes.owing(self._batch)
        if not found:
            return 0
        owed = [one.event for one in found]
        # Read after the outboxes: a listener that was there before an event is then seen with it.
        hubs = await self._hubs.all()
        await self._events.add(found)
        if waiting := waiting_events(owed, hubs):
            await self._lanes.push(waiting)
        await self._outboxes.clear({event.entity_id: event.sequence for event in owed})
        return len(owed)


def waiting_events(
    owed: Iterable[OwedEvent], hubs: Sequence[EventSubscription]
) -> Mapping[tuple[str, str], Sequence[int]]:
    """Return the sequences that each listener wants of each entity, by (hub id, entity id)."""
    queries = [(hub, hub_query(hub)) for hub in hubs]
    waiting: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for event in owed:
        for hub, query in queries:
            if hub.api == event.api and query.selects(event.document):
                waiting[hub.id, event.entity_id].append(event.sequence)
    return waiting


def hub_query(hub: EventSubscription) -> HubQuery:
    """Return what the listener asked for; all, if a former release took what this one can't read.

    Telling too much can be mended by the listener, telling too little can't.
    """
    try:
        return _read_query(hub.query)
    except OrdergateError:
        _log.exception("A hub's query can't be read; it gets every event", extra={"hub": hub.id})
        return HubQuery()


@lru_cache(1024)
def _read_query(query: str | None) -> HubQuery:
    return parse_hub_query(query, compile_pattern)
