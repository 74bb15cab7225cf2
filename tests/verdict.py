"""What became of orders, told by the database and a listener, never by the gateway."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pymongo.database import Database

    from intake import Intake
    from running import Listener

    Stored = dict[str, Any]


def lost(database: Database[Stored], intake: Intake) -> set[str]:
    """Return orders that were acknowledged, and aren't there."""
    kept = {one["_id"] for one in database["initiatingRequest"].find({}, {"_id": 1})}
    return {one.order_id for one in intake.taken if one.order_id is not None} - kept


def twice(database: Database[Stored]) -> list[str]:
    """Return the Idempotency-Keys that made more than one order."""
    keys = [one["idempotency"]["key"] for one in database["initiatingRequest"].find()]
    return [key for key in set(keys) if keys.count(key) > 1]


def unfinished(database: Database[Stored]) -> list[str]:
    """Return requests some of whose planned orders aren't there."""
    orders = {one["_id"] for one in database["resourceOrder"].find({}, {"_id": 1})}
    return [
        record["_id"]
        for record in database["initiatingRequest"].find()
        if "plan" in record
        or not {one["id"] for one in record["document"]["resourceOrder"]} <= orders
    ]


def untold(database: Database[Stored], listener: Listener) -> list[str]:
    """Return the entities of whose events the listener missed one, or got one out of order."""
    heard: defaultdict[str, list[int]] = defaultdict(list)
    for sequence, event in list(listener.notifications):
        so_far = heard[event["correlationId"]]
        if sequence not in so_far:  # at least once
            so_far.append(sequence)
    return [
        kept["_id"]
        for collection in ("initiatingRequest", "resourceOrder")
        for kept in database[collection].find({}, {"sequence": 1})
        if heard[kept["_id"]] != list(range(1, kept["sequence"] + 1))
    ]
