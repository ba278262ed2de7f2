"""The report's charts of speed: profile, ratios, speed against size and spread, roofline."""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape

from hbpspmv.suite.report.load import SuiteResults
from hbpspmv.suite.report.performance_profile import performance_profile
from hbpspmv.suite.report.svg import Axis, Plot, log_range, series_class, si
from hbpspmv.suite.results import Measurement

LEFT, RIGHT, TOP, BOTTOM = 64, 16, 14, 52
_MOST_TAU = 64.0


@dataclass(frozen=True)
class Figure:
    """A chart with its words.

    Attributes
    ----------
    key : str
        Its anchor in the page.
    title, text : str
        What it shows and how to read it.
    svg : str
        The drawing, or why there is none.
    """

    key: str
    title: str
    text: str
    svg: str


def plot(x: tuple[float, float, str], y: tuple[float, float, str], **scale: bool) -> Plot:
    """Return an empty drawing with axes (low, high, label), logarithmic unless told otherwise."""
    width, height = 760.0, 420.0
    return Plot(
        Axis(*x[:2], LEFT, width - RIGHT, x[2], scale.get("x_log", True)),
        Axis(*y[:2], height - BOTTOM, TOP, y[2], scale.get("y_log", True)),
        width,
        height,
    )


def profile_chart(results: SuiteResults) -> Figure:
    """Draw the performance profile."""
    run = results.run
    times = [{name: m.measurements[name].seconds for name in run.contenders} for m in run.matrices]
    profile = performance_profile(times)
    most = max((steps[-1][0] for steps in profile.values()), default=2.0)
    high = min(max(most * 1.1, 2.0), _MOST_TAU)
    cut = f" The axis ends at {_MOST_TAU:g}." if most > _MOST_TAU else ""
    drawing = plot(
        (1, high, "times the best contender's time (tau)"),
        (0, 1, "share of the matrices"),
        y_log=False,
    )
    drawing.frame()
    for series, (name, steps) in reversed(list(enumerate(profile.items()))):
        shown = [(tau, rho) for tau, rho in steps if tau <= high]
        best = next((rho for tau, rho in reversed(steps) if tau <= 1), 0.0)
        tip = (
            f"{run.title(name)}\nfastest on {best * 100:.0f} % of the matrices\n"
            f"within 2 times the best on {_share_within(steps, 2) * 100:.0f} %\n"
            f"has a result on {steps[-1][1] * 100:.0f} %"
        )
        drawing.line([*shown, (high, shown[-1][1])], series_class(series), tip, step=True)
    return Figure(
        "profile",
        "Performance profile",
        "For each contender, the share of the matrices on which it takes at most τ times as long "
        "as the fastest (Dolan and Moré). Left end: how often it is the fastest. Right end: how "
        f"often it has a result at all. Higher is better.{cut}",
        drawing.render("Performance profile of all contenders"),
    )


def _share_within(steps: list[tuple[float, float]], tau: float) -> float:
    return max((rho for at, rho in steps if at <= tau), default=0.0)


def ratio_chart(results: SuiteResults) -> Figure:
    """Draw the ratio of the first contender to the best peer as one bar a matrix."""
    run, ours = results.run, results.run.ours
    title = f"{run.title(ours)} against the best peer"
    text = (
        f"How many times faster {run.title(ours)} is than the fastest other contender (bar, with "
        "its 95 % interval; pale where the interval includes 1) and than each of them (marks)."
    )
    matrices = [m for m in run.ranked() if m.best_ratio(ours) is not None]
    if not matrices:
        return Figure("ratios", title, text, "<p>No matrix has times of two contenders.</p>")
    ratios = [r for m in matrices for p in run.peers if (r := m.ratio(ours, p)) is not None]
    low, high = log_range(ratios, around=1.0)
    names, line = 190, 20.0
    bottom = TOP + line * len(matrices)
    drawing = Plot(
        Axis(low, high, names, 760 - 62, "times faster (logarithmic)", True, lambda v: f"{v:g}×"),
        Axis(0, 1, TOP, bottom, ""),
        760,
        bottom + BOTTOM,
    )
    drawing.frame(y_ticks=False)
    one = drawing.x.at(1)
    for i, m in enumerate(matrices):
        ratio, peer = m.best_ratio(ours) or 1.0, m.best_peer(ours)
        middle = TOP + line * (i + 0.5)
        end = drawing.x.at(ratio)
        interval = results.interval(m.name, ours, peer)
        between = f" (95 %: {interval[0]:.2f} to {interval[1]:.2f})" if interval else ""
        tip = f"{m.name}, {si(m.nnz)} nonzeros\n{ratio:.2f}× {run.title(peer or '')}{between}"
        side = "faster" if ratio >= 1 else "slower"
        pale = " pale" if interval and interval[0] <= 1 <= interval[1] else ""
        drawing.parts.append(
            f'<rect class="bar {side}{pale}" x="{min(one, end):.1f}" y="{middle - 6:.1f}" '
            f'width="{max(abs(end - one), 0.5):.1f}" height="12" rx="2"/>'
        )
        if interval:
            left, right = (drawing.x.at(v) for v in interval)
            drawing.parts.append(
                f'<path class="whisker" d="M{left:.1f},{middle:.1f}H{right:.1f}'
                f'M{left:.1f},{middle - 4:.1f}v8M{right:.1f},{middle - 4:.1f}v8"/>'
            )
        for series, other in enumerate(run.contenders):
            known = m.ratio(ours, other) if other != ours else None
            if known is not None:
                about = f"{m.name}\n{known:.2f}× {run.title(other)}"
                drawing.mark(known, 0, series, tip if other == peer else about, place=middle)
        drawing.text(names - 8, middle + 4, m.name, "row", "end")
        drawing.text(760 - 56, middle + 4, f"{ratio:.2f}×", f"row {side}")
    drawing.parts.append(f'<path class="one" d="M{one:.1f},{TOP}V{bottom:.1f}"/>')
    return Figure("ratios", title, text, drawing.render(title))


def scatter_chart(results: SuiteResults, spread: bool) -> Figure:
    """Draw the speed of all contenders against nonzeros, or against the spread of row lengths."""
    run = results.run
    points: list[tuple[float, float, int, str]] = []
    least = 0.01
    for m in run.matrices:
        variation = row_variation(results, m.name)
        at = max(variation or 0.0, least) if spread else m.nnz
        for series, (name, measurement) in enumerate(m.measurements.items()):
            if measurement.gflops and at > 0:
                tip = (
                    f"{m.name}\n{run.title(name)}: {measurement.gflops:.2f} GFLOP/s\n"
                    f"{m.nnz:,} nonzeros, row length spread {variation or 0:.2f}"
                )
                points.append((at, measurement.gflops, series, tip))
    if spread:
        key, title = "spread", "Speed against the spread of row lengths"
        text = (
            "Standard deviation of the row lengths over their mean: 0 where all rows are equally "
            f"long (drawn at {least:g}), above 1 for skewed matrices."
        )
        label = "row length spread (standard deviation / mean)"
    else:
        key, title = "size", "Speed against the number of nonzeros"
        text = "Small matrices stay in the caches; large ones are limited by the memory."
        label = "nonzeros"
    if not points:
        return Figure(key, title, text, "<p>Nothing was timed.</p>")
    drawing = plot(
        (*log_range(p[0] for p in points), label),
        (*log_range(p[1] for p in points), "GFLOP/s"),
    )
    drawing.frame()
    # By place, as the arrow keys go; ours on top where points coincide.
    for x, y, series, tip in sorted(points, key=lambda p: (p[0], -p[2])):
        drawing.mark(x, y, series, tip)
    return Figure(key, title, text, drawing.render(title))


def row_variation(results: SuiteResults, matrix: str) -> float | None:
    """Return the standard deviation of the row lengths over their mean, None without nonzeros."""
    lengths = results.facts[matrix]["row_lengths"]
    return lengths["deviation"] / lengths["mean"] if lengths.get("mean") else None


def roofline_chart(results: SuiteResults) -> Figure:
    """Draw each product by its flops per byte, below the lines of the measured bandwidths."""
    run = results.run
    points: list[tuple[float, float, int, str]] = []
    for m in run.matrices:
        for series, (name, measurement) in enumerate(m.measurements.items()):
            if measurement.gflops and measurement.gbytes_per_second and m.nnz:
                intensity = measurement.gflops / measurement.gbytes_per_second
                tip = (
                    f"{m.name}\n{run.title(name)}: {measurement.gflops:.2f} GFLOP/s, "
                    f"{measurement.gbytes_per_second:.1f} GB/s\n{_bound(measurement)}"
                )
                points.append((intensity, measurement.gflops, series, tip))
    title = "Roofline"
    text = (
        "Flops per byte that one product must move (stored matrix, x and y once), against the "
        "speed reached. The lines are what the measured read bandwidth of each memory level "
        "allows: a point above the memory line works from the caches, one far below its line is "
        "limited by something else, mostly by random reads of x."
    )
    if not points or not run.ceilings:
        return Figure("roofline", title, text, "<p>No product or no bandwidth was measured.</p>")
    low, high = log_range(p[0] for p in points)
    ceilings = run.ceilings[-1]
    levels = [(name, rate) for name, rate in ceilings.levels if rate > 0]
    tops = [min(high * rate / 1e9, 4 * max(p[1] for p in points)) for _, rate in levels]
    drawing = plot(
        (low, high, "flops per byte moved"),
        (*log_range([*(p[1] for p in points), *tops]), "GFLOP/s"),
    )
    drawing.frame()
    for i, (name, rate) in enumerate(levels):
        line = [(x, x * rate / 1e9) for x in (low, high)]
        line = _clipped(line, drawing.y.high)
        about = f"{name}: {rate / 1e9:.1f} GB/s read by {_threads(ceilings.threads)}"
        drawing.line(line, f"ceiling level{i}", about)
        _along(drawing, line, f"{name} {rate / 1e9:.0f} GB/s")
    for x, y, series, tip in sorted(points, key=lambda p: (p[0], -p[2])):
        drawing.mark(x, y, series, tip)
    return Figure("roofline", title, text, drawing.render(title))


def _along(drawing: Plot, line: list[tuple[float, float]], words: str) -> None:
    """Write words on top of a line, near its left end."""
    (x0, y0), (x1, y1) = ((drawing.x.at(x), drawing.y.at(y)) for x, y in line)
    angle = math.degrees(math.atan2(y1 - y0, x1 - x0))
    drawing.parts.append(
        f'<text class="note" transform="translate({x0:.1f},{y0:.1f}) rotate({angle:.2f})" '
        f'x="10" y="-5">{escape(words)}</text>'
    )


def _clipped(line: list[tuple[float, float]], top: float) -> list[tuple[float, float]]:
    (x0, y0), (x1, y1) = line
    if y1 <= top:
        return line
    # On a logarithmic plane the line has slope 1.
    return [(x0, y0), (math.exp(math.log(x1) - math.log(y1 / top)), top)]


def _threads(count: int) -> str:
    return "1 thread" if count == 1 else f"{count} threads"


def _bound(measurement: Measurement) -> str:
    if not measurement.bound_share:
        return "no bound is known"
    return f"{measurement.bound} bound explains {measurement.bound_share * 100:.0f} % of its time"
