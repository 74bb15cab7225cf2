"""Strict reading, for documents that people write by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from marshmallow import Schema

if TYPE_CHECKING:
    from collections.abc import Iterator

    from marshmallow import ValidationError


class Strict(Schema):
    """Refuses keys that it doesn't know."""

    error_messages = {  # noqa: RUF012 - marshmallow declares it an instance variable
        "unknown": "there is no such key",
        "type": "is not a map",
    }


def messages_of(
    messages: Any, steps: tuple[str | int, ...] = ()
) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield marshmallow's tree of messages as a list; `_schema` is about the level above."""
    if isinstance(messages, dict):
        for step, inner in messages.items():
            yield from messages_of(inner, steps if step == "_schema" else (*steps, step))
    else:
        for message in messages:
            yield steps, str(message)


def first_message(error: ValidationError) -> tuple[tuple[str | int, ...], str]:
    """Return the first thing that is wrong, and the steps to it."""
    return next(messages_of(error.messages))
