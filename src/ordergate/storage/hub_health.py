"""How it stands with a listener, as it lies in its hub.

`{status, reason?, since?, consecutiveFailures, failingSince?, lastSuccess?, lastFailure?, lanes?,
probeAt?, recent: [{begin, attempts, failures}], attempts: {outcome: number}, revision}`
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from ordergate.model.hub_health import HubHealth, HubStatus, Tally

if TYPE_CHECKING:
    from ordergate.storage.database import Stored

_FIELDS = {
    "reason": "reason",
    "since": "since",
    "consecutiveFailures": "consecutive_failures",
    "failingSince": "failing_since",
    "lastSuccess": "last_success",
    "lastFailure": "last_failure",
    "lanes": "lanes",
    "probeAt": "probe_at",
    "attempts": "attempts",
}


def stored_health(health: HubHealth) -> Stored:
    """Return it as it is kept, but for its revision."""
    values = {name: getattr(health, attribute) for name, attribute in _FIELDS.items()}
    there = {name: value for name, value in values.items() if value is not None}
    recent = [asdict(tally) for tally in health.recent]
    return {**there, "status": str(health.status), "recent": recent}


def health_of(kept: Stored | None) -> HubHealth:
    """Return what is kept; of a listener that nothing was sent to yet there is nothing."""
    if kept is None:
        return HubHealth()
    values = {attribute: kept[name] for name, attribute in _FIELDS.items() if name in kept}
    recent = tuple(Tally(**tally) for tally in kept["recent"])
    return HubHealth(status=HubStatus(kept["status"]), recent=recent, **values)
