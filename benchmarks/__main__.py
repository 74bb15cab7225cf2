"""`python -m benchmarks [CASE]…`: measure, and say what came of it."""

from __future__ import annotations

import json
import sys

import click

from benchmarks.cases import CASES, PEERS
from benchmarks.figures import Effort
from benchmarks.machine import commit
from benchmarks.readme import renew
from benchmarks.results import keep, latest, measured, table
from ordergate.cli.terminal import open_console

_QUICK = {"rounds": 1, "seconds": 0.2}


@click.command()
@click.argument("cases", nargs=-1, type=click.Choice(list(CASES)))
@click.option("--rounds", type=click.IntRange(1), help="per figure  [3; 5 with --full]")
@click.option("--seconds", type=float, help="of load per round and server  [1.5; 2 with --full]")
@click.option("--full", is_flag=True, help="also what takes longer than a quarter of an hour")
@click.option("--quick", is_flag=True, help="only see that all runs: the figures say nothing")
@click.option("--peers", is_flag=True, help="also beside other servers, fetched for it")
@click.option("--keep", "kept", is_flag=True, help="in results/ and README.md, case by case")
@click.option("--missing", is_flag=True, help="only cases that aren't kept of this commit")
@click.option("--json", "as_json", is_flag=True, help="for programs")
def main(
    cases: tuple[str, ...],
    *,
    rounds: int | None,
    seconds: float | None,
    kept: bool,
    missing: bool,
    as_json: bool,
    **given: float,
) -> None:
    """Measure the CASES, or all of them; the exit status is 1 if one failed."""
    given["rounds"] = rounds or (5 if given["full"] else 3)
    given["seconds"] = seconds or (2.0 if given["full"] else 1.5)
    effort = Effort(**given | (_QUICK if given["quick"] else {}))  # type: ignore[arg-type]
    offered = [one for one in CASES if effort.peers or one not in PEERS]
    wanted = [one for one in cases or offered if not (missing and _is_kept(one))]
    found = {}
    for name in wanted:
        found[name] = measured(CASES[name], effort)
        if kept:
            keep(name, found[name])
            renew(name, found[name])
        if not as_json:
            open_console().print(table(name, found[name]))
    if as_json:
        click.echo(json.dumps({"cases": found}, indent=1))
    sys.exit(any("failed" in one for one in found.values()))


def _is_kept(name: str) -> bool:
    """Return whether the case has been measured, to its end, as the code is now."""
    found = latest()["cases"].get(name, {"failed": "never"})
    return "failed" not in found and found["machine"]["commit"] == commit()


if __name__ == "__main__":
    main()
