"""Characteristics: a list of `Characteristic` in documents, a map by name in the process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ordergate.model.common import Document


def as_map(characteristics: Iterable[Document]) -> dict[str, Any]:
    """Return name to value; of two with one name the last counts."""
    return {one["name"]: one["value"] for one in characteristics}


def as_list(characteristics: Mapping[str, Any]) -> list[Document]:
    """Return `Characteristic` documents, with the `valueType` that the value has."""
    return [
        {"name": name, "valueType": _value_type(value), "value": value}
        for name, value in characteristics.items()
    ]


def _value_type(value: object) -> str:
    kinds = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array"}
    return kinds.get(type(value), "object")
