"""Parameters of a request: Connexion's check, in words that name the parameter, and `Accept`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connexion.validators import ParameterValidator
from starlette.datastructures import Headers

from ordergate.api.accept import takes_json
from ordergate.errors import InvalidDocumentError, InvalidQueryError, NotAcceptableError

if TYPE_CHECKING:
    from starlette.types import Scope

_REFUSALS = {"query": InvalidQueryError}


class NamedParameters(ParameterValidator):  # type: ignore[misc]  # Connexion has no types
    """Says which parameter is wrong; Connexion's own text leaves it out."""

    def validate(self, scope: Scope) -> None:
        """Check the parameters of a request.

        Raises:
            NotAcceptableError: its answer can't be JSON.
        """
        accept = ", ".join(Headers(scope=scope).getlist("accept"))
        if not takes_json(accept):
            reason = "Answers are application/json, which the Accept header leaves no room for."
            raise NotAcceptableError(reason, path="Accept")
        super().validate(scope)

    @staticmethod
    def validate_parameter(
        parameter_type: str,
        value: object,
        param: dict[str, Any],
        param_name: str | None = None,
    ) -> None:
        """Check one parameter.

        Raises:
            InvalidQueryError, InvalidDocumentError: naming it, and saying what it is for.
        """
        error = ParameterValidator.validate_parameter(parameter_type, value, param, param_name)
        if error is None:
            return
        name, refusal = param["name"], _REFUSALS.get(param["in"], InvalidDocumentError)
        raise refusal(f"{name}: {error.splitlines()[0]}. {param['description']}.", path=name)
