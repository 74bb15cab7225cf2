"""The hub of a TMF door: listeners register, are shown and unregister (TMF630 part 1, §10)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

from ordergate.api.exchange import answer, created, new_entity, no_content, one, page, query
from ordergate.errors import InvalidQueryError, UnsupportedQueryError
from ordergate.model.common import timestamp
from ordergate.model.notification import FRESH, Backlog, EventSubscription
from ordergate.schemas.patterns import compile_pattern
from ordergate.tmf630.filter import matches
from ordergate.tmf630.hub_query import check_event_types, parse_hub_query

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from starlette.responses import Response

    from ordergate.model.addresses import Addresses
    from ordergate.model.common import Api, Document
    from ordergate.process.entity import Idempotency


class Hubs(Protocol):
    """Keeps the registered listeners."""

    async def add(
        self, subscription: EventSubscription, idempotency: Idempotency | None = None
    ) -> EventSubscription:
        """Register; raise DuplicateError, or TooManyListenersError if there is no room."""

    async def get(self, hub_id: str, api: Api) -> EventSubscription:
        """Return the listener; raise NotFoundError if that door has none."""

    async def all(self) -> Sequence[EventSubscription]:
        """Return the listeners of all doors, oldest first, and the gateway's own subscription."""

    async def remove(self, hub_id: str, api: Api) -> None:
        """Unregister; raise NotFoundError if there is none."""


class Callbacks(Protocol):
    """Says where listeners may be."""

    async def check(self, callback: str) -> None:
        """Raise DestinationNotAllowedError for a callback that nothing would be sent to."""


class Backlogs(Protocol):
    """Knows what waits for the listeners."""

    async def backlogs(self, hub_id: str | None = None) -> Mapping[str, Backlog]:
        """Return how much waits for each listener, or for that one; those without are left out."""


class Hub:
    """`hub` of one door.

    Args:
        api: the door; its listeners hear of its own events only, and no other door shows them.
        event_types: what its listeners may hear of.
        enable: lets a listener be sent to again that was given up.
    """

    def __init__(
        self,
        hubs: Hubs,
        callbacks: Callbacks,
        api: Api,
        addresses: Addresses,
        *,
        event_types: frozenset[str],
        backlogs: Backlogs,
        enable: Callable[[str], Awaitable[None]],
        page_limit: int,
    ) -> None:
        self._hubs = hubs
        self._callbacks = callbacks
        self._event_types = event_types
        self._backlogs = backlogs
        self._enable = enable
        self._api = api
        self._addresses = addresses
        self._page_limit = page_limit

    async def list_hub(self) -> Response:
        """GET /hub: the listeners of this door, oldest first.

        Raises:
            UnsupportedQueryError: there is a `sort`.
        """
        asked = query(self._page_limit)
        if asked.sort:
            raise UnsupportedQueryError("Listeners always come oldest first.", path="sort")
        backlogs = await self._backlogs.backlogs()
        listeners = [
            _with_state(kept, backlogs.get(kept.id, Backlog()))
            for kept in await self._hubs.all()
            if kept.api is self._api and not kept.takes_orders
        ]
        found = [listener for listener in listeners if matches(listener, asked.conditions)]
        limit = self._page_limit if asked.limit is None else asked.limit
        part = found[asked.offset : asked.offset + limit]
        return page(part, len(found), asked, self._addresses.hub(self._api, "").rstrip("/"))

    async def retrieve_hub(self, id_: str) -> Response:
        """GET /hub/{id}: the listener, and how it stands with it."""
        return one(await self._read(id_), self._page_limit)

    async def patch_hub(self, id_: str) -> Response:
        """PATCH /hub/{id}: `status` active lets it have what waits, though it was given up."""
        await self._hubs.get(id_, self._api)
        await self._enable(id_)
        return answer(await self._read(id_))

    async def register_listener(self) -> Response:
        """POST /hub: every event of the door that `query` selects goes to `callback`.

        Raises:
            InvalidQueryError, UnsupportedQueryError: see `tmf630.hub_query`.
            DestinationNotAllowedError: nothing would be sent there.
        """
        new = new_entity()
        callback, wanted = new.body["callback"], new.body.get("query")
        self._check_query(wanted)  # refused now, not at the first event
        await self._callbacks.check(callback)
        asked = EventSubscription(
            new.id,
            self._api,
            callback,
            wanted,
            deadline=new.body.get("deadline"),
            max_in_flight=new.body.get("maxInFlight"),
        )
        kept = await self._hubs.add(asked, new.idempotency)
        return created(_shown(kept), self._addresses.hub(self._api, kept.id))

    async def unregister_listener(self, id_: str) -> Response:
        """DELETE /hub/{id}: once it is answered, nothing more is sent to it by any process."""
        await self._hubs.remove(id_, self._api)
        await asyncio.sleep(FRESH)
        return no_content()

    def _check_query(self, text: str | None) -> None:
        """Check that the query can be read, and can select anything.

        Raises:
            InvalidQueryError: as `parse_hub_query` and `check_event_types`; its path leads there.
            UnsupportedQueryError: as `parse_hub_query`.
        """
        try:
            check_event_types(parse_hub_query(text, compile_pattern), self._event_types)
        except InvalidQueryError as error:
            path = "query" if error.path in {None, "query"} else f"query: {error.path}"
            raise InvalidQueryError(error.reason, path=path) from error

    async def _read(self, hub_id: str) -> Document:
        kept = await self._hubs.get(hub_id, self._api)
        backlogs = await self._backlogs.backlogs(hub_id)
        return _with_state(kept, backlogs.get(hub_id, Backlog()))


def _shown(kept: EventSubscription) -> Document:
    optional = {
        "query": kept.query,
        "deadline": kept.deadline,
        "maxInFlight": kept.max_in_flight,
    }
    there = {name: value for name, value in optional.items() if value is not None}
    return {"id": kept.id, "callback": kept.callback, **there}


def _with_state(kept: EventSubscription, backlog: Backlog) -> Document:
    health = kept.health
    dates = {
        "since": health.since,
        "lastSuccess": health.last_success,
        "lastFailure": health.last_failure,
    }
    shown = {
        **_shown(kept),
        "status": str(health.status),
        "reason": health.reason,
        "consecutiveFailures": health.consecutive_failures,
        "backlog": backlog.events,
        "deadLetters": backlog.dead,
    }
    shown |= {name: date and timestamp(date) for name, date in dates.items()}
    return {name: value for name, value in shown.items() if value is not None}
