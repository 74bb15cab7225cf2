"""Syntax: the tree of an expression, by which its work is bounded before it runs.

The engine parses for itself and shows nobody its tree. This reads what the engine has taken
already, so it knows CEL's grammar without its errors; what it doesn't know, rules don't have.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from ordergate.errors import InvalidDocumentError

if TYPE_CHECKING:
    from collections.abc import Iterator

Tree: TypeAlias = "Constant | Name | Select | Call | Loop"

LOOPS = frozenset({"map", "filter", "all", "exists", "exists_one", "existsOne"})
"""The macros that go through a list."""

DEEPEST = 32
"""How deep brackets may stand in each other, and how long a path (`a.b.c`) may be."""

_LEVELS = (
    frozenset({"||"}),
    frozenset({"&&"}),
    frozenset({"==", "!=", "<", "<=", ">", ">=", "in"}),
    frozenset({"+", "-"}),
    frozenset({"*", "/", "%"}),
)
_TOKEN = re.compile(
    r"""
    \s+ | //[^\n]*                                                # space, comment
    | (?P<text> (?:[rR][bB]?|[bB][rR]) (?: \"{3}.*?\"{3} | '{3}.*?'{3} | "[^"]*" | '[^']*' )
        | [bB]? (?: \"{3}(?:\\.|[^\\])*?\"{3} | '{3}(?:\\.|[^\\])*?'{3}
                  | "(?:\\.|[^"\\])*" | '(?:\\.|[^'\\])*' ) )
    | (?P<number> 0[xX][0-9a-fA-F]+[uU]? | (?:\d+\.\d+|\.\d+|\d+) (?:[eE][+-]?\d+)? [uU]? )
    | (?P<name> [A-Za-z_]\w* )
    | (?P<sign> \|\| | && | [=!<>]= | [^\s\w] )
    """,
    re.VERBOSE | re.DOTALL,
)
_PLAIN_TEXT = re.compile(r"""(["'])([^"'\\]*)\1""")


@dataclass(frozen=True, slots=True)
class Constant:
    """A number, a text, `true`, `false` or `null`; `source` as it is written."""

    source: str

    @property
    def is_text(self) -> bool:
        """Whether it is a text: bytes are none."""
        return self.source[-1] in "\"'" and "b" not in re.split("[\"']", self.source)[0].lower()


@dataclass(frozen=True, slots=True)
class Name:
    """A variable, or the element of a comprehension."""

    name: str


@dataclass(frozen=True, slots=True)
class Select:
    """`of.name`; `of["name"]` is the same."""

    of: Tree
    name: str


@dataclass(frozen=True, slots=True)
class Call:
    """A function or an operator; its target is the first of its arguments.

    Args:
        name: `[]` an index, `[_]` a list, `{_}` a map, `?:` a choice. Operators of one level are
            one call: `+` of `a + b - c` has three arguments.
        at: where the name stands in the source.
    """

    name: str
    arguments: tuple[Tree, ...]
    at: int = 0


@dataclass(frozen=True, slots=True)
class Loop:
    """A comprehension: `over.macro(element, body)`."""

    macro: str
    over: Tree
    element: str
    body: tuple[Tree, ...]


def parse(source: str) -> Tree:
    """Return the tree of an expression that the engine could parse.

    Raises:
        InvalidDocumentError: it has what rules don't: optional values, messages, deep brackets.
    """
    parser = _Parser(list(_tokens(source)))
    tree = parser.expression()
    if not parser.is_at("end"):
        raise parser.refusal()
    return tree


def parts(tree: Tree) -> Iterator[Tree]:
    """Yield the tree and everything in it."""
    left = [tree]
    while left:
        one = left.pop()
        yield one
        match one:
            case Select(of, _):
                left.append(of)
            case Call(_, arguments, _):
                left.extend(arguments)
            case Loop(_, over, _, body):
                left.extend((over, *body))


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    at: int


def _tokens(source: str) -> Iterator[_Token]:
    for found in _TOKEN.finditer(source):
        if found.lastgroup is not None:
            yield _Token(found.lastgroup, found.group(), found.start())
    yield _Token("end", "end", len(source))


@dataclass(slots=True)
class _Parser:
    """Precedence climbing; one level of brackets is four calls deep."""

    tokens: list[_Token]
    position: int = 0
    depth: int = field(default=0)

    @property
    def token(self) -> _Token:
        return self.tokens[self.position]

    def is_at(self, *texts: str) -> bool:
        return self.token.text in texts and self.token.kind != "text"

    def refusal(self) -> InvalidDocumentError:
        return InvalidDocumentError(
            f"Expressions of rules have no '{self.token.text}' at character {self.token.at + 1}."
        )

    def take(self) -> _Token:
        self.position += 1
        return self.tokens[self.position - 1]

    def expect(self, text: str) -> None:
        if not self.is_at(text):
            raise self.refusal()
        self.take()

    def expression(self) -> Tree:
        self.depth += 1
        if self.depth > DEEPEST:
            raise InvalidDocumentError(
                f"Brackets in an expression may stand {DEEPEST} deep: use two lines of the rule."
            )
        tree = self.operators(0)
        if self.is_at("?"):
            self.take()
            chosen = self.expression()
            self.expect(":")
            tree = Call("?:", (tree, chosen, self.expression()))
        self.depth -= 1
        return tree

    def operators(self, level: int) -> Tree:
        """Return what operators of this level, and of those that bind closer, join."""
        if level == len(_LEVELS):
            return self.unary()
        operands = [self.operators(level + 1)]
        name = ""
        while self.token.text in _LEVELS[level] and self.token.kind != "text":
            taken = self.take().text
            name = taken if not name or taken == "+" else name
            operands.append(self.operators(level + 1))
        return Call(name, tuple(operands)) if name else operands[0]

    def unary(self) -> Tree:
        name = ""
        while self.is_at("!", "-"):
            name = self.take().text
        tree = self.primary()
        for _ in range(DEEPEST):
            if self.is_at("."):
                self.take()
                tree = self.member(tree)
            elif self.is_at("["):
                tree = self.index(tree)
            else:
                return Call(name, (tree,)) if name else tree
        raise InvalidDocumentError(f"A path may have {DEEPEST} steps: use two lines of the rule.")

    def member(self, of: Tree) -> Tree:
        token = self.name()
        if not self.is_at("("):
            return Select(of, token.text)
        if token.text not in LOOPS:
            return Call(token.text, (of, *self.arguments(")")), token.at)
        element, *body = self.arguments(")")
        if not isinstance(element, Name):
            raise self.refusal()
        return Loop(token.text, of, element.name, tuple(body))

    def index(self, of: Tree) -> Tree:
        (step,) = self.arguments("]")
        plain = _PLAIN_TEXT.fullmatch(step.source) if isinstance(step, Constant) else None
        return Select(of, plain[2]) if plain else Call("[]", (of, step))

    def primary(self) -> Tree:
        token = self.token
        if token.kind in {"text", "number"} or self.is_at("true", "false", "null"):
            return Constant(self.take().text)
        if self.is_at("("):
            (inner,) = self.arguments(")")
            return inner
        if self.is_at("["):
            return Call("[_]", self.arguments("]"))
        if self.is_at("{"):
            return Call("{_}", self.arguments("}"))
        token = self.name()
        if self.is_at("{"):
            raise self.refusal()
        return (
            Call(token.text, self.arguments(")"), token.at) if self.is_at("(") else Name(token.text)
        )

    def name(self) -> _Token:
        if self.token.kind != "name":
            raise self.refusal()
        return self.take()

    def arguments(self, end: str) -> tuple[Tree, ...]:
        """Return what stands between brackets; keys and values of a map in a row."""
        self.take()
        found = []
        while not self.is_at(end):
            found.append(self.expression())
            if not self.is_at(end):
                self.expect(":" if end == "}" and len(found) % 2 else ",")
        self.take()
        return tuple(found)
