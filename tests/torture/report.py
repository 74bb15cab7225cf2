"""What is printed of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torture.run import machine

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torture.run import Result

_SHOWN = 5


def report(result: Result) -> str:
    """Return figures and verdict, as lines for people."""
    return "\n".join(_lines(result))


def _lines(result: Result) -> Iterator[str]:
    yield f"{result.name}, seed {result.setup.seed}"
    yield f"{result.began}; {machine()}"
    yield ""
    for name, figure in result.figures.items():
        yield f"  {name:<52} {figure}"
    yield ""
    for name, found in result.verdict.findings.items():
        yield f"  {name:<52} {len(found)}"
        yield from (f"      {one}" for one in found[:_SHOWN])
        if len(found) > _SHOWN:
            yield f"      and {len(found) - _SHOWN} more"
    yield ""
    yield "HOLDS" if result.verdict.holds else f"BROKEN; all that is known: {result.folder}"
