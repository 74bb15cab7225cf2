"""The ASGI application: three contracts served spec-first by Connexion, behind the guard."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import connexion
import orjson
from connexion.options import SwaggerUIOptions
from connexion.resolver import Resolver
from inflection import underscore
from starlette.responses import Response

from ordergate.api.contract import allowed_methods
from ordergate.api.exchange import JSON
from ordergate.api.guard import Guard
from ordergate.api.operations import PATHS
from ordergate.api.problems import Problems
from ordergate.api.slashes import EitherSlashForm

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractAsyncContextManager

    from starlette.requests import Request
    from starlette.types import ASGIApp

    from ordergate.api.body import Bodies
    from ordergate.api.operations import Operations


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
    app = connexion.AsyncApp("ordergate", lifespan=lifespan)
    for door in doors:
        _serve_contract(app, door)
        app.add_api(
            door.contract,
            base_path=door.base_path,
            name=door.base_path,
            resolver=Resolver(_handler_in(door.handlers)),
            validator_map=door.bodies.validator_map(),
            pythonic_params=True,
            swagger_ui_options=SwaggerUIOptions(serve_spec=False),
        )
    Problems(_allowed(doors)).register(app)
    operations.register(app)
    pages = {f"{door.base_path}/ui/" for door in doors}
    return Guard(EitherSlashForm(app, pages), max_body=max_body, body_time=body_time)


def _serve_contract(app: connexion.AsyncApp, door: Door) -> None:
    """Serve the contract as it is written, at the place where Swagger UI looks for it.

    Connexion would write every reference out at each request, and some go in a circle.
    """
    text = orjson.dumps(door.contract)

    async def contract(_: Request) -> Response:
        return Response(text, media_type=JSON)

    path = f"{door.base_path}/openapi.json"
    app.add_url_rule(path, path, contract, methods=["GET"])


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
