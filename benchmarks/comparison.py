"""Servers compared under the same load, in turns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.figures import Figure
from benchmarks.load import run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from benchmarks.figures import Effort
    from benchmarks.generators import Job
    from benchmarks.load import Outcome
    from benchmarks.servers import Server

_WARM = 0.5
_SHOWN = (
    ("requests", "rate", "1/s"),
    ("p50", "p50", "ms"),
    ("p95", "p95", "ms"),
    ("p99", "p99", "ms"),
    ("CPU of the server, per request", "computed", "ms"),
    ("CPU of MongoDB, per request", "stored", "ms"),
    ("most memory", "memory", "MiB"),
)


@dataclass(frozen=True, slots=True)
class Sides:
    """Two servers; the second is what the first is compared with.

    Args:
        store: of the first, or of both.
        share: whether it is of both.
    """

    ours: Server
    theirs: Server
    store: Server
    share: bool = True


def compared(
    case: str,
    what: str,
    sides: Sides,
    job: Callable[[Server, int], Job],
    *,
    effort: Effort,
    promises: Mapping[str, tuple[float | None, float | None]] | None = None,
) -> Iterator[Figure]:
    """Yield what our server does beside the other.

    Args:
        job: what is sent to a server in a round.
        promises: the least and the most of ratios, by the name of a figure of `Outcome`.
    """
    ours: list[Outcome] = []
    theirs: list[Outcome] = []
    for turn in range(effort.rounds):
        both = [(sides.ours, ours), (sides.theirs, theirs)]
        for server, seen in both if turn % 2 else reversed(both):
            warm = 0.0 if effort.quick else _WARM
            seen.append(run(job(server, turn), server, sides.store, warm=warm))
    for name, field, unit in _SHOWN:
        has_reference = sides.share or field != "stored"
        least, most = (promises or {}).get(field, (None, None))
        yield Figure(
            case=case,
            what=f"{what}: {name}",
            values=tuple(getattr(one, field) for one in ours),
            unit=unit,
            against=sides.theirs.name if has_reference else "",
            reference=tuple(getattr(one, field) for one in theirs) if has_reference else (),
            at_least=least,
            at_most=most,
        )
