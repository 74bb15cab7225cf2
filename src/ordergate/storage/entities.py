"""How an entity lies in MongoDB.

`{_id, document, revision, sequence, outbox, idempotency?, cancellation?}`

TM Forum's document lies whole under `document`, so no extension attribute of a client can collide
with what the gateway keeps beside it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pymongo import IndexModel

from ordergate.errors import StoreUnavailableError
from ordergate.model.common import Api
from ordergate.model.events import OwedEvent
from ordergate.model.states import OrderState
from ordergate.process.entity import Cancellation, Entity, Idempotency
from ordergate.storage.database import in_our_words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ordergate.storage.database import Collection, Stored

NOT_DELETED: Mapping[str, Any] = {"deleted": {"$ne": True}}
"""What holds of entities that are still wanted."""
_HAS_ROOM = {
    "$expr": {
        "$or": [
            {"$eq": ["$outbox", []]},
            {"$lt": [{"$bsonSize": "$$ROOT"}, 8 * 1024 * 1024]},
        ]
    }
}
"""Half of what a document can hold is left to one change, while nobody relays."""

OUTBOX_INDEX = IndexModel(
    [("outbox.sequence", 1)],
    name="outbox",
    partialFilterExpression={"outbox.sequence": {"$exists": True}},
)
"""Finds entities that still owe events: an emptied outbox is not in it."""

DELETED_INDEX = IndexModel(
    [("deleted", 1)], name="deleted", partialFilterExpression={"deleted": True}
)
"""Finds entities that are still there and that no list shows."""


def stored_event(event: OwedEvent) -> Stored:
    """Return an owed event as it waits in an outbox."""
    return {"sequence": event.sequence, "api": str(event.api), "event": event.document}


def stored(entity: Entity) -> Stored:
    """Return a new entity as it is kept."""
    kept: Stored = {
        "_id": entity.id,
        "document": entity.document,
        "revision": entity.revision,
        "sequence": entity.sequence,
        "outbox": [stored_event(event) for event in entity.owed],
    }
    if entity.idempotency is not None:
        key, fingerprint = entity.idempotency.key, entity.idempotency.fingerprint
        kept["idempotency"] = {"key": key, "fingerprint": fingerprint}
    return kept


def stored_cancellation(mark: Cancellation | None) -> Stored:
    """Return the field for what an order remembers of its cancel task, empty if it had none."""
    if mark is None:
        return {}
    kept = {
        "taskId": mark.task_id,
        "priorState": str(mark.prior_state),
        "denied": mark.denied,
        "compensated": list(mark.compensated),
    }
    return {"cancellation": kept}


def entity_of(kept: Stored) -> Entity:
    """Return the entity; its outbox is the relay's business and stays behind."""
    mark = kept.get("idempotency")
    return Entity(
        kept["_id"],
        kept["document"],
        kept["revision"],
        kept["sequence"],
        idempotency=Idempotency(mark["key"], mark["fingerprint"]) if mark else None,
        cancellation=cancellation_of(kept.get("cancellation")),
    )


def cancellation_of(kept: Stored | None) -> Cancellation | None:
    """Return what an order remembers of its cancel task, if it had one."""
    if kept is None:
        return None
    prior, items = OrderState(kept["priorState"]), tuple(kept["compensated"])
    return Cancellation(kept["taskId"], prior, kept["denied"], items)


def to_plan(entity: Entity) -> Stored:
    """Return a new entity as it waits in a plan: what its events tell of it lies there once."""
    kept = stored(entity)
    for one in kept["outbox"]:
        told = one["event"]["event"]
        named = {k: None if v is entity.document else v for k, v in told.items()}
        one["event"] = {**one["event"], "event": named}
    return kept


def from_plan(kept: Stored) -> Entity:
    """Return a planned entity, its events included."""
    owed = []
    for one in kept["outbox"]:
        told = one["event"]["event"]
        whole = {k: kept["document"] if v is None else v for k, v in told.items()}
        event = {**one["event"], "event": whole}
        owed.append(OwedEvent(Api(one["api"]), kept["_id"], one["sequence"], event))
    return Entity(kept["_id"], kept["document"], kept["revision"], kept["sequence"], tuple(owed))


async def write_over(
    collection: Collection, entity: Entity, changes: Stored, gone: Stored | None = None
) -> bool:
    """Write over the revision before, the owed events in the same write.

    Args:
        changes: fields to set.
        gone: fields to take away.

    Return whether that revision was still there; if not, nothing was written.

    Raises:
        StoreUnavailableError: so much waits to be relayed that nothing can be added to it now.
    """
    before = {"_id": entity.id, "revision": entity.revision - 1, **NOT_DELETED}
    counts = {"revision": entity.revision, "sequence": entity.sequence}
    update: Stored = {
        "$set": {**changes, **counts},
        "$push": {"outbox": {"$each": [stored_event(one) for one in entity.owed]}},
    }
    if gone:
        update["$unset"] = gone
    with in_our_words():
        result = await collection.update_one({**before, **_HAS_ROOM}, update)
        if result.matched_count == 1:
            return True
        is_full = entity.owed and await collection.find_one(before, {"_id": 1})
    if is_full:
        raise StoreUnavailableError("Events of it wait to be relayed first. Repeat it later.")
    return False
