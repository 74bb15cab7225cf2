"""Expressions of rules: CEL, compiled and bounded.

The engine has no cost limit, and its comprehensions copy what they have so far on every turn. So
three things are bounded here: the length of an expression, the nesting of its comprehensions, and
how much data it may look at. What remains is a rule whose comprehension returns a whole list or a
long text for each element of another list: at the bounds that took half a minute, where a chain of
ordinary comprehensions takes a third of a second and nested ones took hours.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import cel

from ordergate.errors import InvalidDocumentError
from ordergate.process.rules import ExpressionError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ordergate.process.rules import Scope

LONGEST_SOURCE = 1_000
"""Characters of an expression."""

LONGEST_LIST = 1_000
"""Elements of a list that an expression may look at."""

MOST_VALUES = 10_000
"""Values in all the variables of an expression; a long text counts as several."""

CHARACTERS_OF_A_VALUE = 20
"""How much text counts as one value: comprehensions copy texts too."""

MOST_VALUES_IN_COMPREHENSION = 4_000
"""The same where the expression has a comprehension, whose cost is no longer linear."""

DEEPEST_VALUE = 32
"""Levels of lists and maps in a variable; the engine recurses."""

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

_COMPREHENSIONS = frozenset({"map", "filter", "all", "exists", "exists_one", "existsOne"})
_OPERATOR = re.compile(r"[_@!-]")
_TOKEN = re.compile(
    r"""
    //[^\n]*                                                      # comment
    | (?:[rR][bB]?|[bB][rR]) (?: \"{3}.*?\"{3} | '{3}.*?'{3} | "[^"]*" | '[^']*' )
    | [bB]? (?: \"{3}(?:\\.|[^\\])*?\"{3} | '{3}(?:\\.|[^\\])*?'{3}
              | "(?:\\.|[^"\\])*" | '(?:\\.|[^'\\])*' )
    | ([A-Za-z_]\w* | [^\s\w])                                    # the only group: name or sign
    """,
    re.VERBOSE | re.DOTALL,
)


class CelExpression:
    """A compiled expression; it satisfies `process.rules.Expression`."""

    def __init__(self, program: cel.Program, names: frozenset[str], *, loops: bool) -> None:
        self._program = program
        self._names = names
        self._most = MOST_VALUES_IN_COMPREHENSION if loops else MOST_VALUES

    @property
    def source(self) -> str:
        """The expression as it is written in the rule."""
        return self._program.source

    def evaluate(self, scope: Scope) -> Any:
        """Return its value.

        Raises:
            ExpressionError: it has none, or looks at more than it may.
        """
        variables = {name: scope[name] for name in self._names if name in scope}
        _refuse_too_much(variables, self._most)
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
    bound = _bound_by_comprehensions(source)
    known, named = frozenset(allowed), frozenset(program.variables())
    for name in sorted(named - known - bound):
        raise InvalidDocumentError(
            f"There is no variable '{name}'; there are {', '.join(sorted(known))}."
        )
    for name in program.functions():
        if name not in FUNCTIONS and not _OPERATOR.match(name):
            raise InvalidDocumentError(f"There is no function '{name}'.")
    return CelExpression(program, named & known, loops=bool(bound))


def _bound_by_comprehensions(source: str) -> frozenset[str]:
    """Return the names of elements (`x` of `.map(x, …)`) in a source that was parsed.

    Raises:
        InvalidDocumentError: a comprehension stands inside another one.
    """
    tokens = [found for found in _TOKEN.findall(source) if found]
    opened: list[bool] = []
    names = set()
    for position, sign in enumerate(tokens):
        if sign == "(":
            before = tokens[max(position - 2, 0) : position]
            loops = len(before) == 2 and before[0] == "." and before[1] in _COMPREHENSIONS  # noqa: PLR2004 - a dot and a name
            if loops and any(opened):
                raise InvalidDocumentError(
                    f"'{before[1]}' inside another comprehension is refused: "
                    "its cost has no bound. Chain them, or use two lines of the rule."
                )
            opened.append(loops)
            if loops:
                names.add(tokens[position + 1])
        elif sign == ")":
            opened.pop()
    return frozenset(names)


def _refuse_too_much(variables: Mapping[str, Any], most: int) -> None:
    """Raise ExpressionError for more data than the engine can go through quickly."""
    level: list[Any] = list(variables.values())
    seen = depth = 0
    while level:
        depth += 1
        below: list[Any] = []
        for value in level:
            if isinstance(value, str):
                seen += len(value) // CHARACTERS_OF_A_VALUE
            elif isinstance(value, Mapping):
                below.extend(value.values())
            elif isinstance(value, Sequence):
                if len(value) > LONGEST_LIST:
                    raise ExpressionError(
                        f"a list of {len(value)} elements is too long; {LONGEST_LIST} is the most"
                    )
                below.extend(value)
        seen += len(level)
        if seen > most:
            raise ExpressionError(f"it would look at more than {most} values")
        if depth > DEEPEST_VALUE:
            raise ExpressionError(f"a value is nested deeper than {DEEPEST_VALUE} levels")
        level = below


def _is_json(value: Any) -> bool:
    """Return whether the value can stand in a document."""
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, list):
        return all(map(_is_json, value))
    if isinstance(value, dict):
        return all(isinstance(name, str) for name in value) and all(map(_is_json, value.values()))
    return value is None or isinstance(value, bool | int | str)


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
    undefined = re.match(r"Undefined variable or function: '(\w+)'", text)
    if undefined and undefined[1] in FUNCTIONS:
        # Functions were looked up when it was compiled, so it's the arguments.
        return f"{undefined[1]}() can't take these values"
    if undefined:
        return f"there is no variable '{undefined[1]}' here"
    if isinstance(error, TypeError) and text.startswith("No such overload"):
        return "the types don't fit together; int(), double() and string() convert"
    return re.split(r"\. (?:CEL|Check|Convert)|\n", text, maxsplit=1)[0]
