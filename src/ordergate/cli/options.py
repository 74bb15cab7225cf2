"""What commands have in common: exit codes, options, and the example at the end of their help."""

from __future__ import annotations

from pathlib import Path

import click

REFUSED, SETUP, INTERRUPTED = 1, 2, 130
"""Exit codes, beside 0."""

DEFAULT_URL = "http://127.0.0.1:8652"

url_option = click.option(
    "--url", default=DEFAULT_URL, show_default=True, metavar="URL", help="The gateway to speak to."
)
file_path = click.Path(path_type=Path)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")


def example_of(command: str) -> str:
    """Return the example at the end of a command's help, kept on a line of its own."""
    return f"\b\nExample:\n  {command}"
