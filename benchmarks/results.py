"""Results: of a run, for people and for programs."""

from __future__ import annotations

import logging
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from rich.table import Table

from benchmarks.cases import CASES
from benchmarks.machine import load, machine

if TYPE_CHECKING:
    from collections.abc import Iterable

    from benchmarks.figures import Effort

_log = logging.getLogger(__name__)


def measured(cases: Iterable[str], effort: Effort) -> dict[str, Any]:
    """Run the cases and return what they measured; one that fails says so, and the rest goes on."""
    return {"machine": machine(), "cases": {name: case(name, effort) for name in cases}}


def case(name: str, effort: Effort) -> dict[str, Any]:
    """Run one case and return its figures, as far as it got, with when and how busy it was."""
    figures: list[dict[str, Any]] = []
    before, began = load(), time.monotonic()
    found: dict[str, Any] = {"date": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}", "figures": figures}
    try:
        figures.extend(one.as_document() for one in CASES[name](effort))
    except Exception as error:  # noqa: BLE001 - whatever it is, the other cases can be measured
        _log.exception("a case failed")
        found["failed"] = f"{type(error).__name__}: {error}"
    took = round(time.monotonic() - began, 1)
    return {**found, "seconds": took, "load": {"before": before, "after": load()}}


def table(found: dict[str, Any]) -> Table:
    """Return the figures as a table for a terminal."""
    on = found["machine"]
    shown = Table(caption=f"{on['cpu']}, {on['cores']} cores, commit {on['commit']}")
    shown.add_column("What")
    for name in ("Unit", "Measured", "Beside", "Reference", "Ratio", "Promised"):
        shown.add_column(name, justify="right")
    for name, one in found["cases"].items():
        for figure in one["figures"]:
            shown.add_row(*row(figure))
        if "failed" in one:
            shown.add_row(f"{name} failed: {one['failed']}")
        shown.add_section()
    return shown


def row(figure: dict[str, Any]) -> list[str]:
    """Return what a table says of a figure."""
    return [
        figure["what"],
        figure["unit"],
        shown_spread(figure["measured"]),
        figure["against"] or "",
        shown_spread(figure["reference"]),
        shown_spread(figure["ratio"]),
        promise(figure),
    ]


def shown_spread(values: dict[str, float] | None) -> str:
    """Return the median and, in brackets, the quartiles."""
    if values is None:
        return ""
    median, first, third = (number(values[name]) for name in ("median", "q1", "q3"))
    return median if first == third else f"{median} [{first}-{third}]"


def number(value: float) -> str:
    """Return a number with three digits that count."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"  # noqa: PLR2004 - of three digits


def promise(figure: dict[str, Any]) -> str:
    """Return what was promised, and whether it is so."""
    limits = (("≥", figure["atLeast"]), ("≤", figure["atMost"]))
    said = " ".join(f"{sign} {number(limit)}" for sign, limit in limits if limit is not None)
    return f"{said} {'✓' if figure['kept'] else '✗'}" if said else ""
