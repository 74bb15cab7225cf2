"""Lines: the names by which what a rule gives is known again in a later request.

A line is `<key>`, `<key>/<element>` in a `forEach`, and has `/<unit>` behind it from the second
unit on. An element goes by what it is, not by where it stands: taking one of 500 sites out of the
list leaves the lines of the others as they are.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from ordergate.process.rules import ExpressionError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ordergate.process.evaluation import Evaluator
    from ordergate.process.rules import OrderItemTemplate

_NAMES = ("id", "name")
"""Attributes by which an element that is a map is known, the first that serves."""


def line_of(key: str, element: str | None, unit: int) -> str:
    """Return the line; `unit` counts from 1 within the element."""
    steps = [key] if element is None else [key, _escaped(element)]
    return "/".join([*steps, str(unit)] if unit > 1 else steps)


def elements(
    template: OrderItemTemplate, evaluator: Evaluator
) -> Iterator[tuple[tuple[int | None, str | None], Evaluator]]:
    """Yield index, identity and evaluator of each element of the line's list.

    The plain evaluator where it has none.

    Raises:
        ExpressionError: what it goes through is not a list.
    """
    if template.for_each is None:
        yield (None, None), evaluator
        return
    found = evaluator.value_of(template.for_each.over)
    if not isinstance(found, list):
        raise ExpressionError(f"forEach of {template.key} is not a list: {found!r}")
    names = identities(found)
    for index, element in enumerate(found):
        yield (index, names[index]), evaluator.with_element(template.for_each.name, element)


def identities(found: Sequence[Any]) -> list[str]:
    """Return what each element is known by: its value, its `id` or `name`, else its index."""
    for names in ([_scalar(one) for one in found], *(_named(found, by) for by in _NAMES)):
        counted = Counter(names)
        if None not in counted and len(counted) == len(found):
            return [str(name) for name in names]
    return [str(index) for index in range(len(found))]


def _named(found: Sequence[Any], by: str) -> list[str | None]:
    return [_scalar(one.get(by)) if isinstance(one, dict) else None for one in found]


def _scalar(value: Any) -> str | None:
    return str(value) if isinstance(value, str | int | float) else None


def _escaped(element: str) -> str:
    """Return the element so that it holds no slash of its own (as in a JSON pointer)."""
    return element.replace("~", "~0").replace("/", "~1")
