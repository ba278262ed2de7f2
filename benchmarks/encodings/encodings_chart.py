"""The picture of the encodings' worth: a bar for each matrix that uses one."""

from __future__ import annotations

import io
from typing import Any

from encodings_report import MEANING, Line, Run, by_variant

from hbpspmv.suite.machine import machine_line
from hbpspmv.suite.mean import geometric_mean

_FASTER, _SLOWER, _BYTES = "#2f7fb8", "#c8553d", "#222222"


def draw(run: Run) -> bytes:
    """Return a PNG file: a panel per variant, bars for times, diamonds for bytes.

    Raises
    ------
    ValueError
        No matrix of the run uses an encoding.
    """
    from matplotlib.figure import Figure

    panels = list(by_variant(run))
    if not panels:
        raise ValueError("no matrix uses an encoding: there is nothing to draw")
    heights = [len(found) + 3 for _, found in panels]
    figure = Figure(figsize=(10, 1 + 0.2 * sum(heights)), layout="constrained")
    axes = figure.subplots(len(panels), 1, sharex=True, height_ratios=heights, squeeze=False)
    for (variant, found), panel in zip(panels, axes[:, 0], strict=True):
        _draw_panel(panel, MEANING[variant], found)
    low = min(line["ratio"] for _, found in panels for line in found)
    high = max(max(line["ratio"], line["bytes_ratio"]) for _, found in panels for line in found)
    axes[0, 0].set_xlim(min(low, 0.9) / 1.1, max(high, 1.1) * 1.1)
    axes[0, 0].legend(loc="lower right", fontsize=8)
    axes[-1, 0].set_xlabel("without the encoding over with it (right of 1: it pays)")
    figure.suptitle("What each encoding is worth", fontsize=13, fontweight="bold")
    settings = f"{run['dtype']}, {run['threads']} threads; {machine_line(run['machine'])}"
    figure.supxlabel(settings, fontsize=8, color="#555555")
    out = io.BytesIO()
    figure.savefig(out, format="png", dpi=110)
    return out.getvalue()


def _draw_panel(axes: Any, title: str, found: list[Line]) -> None:
    from matplotlib.ticker import FixedLocator, NullLocator

    ratios = [line["ratio"] for line in found]
    places = range(len(found))
    axes.set_xscale("log")
    axes.barh(
        places,
        [r - 1 for r in ratios],
        left=1,
        height=0.62,
        color=[_FASTER if r >= 1 else _SLOWER for r in ratios],
        label="time",
        zorder=2,
    )
    axes.scatter(
        [line["bytes_ratio"] for line in found],
        places,
        marker="D",
        s=16,
        facecolor="white",
        edgecolor=_BYTES,
        label="bytes",
        zorder=3,
    )
    for place, ratio in zip(places, ratios, strict=True):
        axes.text(
            1.01,
            place,
            f"{ratio:.2f}x",
            transform=axes.get_yaxis_transform(),
            va="center",
            fontsize=8,
        )
    axes.axvline(1, color="#222222", linewidth=1, zorder=4)
    axes.set_title(f"{title}: geometric mean {geometric_mean(ratios):.2f}x", fontsize=10)
    axes.set_yticks(places, [line["matrix"] for line in found], fontsize=8)
    axes.set_ylim(len(found) - 0.4, -0.6)
    axes.xaxis.set_major_locator(FixedLocator([0.5, 0.7, 1, 1.5, 2, 3, 5, 7, 10]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter("{x:g}x")
    axes.grid(axis="x", color="#dddddd", linewidth=0.8)
    axes.set_axisbelow(True)
