"""When a failed notification is tried again, and when it's dead. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from ordergate.delivery.ports import Attempt

_JITTER = 0.2
_SHORTEST_RETRY_AFTER = 1.0
_LONGEST_RETRY_AFTER = 3600.0
_RETRY_AFTER_COUNTS = frozenset({429, 503})


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """The waits between attempts at one event, and its longest life; seconds.

    Args:
        schedule: the waits, in order; the last one repeats.
        random: gives numbers from 0 to 1, evenly; spreads listeners that failed together.
    """

    schedule: tuple[float, ...]
    max_age: float
    random: Callable[[], float]

    def wait(self, attempts: int, failed: Attempt) -> float:
        """Return the seconds to wait after `failed`, when `attempts` had failed before it."""
        if failed.retry_after is not None and failed.status in _RETRY_AFTER_COUNTS:
            return min(max(failed.retry_after, _SHORTEST_RETRY_AFTER), _LONGEST_RETRY_AFTER)
        scheduled = self.schedule[min(attempts, len(self.schedule) - 1)]
        return scheduled * (1 + _JITTER * (2 * self.random() - 1))

    def is_dead(self, stored_at: datetime, now: datetime) -> bool:
        """Tell whether an event that just failed has been tried for long enough."""
        return now - stored_at >= timedelta(seconds=self.max_age)


def read_retry_after(value: str | None, now: datetime) -> float | None:
    """Return the seconds a `Retry-After` asks for (RFC 9110, §10.2.3); None if it's unreadable."""
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - now).total_seconds()
