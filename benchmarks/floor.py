"""The floor: the shortest honest code for the work that the gateway does.

It takes the same bodies by the same compiled schemas, writes the same documents to the same
MongoDB, order and event in one journaled majority write, and answers alike. Nothing else: no
filters, no indexes, no rules, no errors, no relay.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import jsonschema_rs
import orjson
from pymongo import AsyncMongoClient
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from benchmarks.bodies import RESOURCE_ORDERS, SERVICE_ORDERS
from ordergate.api.contract import body_schemas, load_contract
from ordergate.assembly.contracts import contract_folder

if TYPE_CHECKING:
    from starlette.requests import Request

_JSON = "application/json;charset=utf-8"
_HREF = "http://127.0.0.1"
DATABASE = "floor"


class Floor:
    """The handlers."""

    def __init__(self, uri: str, like: str) -> None:
        client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(
            uri, w="majority", journal=True, readConcernLevel="majority"
        )
        self._orders = client[DATABASE]["resourceOrder"]
        self._records = client[DATABASE]["initiatingRequest"]
        self._valid = _validator("tmf652-resource-ordering", "createResourceOrder")
        self._valid_patch = _validator("tmf652-resource-ordering", "patchResourceOrder")
        self._valid_service_order = _validator("tmf641-service-ordering", "createServiceOrder")
        self._ids, self._issued = _issued(like) if like else ([], b"")

    async def create(self, request: Request) -> Response:
        """POST /resourceOrder: one write of the order with its event."""
        body = orjson.loads(await request.body())
        self._valid.validate(body)
        order_id, now = str(uuid4()), datetime.now(UTC).isoformat()
        href = f"{_HREF}{RESOURCE_ORDERS}/{order_id}"
        order = {**body, "id": order_id, "href": href, "orderDate": now, "state": "acknowledged"}
        for item in order["orderItem"]:
            item["state"] = "acknowledged"
        await self._orders.insert_one(_kept(order_id, order, _event("ResourceOrderCreate", order)))
        return _answer(order, 201, {"Location": href, "ETag": '"1"'})

    async def retrieve(self, request: Request) -> Response:
        """GET /resourceOrder/{id}."""
        kept = await self._orders.find_one({"_id": request.path_params["id"]})
        if kept is None:
            return Response(status_code=404)
        return _answer(kept["document"], 200, {"ETag": f'"{kept["revision"]}"'})

    async def change(self, request: Request) -> Response:
        """PATCH /resourceOrder/{id}: one read, and one write over the revision that was read."""
        patch = orjson.loads(await request.body())
        self._valid_patch.validate(patch)
        kept = await self._orders.find_one({"_id": request.path_params["id"]})
        if kept is None:
            return Response(status_code=404)
        before = {"_id": kept["_id"], "revision": kept["revision"]}
        order, counts = {**kept["document"], **patch}, {"revision": 2, "sequence": 2}
        owed = _owed(_event("ResourceOrderStateChange", order), 2)
        update = {"$set": {"document": order, **counts}, "$push": {"outbox": owed}}
        await self._orders.update_one(before, update)
        return _answer(order, 200, {"ETag": '"2"'})

    async def issue(self, request: Request) -> Response:
        """POST /serviceOrder: a record, and its resource orders in a second write."""
        self._valid_service_order.validate(orjson.loads(await request.body()))
        text = self._issued
        for old in self._ids:
            text = text.replace(old, str(uuid4()).encode())
        kept = orjson.loads(text)
        await self._records.insert_one(kept["record"])
        await self._orders.insert_many(kept["orders"], ordered=False)
        order = kept["record"]["serviceOrder"]
        return _answer(order, 201, {"Location": order["href"], "ETag": '"1"'})


def application() -> Starlette:
    """Return the floor as an application."""
    handlers = Floor(os.environ["FLOOR_MONGODB_URI"], os.environ["FLOOR_LIKE"])
    return Starlette(
        routes=[
            Route(RESOURCE_ORDERS, handlers.create, methods=["POST"]),
            Route(f"{RESOURCE_ORDERS}/{{id}}", handlers.retrieve),
            Route(f"{RESOURCE_ORDERS}/{{id}}", handlers.change, methods=["PATCH"]),
            Route(SERVICE_ORDERS, handlers.issue, methods=["POST"]),
            Route("/livez", lambda _: Response()),
        ]
    )


def _validator(contract: str, operation: str) -> jsonschema_rs.Draft4Validator:
    schema = body_schemas(load_contract(contract_folder(), contract))[operation]
    return jsonschema_rs.Draft4Validator(schema["application/json"], validate_formats=True)


def _issued(like: str) -> tuple[list[bytes], bytes]:
    """Return the ids in what a service order comes to, which is known beforehand, and its text."""
    found = orjson.loads(Path(like).read_bytes())
    return [one.encode() for one in found["ids"]], orjson.dumps(found["kept"])


def _event(kind: str, order: dict[str, Any]) -> dict[str, Any]:
    """Return the event that tells of an order, with all that the gateway's says."""
    when, title = order["orderDate"], f"{kind}Event"
    told = {"correlationId": order["id"], "domain": "ResourceOrdering", "title": title}
    times = {"eventTime": when, "timeOcurred": when, "timeOccurred": when}
    text = {"description": "Received.", "priority": "normal"}
    named = {"eventId": str(uuid4()), "eventType": title}
    return {**named, **told, **times, **text, "event": {"resourceOrder": order}}


def _kept(order_id: str, order: dict[str, Any], event: dict[str, Any]) -> dict[str, Any]:
    counts = {"revision": 1, "sequence": 1}
    return {"_id": order_id, "document": order, **counts, "outbox": [_owed(event, 1)]}


def _owed(event: dict[str, Any], sequence: int) -> dict[str, Any]:
    return {"sequence": sequence, "api": "TMF652", "event": event}


def _answer(document: object, status: int, headers: dict[str, str]) -> Response:
    return Response(orjson.dumps(document), status, headers, media_type=_JSON)
