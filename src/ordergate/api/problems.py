"""The one table from what went wrong to what the client is told: always a TMF630 `Error`.

TMF630 part 1, §3.4: `code` and `reason` for programs and people, `message` with the attribute
concerned, `status` as text. Nothing of the inside is ever told.
"""

from __future__ import annotations

import logging
import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import orjson
from connexion.exceptions import ProblemException
from connexion.lifecycle import ConnexionResponse
from starlette.exceptions import HTTPException

from ordergate import errors
from ordergate.api.exchange import JSON
from ordergate.schemas.patches import PATCHES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connexion.lifecycle import ConnexionRequest
    from connexion.middleware import ConnexionMiddleware

_log = logging.getLogger(__name__)

STATUS: dict[type[errors.OrdergateError], HTTPStatus] = {
    errors.NotFoundError: HTTPStatus.NOT_FOUND,
    errors.InvalidDocumentError: HTTPStatus.BAD_REQUEST,
    errors.DestinationNotAllowedError: HTTPStatus.BAD_REQUEST,
    errors.TooLargeError: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    errors.UnknownResourceOrderError: HTTPStatus.BAD_REQUEST,
    errors.UnknownServiceOrderError: HTTPStatus.BAD_REQUEST,
    errors.InvalidQueryError: HTTPStatus.BAD_REQUEST,
    errors.UnsupportedQueryError: HTTPStatus.NOT_IMPLEMENTED,
    errors.NotAcceptableError: HTTPStatus.NOT_ACCEPTABLE,
    errors.InvalidPatchError: HTTPStatus.BAD_REQUEST,
    errors.PatchConflictError: HTTPStatus.CONFLICT,
    errors.IllegalTransitionError: HTTPStatus.CONFLICT,
    errors.DuplicateError: HTTPStatus.CONFLICT,
    errors.TooManyListenersError: HTTPStatus.CONFLICT,
    errors.IdempotencyConflictError: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.InProgressError: HTTPStatus.CONFLICT,
    errors.PreconditionFailedError: HTTPStatus.PRECONDITION_FAILED,
    errors.StaleRevisionError: HTTPStatus.CONFLICT,
    errors.StoreUnavailableError: HTTPStatus.SERVICE_UNAVAILABLE,
}
"""Status of each of our own errors; a test holds it to the whole family."""

FRAMEWORK_CODES = {
    400: "badRequest",
    404: "notFound",
    405: "methodNotAllowed",
    406: "notAcceptable",
    413: "bodyTooLarge",
    415: "unsupportedMediaType",
}
_RETRY_AFTER = {"Retry-After": "2"}
_PASSING = (errors.StoreUnavailableError, errors.InProgressError)
"""What another try may well not meet again."""


def error_body(status: int, code: str, reason: str, message: str | None = None) -> dict[str, Any]:
    """Return a TMF630 `Error`; every value is a text."""
    document = {"@type": "Error", "code": code, "reason": reason, "status": str(status)}
    return document if message is None else {**document, "message": message}


class Problems:
    """Answers whatever is raised, by handlers or by the framework.

    Args:
        allowed: path template to the methods it takes, for the `Allow` header of a 405.
    """

    def __init__(self, allowed: Mapping[str, tuple[str, ...]]) -> None:
        literal_first = sorted(allowed.items(), key=lambda one: one[0].count("{"))
        self._allowed = [(_pattern(path), methods) for path, methods in literal_first]

    def register(self, app: ConnexionMiddleware) -> None:
        """Make Connexion ask here about every error."""
        app.add_error_handler(errors.OrdergateError, self.of_ours)
        app.add_error_handler(ProblemException, self.of_connexion)
        app.add_error_handler(HTTPException, self.of_framework)
        app.add_error_handler(Exception, self.of_a_bug)

    async def of_ours(self, _: ConnexionRequest, error: Exception) -> ConnexionResponse:
        """Answer one of our own errors."""
        assert isinstance(error, errors.OrdergateError)  # noqa: S101 - registered for no other
        status = STATUS[type(error)]
        retry = _RETRY_AFTER if isinstance(error, _PASSING) else {}
        return _response(error_body(status, error.code, error.reason, error.path), status, retry)

    async def of_connexion(self, request: ConnexionRequest, error: Exception) -> ConnexionResponse:
        """Answer what Connexion found wrong: parameters, media types, routes."""
        assert isinstance(error, ProblemException)  # noqa: S101 - registered for no other
        code = FRAMEWORK_CODES.get(error.status, "badRequest")
        reason = str(error.detail or error.title).split("\n")[0]
        is_patch = error.status == HTTPStatus.UNSUPPORTED_MEDIA_TYPE and request.method == "PATCH"
        headers = {"Accept-Patch": ", ".join(PATCHES)} if is_patch else {}
        return _response(error_body(error.status, code, reason), error.status, headers)

    async def of_framework(self, request: ConnexionRequest, error: Exception) -> ConnexionResponse:
        """Answer what the router found wrong: no such path, or no such method there."""
        assert isinstance(error, HTTPException)  # noqa: S101 - registered for no other
        status, path = error.status_code, request.url.path
        headers = dict(error.headers or {})
        reason = str(error.detail)
        if status == HTTPStatus.NOT_FOUND:
            reason = f"There is nothing at {path}."
        elif status == HTTPStatus.METHOD_NOT_ALLOWED:
            methods = ", ".join(self._methods_at(path)) or headers.get("Allow", "GET")
            headers["Allow"] = methods
            reason = f"{path} takes {methods}, not {request.method}."
        code = FRAMEWORK_CODES.get(status, "badRequest")
        return _response(error_body(status, code, reason), status, headers)

    async def of_a_bug(self, request: ConnexionRequest, error: Exception) -> ConnexionResponse:
        """Answer a defect of ours: logged whole, told without its inside."""
        _log.error("unexpected error at %s", request.url.path, exc_info=error)
        body = error_body(500, "internalError", "Something is wrong here; the log has the details.")
        return _response(body, 500, {})

    def _methods_at(self, path: str) -> tuple[str, ...]:
        return next((methods for pattern, methods in self._allowed if pattern.fullmatch(path)), ())


def _pattern(template: str) -> re.Pattern[str]:
    parts = re.split(r"\{[^}]+\}", template)
    return re.compile("[^/]+".join(re.escape(part) for part in parts))


def _response(
    document: Mapping[str, str], status: int, headers: Mapping[str, str]
) -> ConnexionResponse:
    return ConnexionResponse(
        status_code=int(status),
        body=orjson.dumps(document),
        headers={**headers, "Content-Type": JSON},
    )
