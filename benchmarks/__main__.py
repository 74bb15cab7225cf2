"""`python -m benchmarks [CASE]…`: measure, and say what came of it."""

from __future__ import annotations

import json
import sys

import click

from benchmarks.cases import CASES
from benchmarks.figures import Effort
from benchmarks.results import measured, table
from ordergate.cli.terminal import open_console


@click.command()
@click.argument("cases", nargs=-1, type=click.Choice(list(CASES)))
@click.option("--rounds", default=5, show_default=True, type=click.IntRange(1), help="per figure")
@click.option("--seconds", default=3.0, show_default=True, help="of load per round and server")
@click.option("--full", is_flag=True, help="also what takes longer than a quarter of an hour")
@click.option("--quick", is_flag=True, help="only see that all runs: the figures say nothing")
@click.option("--peers", is_flag=True, help="also beside other servers, fetched for it")
@click.option("--json", "as_json", is_flag=True, help="for programs")
def main(cases: tuple[str, ...], *, as_json: bool, **effort: object) -> None:
    """Measure the CASES, or all of them."""
    found = measured(cases or tuple(CASES), Effort(**effort))  # type: ignore[arg-type]
    if as_json:
        click.echo(json.dumps(found, indent=2))
    else:
        open_console().print(table(found))
    sys.exit(any("failed" in one for one in found["cases"].values()))


if __name__ == "__main__":
    main()
