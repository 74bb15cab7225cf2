"""Trial: a rule's expressions, evaluated as the process would with requests that it allows."""

from __future__ import annotations

import json
import re
from collections import ChainMap
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ordergate.catalog.samples import samples_of
from ordergate.process.evaluation import Evaluator
from ordergate.process.rules import ExpressionError, Literal
from ordergate.schemas.resource_order_rule import Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from ordergate.process.rules import Expression, OrderItemTemplate, Rule, Scope
    from ordergate.schemas.resource_order_rule import RuleDocument

_LONGEST_SAMPLE = 160
"""Characters of the sample that a message repeats."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What a place in a rule takes."""

    words: str
    takes: Callable[[Any], bool]


ANYTHING = Kind("a value", lambda _: True)
CONDITION = Kind("true or false", lambda value: isinstance(value, bool))
LIST = Kind("a list", lambda value: isinstance(value, list))
QUANTITY = Kind("a positive whole number", lambda value: type(value) is int and value > 0)
TEXT = Kind("a text", lambda value: isinstance(value, str))


class Trial:
    """Tries one compiled rule."""

    def __init__(self, rule: Rule, document: RuleDocument) -> None:
        self._rule = rule
        self._document = document
        self._unknown: frozenset[str] = frozenset()
        self._found: dict[str, Problem] = {}

    def problems(self) -> list[Problem]:
        """Return the first problem of each expression and literal."""
        self._try_literals()
        for sample in samples_of(self._document):
            self._unknown = sample.unknown
            self._try_request(sample.scope)
            self._try_request(self._later(sample.scope))
        return list(self._found.values())

    def _try_literals(self) -> None:
        """Look at literals of every line, also of one that no sample reaches."""
        for index, line in enumerate(self._rule.order_item):
            for path, value, kind in _values(f"orderItem[{index}]", line):
                if isinstance(value, Literal):
                    self._value(path, value, {}, kind)

    def _try_request(self, scope: Scope) -> None:
        if not self._applies(scope):
            return
        special = [
            self._value(f"special[{index}].when", one.when, scope, CONDITION)
            for index, one in enumerate(self._rule.special)
        ]
        if not any(special):
            for index, line in enumerate(self._rule.order_item):
                self._try_line(f"orderItem[{index}]", line, scope)

    def _later(self, scope: Scope) -> Scope:
        """Return the same request as a change of what it led to the first time."""
        resource: list[dict[str, Any]] = [
            {
                "key": line.key,
                "line": line.key,
                "id": f"resource-{line.key}",
                "characteristic": dict(_issued(line, scope)),
            }
            for line in self._rule.order_item
            if _is_given(line, scope)
        ]
        merged = dict(ChainMap(*(one["characteristic"] for one in resource)))
        previous = {"characteristic": merged, "resource": resource}
        return {**scope, "item": {**scope["item"], "action": "modify"}, "previous": previous}

    def _applies(self, scope: Scope) -> bool:
        when = self._rule.applies_to.when
        return when is None or bool(self._value("appliesTo.when", when, scope, CONDITION))

    def _try_line(self, path: str, line: OrderItemTemplate, scope: Scope) -> None:
        if line.when and not self._value(f"{path}.when", line.when, scope, CONDITION):
            return
        for inner in self._elements(path, line, scope):
            for at, value, kind in _values(path, line):
                self._value(at, value, inner, kind)

    def _elements(self, path: str, line: OrderItemTemplate, scope: Scope) -> Iterator[Scope]:
        """Yield the scope of each element, or the plain one where the line has no list."""
        if line.for_each is None:
            yield scope
            return
        over, name = line.for_each.over, line.for_each.name
        for element in self._value(f"{path}.forEach.expr", over, scope, LIST) or ():
            yield {**scope, name: element}

    def _value(self, path: str, expression: Expression, scope: Scope, kind: Kind) -> Any:
        """Return the value, or None and a note when there is none of that kind."""
        try:
            value = Evaluator(scope).value_of(expression)
        except ExpressionError as error:
            if not self._needs_unknown(expression):
                self._note(path, f"{error}{_tried_with(scope)}")
            return None
        if kind.takes(value):
            return value
        self._note(path, f"is not {kind.words}, but {json.dumps(value)}{_tried_with(scope)}")
        return None

    def _needs_unknown(self, expression: Expression) -> bool:
        """Return whether it may have failed for a characteristic that has no sample."""
        return any(
            re.search(rf"(?<!\w){re.escape(name)}(?!\w)", expression.source)
            for name in self._unknown
        )

    def _note(self, path: str, message: str) -> None:
        self._found.setdefault(path, Problem(path, message))


def _is_given(line: OrderItemTemplate, scope: Scope) -> bool:
    with suppress(ExpressionError):
        return line.when is None or Evaluator(scope).value_of(line.when) is True
    return False


def _issued(line: OrderItemTemplate, scope: Scope) -> Iterator[tuple[str, Any]]:
    """Yield the characteristics of a line's first resource, as far as they have a value."""
    if line.for_each is not None:
        with suppress(ExpressionError, LookupError, TypeError):
            scope = {**scope, line.for_each.name: Evaluator(scope).value_of(line.for_each.over)[0]}
    for name, value in line.characteristic.items():
        with suppress(ExpressionError):
            yield name, Evaluator(scope).value_of(value)


def _values(path: str, line: OrderItemTemplate) -> Iterator[tuple[str, Expression, Kind]]:
    """Yield every value of a line with its path and what it must be."""
    yield f"{path}.quantity", line.quantity, QUANTITY
    for name, value in line.resource.items():
        yield f"{path}.resource.{name}", value, TEXT
    for name, value in line.characteristic.items():
        yield f"{path}.characteristic.{name}", value, ANYTHING


def _tried_with(scope: Mapping[str, Any]) -> str:
    """Return the sample's characteristics, for people."""
    if not scope:
        return ""
    text = json.dumps(scope["characteristic"], ensure_ascii=False)
    shown = text[:_LONGEST_SAMPLE] + "…" * (len(text) > _LONGEST_SAMPLE)
    return f" (tried with {scope['item']['action']} and {shown})"
