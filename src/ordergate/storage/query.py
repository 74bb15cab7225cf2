"""TMF630 queries compiled to MongoDB's, so that they mean what `tmf630.filter` means.

Filter values become constants compared with `$eq`, `$gt` and so on; nothing a client sends becomes
an operator or a field name of the query language.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ordergate.model.common import timestamp
from ordergate.tmf630.comparable import candidates
from ordergate.tmf630.filter import bounds
from ordergate.tmf630.query import Operator

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ordergate.tmf630.comparable import Period
    from ordergate.tmf630.query import Condition, SortKey

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
        found.append({field: _between(wanted.period, operator)})
    if wanted.period is None or operator is Operator.EQ:
        found.append({field: {f"${operator}": wanted.text}})
    return found


def _between(period: Period, operator: Operator) -> dict[str, str]:
    """Return the range of a date: dates are kept in UTC with `Z`, so they order as text."""
    first, before = bounds(period, operator)
    limits = {"$gte": first, "$lt": before}
    return {name: timestamp(moment) for name, moment in limits.items() if moment is not None}
