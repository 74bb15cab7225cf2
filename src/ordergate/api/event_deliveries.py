"""`eventDelivery` at the gateway's door: what waits for listeners, what is dead, and a way back."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from ordergate.api.exchange import answer, body, page, query
from ordergate.errors import InvalidDocumentError, NotFoundError
from ordergate.model.notification import Span

if TYPE_CHECKING:
    from starlette.responses import Response

    from ordergate.api.exchange import Lister
    from ordergate.model.addresses import Addresses
    from ordergate.model.common import Document


class Replay(Protocol):
    """Sends events again."""

    async def replay(self, hub_id: str, span: Span, *, dead_only: bool = False) -> int:
        """Send them again in order; return how many. Raise NotFoundError without such a hub."""


class EventDeliveries:
    """The operations on `eventDelivery`."""

    def __init__(
        self, *, deliveries: Lister, replay: Replay, addresses: Addresses, page_limit: int
    ) -> None:
        self._deliveries = deliveries
        self._replay = replay
        self._addresses = addresses
        self._page_limit = page_limit

    async def list_event_delivery(self) -> Response:
        """GET /eventDelivery: oldest first, unless `sort` says otherwise."""
        asked = query(self._page_limit)
        found, total = await self._deliveries.list(asked)
        return page(found, total, asked, self._addresses.event_delivery())

    async def replay_event_delivery(self) -> Response:
        """POST /eventDelivery/replay: events of a span are sent to a listener again, in order."""
        asked = body()
        span = Span(
            begin=_moment(asked, "from"),
            end=_moment(asked, "to"),
            entity_id=asked.get("entity", {}).get("id"),
        )
        hub_id, dead_only = asked["hub"]["id"], asked.get("state") == "dead"
        try:
            count = await self._replay.replay(hub_id, span, dead_only=dead_only)
        except NotFoundError as error:
            raise InvalidDocumentError(error.reason, path="hub.id") from error
        return answer({**asked, "events": count})


def _moment(asked: Document, name: str) -> datetime | None:
    """Return a date-time of the body.

    Raises:
        InvalidDocumentError: it has no offset from UTC, or isn't one.
    """
    if name not in asked:
        return None
    try:
        moment = datetime.fromisoformat(asked[name])
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise InvalidDocumentError(f"{name} is no date-time with an offset from UTC.", path=name)
    return moment
