"""What routing leads to: requests that fit the contract, each brought to its handler.

Connexion's own way makes its validators anew at every request, and wraps and inspects the handler
each time. All that a contract says of an operation is read once here.
"""

from __future__ import annotations

from inspect import signature
from typing import TYPE_CHECKING, Any

from connexion.exceptions import UnsupportedMediaTypeProblem
from connexion.lifecycle import ConnexionRequest
from connexion.middleware.abstract import RoutedAPI, RoutedMiddleware
from inflection import underscore

from ordergate.api.exchange import BODY, BODY_TEXT, MEDIA_TYPE
from ordergate.api.parameters import NamedParameters

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connexion.operations import AbstractOperation
    from starlette.types import Receive, Scope, Send

    from ordergate.api.body import Bodies
    from ordergate.api.pace import OneATurn

_UNSAID = "application/json"
"""The media type of a body that comes without one."""


class Operation:
    """One operation of a contract, as an ASGI application behind the routing.

    The parsed body goes to the handler in the scope; what its signature names of the parameters of
    path and query is passed to it, in snake case (`id` as `id_`).

    Args:
        bodies: validates the bodies of the API.
        pace: in which requests with a body are taken.
    """

    def __init__(self, operation: AbstractOperation, bodies: Bodies, pace: OneATurn) -> None:
        self._id = operation.operation_id
        self._handler = operation.function
        self._media_types = tuple(operation.consumes)
        self._bodies = bodies
        self._pace = pace
        parser = operation.uri_parser_class(operation.parameters, operation.body_definition())
        self._parser = parser
        self._parameters = NamedParameters(operation.parameters, uri_parser=parser)
        wanted = signature(self._handler).parameters
        self._path = _arguments(operation.parameters, "path", wanted)
        self._query = _arguments(operation.parameters, "query", wanted)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request.

        Raises:
            OrdergateError, ProblemException: it doesn't fit, or the handler refuses it.
        """
        self._parameters.validate(scope)
        if self._media_types:
            await self._pace.turn()
            self._read_body(scope)
        response = await self._handler(**self._arguments(scope))
        await response(scope, receive, send)

    def _read_body(self, scope: Scope) -> None:
        """Put the body, as it is parsed and valid, and its media type into the scope."""
        media_type = _media_type(scope)
        if media_type not in self._media_types:
            offered = list(self._media_types)
            raise UnsupportedMediaTypeProblem(
                detail=f"Invalid Content-type ({media_type}), expected {offered}"
            )
        scope[BODY] = self._bodies.read(scope[BODY_TEXT], self._id, media_type)
        scope[MEDIA_TYPE] = media_type

    def _arguments(self, scope: Scope) -> dict[str, Any]:
        found = {argument: scope["path_params"][name] for name, argument in self._path}
        if self._query and scope["query_string"]:
            asked = ConnexionRequest(scope, uri_parser=self._parser).query_params
            found |= {argument: asked[name] for name, argument in self._query if name in asked}
        return found


class Operations(RoutedAPI[Operation]):  # type: ignore[misc]  # Connexion has no types
    """The operations of one API.

    Args:
        bodies: validates its bodies; `add_api` hands it on, and `pace`.
    """

    def __init__(self, *args: Any, bodies: Bodies, pace: OneATurn, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._bodies = bodies
        self._pace = pace
        self.add_paths()

    def make_operation(self, operation: AbstractOperation) -> Operation:
        """Return the operation."""
        return Operation(operation, self._bodies, self._pace)


class RoutedOperations(RoutedMiddleware[Operations]):  # type: ignore[misc]  # likewise
    """Serves what is an operation of a contract; hands on what isn't."""

    api_cls = Operations


def _arguments(
    parameters: list[dict[str, Any]], place: str, wanted: Mapping[str, Any]
) -> list[tuple[str, str]]:
    """Return the names of the parameters in one place that a handler wants, with its arguments."""
    names = [one["name"] for one in parameters if one["in"] == place]
    both = [(name, argument) for name in names for argument in (underscore(name), f"{name}_")]
    return [(name, argument) for name, argument in both if argument in wanted]


def _media_type(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"content-type":
            text: str = value.decode("latin-1")
            return text.partition(";")[0].strip().lower()
    return _UNSAID
