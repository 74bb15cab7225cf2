"""Expressions of rules: CEL, compiled and bounded.

The engine has no cost limit and can't be interrupted. So an expression is bounded before it runs:
its length and the nesting of its comprehensions when it is compiled, the values that it looks at
and the work that it takes with them (`catalog.work`) when it is evaluated. Patterns are RE2's, as
CEL asks, and compiled once; the engine would compile them anew for every element.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import cel

from ordergate.catalog.syntax import Call, Constant, Loop, Name, Select, parse, parts
from ordergate.catalog.work import (
    CHARACTERS_OF_A_UNIT,
    LONGEST_NUMBER,
    MOST_LOOKED_AT,
    units_of,
    work_of,
)
from ordergate.errors import InvalidDocumentError
from ordergate.process.rules import ExpressionError
from ordergate.schemas.patterns import compile_pattern

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ordergate.catalog.syntax import Tree
    from ordergate.process.evaluation import Effort
    from ordergate.process.rules import Scope
    from ordergate.schemas.patterns import Re2Pattern

LONGEST_SOURCE = 1_000
"""Characters of an expression."""

FUNCTIONS = frozenset(
    {"size", "contains", "startsWith", "endsWith", "matches", "int", "uint", "double", "string"}
    | {"timestamp", "duration", "getFullYear", "getMonth", "getDate", "getDayOfMonth"}
    | {"getDayOfWeek", "getDayOfYear", "getHours", "getMinutes", "getSeconds", "getMilliseconds"}
)
"""Functions of the language; the engine would notice others only when it runs."""

RESERVED = frozenset(
    {"true", "false", "null", "in", "as", "break", "const", "continue", "else", "for", "function"}
    | {"if", "import", "let", "loop", "namespace", "package", "return", "var", "void", "while"}
)
"""Words that can't name a variable."""

_MATCHES = "matches_"
"""Our own `matches`, as the engine knows it: its own one can't be replaced."""

_MOST_PARTS = 200
"""Parts of an expression without comprehensions that can't do too much with little data."""

_MOST_CONSTANT = LONGEST_SOURCE // CHARACTERS_OF_A_UNIT + LONGEST_NUMBER
"""Units that a part may have beside the data: a text in the source, a number as text."""

_EACH, _READING = 100, 6
"""Units of any evaluation, and of each unit looked at: it is counted, and goes to the engine."""

_LONGEST_TOLD = 200
"""Characters of a text that an explanation shows."""

_OPERATOR = re.compile(r"[_@!-]")
_SMALLEST, _LARGEST = -(2**63), 2**63 - 1


class CelExpression:
    """A compiled expression; it satisfies `process.rules.Expression`."""

    def __init__(self, source: str, tree: Tree, names: frozenset[str]) -> None:
        self.source = source
        self._tree = tree
        self._patterns = {one.source: _pattern(one) for one in _patterns(tree)}
        self._program = cel.compile(_with_our_matches(source, tree))
        self._reads = {name: _attributes(tree, name) for name in names}
        self._parts = sum(1 for _ in parts(tree))
        self._is_plain = (
            self._parts <= _MOST_PARTS
            and not self._patterns
            and not any(isinstance(one, Loop) for one in parts(tree))
        )

    def names(self, variable: str) -> bool:
        """Return whether it may look at that variable."""
        return variable in self._reads

    def evaluate(self, scope: Scope, effort: Effort) -> Any:
        """Return its value.

        Raises:
            ExpressionError: it has none, or it would take too much to find out.
        """
        variables = {
            name: _part_of(scope[name], attributes)
            for name, attributes in self._reads.items()
            if name in scope
        }
        self._refuse_too_much(variables, effort)
        if self._patterns:
            variables[_MATCHES] = self._matches
        try:
            value = self._program.execute(variables)
        except Exception as error:
            raise ExpressionError(_in_our_words(error)) from error
        except BaseException as error:
            # A panic of the Rust engine derives from BaseException; Ctrl-C must still get out.
            if type(error).__name__ != "PanicException":
                raise
            raise ExpressionError("the expression engine failed") from error
        if not _is_json(value):
            raise ExpressionError(f"a {type(value).__name__} can't stand in a document")
        return value

    def looked_at(self, scope: Scope) -> dict[str, Any]:
        """Return the single values that it looks at, by their path: part of the why.

        A list or a map counts as the number of its elements.
        """
        return {
            f"{name}.{attribute}": _told(scope[name][attribute])
            for name, attributes in self._reads.items()
            for attribute in sorted(attributes or ())
            if attribute in scope.get(name, ())
        }

    def _refuse_too_much(self, variables: Mapping[str, Any], effort: Effort) -> None:
        """Refuse what can't be done quickly; the sum is made only where it could matter."""
        effort.take(_EACH)
        units = units_of(variables)
        effort.take(_READING * units)
        if not self._is_plain or self._parts * (units + _MOST_CONSTANT) > MOST_LOOKED_AT:
            sizes = {name: pattern.program_size for name, (_, pattern) in self._patterns.items()}
            effort.take(work_of(self._tree, variables, sizes))

    def _matches(self, text: Any, pattern: str) -> bool:
        if not isinstance(text, str):
            raise TypeError(type(text).__name__)
        return next(one for known, one in self._patterns.values() if known == pattern).found_in(
            text
        )


def compile_expression(source: str, allowed: Iterable[str]) -> CelExpression:
    """Compile CEL that may name the variables `allowed`.

    Raises:
        InvalidDocumentError: it can't be read, is unbounded, or names what there isn't.
    """
    if len(source) > LONGEST_SOURCE:
        raise InvalidDocumentError(
            f"An expression of {len(source)} characters is too long; {LONGEST_SOURCE} is the most."
        )
    try:
        program = cel.compile(source)
    except ValueError as error:
        raise InvalidDocumentError(_syntax_error(str(error))) from error
    tree = parse(source)
    bound = _bound_by_comprehensions(tree)
    known, named = frozenset(allowed), frozenset(program.variables())
    for name in sorted(named - known - bound):
        raise InvalidDocumentError(
            f"There is no variable '{name}'; there are {', '.join(sorted(known))}."
        )
    for name in program.functions():
        if name not in FUNCTIONS and not _OPERATOR.match(name):
            raise InvalidDocumentError(f"There is no function '{name}'.")
    return CelExpression(source, tree, named & known)


def _bound_by_comprehensions(tree: Tree) -> frozenset[str]:
    """Return the names of elements (`x` of `.map(x, …)`).

    Raises:
        InvalidDocumentError: a comprehension stands inside another one.
    """
    loops = [one for one in parts(tree) if isinstance(one, Loop)]
    for inner in (part for loop in loops for body in loop.body for part in parts(body)):
        if isinstance(inner, Loop):
            raise InvalidDocumentError(
                f"'{inner.macro}' inside another comprehension is refused: "
                "its cost has no bound. Chain them, or use two lines of the rule."
            )
    return frozenset(loop.element for loop in loops)


def _patterns(tree: Tree) -> Iterator[Constant]:
    """Yield what `matches()` is asked for.

    Raises:
        InvalidDocumentError: something that isn't written in the rule.
    """
    for call in (one for one in parts(tree) if isinstance(one, Call) and one.name == "matches"):
        pattern = call.arguments[-1]
        if len(call.arguments) != 2 or not isinstance(pattern, Constant) or not pattern.is_text:  # noqa: PLR2004 - a text and a pattern
            raise InvalidDocumentError(
                "matches() takes a pattern between quotes, nothing computed."
            )
        yield pattern


def _pattern(written: Constant) -> tuple[str, Re2Pattern]:
    """Return a pattern as the engine hands it to us, and compiled."""
    text = str(cel.evaluate(written.source))
    try:
        return text, compile_pattern(text)
    except ValueError as error:
        raise InvalidDocumentError(
            f"{written.source} is no regular expression: {error}."
        ) from error


def _with_our_matches(source: str, tree: Tree) -> str:
    """Return the source with our own `matches`."""
    places = (one.at for one in parts(tree) if isinstance(one, Call) and one.name == "matches")
    for at in sorted(places, reverse=True):
        source = source[:at] + _MATCHES + source[at + len("matches") :]
    return source


def _attributes(tree: Tree, variable: str) -> frozenset[str] | None:
    """Return the attributes of a variable that an expression looks at; None for all of it."""
    selected = [
        one.name for one in parts(tree) if isinstance(one, Select) and one.of == Name(variable)
    ]
    mentions = sum(1 for one in parts(tree) if one == Name(variable))
    return frozenset(selected) if len(selected) == mentions else None


def _part_of(value: Any, attributes: frozenset[str] | None) -> Any:
    """Return what an expression looks at: the rest would only have to be carried to the engine."""
    if attributes is None or not isinstance(value, Mapping):
        return value
    return {name: value[name] for name in attributes if name in value}


def _told(value: Any) -> Any:
    """Return a value as an explanation tells it, whatever its size."""
    if isinstance(value, list | Mapping):
        return f"{len(value)} elements"
    return value[:_LONGEST_TOLD] if isinstance(value, str) else value


def _is_json(value: Any) -> bool:
    """Return whether the value can stand in a document."""
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, list):
        return all(map(_is_json, value))
    if isinstance(value, dict):
        return all(map(_is_name, value)) and all(map(_is_json, value.values()))
    if isinstance(value, int):
        return _SMALLEST <= value <= _LARGEST
    return value is None or isinstance(value, str)


def _is_name(name: Any) -> bool:
    return isinstance(name, str) and "\0" not in name


def _syntax_error(text: str) -> str:
    """Return the parser's first finding in one line."""
    found = re.search(r"ERROR: <input>:(\d+):(\d+): ([^\n]*)", text)
    if found is None:
        return "The expression can't be read."
    line, column, reason = found.groups()
    reason = reason.removeprefix("Syntax error: ").partition(" expecting ")[0]
    where = f"line {line}, column {column}" if line != "1" else f"column {column}"
    return f"The expression can't be read at {where}: {reason}."


def _in_our_words(error: Exception) -> str:
    """Return why there is no value, for the author of a rule."""
    text = str(error)
    if isinstance(error, KeyError):
        return f"there is no '{error.args[0]}'; has() asks whether there is"
    if text.startswith(f"Function '{_MATCHES}' error"):
        return "matches() can't take these values"
    undefined = re.match(r"Undefined variable or function: '(\w+)'", text)
    if undefined and undefined[1] in FUNCTIONS:
        # Functions were looked up when it was compiled, so it's the arguments.
        return f"{undefined[1]}() can't take these values"
    if undefined:
        return f"there is no variable '{undefined[1]}' here"
    if isinstance(error, TypeError) and text.startswith("No such overload"):
        return "the types don't fit together; int(), double() and string() convert"
    return re.split(r"\. (?:CEL|Check|Convert)|\n", text, maxsplit=1)[0]
