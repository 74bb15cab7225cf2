"""Listeners registered at the hubs, in the collection `hub`.

`{_id, api, callback, query, deadline?, maxInFlight?, registeredDate, idempotency?{key,
fingerprint}, health?, leaseSteals?}`; the gateway's own subscription for Track & Manage is `{_id,
api, takesOrders: url, registeredDate, health?}`, which is in no listener's way. `health` has a
`revision`: it is changed over the one that was read.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pymongo.errors import DuplicateKeyError

from ordergate.errors import (
    DuplicateError,
    IdempotencyConflictError,
    NotFoundError,
    StaleRevisionError,
    TooManyListenersError,
)
from ordergate.model.common import Api
from ordergate.model.notification import (
    SPECIAL_ORDERS,
    TRACK_AND_MANAGE,
    EventSubscription,
)
from ordergate.storage.database import in_our_words
from ordergate.storage.hub_health import health_of, stored_health

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ordergate.errors import OrdergateError
    from ordergate.model.hub_health import HubHealth
    from ordergate.process.entity import Idempotency
    from ordergate.storage.database import Database, Stored

_TAKES_ORDERS = "takesOrders"
_HEALTH_NOW = {"health": 1, "now": "$$NOW"}
_MOST_TRIES = 100


class MongoHubs:
    """Keeps the listeners of all doors.

    Args:
        most: listeners that one door may have.
    """

    def __init__(self, database: Database, *, most: int = 1000) -> None:
        self._most = most
        self._hubs = database["hub"]
        self._lanes = database["lane"]

    async def ensure_indexes(self) -> None:
        """Make the indexes that keep a listener, and an Idempotency-Key, from coming twice."""
        with in_our_words():
            await self._hubs.create_index(["api", "callback", "query"], unique=True)
            await self._hubs.create_index(
                ["api", "idempotency.key"],
                unique=True,
                partialFilterExpression={"idempotency.key": {"$exists": True}},
            )

    async def add(
        self, subscription: EventSubscription, idempotency: Idempotency | None = None
    ) -> EventSubscription:
        """Register the listener; return it, or the one the same key and body made before.

        Raises:
            IdempotencyConflictError: the key came with another body.
            DuplicateError: this callback with this query is registered at that door.
            TooManyListenersError: the door has as many as it may have, give or take those that
                come at once.
        """
        stored: Stored = {
            "_id": subscription.id,
            "api": str(subscription.api),
            "callback": subscription.callback,
            "query": subscription.query,
            "registeredDate": datetime.now(UTC),
            **_limits(subscription),
        }
        if idempotency is not None:
            stored["idempotency"] = {
                "key": idempotency.key,
                "fingerprint": idempotency.fingerprint,
            }
        with in_our_words():
            if await self._is_full(subscription):
                return await self._registered_before(subscription.api, idempotency, self._full())
            try:
                await self._hubs.insert_one(stored)
            except DuplicateKeyError:
                again = DuplicateError("A listener with this callback and query is registered.")
                return await self._registered_before(subscription.api, idempotency, again)
        return subscription

    async def _is_full(self, subscription: EventSubscription) -> bool:
        """Tell whether there is no room; what is there already needs none."""
        listeners = {"api": str(subscription.api), _TAKES_ORDERS: {"$exists": False}}
        if await self._hubs.count_documents(listeners, limit=self._most) < self._most:
            return False
        same = {"callback": subscription.callback, "query": subscription.query}
        return await self._hubs.find_one({**listeners, **same}) is None

    def _full(self) -> TooManyListenersError:
        return TooManyListenersError(
            f"This hub has {self._most} listeners, as many as it may: remove one first."
        )

    async def get(self, hub_id: str, api: Api | None = None) -> EventSubscription:
        """Return the listener.

        Raises:
            NotFoundError: there is none, or it's at another door than `api`.
        """
        with in_our_words():
            stored = await self._hubs.find_one(_selector(hub_id, api))
        if stored is None:
            raise NotFoundError(f"There is no hub {hub_id}.")
        return _subscription(stored)

    async def remove(self, hub_id: str, api: Api) -> None:
        """Take the listener away, and what waits for it.

        Raises:
            NotFoundError: as `get`.
        """
        with in_our_words():
            removed = await self._hubs.delete_one(_selector(hub_id, api))
            if not removed.deleted_count:  # it may be there, but it isn't this door's
                raise NotFoundError(f"There is no hub {hub_id}.")
            await self._forget_lanes(hub_id)

    async def all(self) -> Sequence[EventSubscription]:
        """Return every listener, oldest first, the gateway's own too."""
        with in_our_words():
            found = self._hubs.find().sort({"registeredDate": 1, "_id": 1})
            return [_subscription(stored) async for stored in found]

    async def lease_steals(self) -> Mapping[str, int]:
        """Return how often lanes were taken from who had let their leases run out, by hub id.

        `storage.lanes` counts it, whoever claims; without any a hub is left out.
        """
        with in_our_words():
            found = self._hubs.find({"leaseSteals": {"$exists": True}}, {"leaseSteals": 1})
            return {stored["_id"]: stored["leaseSteals"] async for stored in found}

    async def change_health(
        self, hub_id: str, change: Callable[[HubHealth, datetime], HubHealth]
    ) -> tuple[HubHealth, HubHealth]:
        """Write what `change` makes of the listener's health and the store's time.

        It may be asked several times, until nobody else wrote meanwhile. Return the health before
        and after.

        Raises:
            NotFoundError: there is no such listener.
            StaleRevisionError: somebody else wrote, again and again.
        """
        for _ in range(_MOST_TRIES):
            with in_our_words():
                stored = await self._hubs.find_one({"_id": hub_id}, _HEALTH_NOW)
            if stored is None:
                raise NotFoundError(f"There is no hub {hub_id}.")
            kept = stored.get("health")
            before = health_of(kept)
            after = change(before, stored["now"])
            if after == before or await self._write_health(hub_id, kept, after):
                return before, after
        raise StaleRevisionError(f"The state of hub {hub_id} kept changing.")

    async def _write_health(self, hub_id: str, before: Stored | None, health: HubHealth) -> bool:
        """Write it over that revision; return whether it was still there."""
        revision = before and before["revision"]
        over = {"_id": hub_id, "health.revision": revision}  # null finds the missing too
        changed = {"health": {**stored_health(health), "revision": (revision or 0) + 1}}
        with in_our_words():
            result = await self._hubs.update_one(over, {"$set": changed})
        return result.matched_count == 1

    async def hand_over_to(self, url: str | None) -> None:
        """Keep the gateway's own subscription for Track & Manage; None gives it up.

        No door finds it. What waits for it is forgotten with it, as for any listener. Nothing that
        failed before is held against it any more.
        """
        own = {"_id": TRACK_AND_MANAGE}
        with in_our_words():
            if url is None:
                await self._hubs.delete_one(own)
                await self._forget_lanes(TRACK_AND_MANAGE)
                return
            kept = {"api": str(Api.RESOURCE_ORDERING), _TAKES_ORDERS: url}
            since = {"registeredDate": datetime.now(UTC)}
            fresh = {"$set": kept, "$setOnInsert": since, "$unset": {"health": ""}}
            await self._hubs.update_one(own, fresh, upsert=True)

    async def _forget_lanes(self, hub_id: str) -> None:
        # ';' follows ':' in ASCII: the range of ids that begin with the hub's.
        await self._lanes.delete_many({"_id": {"$gt": f"{hub_id}:", "$lt": f"{hub_id};"}})

    async def _registered_before(
        self, api: Api, idempotency: Idempotency | None, otherwise: OrdergateError
    ) -> EventSubscription:
        """Return the listener that the key registered; raise the error if there is none."""
        if idempotency is not None:
            stored = await self._hubs.find_one({"api": api, "idempotency.key": idempotency.key})
            if stored is not None:
                if stored["idempotency"]["fingerprint"] != idempotency.fingerprint:
                    raise IdempotencyConflictError(
                        "This Idempotency-Key registered another listener."
                    )
                return _subscription(stored)
        raise otherwise


def _selector(hub_id: str, api: Api | None) -> dict[str, Any]:
    if api is None:
        return {"_id": hub_id}
    return {"_id": hub_id, "api": str(api), _TAKES_ORDERS: {"$exists": False}}


def _subscription(stored: Stored) -> EventSubscription:
    hub_id, api = stored["_id"], Api(stored["api"])
    health = health_of(stored.get("health"))
    if _TAKES_ORDERS in stored:
        url = stored[_TAKES_ORDERS]
        return EventSubscription(hub_id, api, url, SPECIAL_ORDERS, takes_orders=True, health=health)
    return EventSubscription(
        hub_id,
        api,
        stored["callback"],
        stored["query"],
        health=health,
        deadline=stored.get("deadline"),
        max_in_flight=stored.get("maxInFlight"),
    )


def _limits(subscription: EventSubscription) -> Stored:
    limits = {"deadline": subscription.deadline, "maxInFlight": subscription.max_in_flight}
    return {name: limit for name, limit in limits.items() if limit is not None}
