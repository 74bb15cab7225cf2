"""The cases: what `python -m benchmarks` can measure, in the order of the README."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks import (
    arrival,
    cost,
    decision,
    drain,
    endurance,
    growth,
    intake,
    peers,
    scale,
    simulate,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import TypeAlias

    from benchmarks.figures import Effort, Figure

    Case: TypeAlias = Callable[[Effort], Iterator[Figure]]

CASES: Mapping[str, Case] = {
    "create": intake.create,
    "get": intake.get,
    "patch": intake.patch,
    "issue": intake.issue,
    "growth": growth.growth,
    "workers": scale.workers,
    "connections": scale.connections,
    "start": endurance.start,
    "memory": endurance.memory,
    "drain": drain.figures,
    "latency": arrival.latency_figures,
    "isolation": arrival.isolation_figures,
    "cost": cost.cost,
    "decision": decision.figures,
    "tmf-mock": peers.tmf_mock,
    "prism": peers.prism,
    "simulate": simulate.simulate,
}
PEERS = ("tmf-mock", "prism")
"""Those that fetch something, and run only where they are asked for."""
