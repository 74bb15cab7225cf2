"""Whether there is a MongoDB to write to, as the driver of this process sees it."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from pymongo.monitoring import ServerHeartbeatListener

if TYPE_CHECKING:
    from collections.abc import Callable

    from pymongo.monitoring import (
        ServerHeartbeatFailedEvent,
        ServerHeartbeatStartedEvent,
        ServerHeartbeatSucceededEvent,
    )

_log = logging.getLogger(__name__)


class PrimaryWatch(ServerHeartbeatListener):
    """Tells when there is nobody to write to, and when there is again.

    Args:
        lost: is called each time; it returns at once.
    """

    def __init__(self, lost: Callable[[], None]) -> None:
        self._lost = lost
        self._primary: tuple[str, int | None] | None = None
        self._lost_at: float | None = None

    def started(self, event: ServerHeartbeatStartedEvent) -> None:
        """Do nothing: the answer counts."""

    def succeeded(self, event: ServerHeartbeatSucceededEvent) -> None:
        """Note what a member says it is."""
        if not event.reply.is_writable:
            self._without(event.connection_id)
            return
        self._primary = event.connection_id
        if self._lost_at is not None:
            gap = round(time.monotonic() - self._lost_at, 1)
            self._lost_at = None
            _log.warning("MongoDB has a primary again", extra={"gap": gap})

    def failed(self, event: ServerHeartbeatFailedEvent) -> None:
        """Note that a member doesn't answer."""
        self._without(event.connection_id)

    def _without(self, member: tuple[str, int | None]) -> None:
        if member == self._primary:
            self._primary = None
            self._lost_at = time.monotonic()
            self._lost()
            _log.warning("MongoDB has no primary")
