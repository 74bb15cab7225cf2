"""What a benchmark measured, round by round, beside what it is compared with."""

from __future__ import annotations

import itertools
import time
from dataclasses import dataclass
from statistics import median, quantiles
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_MILLISECONDS = 1000.0
_DIGITS = 4


class SkippedError(Exception):
    """A case can't be measured here, for a reason that isn't its own."""


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is measured.

    Args:
        rounds: per figure; what is compared takes turns in each.
        seconds: that the load of one round takes.
        full: the cases that take longer than a quarter of an hour, too.
        quick: the least that runs everything, for tests: its figures say nothing.
        peers: other people's servers, too, fetched from their registries.
    """

    rounds: int
    seconds: float
    full: bool = False
    quick: bool = False
    peers: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One thing that was measured.

    Args:
        case: the benchmark that it is from.
        values: of each round, in order.
        computed: milliseconds that were computed in each round: the same on a busy machine.
        against: what it is compared with.
        reference: the same of that, in the same rounds.
        at_least: what was promised of the ratio to the reference, or of the value without one.
        at_most: likewise.
        curve: what it is a point of, where a plot shows how something grows.
        at: where on the curve it is.
        axis: what `at` counts.
    """

    case: str
    what: str
    values: tuple[float, ...]
    unit: str = "ms"
    computed: tuple[float, ...] = ()
    against: str = ""
    reference: tuple[float, ...] = ()
    at_least: float | None = None
    at_most: float | None = None
    curve: str = ""
    at: float | None = None
    axis: str = ""

    def ratios(self) -> tuple[float, ...]:
        """Return the ratio to the reference in each round."""
        pairs = zip(self.values, self.reference, strict=True) if self.reference else ()
        return tuple(ours / theirs for ours, theirs in pairs if theirs)

    def is_kept(self) -> bool | None:
        """Return whether what was promised is so; None if nothing was."""
        if self.at_least is None and self.at_most is None:
            return None
        found = median(self.ratios() or self.values)
        low = self.at_least is None or found >= self.at_least
        return low and (self.at_most is None or found <= self.at_most)

    def as_document(self) -> dict[str, Any]:
        """Return it for programs."""
        return {
            "case": self.case,
            "what": self.what,
            "unit": self.unit,
            "rounds": len(self.values),
            "measured": spread(self.values),
            "computed": spread(self.computed),
            "against": self.against or None,
            "reference": spread(self.reference),
            "ratio": spread(self.ratios()),
            "atLeast": self.at_least,
            "atMost": self.at_most,
            "kept": self.is_kept(),
            "curve": self.curve or None,
            "at": self.at,
            "axis": self.axis or None,
        }


def spread(values: Sequence[float]) -> dict[str, float] | None:
    """Return the median and how far the values lie apart."""
    if not values:
        return None
    first, _, third = quantiles(values, method="inclusive") if len(values) > 1 else [values[0]] * 3
    found = {"median": median(values), "q1": first, "q3": third}
    found |= {"min": min(values), "max": max(values)}
    return {name: round(value, _DIGITS) for name, value in found.items()}


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
