"""What a benchmark measured, for people and for programs."""

from __future__ import annotations

import itertools
import os
import time
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Any

from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_MILLISECONDS = 1000.0


@dataclass(frozen=True, slots=True)
class Figure:
    """How long one thing took, round by round.

    Args:
        milliseconds: of each round, in order, by the clock on the wall.
        computed: likewise, what this process computed: the same on a busy machine.
        goal: milliseconds that the median should stay below, where something was promised.
    """

    case: str
    what: str
    milliseconds: tuple[float, ...]
    computed: tuple[float, ...] = ()
    goal: float | None = None

    def as_document(self) -> dict[str, Any]:
        """Return it for programs."""
        return {
            "case": self.case,
            "what": self.what,
            "unit": "ms",
            "rounds": len(self.milliseconds),
            "median": round(median(self.milliseconds), 3),
            "min": round(min(self.milliseconds), 3),
            "max": round(max(self.milliseconds), 3),
            "computed": round(median(self.computed), 3) if self.computed else None,
            "goal": self.goal,
        }


def timed(do: Callable[[], object], rounds: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return the milliseconds that each round took, on the wall and computed here.

    One round more comes first, and doesn't count.
    """
    do()
    clocks = [_clocks()]
    for _ in range(rounds):
        do()
        clocks.append(_clocks())
    taken = [
        (after[0] - before[0], after[1] - before[1]) for before, after in itertools.pairwise(clocks)
    ]
    return tuple(one for one, _ in taken), tuple(one for _, one in taken)


def _clocks() -> tuple[float, float]:
    return time.perf_counter() * _MILLISECONDS, time.process_time() * _MILLISECONDS


def report(figures: Iterable[Figure]) -> dict[str, Any]:
    """Return the figures for programs, with how busy the machine was at the end."""
    measured = [one.as_document() for one in figures]
    load = [round(one, 2) for one in os.getloadavg()]
    return {"figures": measured, "machine": {"cpus": os.cpu_count(), "load": load}}


def table(measured: dict[str, Any]) -> Table:
    """Return the same for people."""
    machine = measured["machine"]
    load = ", ".join(map(str, machine["load"]))
    shown = Table(caption=f"{machine['cpus']} CPUs, load over 1, 5 and 15 minutes: {load}")
    shown.add_column("Case")
    shown.add_column("What")
    for name in ("Rounds", "Median ms", "Fastest", "Slowest", "Computed", "Goal"):
        shown.add_column(name, justify="right")
    for one in measured["figures"]:
        names = ("median", "min", "max", "computed")
        times = ("" if one[name] is None else f"{one[name]:,.1f}" for name in names)
        goal = "" if one["goal"] is None else f"< {one['goal']:,.0f}"
        shown.add_row(one["case"], one["what"], str(one["rounds"]), *times, goal)
    return shown
