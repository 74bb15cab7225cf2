"""Requests made up from the contracts, by the hundred: nothing breaks a promise of theirs."""

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

# What a check can't know. positive_data_acceptance, every operation: a document may fit its schema
# and contradict itself (an id twice, a dependency that leads nowhere, a rule under another's
# address, a key used again), and `sort`, `fields` and a hub's query have a grammar of their own.
# test_contracts.py and the api ring hold what is accepted.
OFF = "positive_data_acceptance"
PHASES = {
    TMF652: "examples,coverage,fuzzing,stateful",
    TMF641: "examples,coverage,fuzzing",  # its items nest: 30 s more for two links
    GATEWAY: "examples,coverage,fuzzing,stateful",
}


@pytest.mark.parametrize("door", PHASES)
def test_every_promise_of_the_contract_holds(api: Client, tmp_path: Path, door: str) -> None:
    command = [
        *(str(Path(sys.executable).with_name("schemathesis")), "run"),
        f"{api.url}{door}/openapi.json",
        *("--checks", "all", "--exclude-checks", OFF, "--phases", PHASES[door]),
        *("--max-examples", "10", "--seed", "652", "--generation-database", "none"),
        *("--suppress-health-check", "all", "--no-color"),
    ]
    ran = subprocess.run(
        command,
        cwd=tmp_path,
        env={**os.environ, "NO_PROXY": "127.0.0.1"},
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout[-8000:] + ran.stderr[-2000:]
