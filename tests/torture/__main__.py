"""`python -m torture`: a calm run, then a tortured one; again until the hours are over."""

from __future__ import annotations

import json
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path

import click

from torture.report import report
from torture.run import run
from torture.setup import setup_of


@click.command()
@click.option("--orders", default=5000, show_default=True, type=click.IntRange(10))
@click.option("--gateway-kills", default=50, show_default=True, type=click.IntRange(1))
@click.option("--mongod-kills", default=25, show_default=True, type=click.IntRange(1))
@click.option("--calm-orders", default=2000, show_default=True, help="first, in peace")
@click.option("--seed", type=int, help="one that is made up, if none is given")
@click.option("--hours", default=0.0, help="go on with further seeds for so long")
@click.option("--folder", type=click.Path(path_type=Path), help="for journals and logs; they stay")
@click.option("--json", "as_json", is_flag=True, help="for programs")
def main(
    *, seed: int | None, hours: float, folder: Path | None, as_json: bool, **size: int
) -> None:
    """Torture a gateway; the exit code is 1 when a promise was broken."""
    until = time.monotonic() + hours * 3600
    seed = random.SystemRandom().randrange(10**6) if seed is None else seed
    while True:
        home = Path(tempfile.mkdtemp(prefix=f"torture-{seed}-", dir=folder))
        for result in run(setup_of(seed, **size), home, lambda text: click.echo(text, err=True)):
            click.echo(json.dumps(result.as_document()) if as_json else report(result))
            if not result.verdict.holds:
                sys.exit(1)
        if folder is None:
            shutil.rmtree(home)
        if time.monotonic() >= until:
            break
        seed += 1


if __name__ == "__main__":
    main()
