"""Plots as SVG: bars for what is compared, lines for what grows."""

from __future__ import annotations

import math
from html import escape
from itertools import count, takewhile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_WIDTH = 760
_LEFT, _RIGHT, _TOP, _BOTTOM = 70, 220, 40, 50
_HEIGHT = 380
_ROW, _BAR = 46, 15
_LABELS = 230
_COLOURS = ("#1f6feb", "#bf5700", "#2d7d46", "#8250df", "#b3261e", "#57606a")


def bars(title: str, rows: Sequence[tuple[str, float, float]], names: tuple[str, str]) -> str:
    """Return a plot with two bars in each row: what was measured, and its reference.

    Args:
        rows: label, value and reference.
        names: of value and reference.
    """
    most = max(max(row[1:]) for row in rows) or 1.0
    drawn = [_legend(names, _LABELS, _TOP)]
    for number, (label, *values) in enumerate(rows):
        top = _TOP + 20 + number * _ROW
        drawn.append(_text(_LABELS - 8, top + _BAR + 4, label, "end"))
        for place, value in enumerate(values):
            width = value / most * (_WIDTH - _LABELS - 80)
            y = top + place * _BAR
            colour = _COLOURS[place]
            drawn.append(
                f'<rect x="{_LABELS}" y="{y}" width="{width:.1f}" height="{_BAR - 2}"'
                f' fill="{colour}"/>'
            )
            drawn.append(_text(_LABELS + width + 5, y + _BAR - 4, shown(value)))
    return _svg(title, drawn, _TOP + 30 + len(rows) * _ROW)


def lines(title: str, curves: Mapping[str, Sequence[tuple[float, float]]], x_name: str) -> str:
    """Return a plot of curves over a logarithmic axis; `curves` are their points, by name."""
    points = [point for curve in curves.values() for point in curve]
    lowest, highest = (math.log10(edge(x for x, _ in points)) for edge in (min, max))
    most = max(y for _, y in points) * 1.08 or 1.0
    across, down = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM

    def place(x: float, y: float) -> tuple[float, float]:
        share = (math.log10(x) - lowest) / ((highest - lowest) or 1.0)
        return _LEFT + share * across, _TOP + (1 - y / most) * down

    drawn = [_text(_LEFT + across / 2, _HEIGHT - 10, x_name, "middle")]
    for y in _steps(most):
        at = place(10**lowest, y)[1]
        drawn.append(
            f'<path d="M{_LEFT} {at:.1f}h{across}" stroke="#d0d7de" stroke-width="1" fill="none"/>'
        )
        drawn.append(_text(_LEFT - 8, at + 4, shown(y), "end"))
    drawn += [
        _text(place(x, 0)[0], _HEIGHT - _BOTTOM + 18, f"{x:,.0f}", "middle")
        for x in sorted({x for x, _ in points})
    ]
    for number, curve in enumerate(curves.values()):
        drawn += _curve([place(*point) for point in curve], _COLOURS[number % len(_COLOURS)])
    drawn.append(_legend(tuple(curves), _WIDTH - _RIGHT + 20, _TOP + 20, stacked=True))
    return _svg(title, drawn, _HEIGHT)


def shown(value: float) -> str:
    """Return a number with three digits that count."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"  # noqa: PLR2004 - of three digits


def _curve(spots: Sequence[tuple[float, float]], colour: str) -> Iterable[str]:
    way = " ".join(f"{x:.1f},{y:.1f}" for x, y in spots)
    yield f'<polyline points="{way}" fill="none" stroke="{colour}" stroke-width="2"/>'
    yield from (f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in spots)


def _steps(most: float) -> Iterable[float]:
    """Return some four round numbers up to the most."""
    rough = most / 4
    unit = 10 ** math.floor(math.log10(rough))
    step = unit * min((one for one in (1, 2, 5, 10) if one * unit >= rough), default=10)
    return takewhile(lambda y: y <= most, (number * step for number in count()))


def _legend(names: Sequence[str], x: float, y: float, *, stacked: bool = False) -> str:
    drawn = []
    for number, name in enumerate(names):
        left = x if stacked else x + number * 150
        top = y + number * 22 if stacked else y
        colour = _COLOURS[number % len(_COLOURS)]
        drawn.append(f'<rect x="{left}" y="{top}" width="12" height="12" fill="{colour}"/>')
        drawn.append(_text(left + 18, top + 11, name))
    return "".join(drawn)


def _text(x: float, y: float, text: str, anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _svg(title: str, drawn: Iterable[str], height: float) -> str:
    size = f'viewBox="0 0 {_WIDTH} {height:.0f}" width="{_WIDTH}"'
    text = 'font-family="system-ui, sans-serif" font-size="12" fill="#1f2328"'
    parts = (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} {text}>',
        f"<title>{escape(title)}</title>",
        '<rect width="100%" height="100%" fill="#ffffff"/>',
        f'<text x="12" y="22" font-size="15" font-weight="600">{escape(title)}</text>',
        *drawn,
        "</svg>\n",
    )
    return "\n".join(parts)
