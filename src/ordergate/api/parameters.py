"""Parameters of a request: Connexion's check, in words that name the parameter."""

from __future__ import annotations

from typing import Any

from connexion.validators import ParameterValidator


class NamedParameters(ParameterValidator):  # type: ignore[misc]  # Connexion has no types
    """Says which parameter is wrong; Connexion's own text leaves it out."""

    @staticmethod
    def validate_parameter(
        parameter_type: str,
        value: object,
        param: dict[str, Any],
        param_name: str | None = None,
    ) -> str | None:
        """Return what is wrong with a parameter, or None."""
        error = ParameterValidator.validate_parameter(parameter_type, value, param, param_name)
        return f"{param['name']}: {error.splitlines()[0]}." if error else None
