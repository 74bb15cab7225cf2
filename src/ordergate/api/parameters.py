"""Parameters of a request: Connexion's check, in words that name the parameter, and `Accept`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connexion.validators import ParameterValidator

from ordergate.api.accept import takes_json
from ordergate.errors import InvalidDocumentError, InvalidQueryError, NotAcceptableError
from ordergate.schemas.json_schema import compile_schema

if TYPE_CHECKING:
    from starlette.types import Scope

_REFUSALS = {"query": InvalidQueryError}


class NamedParameters(ParameterValidator):  # type: ignore[misc]  # Connexion has no types
    """Says which parameter is wrong; Connexion's own text leaves it out.

    One serves all requests of an operation. What a compiled schema takes, and a request without
    parameters, isn't looked at any further.

    Args:
        parameters: those of the operation.
    """

    def __init__(self, parameters: list[dict[str, Any]], uri_parser: Any) -> None:
        super().__init__(parameters, uri_parser)
        self._schemas = {
            (one["in"], one["name"]): compile_schema(one["schema"], draft4=True)
            for one in parameters
        }
        self._path = [one["name"] for one in parameters if one["in"] == "path"]
        self._headers = {
            one["name"].lower().encode() for one in parameters if one["in"] == "header"
        }
        self._asks = any(one.get("required") for one in parameters if one["in"] != "path")

    def validate(self, scope: Scope) -> None:
        """Check the parameters of a request.

        Raises:
            NotAcceptableError: its answer can't be JSON.
            InvalidQueryError, InvalidDocumentError: see `validate_parameter`.
        """
        accept = b", ".join(value for name, value in scope["headers"] if name == b"accept")
        if not takes_json(accept.decode("latin-1")):
            reason = "Answers are application/json, which the Accept header leaves no room for."
            raise NotAcceptableError(reason, path="Accept")
        if self._asks or scope["query_string"] or not self._is_plain(scope):
            super().validate(scope)

    def _is_plain(self, scope: Scope) -> bool:
        """Return whether the path is right, and no header is there that the contract names."""
        given = scope["path_params"]
        right = all(self._schemas["path", name].is_valid(given[name]) for name in self._path)
        return right and not any(name in self._headers for name, _ in scope["headers"])

    def validate_parameter(
        self,
        parameter_type: str,
        value: object,
        param: dict[str, Any],
        param_name: str | None = None,
    ) -> None:
        """Check one parameter.

        Raises:
            InvalidQueryError, InvalidDocumentError: naming it, and saying what it is for.
        """
        if value is not None and self._schemas[param["in"], param["name"]].is_valid(value):
            return
        error = ParameterValidator.validate_parameter(parameter_type, value, param, param_name)
        if error is None:
            return
        name, refusal = param["name"], _REFUSALS.get(param["in"], InvalidDocumentError)
        raise refusal(f"{name}: {error.splitlines()[0]}. {param['description']}.", path=name)
