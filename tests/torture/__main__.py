"""`python -m torture`: a calm run, then a tortured one; again until the hours are over."""

from __future__ import annotations

import json
import random
import shutil
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

import click

from torture.report import report
from torture.run import run
from torture.setup import setup_of


@click.command()
@click.option("--orders", default=5000, show_default=True, type=click.IntRange(10))
@click.option(
    "--calm-orders", type=click.IntRange(0), help="first, in peace  [two fifths of ORDERS]"
)
@click.option("--gateway-kills", type=click.IntRange(1), help="[one per 100 ORDERS]")
@click.option("--mongod-kills", type=click.IntRange(1), help="[one per 200 ORDERS]")
@click.option("--seed", type=int, help="one that is made up, if none is given")
@click.option("--hours", default=0.0, help="go on with further seeds for so long")
@click.option("--folder", type=click.Path(path_type=Path), help="for journals and logs; they stay")
@click.option("--json", "as_json", is_flag=True, help="for programs")
def main(
    *,
    orders: int,
    seed: int | None,
    hours: float,
    folder: Path | None,
    as_json: bool,
    **given: int | None,
) -> None:
    """Torture a gateway; the exit code is 1 when a promise was broken."""
    usual = {
        "calm_orders": 2 * orders // 5,
        "gateway_kills": max(1, orders // 100),
        "mongod_kills": max(1, orders // 200),
    }
    size = usual | {name: number for name, number in given.items() if number is not None}
    until = time.monotonic() + hours * 3600
    seed = random.SystemRandom().randrange(10**6) if seed is None else seed
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
    while True:
        home = Path(tempfile.mkdtemp(prefix=f"torture-{seed}-", dir=folder))
        with closing(run(setup_of(seed, orders=orders, **size), home, _say)) as results:
            for result in results:
                click.echo(json.dumps(result.as_document()) if as_json else report(result))
                if not result.verdict.holds:
                    sys.exit(1)
        if folder is None:
            shutil.rmtree(home)
        if time.monotonic() >= until:
            break
        seed += 1


def _say(text: str) -> None:
    click.echo(text, err=True)


if __name__ == "__main__":
    main()
