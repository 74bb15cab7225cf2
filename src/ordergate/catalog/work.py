"""Work: how much an expression would do with these values, before it does it.

The engine has no cost limit, and copies: what a comprehension has so far on every turn, what a path
leads to, both sides of a `+`. So the work is added up beforehand, from the tree of the expression
and the real sizes of what it looks at. One piece of work is a value copied, about 0.1 µs.

Inside a comprehension everything is a linear function of the element: as comprehensions don't
stand in each other, its sum over a list needs only the length and the size of that list.
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
"""Pieces of work of one evaluation."""

LONGEST_LIST = 1_000
"""Elements of a list that an expression may look at."""

MOST_VALUES = 10_000
"""Values that an expression may look at, and that its own value may have."""

CHARACTERS_OF_A_VALUE = 20
"""How much text counts as one value."""

DEEPEST_VALUE = 32
"""Levels of lists and maps in a value; the engine recurses."""

_CALL = 10
"""Work of a call beside its arguments; a timestamp is the dearest."""

_LONGEST_NUMBER = 20
"""Values that the text of a number may count as: 1e308 has 309 digits."""


def amount_of(value: Any) -> int:
    """Return how many values there are in a JSON value.

    Raises:
        ExpressionError: more than an expression may look at.
    """
    level = [value]
    seen = depth = 0
    while level:
        depth += 1
        below: list[Any] = []
        for one in level:
            if isinstance(one, str):
                seen += len(one) // CHARACTERS_OF_A_VALUE
            elif isinstance(one, Mapping):
                seen += len(one) + sum(map(len, one)) // CHARACTERS_OF_A_VALUE  # its names
                below.extend(one.values())
            elif isinstance(one, Sequence):
                if len(one) > LONGEST_LIST:
                    raise ExpressionError(
                        f"a list of {len(one)} elements is too long; {LONGEST_LIST} is the most"
                    )
                below.extend(one)
        seen += len(level)
        if seen > MOST_VALUES:
            raise ExpressionError(f"there are more than {MOST_VALUES} values in what it looks at")
        if depth > DEEPEST_VALUE:
            raise ExpressionError(f"a value is nested deeper than {DEEPEST_VALUE} levels")
        level = below
    return seen


@dataclass(frozen=True, slots=True)
class Size:
    """The most values that something has: `fixed`, and `times` those of the loop's element."""

    fixed: int = 1
    times: int = 0

    def __add__(self, other: Size) -> Size:
        return Size(self.fixed + other.fixed, self.times + other.times)

    def or_(self, other: Size) -> Size:
        """Return the larger one, whatever the element."""
        return Size(max(self.fixed, other.fixed), max(self.times, other.times))

    def by(self, factor: int) -> Size:
        """Return so many of it."""
        return Size(self.fixed * factor, self.times * factor)


NOTHING = Size(0)


def refuse_too_much_work(
    tree: Tree, variables: Mapping[str, Any], patterns: Mapping[str, int]
) -> None:
    """Refuse an evaluation that would take too long, or make too large a value.

    Args:
        patterns: source of each text that `matches()` takes, with the size of its program.

    Raises:
        ExpressionError: it would.
    """
    estimate = _Estimate(variables, patterns)
    size = estimate.size(tree)
    if estimate.work.fixed > MOST_WORK:
        raise ExpressionError("it would take too long with lists and texts of this size")
    if size.fixed > MOST_VALUES:
        raise ExpressionError(f"its own value could have more than {MOST_VALUES} values")


class _Estimate:
    """Adds up `work` while it goes through a tree."""

    def __init__(self, variables: Mapping[str, Any], patterns: Mapping[str, int]) -> None:
        self.work = NOTHING
        self._variables = variables
        self._patterns = patterns
        self._element: str | None = None

    def size(self, tree: Tree) -> Size:
        """Return the size of what `tree` comes to."""
        match tree:
            case Constant(source):
                size = Size(1 + len(source) // CHARACTERS_OF_A_VALUE)
            case Name() | Select():
                size = self._path(tree)
            case Loop():
                return self._loop(tree)[0]
            case Call():
                return self._call(tree)
        self.work += size
        return size

    def _path(self, path: Name | Select) -> Size:
        """Return the size of what is there; what a path of the element leads to is within it."""
        found, value = self._look_up(path)
        if found:
            return Size(amount_of(value))
        if isinstance(path, Name):
            return Size(0, 1) if path.name == self._element else NOTHING
        return self.size(path.of)

    def _look_up(self, tree: Tree) -> tuple[bool, Any]:
        """Return whether `tree` is a path into the variables, and what is there."""
        if isinstance(tree, Name) and tree.name != self._element:
            return True, self._variables.get(tree.name)
        if isinstance(tree, Select):
            found, of = self._look_up(tree.of)
            return found, of.get(tree.name) if isinstance(of, Mapping) else None
        return False, None

    def _call(self, call: Call) -> Size:
        sizes = [self.size(one) for one in call.arguments]
        total = sum(sizes, Size(1))
        self.work += total + Size(_CALL)
        match call.name:
            case "?:":
                return sizes[1].or_(sizes[2])
            case "[]":
                return sizes[0]
            case "[_]" | "{_}":
                return total
            case "+":
                self.work += total.by(len(sizes))
                return total
            case "string":
                return total + Size(_LONGEST_NUMBER)
            case "matches":
                self.work += sizes[0].by(self._program(call.arguments[-1]))
        return Size()

    def _program(self, pattern: Tree) -> int:
        """Return the work of a pattern for each value's worth of text, at its worst."""
        source = pattern.source if isinstance(pattern, Constant) else ""
        return 2 * self._patterns[source]

    def _loop(self, loop: Loop) -> tuple[Size, int]:
        """Return the size of a comprehension's value, and its length."""
        over, length = self._list(loop.over)
        before, self.work, self._element = self.work, NOTHING, loop.element
        made = sum((self.size(one) for one in loop.body), NOTHING)
        each = self.work + Size(_CALL)
        self.work, self._element = before, None
        self.work += over + self._all(each, over, length)
        if loop.macro not in {"map", "filter"}:
            return Size(), 0
        size = over if loop.macro == "filter" else Size(1) + self._all(made, over, length)
        self.work += Size((size.fixed + length) * length // 2)
        return size, length

    def _list(self, tree: Tree) -> tuple[Size, int]:
        """Return the size and the length of what a comprehension goes through."""
        if isinstance(tree, Loop):
            return self._loop(tree)
        size = self.size(tree)
        found, value = self._look_up(tree)
        known = len(value) if found and isinstance(value, Sequence | Mapping) else size.fixed
        return size, known

    @staticmethod
    def _all(each: Size, over: Size, length: int) -> Size:
        """Return the sum over all elements."""
        return Size(each.fixed * length + each.times * over.fixed)
