"""The picture of the preprocessing experiment: every matrix a dot, the geometric means on top."""

from __future__ import annotations

import io
from typing import Any

from regroup_report import (
    CLAIMS,
    GEOMETRIES,
    METHODS,
    OURS,
    Run,
    experiments,
    geometric_mean,
    padding,
    ratio,
    stored,
)

from hbpspmv.suite.machine import machine_line

_DOT, _MEAN, _CLAIM = "#2f7fb8", "#222222", "#c8553d"
_ORDERS = {
    "natural": "natural",
    "published-hash": "published hash",
    OURS: "hash (ours)",
    "sort": "any sort",
}


def draw(run: Run) -> bytes:
    """Return a PNG file: the times of all methods above, the padding of all orders below."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 7.5), layout="constrained")
    axes = figure.subplots(2, 2, height_ratios=[len(METHODS), len(_ORDERS)])
    for column, geometry in enumerate(GEOMETRIES):
        found = [e for _, e in experiments(run, geometry)]
        _draw_times(axes[0][column], found)
        _draw_padding(axes[1][column], found)
        shape = f"{max(e['block_rows'] for e in found)} x {max(e['block_cols'] for e in found)}"
        axes[0][column].set_title(f"{geometry} geometry: blocks of at most {shape}", fontsize=11)
    figure.suptitle("Ordering a block's rows by length", fontsize=13, fontweight="bold")
    figure.supxlabel(machine_line(run["machine"]) + ", one thread", fontsize=8, color="#555555")
    out = io.BytesIO()
    figure.savefig(out, format="png", dpi=120)
    return out.getvalue()


def _draw_times(axes: Any, found: list[dict[str, Any]]) -> None:
    for place, method in enumerate(METHODS):
        ratios = [ratio(e, method) for e in found]
        _dots(axes, ratios, place, geometric_mean(ratios), "{:.2f}x")
        if method in CLAIMS:
            axes.plot([CLAIMS[method]] * 2, [place - 0.4, place + 0.4], color=_CLAIM, lw=2)
    axes.plot([], [], color=_CLAIM, lw=2, label="the paper's claim")
    axes.axvline(1, color="#888888", lw=1, zorder=0)
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter("{x:g}")
    axes.set_xlabel("time over that of our hash (right of 1: the hash is faster)")
    _label(axes, list(METHODS.values()))
    axes.legend(loc="lower right", fontsize=8)


def _draw_padding(axes: Any, found: list[dict[str, Any]]) -> None:
    for place, order in enumerate(_ORDERS):
        qualities = [
            (e["natural"] if order == "natural" else e["methods"][order])["grouped"] for e in found
        ]
        mean = 100 * (geometric_mean(stored(q) for q in qualities) - 1)
        _dots(axes, [100 * padding(q) for q in qualities], place, mean, "{:.2f} %")
    axes.set_xscale("symlog", linthresh=0.1)
    axes.set_xlim(left=0)
    axes.xaxis.set_major_formatter("{x:g}")
    axes.set_xlabel("padding of groups of `lanes` rows, % of the elements")
    _label(axes, list(_ORDERS.values()))


def _dots(axes: Any, values: list[float], place: int, mean: float, form: str) -> None:
    axes.scatter(values, [place] * len(values), s=18, color=_DOT, alpha=0.35, linewidth=0, zorder=2)
    axes.scatter([mean], [place], marker="D", s=40, color=_MEAN, zorder=3)
    axes.annotate(
        form.format(mean),
        (mean, place),
        (0, 7),
        textcoords="offset points",
        ha="center",
        fontsize=9,
    )


def _label(axes: Any, names: list[str]) -> None:
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.4, -0.7)
    axes.grid(axis="x", color="#dddddd", lw=0.6)
    axes.set_axisbelow(True)
