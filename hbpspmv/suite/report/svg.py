"""Axes and marks as inline SVG: enough for the report's charts, and coloured by its style sheet."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from html import escape

# Shapes as well as colours tell the contenders apart; each is drawn around (0, 0).
_SHAPES = (
    "M-4,0a4,4 0 1,0 8,0a4,4 0 1,0 -8,0z",
    "M-3.4,-3.4h6.8v6.8h-6.8z",
    "M0,-4.6L4.3,3.2L-4.3,3.2z",
    "M0,-4.8L4.8,0L0,4.8L-4.8,0z",
    "M0,4.6L4.3,-3.2L-4.3,-3.2z",
    "M-4.4,-1.4h3v-3h2.8v3h3v2.8h-3v3h-2.8v-3h-3z",
    "M-4,-2.2L-2.2,-4L0,-1.8L2.2,-4L4,-2.2L1.8,0L4,2.2L2.2,4L0,1.8L-2.2,4L-4,2.2L-1.8,0z",
    "M-5,-1.6h10v3.2h-10z",
    "M-1.6,-5h3.2v10h-3.2z",
    "M-4.6,0L-2.3,-4h4.6L4.6,0L2.3,4h-4.6z",
)
SERIES = len(_SHAPES)  # as many colours has the style sheet; more contenders share them


def series_class(series: int) -> str:
    """Return the class that colours a contender."""
    return f"s{series % SERIES}"


def si(value: float) -> str:
    """Return a number with at most three digits and a suffix for thousands.

    Examples
    --------
    >>> si(0.05), si(1.0), si(1500), si(31_406_324), si(2e9), si(0)
    ('0.05', '1', '1.5k', '31.4M', '2G', '0')
    """
    for power, suffix in ((9, "G"), (6, "M"), (3, "k")):
        if abs(value) >= 0.9995 * 10**power:
            return f"{value / 10**power:.3g}{suffix}"
    return f"{value:.3g}"


@dataclass(frozen=True)
class Axis:
    """A scale from values to places.

    Attributes
    ----------
    low, high : float
        Values at both ends.
    start, end : float
        Their places, in units of the drawing.
    label : str
        With the unit.
    log : bool
        Whether the scale is logarithmic.
    text : callable
        Gives the label of a tick.
    """

    low: float
    high: float
    start: float
    end: float
    label: str
    log: bool = False
    text: Callable[[float], str] = si

    def at(self, value: float) -> float:
        """Return the place of a value."""
        low, high = self.low, self.high
        if self.log:
            low, high, value = math.log(low), math.log(high), math.log(max(value, 1e-300))
        return self.start + (value - low) / (high - low) * (self.end - self.start)

    def ticks(self) -> list[float]:
        """Return round values, few enough to be read."""
        return _log_ticks(self.low, self.high) if self.log else _linear_ticks(self.low, self.high)


def _linear_ticks(low: float, high: float) -> list[float]:
    step = 10 ** math.floor(math.log10((high - low) / 4))
    step *= next(m for m in (1, 2, 5, 10) if (high - low) / (m * step) <= 6)
    first = math.ceil(low / step - 1e-9)
    return [round(i * step, 12) for i in range(first, math.floor(high / step + 1e-9) + 1)]


def _log_ticks(low: float, high: float) -> list[float]:
    decades = math.log10(high / low)
    steps: tuple[float, ...] = (1,)
    for most, finer in ((3.5, (1, 3)), (2.5, (1, 2, 5)), (0.7, (1, 1.5, 2, 3, 4, 5, 7))):
        if decades < most:
            steps = finer
    exponents = range(math.floor(math.log10(low)) - 1, math.ceil(math.log10(high)) + 1)
    every = max(1, round(decades / 8))
    return [
        value
        for e in exponents
        if e % every == 0 or steps != (1,)
        for step in steps
        if low <= (value := round(step * 10.0**e, 12)) * (1 + 1e-9) and value <= high * (1 + 1e-9)
    ]


def log_range(values: Iterable[float], around: float | None = None) -> tuple[float, float]:
    """Return the ends of a logarithmic axis that shows all positive values, and `around`."""
    known = [v for v in values if v > 0] + ([around] if around else [])
    if not known:
        return 1.0, 10.0
    low, high = min(known), max(known)
    if high / low < 1.5:
        low, high = low / 1.4, high * 1.4
    space = (high / low) ** 0.04
    return low / space, high * space


@dataclass
class Plot:
    """One drawing: a frame of two axes with lines and marks in it.

    Attributes
    ----------
    x, y : Axis
        Their places span the frame.
    width, height : float
        Of the drawing.
    parts : list of str
        SVG elements, in the order of drawing.
    """

    x: Axis
    y: Axis
    width: float = 760
    height: float = 420
    parts: list[str] = field(default_factory=list)

    def frame(self, y_grid: bool = True, y_ticks: bool = True) -> None:
        """Draw grid, ticks and labels."""
        x, y = self.x, self.y
        top, bottom = min(y.start, y.end), max(y.start, y.end)
        for value in x.ticks():
            place = x.at(value)
            self.parts.append(
                f'<path class="grid" d="M{place:.1f},{top:.1f}V{bottom:.1f}"/>'
                f'<text class="tick" x="{place:.1f}" y="{bottom + 16:.1f}" '
                f'text-anchor="middle">{escape(x.text(value))}</text>'
            )
        for value in y.ticks() if y_ticks else ():
            place = y.at(value)
            if y_grid:
                self.parts.append(
                    f'<path class="grid" d="M{x.start:.1f},{place:.1f}H{x.end:.1f}"/>'
                )
            self.parts.append(
                f'<text class="tick" x="{x.start - 7:.1f}" y="{place + 4:.1f}" '
                f'text-anchor="end">{escape(y.text(value))}</text>'
            )
        self.parts.append(
            f'<text class="axis" x="{(x.start + x.end) / 2:.1f}" y="{bottom + 38:.1f}" '
            f'text-anchor="middle">{escape(x.label)}</text>'
        )
        if y.label:
            middle = (top + bottom) / 2
            self.parts.append(
                f'<text class="axis" transform="translate(14,{middle:.1f}) rotate(-90)" '
                f'text-anchor="middle">{escape(y.label)}</text>'
            )

    def mark(self, x: float, y: float, series: int, tip: str, place: float | None = None) -> None:
        """Draw a point with a tooltip; `place` is the place on the y axis where it has no scale."""
        at = self.y.at(y) if place is None else place
        self.parts.append(
            f'<path class="mark {series_class(series)}" '
            f'transform="translate({self.x.at(x):.1f},{at:.1f})" '
            f'd="{_SHAPES[series % SERIES]}" data-tip="{escape(tip)}"/>'
        )

    def line(
        self, points: Sequence[tuple[float, float]], style: str, tip: str = "", step: bool = False
    ) -> None:
        """Draw a line through values, as a staircase where `step` is true."""
        places = [(self.x.at(x), self.y.at(y)) for x, y in points]
        path = "".join(
            f"{'M' if i == 0 else 'L'}{x:.1f},{y:.1f}"
            if i == 0 or not step
            else f"H{x:.1f}V{y:.1f}"
            for i, (x, y) in enumerate(places)
        )
        told = f' data-tip="{escape(tip)}"' if tip else ""
        self.parts.append(f'<path class="line {style}" d="{path}"{told}/>')

    def text(self, x: float, y: float, words: str, style: str, anchor: str = "start") -> None:
        """Write words at a place of the drawing."""
        self.parts.append(
            f'<text class="{style}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">'
            f"{escape(words)}</text>"
        )

    def render(self, label: str) -> str:
        """Return the element, described by `label` for those who cannot see it."""
        return (
            f'<svg viewBox="0 0 {self.width:g} {self.height:g}" role="group" tabindex="0" '
            f'aria-label="{escape(label)}. Arrow keys move between points.">'
            + "".join(self.parts)
            + "</svg>"
        )


def symbol(series: int) -> str:
    """Return a series' line and mark for the legend."""
    return (
        '<svg class="key" viewBox="-16 -7 32 14" aria-hidden="true">'
        f'<path class="line {series_class(series)}" d="M-16,0H16"/>'
        f'<path class="mark {series_class(series)}" d="{_SHAPES[series % SERIES]}"/></svg>'
    )
