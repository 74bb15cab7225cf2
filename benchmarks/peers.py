"""Other people's servers under the same load, fetched from their registries for the run.

Neither keeps anything or decides anything: tmf-mock has what it is told in memory, and Prism
answers with what the contract describes. Whoever can't be fetched is left out, with the reason.
"""

from __future__ import annotations

import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from benchmarks.bodies import RESOURCE_ORDERS, SERVICE_ORDERS, example, resource_order, text
from benchmarks.comparison import Sides, compared
from benchmarks.figures import SkippedError
from benchmarks.generators import Job
from benchmarks.load import created
from benchmarks.servers import free, gateway, running_store, started
from ordergate.assembly.contracts import contract_folder
from ordergate.cli.demo import find_examples

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmarks.figures import Effort, Figure
    from benchmarks.servers import Server

_TO_FETCH = 300.0
_AHEAD = {"rate": (1.0, None)}
_KNOWN = 100


def tmf_mock(effort: Effort) -> Iterator[Figure]:
    """Yield service orders taken and read, beside tmf-mock (PyPI)."""
    with (
        _tmf_mock() as theirs,
        running_store() as store,
        gateway(store, catalog=find_examples() / "catalog") as ours,
    ):
        sides = Sides(ours, theirs, store.process, share=False)
        body = text(example("fibre-standard"))
        # It calls the items otherwise than TMF641 v4 does.
        bodies = {ours.name: body, theirs.name: body.replace('"serviceOrderItem"', '"orderItem"')}
        paths = {
            one.name: tuple(created(SERVICE_ORDERS, bodies[one.name], _KNOWN, one))
            for one in (ours, theirs)
        }
        yield from compared(
            "tmf-mock",
            "POST serviceOrder",
            sides,
            lambda server, _: Job(
                "POST", (SERVICE_ORDERS,), bodies[server.name], seconds=effort.seconds
            ),
            effort=effort,
        )
        yield from compared(
            "tmf-mock",
            "GET serviceOrder",
            sides,
            lambda server, _: Job("GET", paths[server.name], seconds=effort.seconds),
            effort=effort,
            promises=_AHEAD,
        )


def prism(effort: Effort) -> Iterator[Figure]:
    """Yield resource orders taken and read, beside Prism (npm) with the same contract."""
    body = text(resource_order())
    # Prism serves a contract's paths where the contract has no server: without the base path.
    short = "/resourceOrder"
    with _prism() as theirs, running_store() as store, gateway(store) as ours:
        sides = Sides(ours, theirs, store.process, share=False)
        places = {ours.name: RESOURCE_ORDERS, theirs.name: short}
        paths = {
            one.name: tuple(created(places[one.name], body, 1 if one is theirs else _KNOWN, one))
            for one in (ours, theirs)
        }
        yield from compared(
            "prism",
            "POST resourceOrder",
            sides,
            lambda server, _: Job("POST", (places[server.name],), body, seconds=effort.seconds),
            effort=effort,
            promises=_AHEAD,
        )
        yield from compared(
            "prism",
            "GET resourceOrder",
            sides,
            lambda server, _: Job("GET", paths[server.name], seconds=effort.seconds),
            effort=effort,
            promises=_AHEAD,
        )


@contextmanager
def _tmf_mock() -> Iterator[Server]:
    with TemporaryDirectory(prefix="benchmark-") as name:
        folder = Path(name)
        _fetch([sys.executable, "-m", "venv", str(folder)])
        _fetch([str(folder / "bin/pip"), "install", "--quiet", "tmf-mock"])
        port = free()
        options = ["--host", "127.0.0.1", "--port", str(port), "--apis", "641", "--no-seed"]
        command = [str(folder / "bin/tmf-mock"), "start", *options]
        with started("tmf-mock", command, {}, port, "/health") as server:
            yield server


@contextmanager
def _prism() -> Iterator[Server]:
    with TemporaryDirectory(prefix="benchmark-") as name:
        _fetch(["npm", "install", "--silent", "--prefix", name, "@stoplight/prism-cli"])
        port = free()
        contract = contract_folder() / "tmf652-resource-ordering.yaml"
        options = ["--port", str(port), "--verboseLevel", "silent", str(contract)]
        command = [str(Path(name) / "node_modules/.bin/prism"), "mock", *options]
        with started("Prism", command, {}, port, "/resourceOrder/1") as server:
            yield server


def _fetch(command: Sequence[str]) -> None:
    """Run a registry's ordinary client.

    Raises:
        SkippedError: it isn't there, or says no.
    """
    try:
        done = subprocess.run(  # noqa: S603 - our own commands
            command, capture_output=True, text=True, check=False, timeout=_TO_FETCH
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SkippedError(f"It can't be fetched: {error}") from error
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise SkippedError(f"It can't be fetched: {said[-1] if said else command[0]}")
