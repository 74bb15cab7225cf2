"""How it stands with a listener: whether it takes what it is sent, and since when."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


class HubStatus(StrEnum):
    """What is sent to a listener: all, a probe now and then, more and more again, or nothing."""

    ACTIVE = "active"
    FAILING = "failing"
    RECOVERING = "recovering"
    DISABLED = "disabled"


@dataclass(frozen=True, slots=True)
class Tally:
    """Attempts that ended in one span of time, and how many of them failed."""

    begin: datetime
    attempts: int
    failures: int


@dataclass(frozen=True, slots=True)
class HubHealth:
    """What the attempts at a listener came to, in all processes; moments are the store's.

    Args:
        reason: why it is failing or disabled.
        since: when it got its present status.
        failing_since: the first failure after the last success.
        lanes: how many may be delivered at once while it is recovering.
        probe_at: when it may be tried again while it is failing.
        recent: the attempts of the last minute.
        attempts: how many there ever were, by outcome.
    """

    status: HubStatus = HubStatus.ACTIVE
    reason: str | None = None
    since: datetime | None = None
    consecutive_failures: int = 0
    failing_since: datetime | None = None
    last_success: datetime | None = None
    last_failure: datetime | None = None
    lanes: int | None = None
    probe_at: datetime | None = None
    recent: tuple[Tally, ...] = ()
    attempts: Mapping[str, int] = field(default_factory=dict)
