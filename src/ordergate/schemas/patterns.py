"""Clients' regular expressions, by RE2: linear time, so no look-around and no backreference."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

_MOST_MEMORY = 1 << 20  # of one compiled expression, in bytes


@dataclass(frozen=True, slots=True)
class Re2Pattern:
    """A compiled expression (`tmf630.pattern.Pattern`)."""

    text: str
    compiled: Any

    def found_in(self, value: str) -> bool:
        """Tell whether any part of the value is like that."""
        return self.compiled.search(value) is not None

    @property
    def program_size(self) -> int:
        """Instructions of its program: the time for a character is in proportion, at worst."""
        return int(self.compiled.programsize)


def compile_pattern(text: str) -> Re2Pattern:
    """Compile an expression (`tmf630.pattern.PatternCompiler`).

    Raises:
        ValueError: RE2 doesn't take it.
    """
    import re2  # noqa: PLC0415 - most gateways never meet an expression; the engine costs memory

    options = re2.Options()
    options.log_errors = False  # the client is told, standard error isn't
    options.max_mem = _MOST_MEMORY
    try:
        return Re2Pattern(text, re2.compile(text, options))
    except re2.error as error:
        said = error.args[0] if error.args else error
        reason = said.decode(errors="replace") if isinstance(said, bytes) else str(said)
        raise ValueError(reason) from error
