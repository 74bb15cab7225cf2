"""The floor: the shortest honest code for the work that the gateway does.

It takes the same bodies by the same compiled schemas, writes the same documents to the same
MongoDB, order and event in one journaled majority write, and answers alike. Nothing else: no
filters, no indexes, no rules, no errors, no relay.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import jsonschema_rs
import orjson
from pymongo import AsyncMongoClient
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from benchmarks.bodies import RESOURCE_ORDERS
from ordergate.api.contract import body_schemas, load_contract
from ordergate.assembly.contracts import contract_folder

if TYPE_CHECKING:
    from starlette.requests import Request

_JSON = "application/json;charset=utf-8"
_HREF = "http://127.0.0.1"


class Floor:
    """The handlers."""

    def __init__(self, uri: str) -> None:
        client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(
            uri, w="majority", journal=True, readConcernLevel="majority"
        )
        self._orders = client["floor"]["resourceOrder"]
        self._valid = _validator("tmf652-resource-ordering", "createResourceOrder")

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


def application() -> Starlette:
    """Return the floor as an application."""
    handlers = Floor(os.environ["FLOOR_MONGODB_URI"])
    return Starlette(
        routes=[
            Route(RESOURCE_ORDERS, handlers.create, methods=["POST"]),
            Route(f"{RESOURCE_ORDERS}/{{id}}", handlers.retrieve),
            Route("/livez", lambda _: Response()),
        ]
    )


def _validator(contract: str, operation: str) -> jsonschema_rs.Draft4Validator:
    schema = body_schemas(load_contract(contract_folder(), contract))[operation]
    return jsonschema_rs.Draft4Validator(schema["application/json"], validate_formats=True)


def _event(kind: str, order: dict[str, Any]) -> dict[str, Any]:
    """Return the event that tells of an order, with all that the gateway's says."""
    when, title = order["orderDate"], f"{kind}Event"
    told = {"correlationId": order["id"], "domain": "ResourceOrdering", "title": title}
    times = {"eventTime": when, "timeOcurred": when, "timeOccurred": when}
    text = {"description": "Received.", "priority": "normal"}
    named = {"eventId": str(uuid4()), "eventType": title}
    return {**named, **told, **times, **text, "event": {"resourceOrder": order}}


def _kept(order_id: str, order: dict[str, Any], event: dict[str, Any]) -> dict[str, Any]:
    owed = [{"sequence": 1, "api": "resourceOrdering", "event": event}]
    return {"_id": order_id, "document": order, "revision": 1, "sequence": 1, "outbox": owed}


def _answer(document: object, status: int, headers: dict[str, str]) -> Response:
    return Response(orjson.dumps(document), status, headers, media_type=_JSON)
