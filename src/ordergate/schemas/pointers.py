"""Places in a document: JSON Pointers, and the queries of JSON Patch Query that lead to one.

TMF630 part 5 has two forms: `/orderItem/quantity?orderItem.id=1`, and JSONPath (RFC 9535), as in
`$.orderItem[?(@.id=='1')].quantity`. Either has to lead to one place.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Any

from jsonpath import JSONPathEnvironment
from jsonpath.exceptions import JSONPathError

from ordergate.errors import (
    InvalidPatchError,
    InvalidQueryError,
    PatchConflictError,
    UnsupportedQueryError,
)
from ordergate.tmf630.filter import matches
from ordergate.tmf630.query import Operator, parse_query

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ordergate.tmf630.query import Condition

_EQ = Operator.EQ
_INDEX = re.compile(r"0|[1-9][0-9]{0,8}")
_PLACE = re.compile(r"-|0|[1-9][0-9]{0,8}")
_QUOTED = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"")
_LAST_NAME = re.compile(r"(.+)(?:\.([A-Za-z_]\w*)|\['([^'\\]+)'\])", re.ASCII)
_COSTLY = ("..", ",", "$")
"""Descents, several selectors and queries from the root: nested, they take for ever."""


class _Paths(JSONPathEnvironment):
    """JSONPath without functions: a regular expression of a client's can take for ever too."""

    def setup_function_extensions(self) -> None:
        """Offer none."""


_PATHS = _Paths(strict=True)


def value_at(document: Any, pointer: str) -> Any:
    """Return the value at a JSON Pointer (RFC 6901).

    Raises:
        PatchConflictError: there is none.
    """
    node = document
    for part in map(_unescaped, pointer.split("/")[1:]):
        if isinstance(node, dict) and part in node:
            node = node[part]
        elif isinstance(node, list) and _INDEX.fullmatch(part) and int(part) < len(node):
            node = node[int(part)]
        else:
            raise PatchConflictError(f"There is nothing at {pointer}.")
    return node


def check_place(document: Any, pointer: str) -> None:
    """Check that something can be added at a JSON Pointer.

    Raises:
        PatchConflictError: what it would be a part of isn't there, or is a list without that place.
    """
    parent, _, last = pointer.rpartition("/")
    node = value_at(document, parent)
    if not isinstance(node, list) or last == "-":
        return
    if not (_INDEX.fullmatch(last) and int(last) <= len(node)):
        raise PatchConflictError(f"The list at {parent} has no place {last}.")


def located(document: Any, path: str, *, adds: bool = False) -> str:
    """Return the JSON Pointer that a path of JSON Patch Query leads to.

    Args:
        adds: its last part need not be there yet.

    Raises:
        InvalidPatchError: the path can't be read.
        PatchConflictError: it leads nowhere, or to several places.
    """
    if path[:1] in {"", "/"}:
        return _by_query(document, path, adds=adds)
    pointers = list(islice(_by_path(document, path), 2))
    new = _LAST_NAME.fullmatch(path) if adds and not pointers else None
    if new is not None:
        return f"{located(document, new[1])}/{_escaped(new[2] or new[3])}"
    if len(pointers) > 1:
        raise _several(path)
    if not pointers:
        raise _nothing(path)
    return pointers[0]


def _several(path: str) -> PatchConflictError:
    return PatchConflictError(f"The path leads to several places: {path}")


def _nothing(path: str) -> PatchConflictError:
    return PatchConflictError(f"The path leads to nothing: {path}")


def _by_path(document: Any, path: str) -> Iterator[str]:
    """Yield the places that a JSONPath leads to; its `$.` may be left out."""
    absolute = path if path.startswith("$") else f"${'' if path[0] == '[' else '.'}{path}"
    bare = _QUOTED.sub("''", absolute[1:])
    if any(costly in bare for costly in _COSTLY):
        raise InvalidPatchError(f"No `..`, `,` or inner `$` in a path: {path}")
    try:
        for match in _PATHS.finditer(absolute, document):
            yield "".join(f"/{_escaped(str(part))}" for part in match.parts)
    except (JSONPathError, RecursionError) as error:
        reason = str(error).partition("\n")[0]
        raise InvalidPatchError(f"This is no JSONPath: {path} ({reason})") from error


def _by_query(document: Any, path: str, *, adds: bool) -> str:
    """Return the place of a pointer through attributes, whose query selects from the lists."""
    pointer, _, raw = path.partition("?")
    try:
        query = parse_query(raw, page_limit=1)
    except (InvalidQueryError, UnsupportedQueryError) as error:
        raise InvalidPatchError(f"{error.reason} ({path})") from error
    if query.sort or query.fields or any(one.operator is not _EQ for one in query.conditions):
        raise InvalidPatchError(f"A path selects by name=value: {path}")
    if not _holds(document, query.conditions):
        raise _nothing(path)
    return _Selection(path, query.conditions, adds).place(document, pointer.split("/")[1:])


@dataclass(frozen=True, slots=True)
class _Selection:
    """What is wanted of the elements of lists on the way.

    Args:
        wanted: conditions whose paths start at the document.
        adds: the last part need not be there yet.
    """

    path: str
    wanted: Sequence[Condition]
    adds: bool

    def place(self, node: Any, parts: Sequence[str], names: str = "") -> str:
        """Return the pointer from the node to what the parts lead to.

        Args:
            names: the attributes that led to the node, each followed by a dot.
        """
        if isinstance(node, list):
            return self._in_list(node, parts, names)
        if not parts:
            return ""
        first, *others = parts
        name = _unescaped(first)
        if isinstance(node, Mapping) and name in node:
            return f"/{first}{self.place(node[name], others, f'{names}{name}.')}"
        if isinstance(node, Mapping) and self.adds and not others:
            return f"/{first}"
        raise _nothing(self.path)

    def _in_list(self, node: Sequence[Any], parts: Sequence[str], names: str) -> str:
        inner = [one for one in self.wanted if one.path.startswith(names)]
        if not parts and not inner:
            return ""
        if self.adds and len(parts) == 1 and _PLACE.fullmatch(parts[0]):
            return f"/{parts[0]}"
        numbers: Sequence[int] = range(len(node))
        if parts and _INDEX.fullmatch(parts[0]):
            numbers, parts = numbers[int(parts[0]) :][:1], parts[1:]
        relative = [replace(one, path=one.path[len(names) :]) for one in inner]
        selected = [number for number in numbers if _holds(node[number], relative)]
        if len(selected) > 1:
            raise _several(self.path)
        if not selected:
            raise _nothing(self.path)
        return f"/{selected[0]}{self.place(node[selected[0]], parts, names)}"


def _holds(node: Any, conditions: Sequence[Condition]) -> bool:
    return not conditions or (isinstance(node, Mapping) and matches(node, conditions))


def _unescaped(part: str) -> str:
    return part.replace("~1", "/").replace("~0", "~")


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")
