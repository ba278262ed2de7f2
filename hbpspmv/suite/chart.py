"""The picture of a run: how many times faster HBP is than each peer, sorted."""

from __future__ import annotations

import io
from typing import Any

from hbpspmv.suite.machine import machine_line
from hbpspmv.suite.results import MatrixResult, Run
from hbpspmv.suite.text import settings_line

_FASTER, _SLOWER, _MARKERS = "#2f7fb8", "#c8553d", "Ds^ov<>P"
_TICKS = (0.1, 0.2, 0.5, 0.7, 1, 1.5, 2, 3, 5, 7, 10, 15, 20, 30, 50, 100)


def chart_png(run: Run) -> bytes:
    """Draw the ratios as a bar chart.

    A bar reaches from 1 to the ratio against the matrix's fastest peer, to the right where HBP is
    faster; the marks show the ratio against each peer. The axis is logarithmic.

    Returns
    -------
    bytes
        A PNG file.

    Raises
    ------
    ImportError
        matplotlib is not installed.
    ValueError
        No matrix of the run has a ratio.
    """
    from matplotlib.figure import Figure

    matrices = [m for m in run.ranked() if m.best_ratio(run.ours) is not None]
    if not matrices:
        raise ValueError("no matrix was timed against a peer: there is no ratio to draw")
    height = 2.3 + 0.27 * len(matrices)
    figure = Figure(figsize=(10, height), layout="constrained")
    axes = figure.add_subplot()
    _draw_bars(axes, run, matrices)
    _draw_marks(axes, run, matrices)
    _label(axes, run, matrices)
    figure.suptitle(_title(run), fontsize=13, fontweight="bold")
    out = io.BytesIO()
    figure.savefig(out, format="png", dpi=130)
    return out.getvalue()


def _draw_bars(axes: Any, run: Run, matrices: list[MatrixResult]) -> None:
    ratios = [m.best_ratio(run.ours) or 1.0 for m in matrices]
    colours = [_FASTER if r >= 1 else _SLOWER for r in ratios]
    places = range(len(ratios))
    axes.barh(places, [r - 1 for r in ratios], left=1, color=colours, height=0.62, zorder=2)
    for place, ratio in enumerate(ratios):
        axes.text(
            1.01,
            place,
            f"{ratio:.2f}x",
            transform=axes.get_yaxis_transform(),
            va="center",
            fontsize=9,
            color=_FASTER if ratio >= 1 else _SLOWER,
        )


def _draw_marks(axes: Any, run: Run, matrices: list[MatrixResult]) -> None:
    for marker, peer in zip(_MARKERS, run.peers, strict=False):
        points = [(m.ratio(run.ours, peer), place) for place, m in enumerate(matrices)]
        known = [(ratio, place) for ratio, place in points if ratio is not None]
        if known:
            axes.scatter(
                *zip(*known, strict=True),
                marker=marker,
                s=26,
                facecolor="white",
                edgecolor="#222222",
                linewidth=0.9,
                zorder=3,
                label=f"against {run.title(peer)}",
            )


def _label(axes: Any, run: Run, matrices: list[MatrixResult]) -> None:
    from matplotlib.ticker import FixedLocator, NullLocator

    ratios = [r for m in matrices for p in run.peers if (r := m.ratio(run.ours, p)) is not None]
    low, high = min(0.9, *ratios) / 1.25, max(1.1, *ratios) * 1.12
    axes.set_xscale("log")
    axes.set_xlim(low, high)
    ticks = [t for t in _TICKS if low <= t <= high]
    axes.xaxis.set_major_locator(FixedLocator(ticks))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xticklabels([f"{t:g}x" for t in ticks])
    axes.axvline(1, color="#222222", linewidth=1, zorder=4)
    axes.grid(axis="x", color="#dddddd", linewidth=0.8, zorder=0)
    names = [f"{m.name}  ({_count(m.nnz)})" for m in matrices]
    axes.set_yticks(range(len(names)), names, fontsize=9)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.set_xlabel(
        "times faster than the fastest peer (bar) and than each peer (marks);"
        " in brackets the nonzeros\n"
        f"{machine_line(run.machine)}\n{settings_line(run)}",
        fontsize=8,
    )
    axes.legend(
        loc="lower left",
        bbox_to_anchor=(0, 1),
        ncols=min(len(run.peers), 6),
        fontsize=8,
        frameon=False,
        handletextpad=0,
        columnspacing=1,
    )


def _title(run: Run) -> str:
    best = run.summaries()[0]
    losses = "no losses" if best.losses == 0 else f"{best.losses} slower"
    return (
        f"HBP against the fastest peer on {best.count} matrices: "
        f"geometric mean {best.geometric_mean:.2f}x, {losses}"
    )


def _count(n: int) -> str:
    """Return a short number.

    Examples
    --------
    >>> _count(31_406_324), _count(126_150), _count(156)
    ('31.4M', '126k', '156')
    """
    if n >= 1_000_000:
        return f"{n / 1e6:.1f}M"
    return f"{n / 1e3:.0f}k" if n >= 1000 else str(n)
