"""The ASGI application: three contracts served spec-first by Connexion, behind the guard."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson
from connexion.middleware import ConnexionMiddleware
from connexion.middleware.context import ContextMiddleware
from connexion.middleware.exceptions import ExceptionMiddleware
from connexion.middleware.lifespan import LifespanMiddleware
from connexion.middleware.routing import RoutingMiddleware
from connexion.middleware.security import SecurityMiddleware
from connexion.middleware.swagger_ui import SwaggerUIMiddleware
from connexion.options import SwaggerUIOptions
from connexion.resolver import Resolver
from inflection import underscore
from starlette.responses import Response
from starlette.routing import Route, Router

from ordergate.api.contract import allowed_methods
from ordergate.api.exchange import JSON
from ordergate.api.guard import Guard
from ordergate.api.operations import PATHS
from ordergate.api.pace import OneATurn
from ordergate.api.problems import Problems
from ordergate.api.routed import RoutedOperations
from ordergate.api.slashes import EitherSlashForm

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractAsyncContextManager

    from starlette.requests import Request
    from starlette.types import ASGIApp

    from ordergate.api.body import Bodies
    from ordergate.api.operations import Operations


_WAY_IN = (
    ExceptionMiddleware,
    RoutingMiddleware,
    SecurityMiddleware,
    ContextMiddleware,
    RoutedOperations,
    # What is no operation of a contract goes on from here.
    LifespanMiddleware,
    SwaggerUIMiddleware,
)
"""Connexion's middlewares, cut down to what a request needs, and in the order of that."""


@dataclass(frozen=True, slots=True)
class Door:
    """One API: its contract, the validators made from it, and who handles its operations.

    Args:
        alias: where it is served, if not at the base path that the contract names.
    """

    contract: dict[str, Any]
    bodies: Bodies
    handlers: tuple[object, ...]
    alias: str | None = None

    @property
    def base_path(self) -> str:
        """Where it is served."""
        path: str = self.alias or self.contract["servers"][0]["url"]
        return path


def build_app(
    doors: Sequence[Door],
    operations: Operations,
    *,
    max_body: int,
    body_time: float,
    lifespan: Callable[[Any], AbstractAsyncContextManager[None]],
) -> ASGIApp:
    """Return the application.

    Args:
        max_body: largest request body, in bytes.
        body_time: seconds that a body may take to come.
        lifespan: what runs beside it, from start to stop.
    """
    pages = [*operations.routes(), *(_contract_page(door) for door in doors)]
    app = ConnexionMiddleware(
        Router(pages), import_name="ordergate", lifespan=lifespan, middlewares=list(_WAY_IN)
    )
    pace = OneATurn()
    for door in doors:
        app.add_api(
            door.contract,
            base_path=door.base_path,
            resolver=Resolver(_handler_in(door.handlers)),
            bodies=door.bodies,
            pace=pace,
            swagger_ui_options=SwaggerUIOptions(serve_spec=False),
        )
    Problems(_allowed(doors)).register(app)
    with_slash = {f"{door.base_path}/ui/" for door in doors}
    return Guard(EitherSlashForm(app, with_slash), max_body=max_body, body_time=body_time)


def _contract_page(door: Door) -> Route:
    """Return where the contract is served as it is written, for Swagger UI among others.

    Connexion would write every reference out at each request, and some go in a circle.
    """
    text = orjson.dumps(door.contract)

    async def contract(_: Request) -> Response:
        return Response(text, media_type=JSON)

    return Route(f"{door.base_path}/openapi.json", contract, methods=["GET"])


def _handler_in(handlers: Sequence[object]) -> Callable[[str], Callable[..., Any]]:
    """Return what finds the method for an operationId; Connexion refuses one without."""

    def resolve(operation_id: str) -> Callable[..., Any]:
        name = underscore(operation_id)
        found = [getattr(handler, name) for handler in handlers if hasattr(handler, name)]
        if len(found) != 1:
            raise ValueError(f"{operation_id} has {len(found)} handlers; one is needed")
        handler: Callable[..., Any] = found[0]
        return handler

    return resolve


def _allowed(doors: Sequence[Door]) -> Mapping[str, tuple[str, ...]]:
    found = {
        f"{door.base_path}{path}": methods
        for door in doors
        for path, methods in allowed_methods(door.contract).items()
    }
    return {**found, **dict.fromkeys(PATHS, ("GET",))}
