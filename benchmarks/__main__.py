"""`python -m benchmarks [CASE]…`: measure, and say what came of it."""

from __future__ import annotations

import json
from itertools import chain

import click

from benchmarks import arrival, decision, drain
from benchmarks.figures import report, table
from ordergate.cli.terminal import open_console

_CASES = {
    "decision": decision.figures,
    "drain": drain.figures,
    "latency": arrival.latency_figures,
    "isolation": arrival.isolation_figures,
}


@click.command()
@click.argument("cases", nargs=-1, type=click.Choice(sorted(_CASES)))
@click.option("--rounds", default=9, show_default=True, type=click.IntRange(1), help="per figure")
@click.option("--json", "as_json", is_flag=True, help="for programs")
def main(cases: tuple[str, ...], rounds: int, *, as_json: bool) -> None:
    """Measure the CASES, or all of them."""
    measured = report(chain.from_iterable(_CASES[one](rounds) for one in cases or _CASES))
    if as_json:
        click.echo(json.dumps(measured, indent=2))
    else:
        open_console().print(table(measured))


if __name__ == "__main__":
    main()
