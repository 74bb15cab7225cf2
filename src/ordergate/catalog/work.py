"""Work: how much an expression would do with these values, before it does it.

The engine has no cost limit, and copies: what a comprehension has so far on every turn, what a path
leads to, both sides of a `+`. So the work is added up beforehand, from the tree of the expression
and the real sizes of what it looks at. The unit is a number copied, about 0.1 µs.

Inside a comprehension sizes are averages over its elements. All that is done with them is adding,
and comprehensions don't stand in each other: so the sum over a list is its length times that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ordergate.catalog.syntax import Call, Constant, Loop, Name, Select
from ordergate.process.rules import ExpressionError

if TYPE_CHECKING:
    from ordergate.catalog.syntax import Tree

MOST_WORK = 4_000_000
"""Units of one evaluation."""

LONGEST_LIST = 1_000
"""Elements of a list that an expression may look at."""

MOST_LOOKED_AT = 50_000
"""Units of what an expression may look at, and of its own value."""

CHARACTERS_OF_A_UNIT = 20
"""How much text is copied as quickly as a number, beside what each text takes."""

DEEPEST_VALUE = 32
"""Levels of lists and maps in a value; the engine recurses."""

_TEXT, _LIST = 3, 2
_ENTRY, _ENTRY_OF_LARGE_MAP, _LARGE_MAP = 3, 9, 16
_CALL = 10
"""Units of a call beside its arguments; a timestamp is the dearest."""

LONGEST_NUMBER = 20
"""Units that the text of a number may count as: 1e308 has 309 digits."""


def units_of(value: Any) -> int:
    """Return the size of a JSON value.

    Raises:
        ExpressionError: it is larger than anything that an expression may look at.
    """
    level = [value]
    seen = depth = 0
    while level:
        depth += 1
        below: list[Any] = []
        for one in level:
            if isinstance(one, str):
                seen += _TEXT + len(one) // CHARACTERS_OF_A_UNIT
            elif one is None or isinstance(one, (int, float)):
                continue
            elif isinstance(one, (dict, Mapping)):  # the first is asked quickly
                entry = _ENTRY if len(one) <= _LARGE_MAP else _ENTRY_OF_LARGE_MAP
                seen += _LIST + entry * len(one) + sum(map(len, one)) // CHARACTERS_OF_A_UNIT
                below.extend(one.values())
            elif isinstance(one, Sequence):
                if len(one) > LONGEST_LIST:
                    raise ExpressionError(
                        f"a list of {len(one)} elements is too long; {LONGEST_LIST} is the most"
                    )
                seen += _LIST
                below.extend(one)
        seen += len(level)
        if seen > MOST_LOOKED_AT:
            raise ExpressionError("there is more in what it looks at than an expression may see")
        if depth > DEEPEST_VALUE:
            raise ExpressionError(f"a value is nested deeper than {DEEPEST_VALUE} levels")
        level = below
    return seen


def work_of(tree: Tree, variables: Mapping[str, Any], patterns: Mapping[str, int]) -> int:
    """Return the units that an evaluation takes, at most.

    Args:
        patterns: source of each text that `matches()` takes, with the size of its program.

    Raises:
        ExpressionError: it would take too long, or make too large a value.
    """
    estimate = _Estimate(variables, patterns)
    size = estimate.size(tree)
    if estimate.work > MOST_WORK:
        raise ExpressionError("it would take too long with lists and texts of this size")
    if size > MOST_LOOKED_AT:
        raise ExpressionError("its own value could be larger than an expression may make")
    return estimate.work


@dataclass(frozen=True, slots=True)
class _List:
    """What a comprehension goes through; its elements where they are known."""

    size: int
    length: int
    elements: Sequence[Any] | None = None

    @property
    def average(self) -> int:
        return -(-self.size // max(self.length, 1))

    def average_at(self, steps: Sequence[str]) -> int:
        """Return how large that is which the steps lead to from an element."""
        if self.elements is None or not steps:
            return self.average
        total = sum(units_of(_follow(one, steps)) for one in self.elements)
        return -(-total // max(self.length, 1))


class _Estimate:
    """Adds up `work` while it goes through a tree."""

    def __init__(self, variables: Mapping[str, Any], patterns: Mapping[str, int]) -> None:
        self.work = 0
        self._variables = variables
        self._patterns = patterns
        self._element = ""
        self._over = _List(0, 0)

    def size(self, tree: Tree) -> int:
        """Return the size of what `tree` comes to, at most."""
        match tree:
            case Constant(source):
                size = _TEXT + 1 + len(source) // CHARACTERS_OF_A_UNIT
            case Name() | Select():
                return self._path(tree)
            case Loop():
                return self._loop(tree).size
            case Call():
                return self._call(tree)
        self.work += size
        return size

    def _path(self, path: Name | Select) -> int:
        """Return the size of what is there; every step on the way is copied."""
        root, steps = _steps_of(path)
        if not isinstance(root, Name):
            size = self.size(root)
            self.work += size * len(steps)
            return size
        for end in range(min(len(steps), 1), len(steps) + 1):
            size = self._at(root.name, steps[:end])
            self.work += size
        return size

    def _at(self, name: str, steps: Sequence[str]) -> int:
        if name == self._element:
            return self._over.average_at(steps)
        return units_of(_follow(self._variables.get(name), steps))

    def _call(self, call: Call) -> int:
        sizes = [self.size(one) for one in call.arguments]
        total = 1 + _LIST + sum(sizes)
        self.work += total + _CALL
        match call.name:
            case "?:" | "[]" | "[_]":
                return total
            case "{_}":
                entry = _ENTRY if len(sizes) <= 2 * _LARGE_MAP else _ENTRY_OF_LARGE_MAP
                return total + entry * len(sizes) // 2
            case "+":
                self.work += total * len(sizes)
                return total
            case "string":
                return total + LONGEST_NUMBER
            case "matches":
                self.work += sizes[0] * self._program(call.arguments[-1])
        return 1

    def _program(self, pattern: Tree) -> int:
        """Return the work of a pattern for a unit of text, at its worst."""
        source = pattern.source if isinstance(pattern, Constant) else ""
        return 2 * self._patterns[source]

    def _loop(self, loop: Loop) -> _List:
        """Return what a comprehension comes to."""
        over = self._list(loop.over)
        before, self.work = self.work, 0
        self._element, self._over = loop.element, over
        made = sum(self.size(one) for one in loop.body)
        each, self._element = self.work + _CALL, ""
        self.work = before + over.size + each * over.length
        if loop.macro not in {"map", "filter"}:
            return _List(1, 0)
        kept = loop.macro == "filter"
        size = over.size if kept else _LIST + 1 + made * over.length
        self.work += (size + over.length) * over.length // 2  # copied on every turn as far as it is
        return _List(size, over.length, over.elements if kept else None)

    def _list(self, tree: Tree) -> _List:
        """Return what a comprehension goes through."""
        if isinstance(tree, Loop):
            return self._loop(tree)
        size = self.size(tree)
        root, steps = _steps_of(tree)
        if isinstance(root, Name):
            value = _follow(self._variables.get(root.name), steps)
            if isinstance(value, Mapping | Sequence):
                elements = list(value)
                return _List(size, len(elements), elements)
        return _List(size, size)


def _steps_of(tree: Tree) -> tuple[Tree, list[str]]:
    """Return where a path starts, and its steps."""
    steps = []
    while isinstance(tree, Select):
        steps.append(tree.name)
        tree = tree.of
    return tree, steps[::-1]


def _follow(value: Any, steps: Sequence[str]) -> Any:
    """Return what the steps lead to; None where they lead nowhere, which is the engine's to say."""
    for step in steps:
        value = value.get(step) if isinstance(value, Mapping) else None
    return value
