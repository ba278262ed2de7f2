"""The picture of the cost model: every matrix by its predicted and its measured time."""

from __future__ import annotations

import io
from typing import Any

from cost_model_report import GROUPS, KERNELS, NEAR, Run, distance, off_by, summary

from hbpspmv.suite.machine import machine_line

_COLOURS = {"hbp": "#2f7fb8", "csr": "#c8553d"}
_MARKERS = {False: "o", True: "^"}
_NAMED = 5  # of each kernel, those that are farthest off


def draw(run: Run) -> bytes:
    """Return a PNG file: predicted against measured times, and the distances of the choices."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 6.5), layout="constrained")
    times, choices = figure.subplots(1, 2, width_ratios=(3, 2))
    _draw_times(times, run)
    _draw_choices(choices, run)
    figure.suptitle(
        f"The cost model on {len(run['matrices'])} matrices, {run['dtype']}, "
        f"{run['threads']} threads",
        fontsize=13,
        fontweight="bold",
    )
    figure.supxlabel(machine_line(run["machine"]), fontsize=8)
    out = io.BytesIO()
    figure.savefig(out, format="png", dpi=120)
    return out.getvalue()


def _draw_times(axes: Any, run: Run) -> None:
    matrices = run["matrices"]
    seen = [
        m[f"{kernel}_{what}"] * 1e6
        for m in matrices
        for kernel in KERNELS
        for what in ("predicted", "seconds")
    ]
    ends = [min(seen) / 1.5, max(seen) * 1.5]
    axes.plot(ends, ends, color="#222222", lw=1)
    axes.fill_between(
        ends, [e / NEAR for e in ends], [e * NEAR for e in ends], color="#eeeeee", zorder=0
    )
    for kernel, title in KERNELS.items():
        for generated, group in GROUPS.items():
            some = [m for m in matrices if m["generated"] is generated]
            if some:
                s = summary(some)
                axes.scatter(
                    [m[f"{kernel}_predicted"] * 1e6 for m in some],
                    [m[f"{kernel}_seconds"] * 1e6 for m in some],
                    c=_COLOURS[kernel],
                    marker=_MARKERS[generated],
                    s=28,
                    alpha=0.8,
                    linewidth=0,
                    label=f"{title}, {group}: {s[f'{kernel}_near']:.0%} within {NEAR}x",
                )
        far = sorted(matrices, key=lambda m: abs(1 - _beyond(off_by(m, kernel))))[-_NAMED:]
        for m in far:
            axes.annotate(
                m["name"],
                (m[f"{kernel}_predicted"] * 1e6, m[f"{kernel}_seconds"] * 1e6),
                (4, -3),
                textcoords="offset points",
                fontsize=7,
                color=_COLOURS[kernel],
            )
    axes.set(xscale="log", yscale="log", xlim=ends, ylim=ends)
    axes.set_xlabel("predicted microseconds of a product")
    axes.set_ylabel("measured")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter("{x:g}")
    axes.legend(fontsize=8, loc="upper left")
    axes.grid(color="#dddddd", lw=0.6)
    axes.set_axisbelow(True)


def _beyond(ratio: float) -> float:
    return max(ratio, 1 / ratio)


def _draw_choices(axes: Any, run: Run) -> None:
    matrices = sorted(run["matrices"], key=lambda m: (distance(m), m["name"]))
    places = range(len(matrices))
    axes.scatter(
        [distance(m, "default") for m in matrices],
        places,
        s=22,
        facecolors="none",
        edgecolors="#888888",
        label="default geometry",
    )
    axes.scatter(
        [distance(m) for m in matrices], places, s=18, c=_COLOURS["hbp"], label="the model's choice"
    )
    axes.set_yticks(places, [m["name"] for m in matrices], fontsize=5.5)
    axes.set_ylim(-1, len(matrices))
    axes.set_xlabel("time over that of the best layout of the search")
    axes.grid(axis="x", color="#dddddd", lw=0.6)
    axes.set_axisbelow(True)
    axes.legend(fontsize=8, loc="lower right")
