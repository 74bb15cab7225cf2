"""What a person reads: a console that is as good in a pipe, and text that can do no harm."""

from __future__ import annotations

import json
import os
import sys
from typing import Any

import click
from rich.console import Console
from rich.text import Text

_WIDTH_IN_A_PIPE = 120


def open_console() -> Console:
    """Return the console for standard output: as wide as the terminal, or 120 in a pipe."""
    piped = not sys.stdout.isatty() and "COLUMNS" not in os.environ
    return Console(
        width=_WIDTH_IN_A_PIPE if piped else None, highlight=False, markup=False, emoji=False
    )


def plain(value: Any) -> str:
    """Return `value` as one line without control characters: it came over the network."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return "".join(c if c.isprintable() else " " for c in text)


def styled(*parts: str | tuple[str, str]) -> Text:
    """Return a line of text from parts, each a string or (string, style); no markup is read."""
    return Text.assemble(*parts)


def print_json(document: Any, *, one_line: bool = False) -> None:
    """Print a document for programs, flushed."""
    indent = None if one_line else 2
    click.echo(json.dumps(document, ensure_ascii=False, indent=indent, default=str))
