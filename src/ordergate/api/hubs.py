"""The hub of a TMF door: listeners register and unregister (TMF630 part 1, §10)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

from ordergate.api.exchange import created, new_entity, no_content
from ordergate.errors import InvalidDocumentError
from ordergate.model.notification import EventSubscription
from ordergate.schemas.patterns import compile_pattern
from ordergate.tmf630.hub_query import parse_hub_query

if TYPE_CHECKING:
    from starlette.responses import Response

    from ordergate.model.addresses import Addresses
    from ordergate.model.common import Api, Document
    from ordergate.process.ports import Idempotency


class Hubs(Protocol):
    """Keeps the registered listeners."""

    async def add(
        self, subscription: EventSubscription, idempotency: Idempotency | None = None
    ) -> EventSubscription:
        """Register; raise DuplicateError for the same callback and query."""

    async def remove(self, hub_id: str, api: Api) -> None:
        """Unregister; raise NotFoundError if there is none."""


class Hub:
    """`hub` of one door.

    Args:
        api: the door; its listeners hear of its own events only.
    """

    def __init__(self, hubs: Hubs, api: Api, addresses: Addresses) -> None:
        self._hubs = hubs
        self._api = api
        self._addresses = addresses

    async def register_listener(self) -> Response:
        """POST /hub: every event of the door that `query` selects goes to `callback`."""
        new = new_entity()
        callback, query = new.body["callback"], new.body.get("query")
        _check_callback(callback)
        parse_hub_query(query, compile_pattern)  # refused now, not at the first event
        asked = EventSubscription(new.id, self._api, callback, query)
        kept = await self._hubs.add(asked, new.idempotency)
        document: Document = {"id": kept.id, "callback": kept.callback}
        if kept.query is not None:
            document["query"] = kept.query
        return created(document, self._addresses.hub(self._api, kept.id))

    async def unregister_listener(self, id_: str) -> Response:
        """DELETE /hub/{id}: nothing more is sent to it."""
        await self._hubs.remove(id_, self._api)
        return no_content()


def _check_callback(callback: str) -> None:
    """Refuse what can't be POSTed to."""
    try:
        parts = urlsplit(callback)
        usable = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
        usable = usable and callback.isprintable() and " " not in callback
    except ValueError:
        usable = False
    if not usable or parts.username is not None or parts.fragment:
        raise InvalidDocumentError(
            "callback is an absolute http or https URL, without user name and fragment.",
            path="callback",
        )
