"""Stored orders, as many as a case needs: copies of what a server itself stored."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import orjson
from pymongo import MongoClient

from benchmarks.bodies import RESOURCE_ORDERS, SERVICE_ORDERS, example, resource_order, text
from benchmarks.load import post

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pymongo.collection import Collection

    from benchmarks.servers import Server, Store

    Kept = dict[str, Any]

_PART = 500
_STATES = ("acknowledged", "inProgress", "completed", "completed", "completed")
_PER_PARTY = 50


def stocked(
    store: Store, server: Server, database: str, count: int, *, state: str | None = None
) -> list[str]:
    """Fill the resource orders up to so many; return the paths of those that were added.

    They are told of already: nothing is left in their outboxes. Each customer has fifty.

    Args:
        state: of them all; else a fifth is acknowledged, a fifth in progress, the rest completed.
    """
    client: MongoClient[Kept] = MongoClient(store.uri)
    with client:
        orders = client[database]["resourceOrder"]
        first = post(server, RESOURCE_ORDERS, text(resource_order()))["id"]
        original = orders.find_one_and_update({"_id": first}, {"$set": {"outbox": []}})
        assert original is not None  # noqa: S101 - it was just answered with 201
        missing = count - orders.estimated_document_count()
        states = _STATES if state is None else (state,)
        return _insert(orders, _copies({**original, "outbox": []}, missing, states))


def _insert(orders: Collection[Kept], copies: Iterator[Kept]) -> list[str]:
    paths: list[str] = []
    while part := list(islice(copies, _PART)):
        orders.insert_many(part, ordered=False)
        paths += [f"{RESOURCE_ORDERS}/{one['_id']}" for one in part]
    return paths


def _copies(original: Kept, count: int, states: tuple[str, ...]) -> Iterator[Kept]:
    """Yield so many orders like this one, with ids, dates, states and customers of their own."""
    text, old = orjson.dumps(original), original["_id"].encode()
    for number in range(count):
        new = str(uuid4()).encode()
        copy = orjson.loads(text.replace(old, new).replace(b"########", b"%08d" % number))
        document = copy["document"]
        document["state"] = states[number % len(states)]
        for item in document["orderItem"]:
            item["state"] = document["state"]
        minutes, hours = number % 60, number // 60 % 24
        day, month = number // 1440 % 28 + 1, number // 40_320 % 12 + 1
        document["orderDate"] = f"2026-{month:02d}-{day:02d}T{hours:02d}:{minutes:02d}:00.000Z"
        document["relatedParty"][0]["id"] = f"customer-{number // _PER_PARTY}"
        yield copy


def issued(store: Store, server: Server, database: str, name: str, path: Path) -> tuple[int, int]:
    """Issue an example once, and write down what was stored, for the floor to do the same.

    Return how many resource orders that makes, and how many items they have.
    """
    record_id = post(server, SERVICE_ORDERS, text(example(name)))["id"]
    client: MongoClient[Kept] = MongoClient(store.uri)
    with client:
        record = client[database]["initiatingRequest"].find_one({"_id": record_id}, {"plan": 0})
        wanted = {"document.initiatingRequest.id": record_id}
        orders = client[database]["resourceOrder"].find(wanted).to_list()
    ids = [record_id, *(one["_id"] for one in orders)]
    path.write_bytes(orjson.dumps({"ids": ids, "kept": {"record": record, "orders": orders}}))
    return len(orders), sum(len(one["document"]["orderItem"]) for one in orders)
