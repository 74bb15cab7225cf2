"""JSON Merge Patch (RFC 7396), the patch that TMF630 part 1, §6 asks for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any, TypeAlias

Change: TypeAlias = Callable[[dict[str, Any]], dict[str, Any]]
"""What a patch does to a document: returns the result, and leaves the document as it is."""


def merge_patch(target: Any, patch: Any) -> Any:
    """Return `target` with `patch` applied; the result shares nothing with either.

    A null deletes its attribute, an array replaces the old one whole, and anything but an object
    replaces the target.
    """
    return _merged(deepcopy(target), deepcopy(patch))


def _merged(target: Any, patch: Any) -> Any:
    if not isinstance(patch, Mapping):
        return patch
    merged = dict(target) if isinstance(target, Mapping) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = _merged(merged.get(name), value)
    return merged
