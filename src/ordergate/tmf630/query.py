"""The query string of a list or an entity, as neutral values (TMF630 part 1, §4.3 to §4.7).

The raw text is read, because a framework's own reading loses what TMF630 gives a meaning to:
`;`, and an operator written in the name (`orderDate%3E2024-05-01`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING
from urllib.parse import unquote_plus

from ordergate.errors import InvalidQueryError, UnsupportedQueryError
from ordergate.tmf630.comparable import check_dates
from ordergate.tmf630.pattern import compiled

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ordergate.tmf630.pattern import Pattern, PatternCompiler

# What a stranger may send; far above what a person or a conformance kit does.
MOST_CONDITIONS = 50
MOST_VALUES = 100
MOST_SORT_KEYS = 10
DEEPEST_PATH = 10
_SHOWN = 200  # characters of theirs that an error repeats

_IGNORED = frozenset({"before", "after", "depth", "expand"})
RESERVED = frozenset({"fields", "offset", "limit", "sort", "filter"}) | _IGNORED


class Operator(StrEnum):
    """How a condition compares; the value is the suffix of an attribute's name (`orderDate.gt`)."""

    EQ = "eq"
    NE = "ne"
    GT = "gt"
    GTE = "gte"
    LT = "lt"
    LTE = "lte"
    REGEX = "regex"


_SUFFIXES = frozenset(Operator)
_ORDERINGS = frozenset({Operator.GT, Operator.GTE, Operator.LT, Operator.LTE})

# Read on the raw text: an encoded operator is one, and the first one ends the name. `=~` is not
# among them, since a value may begin with `~` and nobody encodes that.
_SPELLING = re.compile(
    r"(?P<gte>(?:>|%3E)(?:=|%3D))|(?P<gt>>|%3E)|(?P<lte>(?:<|%3C)(?:=|%3D))|(?P<lt><|%3C)"
    r"|(?P<ne>(?:!|%21)(?:=|%3D))|(?P<regex>(?:\*|%2A)(?:=|%3D)|%3D(?:~|%7E))|(?P<eq>==|%3D%3D|=|%3D)",
    re.IGNORECASE,
)
_VALUE = re.compile(r'(?:\A|,)("[^"]*"(?=,|\Z)|[^,]*)')
_SORT_KEY = re.compile(r"(?P<direction>[+ -]?)(?P<path>[^+ -].*)", re.DOTALL)
_COUNT = re.compile(r"\d{1,18}", re.ASCII)  # 18 digits fit any store's integers


@dataclass(frozen=True, slots=True)
class Condition:
    """One attribute compared with one or more values; it holds if it does for any of them.

    `NE` is the exception: it holds if the attribute equals none of the values. `path` is dotted
    and goes through objects and arrays alike. `patterns` are the values of a `REGEX`, compiled.
    """

    path: str
    operator: Operator
    values: tuple[str, ...]
    patterns: tuple[Pattern, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class SortKey:
    """One attribute to sort by; entities without it come last in either direction."""

    path: str
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """What a client asks of a list; all conditions must hold.

    `fields` is None for whole entities and empty for `fields=none`; no path lies inside another.
    `limit` is None if the client sent none, 0 if it wants the counts alone, and never above
    the page limit.
    """

    conditions: tuple[Condition, ...] = ()
    fields: tuple[str, ...] | None = None
    sort: tuple[SortKey, ...] = ()
    offset: int = 0
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class _Parameter:
    """One `&` part of a query string: `path` has no suffix any more, values are decoded."""

    path: str
    operator: Operator
    values: tuple[str, ...]


def parse_query(
    raw: str, *, page_limit: int, compile_pattern: PatternCompiler | None = None
) -> Query:
    """Read a query string that is not decoded yet; a `limit` above `page_limit` becomes that.

    Raises:
        InvalidQueryError: what can't be read; its path is the parameter or attribute concerned.
        UnsupportedQueryError: `filter`, `;` between different attributes or operators, or a regular
            expression where there is nothing to compile it.
    """
    filters: dict[tuple[str, Operator], list[str]] = {}
    reserved: dict[str, list[str]] = {}
    for parameter in map(_parameter, filter(None, raw.split("&"))):
        if parameter.path in RESERVED:
            reserved.setdefault(parameter.path, []).extend(_assigned(parameter))
        else:
            key = parameter.path, parameter.operator
            filters.setdefault(key, []).extend(parameter.values)
    if "filter" in reserved:
        raise UnsupportedQueryError(
            "filter (JSONPath) is not offered; filter by attributes, as in state=completed",
            path="filter",
        )
    limit = _count("limit", reserved)
    return Query(
        conditions=_conditions(filters, compile_pattern),
        fields=_fields(reserved.get("fields", ())),
        sort=_sort(reserved.get("sort", ())),
        offset=_count("offset", reserved) or 0,
        limit=None if limit is None else min(limit, page_limit),
    )


def _parameter(piece: str) -> _Parameter:
    """Read one `&` part, still encoded, in any of TMF630's spellings.

    A comma separates values even if it is encoded, because clients' libraries encode it without
    being asked; within double quotes it belongs to the value. `;` separates only if it is not
    encoded. A regular expression keeps its commas (`a{1,2}`): it has `|` of its own.
    """
    first, *others = piece.split(";")
    path, operator, text = _comparison(first)
    read = _pattern_text if operator is Operator.REGEX else _values
    values = read(text)
    for other in others:
        if _SPELLING.search(other) is None:
            values.extend(read(_decoded(other)))
            continue
        other_path, other_operator, text = _comparison(other)
        if (other_path, other_operator) != (path, operator):
            raise UnsupportedQueryError(
                f"; joins values of one attribute and operator, not {path} and {other_path}; "
                "ask for each on its own",
                path=path,
            )
        values.extend(read(text))
    return _Parameter(path, operator, tuple(values))


def _comparison(segment: str) -> tuple[str, Operator, str]:
    """Split `name operator value`; a suffix counts only with a plain equals sign."""
    spelled = _SPELLING.search(segment)
    if spelled is None:
        name = segment[:_SHOWN]
        raise InvalidQueryError(f"{name} has no value; write {name}=...", path=name)
    name, text = _decoded(segment[: spelled.start()]), _decoded(segment[spelled.end() :])
    operator = Operator(str(spelled.lastgroup))
    base, _, suffix = name.rpartition(".")
    if operator is Operator.EQ and base and suffix in _SUFFIXES:
        name, operator = base, Operator(suffix)
    _check_path(name, parameter=name)
    if name != name.strip():  # it can only be a slip, and would select nothing
        raise InvalidQueryError(
            f"a path has no blank at its ends: {name[:_SHOWN]!r}", path=name[:_SHOWN]
        )
    return name, operator, text


def _decoded(text: str) -> str:
    """Decode percent signs, and `+` as the blank that forms make of it."""
    try:
        return unquote_plus(text, errors="strict")
    except UnicodeDecodeError as error:
        shown = text[:_SHOWN]
        raise InvalidQueryError(f"{shown} is not UTF-8 once decoded", path=shown) from error


def _values(text: str) -> list[str]:
    """Split at commas outside double quotes, and take the quotes off."""
    return [_unquoted(value) for value in _VALUE.findall(text)]


def _pattern_text(text: str) -> list[str]:
    return [_unquoted(text)]


def _unquoted(value: str) -> str:
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] == '"' else value


def _check_path(path: str, *, parameter: str) -> None:
    """Refuse what is no path, or what a store would take for an instruction of its own."""
    parts = path.split(".")
    if len(parts) > DEEPEST_PATH:
        reason = f"a path has at most {DEEPEST_PATH} parts"
    elif not all(parts):
        reason = "a path has no empty part"
    elif any(part.startswith("$") for part in parts):
        reason = "no part of a path begins with $"
    elif "\0" in path:
        reason = "a path has no NUL character"
    else:
        return
    raise InvalidQueryError(f"{reason}: {path[:_SHOWN]!r}", path=parameter[:_SHOWN])


def _check_number(parameter: str, found: int, most: int) -> None:
    if found > most:
        raise InvalidQueryError(f"at most {most} are taken here, not {found}", path=parameter)


def _assigned(parameter: _Parameter) -> tuple[str, ...]:
    """Return the values of a reserved parameter, which nothing but `=` can give it."""
    if parameter.operator is not Operator.EQ:
        raise InvalidQueryError(
            f"{parameter.path} is no attribute; write {parameter.path}=...", path=parameter.path
        )
    return parameter.values


def _conditions(
    filters: dict[tuple[str, Operator], list[str]], compile_pattern: PatternCompiler | None
) -> tuple[Condition, ...]:
    _check_number("filters", len(filters), MOST_CONDITIONS)
    conditions = []
    for (path, operator), values in filters.items():
        _check_number(path, len(values), MOST_VALUES)
        patterns: tuple[Pattern, ...] = ()
        if operator in _ORDERINGS and _is_date(path):
            check_dates(path, values)
        elif operator is Operator.REGEX:
            patterns = tuple(compiled(value, compile_pattern, path=path) for value in values)
        conditions.append(Condition(path, operator, tuple(values), patterns))
    return tuple(conditions)


def _is_date(path: str) -> bool:
    """Tell a date by its name, as TM Forum gives them, where there is no contract to look into."""
    attribute = path.rpartition(".")[2]
    return attribute.endswith(("Date", "DateTime")) or attribute == "date"


def _fields(values: Iterable[str]) -> tuple[str, ...] | None:
    names = dict.fromkeys(name for value in values if (name := value.strip(" ")))
    _check_number("fields", len(names), MOST_VALUES)
    if not names:
        return None
    names.pop("none", None)
    for name in names:
        _check_path(name, parameter="fields")
    return tuple(n for n in names if not any(n.startswith(f"{outer}.") for outer in names))


def _sort(values: Iterable[str]) -> tuple[SortKey, ...]:
    keys: dict[str, SortKey] = {}
    for value in values:
        shape = _SORT_KEY.fullmatch(value)
        if shape is None:
            raise InvalidQueryError(
                f"{value[:_SHOWN]!r} is no sort key, such as orderDate or -orderDate", path="sort"
            )
        _check_path(shape["path"], parameter="sort")
        keys.setdefault(shape["path"], SortKey(shape["path"], shape["direction"] == "-"))
    _check_number("sort", len(keys), MOST_SORT_KEYS)
    return tuple(keys.values())


def _count(parameter: str, reserved: dict[str, list[str]]) -> int | None:
    values = reserved.get(parameter)
    if values is None:
        return None
    if len(values) != 1 or _COUNT.fullmatch(values[0]) is None:
        raise InvalidQueryError(
            f"{parameter} is one whole number from 0, not {','.join(values)[:_SHOWN]!r}",
            path=parameter,
        )
    return int(values[0])
