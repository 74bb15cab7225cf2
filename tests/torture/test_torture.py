"""The quick form of the torture; `make torture` is the full one."""

from __future__ import annotations

import random
from contextlib import closing
from typing import TYPE_CHECKING

from torture.report import report
from torture.run import run
from torture.setup import setup_of

if TYPE_CHECKING:
    from pathlib import Path


def test_tortured_gateway_loses_nothing_and_keeps_order(tmp_path: Path) -> None:
    seed = random.SystemRandom().randrange(10**6)
    said: list[str] = []
    size = {"orders": 600, "calm_orders": 100, "gateway_kills": 8, "mongod_kills": 5}
    with closing(run(setup_of(seed, **size), tmp_path, said.append)) as results:
        for result in results:
            assert result.verdict.holds, "\n".join([*said, report(result)])
