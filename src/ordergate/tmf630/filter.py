"""Evaluate filter conditions on a document, in process (TMF630 part 1, §4.4).

Hubs' queries run here, and storage's compiler is tested against it.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ordergate.tmf630.comparable import candidates, instant
from ordergate.tmf630.query import Operator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import datetime

    from ordergate.tmf630.comparable import Alternatives, Period
    from ordergate.tmf630.query import Condition

_PLACE = re.compile(r"0|[1-9]\d{0,5}", re.ASCII)
_COMPARISONS: Mapping[Operator, Callable[[Any, Any], bool]] = {
    Operator.EQ: operator.eq,
    Operator.GT: operator.gt,
    Operator.GTE: operator.ge,
    Operator.LT: operator.lt,
    Operator.LTE: operator.le,
}


def matches(document: Mapping[str, Any], conditions: Iterable[Condition]) -> bool:
    """Tell whether every condition holds; an array holds one if any of its elements does.

    Two conditions on one array may be met by different elements. An attribute that isn't there
    meets no condition but `NE`.
    """
    return all(_holds(document, condition) for condition in conditions)


def values_at(node: Any, path: Sequence[str]) -> Iterator[Any]:
    """Yield every value at the parts of a path, going into each element of an array.

    A number as a part is also the place of an element in an array, counted from 0.
    """
    if isinstance(node, list):
        for element in node:
            yield from values_at(element, path)
        if path and _PLACE.fullmatch(path[0]) and int(path[0]) < len(node):
            yield from values_at(node[int(path[0])], path[1:])
    elif not path:
        yield node
    elif isinstance(node, Mapping) and path[0] in node:
        yield from values_at(node[path[0]], path[1:])


def bounds(period: Period, operator: Operator) -> tuple[datetime | None, datetime | None]:
    """Return the instants that compare so with a period: from the first, before the second.

    None leaves that side open. `NE` has no bounds of its own: it is whatever `EQ` is not.
    """
    return {
        Operator.EQ: (period.start, period.end),
        Operator.GT: (period.end, None),
        Operator.GTE: (period.start, None),
        Operator.LT: (None, period.start),
        Operator.LTE: (None, period.end),
    }[operator]


def _holds(document: Mapping[str, Any], condition: Condition) -> bool:
    path = condition.path.split(".")
    if condition.operator is Operator.REGEX:
        texts = [value for value in values_at(document, path) if isinstance(value, str)]
        return any(pattern.found_in(text) for pattern in condition.patterns for text in texts)
    wanted = [candidates(text) for text in condition.values]
    negated = condition.operator is Operator.NE
    comparison = Operator.EQ if negated else condition.operator
    found = any(
        _compares(value, comparison, alternatives)
        for value in values_at(document, path)
        for alternatives in wanted
    )
    return found is not negated


def _compares(value: Any, operator: Operator, wanted: Alternatives) -> bool:
    """Compare one stored value with what was asked for, as the type of the stored one says."""
    if isinstance(value, bool):  # before numbers: to Python a boolean is one
        return operator is Operator.EQ and value is wanted.boolean
    if isinstance(value, int | float):
        return wanted.number is not None and _COMPARISONS[operator](value, wanted.number)
    if not isinstance(value, str):
        return False
    moment = instant(value) if wanted.period else None
    if wanted.period is None or moment is None:
        return _COMPARISONS[operator](value, wanted.text)
    first, beyond = bounds(wanted.period, operator)
    return (first is None or first <= moment) and (beyond is None or moment < beyond)
