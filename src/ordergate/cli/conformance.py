"""The command `ordergate conformance`; what it does is imported when it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

_FAILED = 1
_file = click.Path(path_type=Path)


@click.command(
    epilog="\b\nExample:\n  ordergate conformance --url https://vendor.example --api 652"
)
@click.option(
    "--url",
    required=True,
    metavar="BASE",
    help="The server's root, or the base path of one of its APIs.",
)
@click.option("--api", type=click.Choice(["652", "641"]), help="One API  [default: all it has]")
@click.option("--junit", type=_file, metavar="F", help="Write the results as JUnit XML.")
@click.option("--html", type=_file, metavar="F", help="Write the results as a page.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
@click.option("--order", type=_file, metavar="F", help="A body for POST that the server takes.")
@click.option("--contract", type=_file, metavar="F", help="The OpenAPI contract, if not served.")
@click.option("--header", multiple=True, metavar="H", help="Send this header, such as a token.")
@click.option(
    "--listener-host",
    default="127.0.0.1",
    show_default=True,
    metavar="ADDRESS",
    help="An address of this machine that the server can notify.",
)
@click.option(
    "--rate",
    type=click.FloatRange(0.1, 10_000),
    default=50,
    show_default=True,
    metavar="N",
    help="The most requests in a second.",
)
@click.option(
    "--seconds",
    type=click.FloatRange(1, 86_400),
    default=600,
    show_default=True,
    metavar="N",
    help="The most time it may take.",
)
@click.option(
    "--examples",
    type=click.IntRange(1, 1_000),
    default=20,
    show_default=True,
    metavar="N",
    help="Requests made from the contract, for each operation.",
)
def conformance(*, junit: Path | None, html: Path | None, **options: Any) -> int:
    """Check whether a TMF652 or TMF641 server, ours or another, does what the standards ask.

    It makes orders, changes and cancels them, listens to their events, and removes them again
    where the server lets it. Exit code 1 means that a check failed.
    """
    from ordergate.cli.conformance_report import run_conformance

    return 0 if run_conformance(files=(junit, html), **options) else _FAILED
