"""When a listener is left alone, tried again, trusted again, and given up. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING

from ordergate.delivery.ports import Outcome
from ordergate.delivery.retry import asked_wait, kind_of
from ordergate.model.hub_health import HubStatus, Tally
from ordergate.model.notification import FailureKind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ordergate.delivery.ports import Attempt
    from ordergate.model.hub_health import HubHealth

_SPANS = 6
"""Into how many the window is cut: it moves on by one of them at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Breaker:
    """The circuit breaker of a listener; times in seconds.

    Args:
        failures: failures in a row that open it.
        share, at_least, window: or such a share of failures, of so many attempts in that time.
        probe_interval: while it's open, one attempt is made in that time.
        lanes: how many are delivered at once to a listener that is active.
        disable_after: time of nothing but failures after which nothing is tried any more.
    """

    failures: int = 10
    share: float = 0.7
    at_least: int = 10
    window: float = 60.0
    probe_interval: float = 30.0
    lanes: int = 8
    disable_after: float = 5 * 86_400.0
    retry_after_max: float = 3600.0

    def lanes_of(self, health: HubHealth) -> int:
        """Return how many lanes may be delivered at once, but for the probes."""
        if health.status is HubStatus.RECOVERING:
            return min(health.lanes or 1, self.lanes)
        return self.lanes if health.status is HubStatus.ACTIVE else 0

    def after(self, health: HubHealth, attempts: Iterable[Attempt], now: datetime) -> HubHealth:
        """Return how it stands with the listener after these attempts, which ended just now."""
        for attempt in attempts:
            health = self._counted(health, attempt, now)
            if attempt.outcome is Outcome.DELIVERED:
                health = self._after_success(health, now)
            else:
                health = self._after_failure(health, attempt, now)
        return health

    def probed(self, health: HubHealth, now: datetime) -> HubHealth:
        """Return it with the right to one attempt taken, unchanged if it isn't time for one."""
        if health.status is not HubStatus.FAILING or (health.probe_at or now) > now:
            return health
        return replace(health, probe_at=now + timedelta(seconds=self.probe_interval))

    def _after_success(self, health: HubHealth, now: datetime) -> HubHealth:
        health = replace(health, consecutive_failures=0, failing_since=None, last_success=now)
        if health.status is HubStatus.FAILING:
            return _with_status(health, HubStatus.RECOVERING, None, now, lanes=1)
        if health.status is HubStatus.RECOVERING:
            lanes = 2 * (health.lanes or 1)
            if lanes < self.lanes:
                return replace(health, lanes=lanes)
            return replace(_with_status(health, HubStatus.ACTIVE, None, now), recent=())
        return health

    def _after_failure(self, health: HubHealth, attempt: Attempt, now: datetime) -> HubHealth:
        health = replace(
            health,
            consecutive_failures=health.consecutive_failures + 1,
            failing_since=health.failing_since or now,
            last_failure=now,
        )
        if health.status is HubStatus.DISABLED:
            return health
        if attempt.status == HTTPStatus.GONE:
            return _with_status(health, HubStatus.DISABLED, "it answered 410 Gone", now)
        if self._is_hopeless(health, now):
            days = f"{self.disable_after / 86_400:g} days of only failures"
            return _with_status(health, HubStatus.DISABLED, f"{days}, last {told(attempt)}", now)
        asked = asked_wait(attempt, self.retry_after_max)
        wait = timedelta(seconds=max(self.probe_interval, asked or 0))
        if health.status is HubStatus.FAILING:
            return health if asked is None else replace(health, probe_at=now + wait)
        if not self._trips(health, attempt, now):
            return health
        why = f"{health.consecutive_failures} failures in a row, last {told(attempt)}"
        return _with_status(health, HubStatus.FAILING, why, now, probe_at=now + wait)

    def _trips(self, health: HubHealth, attempt: Attempt, now: datetime) -> bool:
        if health.consecutive_failures >= self.failures:
            return True
        if health.status is HubStatus.RECOVERING:
            # Who refuses one event is there all the same.
            return kind_of(attempt) is not FailureKind.REFUSAL
        recent = self._recent(health, now)
        attempts = sum(one.attempts for one in recent)
        failures = sum(one.failures for one in recent)
        return attempts >= self.at_least and failures >= self.share * attempts

    def _is_hopeless(self, health: HubHealth, now: datetime) -> bool:
        """Tell whether it has only failed for long, and not just at one late attempt."""
        since = health.failing_since or now
        long = now - since >= timedelta(seconds=self.disable_after)
        return long and health.consecutive_failures >= self.failures

    def _counted(self, health: HubHealth, attempt: Attempt, now: datetime) -> HubHealth:
        name = str(attempt.outcome)
        attempts = {**health.attempts, name: health.attempts.get(name, 0) + 1}
        failed = attempt.outcome is not Outcome.DELIVERED
        span = max(1, round(self.window / _SPANS * 1000))  # the store keeps milliseconds
        begin = datetime.fromtimestamp(now.timestamp() * 1000 // span * span / 1000, UTC)
        *before, last = self._recent(health, now) or (Tally(begin, 0, 0),)
        if last.begin != begin:
            before, last = [*before, last], Tally(begin, 0, 0)
        last = Tally(begin, last.attempts + 1, last.failures + failed)
        return replace(health, attempts=attempts, recent=(*before, last))

    def _recent(self, health: HubHealth, now: datetime) -> tuple[Tally, ...]:
        oldest = now - timedelta(seconds=self.window)
        return tuple(one for one in health.recent if oldest < one.begin <= now)


def enabled(health: HubHealth, now: datetime) -> HubHealth:
    """Return it as active again, with nothing held against it; unchanged if it is active."""
    if health.status is HubStatus.ACTIVE:
        return health
    fresh = replace(health, consecutive_failures=0, failing_since=None, recent=())
    return _with_status(fresh, HubStatus.ACTIVE, None, now)


def told(attempt: Attempt) -> str:
    """Return why an attempt failed, in words fit for logs, hubs and dead letters."""
    detail = attempt.status if attempt.error is None else attempt.error
    return f"{attempt.outcome}: {detail}"


def _with_status(
    health: HubHealth,
    status: HubStatus,
    reason: str | None,
    now: datetime,
    *,
    lanes: int | None = None,
    probe_at: datetime | None = None,
) -> HubHealth:
    return replace(health, status=status, reason=reason, since=now, lanes=lanes, probe_at=probe_at)
