"""Buries what has waited too long for a listener that is failing or disabled.

Whoever is tried event by event has none that are older; these are tried by single probes, or not
at all.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from ordergate.model.hub_health import HubStatus

if TYPE_CHECKING:
    from datetime import datetime

    from ordergate.delivery.lane_delivery import LaneDelivery
    from ordergate.delivery.ports import Hubs, Lanes
    from ordergate.model.hub_health import HubHealth

_AT_ONCE = 50


class Expiry:
    """Looks after the backlog of listeners that get nothing at the moment.

    Args:
        max_age: seconds after which an undelivered event is dead.
        lease: seconds that burying the events of a few lanes may take.
    """

    def __init__(
        self, hubs: Hubs, lanes: Lanes, delivery: LaneDelivery, *, max_age: float, lease: float
    ) -> None:
        self._hubs = hubs
        self._lanes = lanes
        self._delivery = delivery
        self._max_age = timedelta(seconds=max_age)
        self._lease = lease

    async def bury_aged(self) -> bool:
        """Bury what is too old, some lanes of each listener; return whether there is more."""
        has_more = False
        waiting = {one.hub_id: one.now for one in await self._lanes.waiting()}
        for hub in await self._hubs.all():
            limit = self._limit(hub.health, waiting[hub.id]) if hub.id in waiting else None
            if limit is None:
                continue
            reason = f"too old, and the listener is {hub.health.status}: {hub.health.reason}"
            claims = await self._lanes.claim_ahead(
                hub.id, self._lease, _AT_ONCE, waiting_before=limit
            )
            for claim in claims:
                await self._delivery.bury_aged(claim, limit, reason)
            has_more = has_more or len(claims) == _AT_ONCE
        return has_more

    def _limit(self, health: HubHealth, now: datetime) -> datetime | None:
        """Return since when at least the dead have waited.

        A failing listener was tried in vain when they were that old already: an outage of the
        gateway itself lets nothing die untried.
        """
        if health.status is HubStatus.DISABLED:
            return now - self._max_age
        if health.status is HubStatus.FAILING and health.last_failure is not None:
            return health.last_failure - self._max_age
        return None
