"""Requests made up from the contracts, by the hundred: nothing breaks a promise of theirs.

schemathesis.toml beside this says which check is off for what, and why.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from api.client import GATEWAY, TMF641, TMF652

if TYPE_CHECKING:
    from api.client import Client

FEW = 10
# Service orders nest: at their door, coverage alone is 16,000 requests, however few are asked for.
QUICK = {TMF641: ("--phases", "examples,fuzzing,stateful")}
SETTINGS = Path(__file__).with_name("schemathesis.toml")


@pytest.mark.parametrize("door", [TMF652, TMF641, GATEWAY])
def test_every_promise_of_the_contract_holds(
    api: Client, tmp_path: Path, pytestconfig: pytest.Config, door: str
) -> None:
    examples: int | None = pytestconfig.getoption("--examples")
    command = [
        str(Path(sys.executable).with_name("schemathesis")),
        *("--config-file", str(SETTINGS), "run", f"{api.url}{door}/openapi.json"),
        *("--max-examples", str(examples or FEW), "--seed", "652"),
        *(() if examples else QUICK.get(door, ())),
    ]
    ran = subprocess.run(
        command,
        cwd=tmp_path,
        env={**os.environ, "NO_PROXY": "127.0.0.1"},
        capture_output=True,
        text=True,
        timeout=300 + 20 * (examples or 0),
        check=False,
    )
    assert ran.returncode == 0, ran.stdout[-8000:] + ran.stderr[-2000:]
