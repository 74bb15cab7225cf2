"""TMF630 queries compiled to MongoDB's, so that they mean what `tmf630.filter` means.

Filter values become constants compared with `$eq`, `$gt` and so on; nothing a client sends becomes
an operator or a field name of the query language. Regular expressions are RE2's, which MongoDB's
engine reads the same way but for what `_as_pcre` says.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from ordergate.model.common import timestamp
from ordergate.tmf630.comparable import candidates
from ordergate.tmf630.filter import bounds
from ordergate.tmf630.query import Operator

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ordergate.tmf630.comparable import Period
    from ordergate.tmf630.query import Condition, SortKey

_DAY = timedelta(days=1)
_ASCENDING, _DESCENDING = 1, -1

# A quotation, an escape and a class go by as they are; what is left to find is the bare `$`.
_TOKEN = re.compile(
    r"\\Q.*?(?:\\E|\Z)|\\.|\[\^?\]?(?:\\.|\[:\^?\w+:\]|[^\]])*\]|(?P<end>\$)", re.DOTALL
)
_MULTILINE = re.compile(r"\(\?(?:P?<\w+>)?[a-zA-Z]*m")


def compile_filter(conditions: Iterable[Condition], root: str) -> dict[str, Any]:
    """Return the filter for documents kept under the field `root`."""
    clauses = [_clause(condition, f"{root}.{condition.path}") for condition in conditions]
    return {"$and": clauses} if clauses else {}


def compile_sort(keys: Iterable[SortKey], root: str, default: str) -> list[tuple[str, int]]:
    """Return the sort; without keys by `default` (an attribute), then always by id.

    The id goes the way of the key before it, so that one index serves both directions.
    """
    wanted = [(f"{root}.{key.path}", _direction(key)) for key in keys]
    wanted = wanted or [(f"{root}.{default}", _ASCENDING)]
    return [*wanted, ("_id", wanted[-1][1])]


def compile_missing_last(keys: Sequence[SortKey], root: str) -> list[dict[str, Any]]:
    """Return the stages that sort as `compile_sort` does, but with missing values last.

    MongoDB sorts what is missing first, in ascending order. An array counts by its least value,
    and descending by its greatest. No index serves this.
    """
    computed: dict[str, Any] = {}
    order: dict[str, int] = {}
    for number, key in enumerate(keys):
        extreme = {"$max" if key.descending else "$min": f"${root}.{key.path}"}
        computed |= {f"key{number}": extreme, f"missing{number}": {"$lte": [extreme, None]}}
        order |= {f"missing{number}": _ASCENDING, f"key{number}": _direction(key)}
    return [{"$addFields": computed}, {"$sort": {**order, "_id": _direction(keys[-1])}}]


def _direction(key: SortKey) -> int:
    return _DESCENDING if key.descending else _ASCENDING


def _clause(condition: Condition, field: str) -> dict[str, Any]:
    """Return what holds where the attribute compares so with any of the values."""
    if condition.operator is Operator.REGEX:
        return {"$or": [{field: {"$regex": _as_pcre(text)}} for text in condition.values]}
    negated = condition.operator is Operator.NE
    operator = Operator.EQ if negated else condition.operator
    anything = [one for text in condition.values for one in _comparisons(text, operator, field)]
    return {"$nor" if negated else "$or": anything}


def _comparisons(text: str, operator: Operator, field: str) -> list[dict[str, Any]]:
    """Return a comparison for every meaning of the text; MongoDB compares like with like only."""
    wanted = candidates(text)
    found: list[dict[str, Any]] = []
    if wanted.number is not None:
        found.append({field: {f"${operator}": wanted.number}})
    if wanted.boolean is not None and operator is Operator.EQ:
        found.append({field: {"$eq": wanted.boolean}})
    if wanted.period is not None:
        found.append({field: _within(wanted.period, operator)})
    if wanted.period is None or operator is Operator.EQ:
        found.append({field: {f"${operator}": wanted.text}})
    return found


def _within(period: Period, operator: Operator) -> dict[str, str]:
    """Return how a date compares: dates are kept in UTC with `Z`, so they order as text.

    Over an array, MongoDB lets one element meet each limit; so there is never more than one here.
    """
    first, before = bounds(period, operator)
    if first is not None and before is not None:
        return _beginning(timestamp(first), period)
    limits = {"$gte": first, "$lt": before}
    return {name: timestamp(moment) for name, moment in limits.items() if moment is not None}


def _beginning(first: str, period: Period) -> dict[str, str]:
    """Return what a millisecond, a day or a month begins with."""
    length = period.end - period.start
    if length <= timedelta(milliseconds=1):
        return {"$eq": first}
    return {"$regex": "^" + first[: len("2024-05-01T" if length <= _DAY else "2024-05-")]}


def _as_pcre(pattern: str) -> str:
    """Return the expression with `$` as the very end, as RE2 has it: PCRE stops before a newline.

    Where `(?m)` makes it the end of a line, both agree.
    """
    if _MULTILINE.search(pattern):
        return pattern
    return _TOKEN.sub(lambda token: r"\z" if token["end"] else token[0], pattern)
