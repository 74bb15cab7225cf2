"""Selection of attributes (TMF630 part 1, §4.3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def select(document: Mapping[str, Any], fields: tuple[str, ...] | None) -> dict[str, Any]:
    """Return the document with the attributes of `fields` alone; None keeps them all.

    `id` and `href` stay in any case. A dotted path selects within objects and within each element
    of an array; elements keep their place, and come out empty if they lack the attribute.
    What the document doesn't have is left out.
    """
    if fields is None:
        return dict(document)
    return _selected(document, [path.split(".") for path in ("id", "href", *fields)])


def _selected(document: Mapping[str, Any], paths: list[list[str]]) -> dict[str, Any]:
    inner: dict[str, list[list[str]]] = {}
    for name, *rest in paths:
        inner.setdefault(name, []).append(rest)
    selected: dict[str, Any] = {}
    for name, value in document.items():
        if name not in inner:
            continue
        if [] in inner[name]:
            selected[name] = value
        elif isinstance(value, Mapping | list):
            selected[name] = _within(value, inner[name])
    return selected


def _within(value: Any, paths: list[list[str]]) -> Any:
    """Select inside an object, or inside each object of an array."""
    if isinstance(value, Mapping):
        return _selected(value, paths)
    return [_within(element, paths) for element in value if isinstance(element, Mapping | list)]
