"""JSON read strictly: what can't be kept, or would mean two things, is refused with its reason.

RFC 8259 in UTF-8 without a byte order mark; no NaN and no Infinity, no lone surrogate, no key
twice. Beyond that, nothing that the store can't hold or could mistake for its own: NUL, whole
numbers beyond 64 bits, deep nesting, and keys with `$` or `.` or named `__proto__`.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import orjson

from ordergate.errors import InvalidDocumentError

if TYPE_CHECKING:
    from ordergate.model.common import Document

DEEPEST = 32
"""Levels of nesting; no TM Forum document has half as many, and the store ends at 100."""

_INT64 = 2**63
_ESCAPED_COLON = rb"\u003a"
_SHOWN = 80  # characters of theirs that an error repeats


def parse(body: bytes, *, any_key: bool = False) -> Document:
    """Return the JSON document.

    Args:
        any_key: keys may hold `$` and `.`, as those of JSON Schemas do; such documents are not
            kept as the store's own objects.

    Raises:
        InvalidDocumentError: it is none, is empty, or holds what is refused.
    """
    if not body.strip():
        raise InvalidDocumentError("The request has no body; a JSON object is expected.")
    try:
        document: Document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise InvalidDocumentError(f"The body is not JSON: {error}.") from error
    check_storable(document, "body", any_key=any_key)
    # A key that is there twice has swallowed its first value, and the colon before that.
    if body.count(b":") != orjson.dumps(document).count(b":") or _ESCAPED_COLON in body.lower():
        _refuse_double_key(body)
    return document


def check_storable(document: object, what: str, *, any_key: bool = False) -> None:
    """Check that the store can keep it.

    Args:
        what: its name in the error.

    Raises:
        InvalidDocumentError: it can't.
    """
    keys: set[str] = set()
    here: list[Any] = [[document]]
    levels = 0
    while here:
        if levels > DEEPEST:
            raise InvalidDocumentError(f"The {what} nests deeper than {DEEPEST} levels.")
        inner: list[Any] = []
        for node in here:
            if type(node) is dict:
                keys.update(node)
            for value in node.values() if type(node) is dict else node:
                if type(value) is dict or type(value) is list:
                    inner.append(value)
                else:
                    _check_scalar(value, what)
        here, levels = inner, levels + 1
    for key in keys:
        _check_key(key, what, any_key=any_key)


def _check_scalar(value: object, what: str) -> None:
    if type(value) is str:
        if "\0" in value:
            raise InvalidDocumentError(f"The {what} holds a NUL character.")
    elif type(value) is int and not -_INT64 <= value < _INT64:
        raise InvalidDocumentError(f"The {what} holds a whole number beyond 64 bits.")


def _check_key(key: str, what: str, *, any_key: bool) -> None:
    if "\0" in key:
        raise InvalidDocumentError(f"The {what} holds a NUL character in a key.")
    if key == "__proto__" or (not any_key and (key.startswith("$") or "." in key)):
        raise InvalidDocumentError(
            f"The {what} holds the key {key[:_SHOWN]!r}; keys have no $ in front and no dot, "
            "and none is __proto__."
        )


def _refuse_double_key(body: bytes) -> None:
    """Refuse a body that says one key twice in an object: parsers differ in which one counts."""

    def pairs(found: list[tuple[str, object]]) -> None:
        keys = [key for key, _ in found]
        for key in keys:
            if keys.count(key) > 1:
                raise InvalidDocumentError(f"The body says {key[:_SHOWN]!r} twice in one object.")

    json.loads(body, object_pairs_hook=pairs, parse_int=str, parse_float=str)
