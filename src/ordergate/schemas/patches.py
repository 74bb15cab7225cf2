"""Patches: what a PATCH does to a document, by its media type (TMF630 part 1, §6, and part 5).

The contract checks the shape of a patch before; here is what it can't say.
"""

from __future__ import annotations

from copy import deepcopy
from functools import partial
from typing import TYPE_CHECKING, Any

import orjson
from jsonpath import JSONPatch
from jsonpath.exceptions import JSONPatchError

from ordergate.errors import InvalidPatchError, PatchConflictError
from ordergate.schemas.pointers import check_place, located, value_at
from ordergate.tmf630.patch import merge_patch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ordergate.model.common import Document
    from ordergate.tmf630.patch import Change

JSON_PATCH = "application/json-patch+json"
JSON_PATCH_QUERY = "application/json-patch-query+json"
PATCHES = ("application/merge-patch+json", "application/json", JSON_PATCH, JSON_PATCH_QUERY)
"""Media types of a PATCH, the standard's first; `application/json` is a merge patch too (W5)."""

_TAKING = frozenset({"move", "copy"})
"""Operations that take a value `from` elsewhere."""

LARGEST = 1_000_000
"""Bytes that a document may have between two operations: each copy can double it."""

MOST_SEARCHED = 5_000_000
"""Bytes of a document times the operations whose queries search it, or it takes seconds."""


def change_of(media_type: str, patch: Any) -> Change:
    """Return what the patch does to a document: all of it, or nothing.

    The change raises InvalidPatchError for a path that can't be read, and PatchConflictError where
    the document isn't what the patch takes it for (W10, W11).
    """
    if media_type not in {JSON_PATCH, JSON_PATCH_QUERY}:
        return partial(merge_patch, patch=patch)
    return partial(_patched, operations=patch, queried=media_type == JSON_PATCH_QUERY)


def _patched(document: Document, operations: Sequence[Document], *, queried: bool) -> Document:
    if queried and len(orjson.dumps(document)) * len(operations) > MOST_SEARCHED:
        raise InvalidPatchError("These are too many queries for an order of this size.")
    result: Any = deepcopy(document)
    for number, operation in enumerate(operations):
        try:
            result = _applied(result, _located(result, operation) if queried else operation)
            _check_size(result)
        except JSONPatchError as error:
            raise PatchConflictError(f"{error}.", path=f"[{number}]") from error
        except (InvalidPatchError, PatchConflictError) as error:
            raise type(error)(error.reason, path=f"[{number}]") from error
    patched: Document = result
    return patched


def _located(document: Any, operation: Document) -> Document:
    """Return the operation with JSON Pointers in place of queries."""
    step = {**operation, "path": located(document, operation["path"], adds=_adds(operation))}
    if operation["op"] in _TAKING:
        step["from"] = located(document, operation["from"])
    return step


def _adds(operation: Document) -> bool:
    return operation["op"] == "add" or operation["op"] in _TAKING


def _applied(document: Any, operation: Document) -> Any:
    """Return the document after one operation of RFC 6902.

    The library is lenient: it takes true for 1, and names of attributes for attributes.
    """
    if _adds(operation):
        check_place(document, operation["path"])
    if operation["op"] != "add":
        found = value_at(document, operation["from" if operation["op"] in _TAKING else "path"])
        if operation["op"] == "test" and not _same(found, operation["value"]):
            raise PatchConflictError(f"The test of {operation['path']} failed.")
    # A copy, because a later operation may change what this one adds, and a patch may run again.
    return JSONPatch([deepcopy(operation)], unicode_escape=False).apply(document)


def _same(one: Any, other: Any) -> bool:
    """Compare as JSON does (RFC 6902, §4.6): 1 is 1.0, and true is no number."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[name], other[name]) for name in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    equal: bool = one == other
    return equal


def _check_size(document: Any) -> None:
    try:
        size = len(orjson.dumps(document))
    except orjson.JSONEncodeError as error:  # its nesting ends at 254 levels
        raise InvalidPatchError("The result nests too deep.") from error
    if size > LARGEST:
        raise InvalidPatchError(f"The result is larger than {LARGEST} bytes.")
