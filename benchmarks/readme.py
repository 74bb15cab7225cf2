"""The README's figures: tables and plots of the latest results, between its markers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.plot import bars, lines
from benchmarks.results import COLUMNS, row

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_README = Path(__file__).with_name("README.md")
_MARK = "<!-- {} of {} -->"


def renew(name: str, found: Mapping[str, Any], readme: Path = _README) -> None:
    """Put a case's figures into the README, and its plot beside it.

    Raises:
        ValueError: the README has no place for the case.
    """
    begin, end = (_MARK.format(which, name) for which in ("begin", "end"))
    before, first, rest = readme.read_text(encoding="utf-8").partition(begin)
    _, last, after = rest.partition(end)
    if not (first and last):
        raise ValueError(f"{readme.name} has no lines {begin} and {end}")
    said = "\n".join(_said(name, found, readme.parent))
    readme.write_text(f"{before}{begin}\n{said}\n{end}{after}", encoding="utf-8")


def _said(name: str, found: Mapping[str, Any], folder: Path) -> Iterator[str]:
    on = found["machine"]
    busy = found["load"]
    yield (
        f"{found['date']}, commit {on['commit']}, {on['cpu']} with {on['cores']} cores, "
        f"Python {on['python']}, mongod {on['mongod']}, load generator {on['loadGenerator']}; "
        f"load of the machine {busy['before'][0]} before and {busy['after'][0]} after, "
        f"{found['seconds']:.0f} s.\n"
    )
    for outcome in ("failed", "skipped"):
        if outcome in found:
            yield f"**{outcome.capitalize()}**: {found[outcome]}\n"
    if found["figures"]:
        yield f"| {' | '.join(COLUMNS)} |"
        yield "|---|--:|--:|--:|--:|"
        yield from (f"| {' | '.join(row(figure))} |" for figure in found["figures"])
    for suffix, plot in _plots(name, found["figures"]):
        place = Path("results") / f"{name}{suffix}.svg"
        (folder / place).write_text(plot, encoding="utf-8")
        yield f"\n![{name}]({place})"


def _plots(name: str, figures: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    """Yield the plots of a case: its curves by their axis, and what it compares in a second."""
    plots: dict[str, dict[str, list[tuple[float, float]]]] = {}
    units: dict[str, str] = {}
    for one in figures:
        if one["curve"]:
            point = (one["at"], one["measured"]["median"])
            plots.setdefault(one["axis"], {}).setdefault(one["curve"], []).append(point)
            units[one["axis"]] = one["unit"]
    for axis, curves in plots.items():
        suffix = axis.replace(" ", "-")
        yield f"-by-{suffix}", lines(f"{name}: {units[axis]} by {axis}", curves, axis)
    compared = [one for one in figures if one["unit"] == "1/s" and one["reference"]]
    if compared:
        rows = [
            (one["what"], one["measured"]["median"], one["reference"]["median"]) for one in compared
        ]
        yield "", bars(f"{name}, per second", rows, ("Ordergate", compared[0]["against"]))
