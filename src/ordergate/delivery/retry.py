"""When a failed notification is tried again, and when it's dead. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from ordergate.delivery.ports import Outcome
from ordergate.model.notification import FailureKind, Streak

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from ordergate.delivery.ports import Attempt

_SHORTEST_RETRY_AFTER = 1.0
_RETRY_AFTER_COUNTS = frozenset({429, 503})
_TOO_MANY = 429
_NOT_OF_THE_EVENT = frozenset({401, 403, 404, 408, 410, 425, _TOO_MANY})
"""4xx that tell of the listener, its address or its load, whatever event it was sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """The waits between attempts at one event, and its longest life; seconds.

    Args:
        schedule: the waits, in order; the last one repeats.
        poison_attempts: how often a listener that takes other events may refuse this one.
        poison_blocks: whether its lane waits for it all the same.
        pushbacks: from how many 429 or timeouts in a row on at least `pushback_wait` is waited.
        jitter: share by which a wait is longer or shorter; spreads listeners that failed together.
        retry_after_max: the longest `Retry-After` that is honoured.
        random: gives numbers from 0 to 1, evenly.
    """

    schedule: tuple[float, ...]
    max_age: float
    poison_attempts: int = 8
    poison_blocks: bool = False
    pushbacks: int = 3
    pushback_wait: float = 60.0
    jitter: float = 0.2
    retry_after_max: float = 3600.0
    random: Callable[[], float]

    def wait(self, attempts: int, failed: Attempt, alike: int = 1) -> float:
        """Return the seconds to wait after `failed`, when `attempts` had failed before it.

        Args:
            alike: how many failures of this kind there were in a row.
        """
        if (asked := asked_wait(failed, self.retry_after_max)) is not None:
            return asked
        scheduled = self.schedule[min(attempts, len(self.schedule) - 1)]
        if kind_of(failed) is FailureKind.PUSHBACK and alike >= self.pushbacks:
            scheduled = max(scheduled, self.pushback_wait / (1 - self.jitter))
        return scheduled * (1 + self.jitter * (2 * self.random() - 1))

    def is_dead(self, since: datetime, now: datetime) -> bool:
        """Tell whether an event that just failed has been tried for long enough."""
        return now - since >= timedelta(seconds=self.max_age)

    def is_poison(self, streak: Streak, last_success: datetime | None) -> bool:
        """Tell whether it's the event: refused again and again by one who takes others.

        Never, where such an event is to hold its lane up until it is too old.
        """
        if self.poison_blocks:
            return False
        enough = streak.kind is FailureKind.REFUSAL and streak.count >= self.poison_attempts
        return enough and last_success is not None and last_success >= streak.since


def kind_of(failed: Attempt) -> FailureKind:
    """Return what a failed attempt says."""
    if failed.outcome is Outcome.TIMED_OUT or failed.status == _TOO_MANY:
        return FailureKind.PUSHBACK
    status = failed.status or 0
    is_of_the_event = 400 <= status < 500 and status not in _NOT_OF_THE_EVENT  # noqa: PLR2004 - the 4xx of HTTP
    return FailureKind.REFUSAL if is_of_the_event else FailureKind.FAULT


def lengthened(streak: Streak | None, kind: FailureKind, now: datetime) -> Streak:
    """Return the streak with one more failure of that kind, or the one that begins with it."""
    if streak is None or streak.kind is not kind:
        return Streak(kind, 1, now)
    return Streak(kind, streak.count + 1, streak.since)


def asked_wait(failed: Attempt, longest: float) -> float | None:
    """Return the seconds that the listener asks for, up to `longest`; None if it doesn't."""
    if failed.retry_after is None or failed.status not in _RETRY_AFTER_COUNTS:
        return None
    return min(max(failed.retry_after, _SHORTEST_RETRY_AFTER), longest)


def read_retry_after(value: str | None, now: datetime) -> float | None:
    """Return the seconds a `Retry-After` asks for (RFC 9110, §10.2.3); None if it's unreadable."""
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        return float(text)
    moment = read_date(text)
    return None if moment is None else (moment - now).total_seconds()


def read_date(value: str | None) -> datetime | None:
    """Return the moment that a header names (RFC 9110, §5.6.7); None if it's unreadable."""
    try:
        moment = parsedate_to_datetime(value or "")
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
