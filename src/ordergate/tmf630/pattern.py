"""Regular expressions in filters, as a port: this room stays free of third-party packages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeAlias

from ordergate.errors import InvalidQueryError, UnsupportedQueryError

LONGEST_PATTERN = 200


class Pattern(Protocol):
    """A compiled regular expression; case-sensitive, in time linear to the text."""

    @property
    def text(self) -> str:
        """The expression as the client wrote it."""

    def found_in(self, value: str) -> bool:
        """Tell whether any part of the value is like that."""


PatternCompiler: TypeAlias = Callable[[str], Pattern]
"""Compiles an expression; raises ValueError, saying why, for what the engine doesn't take."""


def compiled(text: str, compile_pattern: PatternCompiler | None, *, path: str) -> Pattern:
    """Return the expression that a filter on `path` asks for, compiled.

    Raises:
        InvalidQueryError: the engine doesn't take it, or it is too long.
        UnsupportedQueryError: there is no engine here.
    """
    if compile_pattern is None:
        raise UnsupportedQueryError("regular expressions are not offered here", path=path)
    if len(text) > LONGEST_PATTERN or "\0" in text:
        raise InvalidQueryError(
            f"a regular expression has at most {LONGEST_PATTERN} characters, none of them NUL",
            path=path,
        )
    try:
        return compile_pattern(text)
    except ValueError as error:
        raise InvalidQueryError(
            f"{text!r} is no regular expression as RE2 reads them: {error}", path=path
        ) from error
