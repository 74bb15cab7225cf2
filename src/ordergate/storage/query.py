"""TMF630 queries compiled to MongoDB's, so that they mean what `tmf630.filter` means.

Filter values become constants compared with `$eq`, `$gt` and so on; nothing a client sends becomes
an operator or a field name of the query language.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from ordergate.model.common import timestamp
from ordergate.tmf630.comparable import candidates
from ordergate.tmf630.filter import bounds
from ordergate.tmf630.query import Operator

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ordergate.tmf630.comparable import Period
    from ordergate.tmf630.query import Condition, SortKey

_DAY = timedelta(days=1)
_ASCENDING, _DESCENDING = 1, -1


def compile_filter(conditions: Iterable[Condition], root: str) -> dict[str, Any]:
    """Return the filter for documents kept under the field `root`."""
    clauses = [_clause(condition, f"{root}.{condition.path}") for condition in conditions]
    return {"$and": clauses} if clauses else {}


def compile_sort(keys: Iterable[SortKey], root: str, default: str) -> list[tuple[str, int]]:
    """Return the sort; without keys by `default` (an attribute), then always by id."""
    wanted = [(f"{root}.{key.path}", _DESCENDING if key.descending else _ASCENDING) for key in keys]
    return [*(wanted or [(f"{root}.{default}", _ASCENDING)]), ("_id", _ASCENDING)]


def _clause(condition: Condition, field: str) -> dict[str, Any]:
    """Return what holds where the attribute compares so with any of the values."""
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
