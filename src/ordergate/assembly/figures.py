"""The metrics: those that the processes count, and those that the store keeps for all."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from ordergate.errors import StoreUnavailableError
from ordergate.model.notification import Backlog
from ordergate.observability.metrics import HubFigures
from ordergate.storage.database import within

if TYPE_CHECKING:
    from ordergate.model.notification import EventSubscription
    from ordergate.observability.metrics import Metrics
    from ordergate.storage.event_deliveries import MongoEventDeliveries
    from ordergate.storage.hubs import MongoHubs

_LONGEST_LOOK = 2.0


class Figures:
    """Gathers what `/metrics` shows."""

    def __init__(self, hubs: MongoHubs, deliveries: MongoEventDeliveries, metrics: Metrics) -> None:
        self._hubs = hubs
        self._deliveries = deliveries
        self._metrics = metrics

    async def exposition(self) -> tuple[bytes, str]:
        """Return the metrics as text, and its media type.

        While the store doesn't answer, there are none of listeners.
        """
        shown: list[HubFigures] = []
        with suppress(StoreUnavailableError), within(_LONGEST_LOOK):
            hubs, backlogs, steals = await asyncio.gather(
                self._hubs.all(), self._deliveries.backlogs(), self._hubs.lease_steals()
            )
            shown = [
                _figures(hub, backlogs.get(hub.id, Backlog()), steals.get(hub.id, 0))
                for hub in hubs
            ]
        return self._metrics.exposition(shown)


def _figures(hub: EventSubscription, backlog: Backlog, lease_steals: int) -> HubFigures:
    return HubFigures(
        hub_id=hub.id,
        status=str(hub.health.status),
        backlog=backlog.events,
        oldest_age=backlog.oldest_age,
        dead=backlog.dead,
        attempts=hub.health.attempts,
        lease_steals=lease_steals,
    )
