"""Results: what the cases measured, kept as one file a day, and as tables for people."""

from __future__ import annotations

import json
import logging
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.table import Table

from benchmarks.figures import SkippedError
from benchmarks.machine import load, machine
from benchmarks.plot import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.figures import Effort, Figure

    Case = Callable[[Effort], Iterator[Figure]]
    Results = dict[str, Any]

FOLDER = Path(__file__).parent / "results"
_log = logging.getLogger(__name__)


def measured(case: Case, effort: Effort) -> Results:
    """Run one case; return its figures as far as it got, and on what machine, when, how busy.

    A case that fails says why, so that the others can go on.
    """
    figures: list[Results] = []
    before, began = load(), time.monotonic()
    found: Results = {"date": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}", "figures": figures}
    try:
        figures.extend(one.as_document() for one in case(effort))
    except SkippedError as error:
        found["skipped"] = str(error)
    except Exception as error:  # noqa: BLE001 - whatever it is, the other cases can be measured
        _log.exception("a case failed")
        found["failed"] = f"{type(error).__name__}: {error}"
    took = round(time.monotonic() - began, 1)
    busy = {"before": before, "after": load()}
    return {**found, "seconds": took, "load": busy, "machine": machine()}


def keep(name: str, found: Results, folder: Path = FOLDER) -> Results:
    """Put a case's results into today's file, in place of what it said of it; return the file."""
    path = folder / f"{datetime.now(UTC):%Y-%m-%d}.json"
    kept = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {"cases": {}}
    kept["cases"][name] = found
    folder.mkdir(exist_ok=True)
    path.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    result: Results = kept
    return result


def latest(folder: Path = FOLDER) -> Results:
    """Return the latest results of each case."""
    cases: Results = {}
    for path in sorted(folder.glob("*.json")):
        cases |= json.loads(path.read_text(encoding="utf-8"))["cases"]
    return {"cases": cases}


def table(name: str, found: Results) -> Table:
    """Return a case's figures as a table for a terminal."""
    on = found["machine"]
    caption = f"{on['cpu']}, {on['cores']} cores, load {found['load']['after'][0]}, {on['commit']}"
    table = Table(title=name, caption=caption)
    for place, column in enumerate(COLUMNS):
        table.add_column(column, justify="right" if place else "left")
    for figure in found["figures"]:
        table.add_row(*row(figure))
    for outcome in ("failed", "skipped"):
        if outcome in found:
            table.add_row(f"{outcome}: {found[outcome]}")
    return table


COLUMNS = ("What", "Measured", "Reference", "Ratio", "Promised")


def row(figure: Results) -> list[str]:
    """Return what a table says of a figure."""
    unit, against = figure["unit"], figure["against"]
    reference = figure["reference"]
    return [
        figure["what"],
        f"{spread(figure['measured'])} {unit}",
        f"{against}: {spread(reference)} {unit}" if reference else "",
        spread(figure["ratio"]),
        promise(figure),
    ]


def spread(values: dict[str, float] | None) -> str:
    """Return the median and, in brackets, the quartiles."""
    if values is None:
        return ""
    median, first, third = (shown(values[name]) for name in ("median", "q1", "q3"))
    return median if first == third else f"{median} [{first} to {third}]"


def promise(figure: Results) -> str:
    """Return what was promised of a figure, and whether it is so."""
    limits = (("≥", figure["atLeast"]), ("≤", figure["atMost"]))
    said = " ".join(f"{sign} {shown(limit)}" for sign, limit in limits if limit is not None)
    return f"{said} {'✓' if figure['kept'] else '✗'}" if said else ""
