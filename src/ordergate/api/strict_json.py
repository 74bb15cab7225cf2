"""JSON read strictly: what can't be kept, or would mean two things, is refused with its reason.

RFC 8259 in UTF-8 without a byte order mark; no NaN and no Infinity, no lone surrogate, no key
twice. Beyond that, nothing that the store can't hold or could mistake for its own: NUL, whole
numbers beyond 64 bits, deep nesting, and keys with `$` or `.` or named `__proto__`.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import orjson

from ordergate.errors import InvalidDocumentError

if TYPE_CHECKING:
    from ordergate.model.common import Document

DEEPEST = 32
"""Levels of nesting; no TM Forum document has half as many, and the store ends at 100."""

_INT64 = 2**63
_SHOWN = 80  # characters of theirs that an error repeats
_TEXT = re.compile(rb'"(?:[^"\\]|\\.)*"')


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
    attributes = check_storable(document, "body", any_key=any_key)
    # Every attribute has one colon outside of texts: more colons than attributes, and a key that
    # is there twice has swallowed its first value.
    if _TEXT.sub(b"", body).count(b":") != attributes:
        _name_double_key(body)
    return document


def check_storable(document: object, what: str, *, any_key: bool = False) -> int:
    """Check that the store can keep it; return how many attributes its objects have in all.

    Args:
        what: its name in the error.

    Raises:
        InvalidDocumentError: it can't.
    """
    attributes, depth, here = 0, 0, [document]
    while here:
        inner: list[object] = []
        for node in here:
            if not isinstance(node, dict | list):
                _check_scalar(node, what)
                continue
            if depth == DEEPEST:
                raise InvalidDocumentError(f"The {what} nests deeper than {DEEPEST} levels.")
            if isinstance(node, dict):
                attributes += len(node)
                for key in node:
                    _check_key(key, what, any_key=any_key)
            inner.extend(node.values() if isinstance(node, dict) else node)
        here, depth = inner, depth + 1
    return attributes


def _check_scalar(value: object, what: str) -> None:
    if isinstance(value, str):
        if "\0" in value:
            raise InvalidDocumentError(f"The {what} holds a NUL character.")
    elif isinstance(value, int) and not -_INT64 <= value < _INT64:
        raise InvalidDocumentError(f"The {what} holds a whole number beyond 64 bits.")


def _check_key(key: str, what: str, *, any_key: bool) -> None:
    if "\0" in key:
        raise InvalidDocumentError(f"The {what} holds a NUL character in a key.")
    if key == "__proto__" or (not any_key and (key.startswith("$") or "." in key)):
        raise InvalidDocumentError(
            f"The {what} holds the key {key[:_SHOWN]!r}; keys have no $ in front and no dot, "
            "and none is __proto__."
        )


def _name_double_key(body: bytes) -> None:
    """Refuse an object that says one key twice: parsers differ in which one counts."""

    def pairs(found: list[tuple[str, object]]) -> None:
        keys = [key for key, _ in found]
        for key in keys:
            if keys.count(key) > 1:
                raise InvalidDocumentError(f"The body says {key[:_SHOWN]!r} twice in one object.")

    json.loads(body, object_pairs_hook=pairs, parse_int=str, parse_float=str)
