"""Idempotency: the same request again is answered with what the first one made.

What makes it the same gives it its id. So a repeated request meets the first one at the single
insert that is its commit point, without a look-up before, however many come at once.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import UUID

from ordergate.errors import IdempotencyConflictError, InvalidDocumentError
from ordergate.model.ids import id_of
from ordergate.process.entity import Idempotency

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ordergate.model.common import Document
    from ordergate.process.ports import RequestBook

_IDS = UUID("b0a1c0de-6f2b-5c53-9d55-5d0f7a8f0c11")
_KEY = "Idempotency-Key"


def identify(
    door: str, document: Document, fingerprint: str, key: str | None, requester_roles: Sequence[str]
) -> tuple[str, Idempotency] | None:
    """Return the id of a request and why it is that one; None if nothing makes it repeatable.

    The requester's `externalId` comes before the `Idempotency-Key`: two keys can't make two sets
    of orders for one `externalId`. The key is then claimed, so that it keeps to one body too.

    Args:
        door: the path of the POST; the same key at another door is another request.
        requester_roles: roles of the party whose `externalId` counts; none where it doesn't.
    """
    by_key = None if key is None else id_of(_IDS, f"{door}\n{key}")
    requester, external_id = requester_of(document, requester_roles), document.get("externalId")
    if requester and external_id:
        entity_id = _id_of(door, "externalId", requester, external_id)
        return entity_id, Idempotency(external_id, fingerprint, "externalId", claim=by_key)
    return None if key is None or by_key is None else (by_key, Idempotency(key, fingerprint))


def identify_event(
    door: str, notification: Document, order: Document, fingerprint: str
) -> tuple[str, Idempotency]:
    """Return the id of the request that an event brings: once per `eventId`.

    Without one, the order's own `id` and `href` stand for it: an order is created once.

    Raises:
        InvalidDocumentError: there is none of these.
    """
    if event_id := notification.get("eventId"):
        return _id_of(door, "eventId", event_id), Idempotency(event_id, fingerprint, "eventId")
    order_id, href = order.get("id") or "", order.get("href") or ""
    if not order_id and not href:
        raise InvalidDocumentError(
            "An event has an eventId, or its service order has an id: else it could not be told "
            "from the same event sent again.",
            path="eventId",
        )
    named = "event.serviceOrder.id"
    return _id_of(door, "order", order_id, href), Idempotency(order_id or href, fingerprint, named)


def requester_of(document: Document, roles: Sequence[str]) -> str | None:
    """Return the id (or the address) of the party that asks; the first role comes first."""
    parties = document.get("relatedParty", [])
    for role in roles:
        for party in parties:
            known = party.get("id") or party.get("href")
            if known and str(party.get("role", "")).casefold() == role.casefold():
                return str(known)
    return None


async def claim_key(mine: Idempotency | None, requests: RequestBook) -> None:
    """Keep a key to one body, where the key isn't what gives the id.

    Raises:
        IdempotencyConflictError: it was used with another one.
    """
    if mine is not None and mine.claim is not None:
        kept = await requests.claim(mine.claim, mine.fingerprint)
        check_key(Idempotency(mine.claim, mine.fingerprint), replace(mine, fingerprint=kept))


def check_key(mine: Idempotency | None, kept: Idempotency | None) -> None:
    """Check that a key came with the same body as before.

    Raises:
        IdempotencyConflictError: it was used with another one.
    """
    if mine is None or kept is None or mine.fingerprint != kept.fingerprint:
        named = mine.named if mine else _KEY
        raise IdempotencyConflictError(
            f"This {named} was used with another body. Use a new one for a new request.", path=named
        )


def _id_of(*parts: str) -> str:
    return id_of(_IDS, json.dumps(parts))
