"""The roofline as a picture: bandwidth that products reach against what the machine has."""

from __future__ import annotations

import io
from typing import Any

from hbpspmv.suite.machine import machine_line, size
from hbpspmv.suite.results import Measurement, Run
from hbpspmv.suite.text import settings_line

_COLOURS = {"memory": "#2f7fb8", "gather": "#c8553d", "instructions": "#5b9a4a"}
_MARKERS = ("o", "x")


def roofline_png(run: Run) -> bytes:
    """Draw each product by its working set and the bytes per second that it moves.

    Lines are the measured read bandwidth; the colour of a product is its bound. Only our products
    and those of the first peer are drawn.

    Returns
    -------
    bytes
        A PNG file.

    Raises
    ------
    ImportError
        matplotlib is not installed.
    ValueError
        No product of ours has a bound, or a device has computed it.
    """
    from matplotlib.figure import Figure

    if run.device:
        raise ValueError("the roofline is that of the CPU")
    if not any(m.measurements[run.ours].bound_share for m in run.matrices):
        raise ValueError("no product was timed: there is no roofline to draw")
    figure = Figure(figsize=(10, 6), layout="constrained")
    axes = figure.add_subplot()
    for ceilings, style in zip(run.ceilings, ("--", "-"), strict=False):
        sizes, rates = zip(*ceilings.bandwidth, strict=True)
        label = f"read bandwidth, {ceilings.threads} thread{'s' * (ceilings.threads > 1)}"
        axes.plot(sizes, [r / 1e9 for r in rates], style, color="#222222", label=label, lw=1.2)
    for name, marker in zip((run.ours, *run.peers[:1]), _MARKERS, strict=False):
        timed = [m.measurements[name] for m in run.matrices]
        _draw_products(axes, [m for m in timed if m.bound_share], run.title(name), marker)
    _label(axes, run)
    figure.suptitle(f"Roofline of {len(run.matrices)} matrices", fontsize=13, fontweight="bold")
    out = io.BytesIO()
    figure.savefig(out, format="png", dpi=130)
    return out.getvalue()


def _draw_products(axes: Any, products: list[Measurement], title: str, marker: str) -> None:
    for bound, colour in _COLOURS.items():
        points = [
            ((m.gbytes_per_second or 0) * (m.seconds or 0) * 1e9, m.gbytes_per_second)
            for m in products
            if m.bound == bound
        ]
        if points:
            label = f"{title}, {bound} bound ({len(points)})"
            axes.scatter(*zip(*points, strict=True), c=colour, marker=marker, s=30, label=label)


def _label(axes: Any, run: Run) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.xaxis.set_major_formatter(FuncFormatter(lambda nbytes, _: size(nbytes)))
    axes.yaxis.set_major_locator(LogLocator(10, subs=(1, 2, 5)))
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda rate, _: f"{rate:g}"))
    axes.set_ylabel("GB/s of matrix, x and y")
    axes.set_xlabel(
        f"bytes of the stored matrix, x and y\n{machine_line(run.machine)}\n{settings_line(run)}",
        fontsize=8,
    )
    axes.grid(color="#dddddd", linewidth=0.8)
    axes.legend(fontsize=8, frameon=False)
