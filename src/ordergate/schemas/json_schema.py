"""JSON Schema, compiled: values of rules (draft 2020-12) and bodies of contracts (draft 4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import jsonschema_rs

from ordergate.errors import InvalidDocumentError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_LONGEST_PART = 100
"""Characters of a message before and after a cut: values stand first, what they break last."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a schema has against a document, and where: `orderItem[0].action`."""

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message


class JsonSchema:
    """A compiled schema; it satisfies `process.rules.ValueSchema`."""

    def __init__(self, validator: jsonschema_rs.Validator) -> None:
        self._validator = validator

    def is_valid(self, value: Any) -> bool:
        """Return whether `value` is right; what is no JSON at all isn't."""
        try:
            return self._validator.is_valid(value)
        except ValueError:
            return False

    def findings(self, value: Any) -> list[Finding]:
        """Return everything that is wrong with `value`."""
        if self.is_valid(value):
            return []
        try:
            return [
                Finding(path_of(error.instance_path), _message_of(error))
                for error in self._validator.iter_errors(value)
            ]
        except ValueError as error:
            return [Finding("", f"is no JSON value: {error}")]

    def problems(self, value: Any) -> list[str]:
        """Return the findings as sentences, each with its path inside the value."""
        return [str(finding) for finding in self.findings(value)]


def compile_schema(schema: Mapping[str, Any], *, draft4: bool = False) -> JsonSchema:
    """Compile a schema; formats are checked, and nothing is fetched from elsewhere.

    Args:
        draft4: read it as draft 4, which is what OpenAPI 3.0 builds on.

    Raises:
        InvalidDocumentError: it is no valid schema; `path` says where in it.
    """
    kind = jsonschema_rs.Draft4Validator if draft4 else jsonschema_rs.Draft202012Validator
    try:
        return JsonSchema(kind(dict(schema), validate_formats=True, offline=True))
    except jsonschema_rs.ValidationError as error:
        reason = f"This is no valid JSON Schema: {_message_of(error)}"
        raise InvalidDocumentError(reason, path=path_of(error.instance_path) or None) from error
    except ValueError as error:
        raise InvalidDocumentError(f"This is no valid JSON Schema: {error}") from error


def path_of(steps: Iterable[str | int]) -> str:
    """Return the steps into a document as one path: `orderItem[0].action`."""
    path = ""
    for step in steps:
        path += f"[{step}]" if isinstance(step, int) else f".{step}" if path else step
    return path


def _message_of(error: jsonschema_rs.ValidationError) -> str:
    """Return the validator's message, without the middle of a long value that it repeats."""
    message = error.message
    if len(message) <= 2 * _LONGEST_PART:
        return message
    return f"{message[:_LONGEST_PART]}…{message[-_LONGEST_PART:]}"
