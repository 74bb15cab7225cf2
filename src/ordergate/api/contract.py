"""Contracts: OpenAPI documents with their profiles merged in, and what the doors need of them."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import jsonpath
import yaml

from ordergate.errors import SetupError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

METHODS = ("get", "put", "post", "delete", "patch")


def load_contract(folder: Path, name: str) -> dict[str, Any]:
    """Read `NAME.yaml` and merge `NAME.profile.yaml`, where there is one, over it.

    Raises:
        SetupError: a file is missing or no YAML mapping, or the profile no longer fits.
    """
    contract = _read(folder / f"{name}.yaml")
    profile = folder / f"{name}.profile.yaml"
    return apply_overlay(contract, _read(profile), profile.name) if profile.exists() else contract


def apply_overlay(
    document: Mapping[str, Any], overlay: Mapping[str, Any], source: str = "overlay"
) -> dict[str, Any]:
    """Return a copy of the document with the actions applied in turn (Overlay 1.0.0).

    Arrays are concatenated. Stricter than the specification in one thing: an action must find
    something, so that a profile can't outlive unnoticed what it was written for.

    Args:
        document: an OpenAPI document.
        overlay: an Overlay document.
        source: what errors call the overlay.

    Raises:
        SetupError: an action has no usable target, or its target matches nothing.
    """
    merged = copy.deepcopy(dict(document))
    for action in overlay.get("actions", []):
        where = f"{source}: target {action.get('target')}"
        matches = _matches(merged, action, where)
        for match in reversed(matches):  # later elements of an array go first: indexes stay true
            if action.get("remove"):
                _remove(match, where)
            elif "update" in action:
                _update(match.obj, copy.deepcopy(action["update"]), where)
    return merged


def operations(document: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """Map each operationId to its method, in upper case, and its path template."""
    return {op["operationId"]: (method.upper(), path) for path, method, op in _each(document)}


def allowed_methods(document: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """Map each path template to its methods, in upper case and sorted, as `Allow` lists them."""
    return {
        path: tuple(sorted(method.upper() for method in METHODS if method in item))
        for path, item in document["paths"].items()
    }


def body_schemas(document: Mapping[str, Any]) -> dict[str, dict[str, dict[str, Any]]]:
    """Map each operationId with a request body to the body's JSON Schema (draft 4) per media type.

    Each schema carries the document's `components` beside it, so that its references resolve in it.
    """
    components = document.get("components", {})
    return {
        operation["operationId"]: {
            media_type: {**content["schema"], "components": components}
            for media_type, content in operation["requestBody"]["content"].items()
        }
        for _, _, operation in _each(document)
        if "requestBody" in operation
    }


def _each(document: Mapping[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                yield path, method, item[method]


def _read(path: Path) -> dict[str, Any]:
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise SetupError(f"{path.name} can't be read: {error}") from error
    if not isinstance(document, dict):
        raise SetupError(f"{path.name} holds no mapping")
    return document


def _matches(document: dict[str, Any], action: Mapping[str, Any], where: str) -> list[Any]:
    try:
        matches = list(jsonpath.finditer(action["target"], document))
    except (KeyError, jsonpath.JSONPathError) as error:
        raise SetupError(f"{where} is no JSONPath: {error}") from error
    if not matches:
        raise SetupError(f"{where} matches nothing")
    return matches


def _remove(match: Any, where: str) -> None:
    if match.parent is None:
        raise SetupError(f"{where} would remove the whole document")
    del match.parent.obj[match.parts[-1]]


def _update(target: Any, update: Any, where: str) -> None:
    if isinstance(target, list):
        target.append(update)
    elif isinstance(target, dict) and isinstance(update, dict):
        _merge(target, update)
    else:
        raise SetupError(f"{where} is neither an object to merge with nor an array to append to")


def _merge(target: dict[str, Any], update: dict[str, Any]) -> None:
    for key, value in update.items():
        present = target.get(key)
        if isinstance(present, dict) and isinstance(value, dict):
            _merge(present, value)
        elif isinstance(present, list) and isinstance(value, list):
            present.extend(value)
        else:
            target[key] = value
