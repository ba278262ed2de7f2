"""The report's charts of cost: builds, when they have paid, and bytes a nonzero."""

from __future__ import annotations

import math

from hbpspmv.suite.mean import geometric_mean
from hbpspmv.suite.report.charts_speed import BOTTOM, RIGHT, TOP, Figure, plot
from hbpspmv.suite.report.load import SuiteResults
from hbpspmv.suite.report.svg import Axis, Plot, log_range, series_class, si
from hbpspmv.suite.results import MatrixResult

BASE = "scipy"
_CALLS = [10 ** (e / 8) for e in range(0, 49)]  # 1 to a million


def build_in_products(matrix: MatrixResult, name: str) -> float | None:
    """Return the build time of a contender in products of SciPy."""
    base, own = matrix.measurements.get(BASE), matrix.measurements[name]
    if base is None or not base.seconds or not own.build_seconds or own.seconds is None:
        return None
    return own.build_seconds / base.seconds


def break_even(matrix: MatrixResult, name: str) -> float | None:
    """Return after how many products the build has paid against SciPy; infinite if never."""
    base, own = matrix.measurements.get(BASE), matrix.measurements[name]
    if base is None or not base.seconds or own.build_seconds is None or own.seconds is None:
        return None
    if own.seconds >= base.seconds:
        return math.inf
    return own.build_seconds / (base.seconds - own.seconds)


def payback_chart(results: SuiteResults) -> Figure:
    """Draw the speed-up over SciPy, build included, against the number of products."""
    run = results.run
    title = "When a build has paid"
    text = (
        "How many times faster than SciPy a contender is when its build counts and so many "
        "products follow; geometric mean over the matrices. Below 1, SciPy would have been done "
        "earlier."
    )
    lines: list[tuple[int, str, list[tuple[float, float]]]] = []
    for series, name in enumerate(run.contenders):
        if name == BASE:
            continue
        points = [(n, mean) for n in _CALLS if (mean := _speed_up(results, name, n)) is not None]
        if points:
            lines.append((series, name, points))
    if not lines:
        return Figure("payback", title, text, "<p>Nothing was timed beside SciPy.</p>")
    values = [y for *_, points in lines for _, y in points]
    drawing = plot(
        (1, _CALLS[-1], "products with the same matrix"),
        (*log_range(values, around=1.0), "times faster than SciPy, build included"),
    )
    drawing.frame()
    drawing.line([(1, 1), (_CALLS[-1], 1)], "one")
    for series, name, points in reversed(lines):
        crossing = next((n for n, y in points if y >= 1), None)
        paid = (
            f"ahead of SciPy from about {si(crossing)} products on" if crossing else "never ahead"
        )
        tip = f"{run.title(name)}\n{paid}\nin the end {points[-1][1]:.2f}×"
        drawing.line(points, series_class(series), tip)
    return Figure("payback", title, text, drawing.render(title))


def _speed_up(results: SuiteResults, name: str, calls: float) -> float | None:
    ratios = []
    for m in results.run.matrices:
        base, own = m.measurements.get(BASE), m.measurements[name]
        if base is None or not base.seconds or own.seconds is None or own.build_seconds is None:
            continue
        build = own.build_seconds if results.run.contenders[name]["has_build"] else 0.0
        ratios.append(calls * base.seconds / (build + calls * own.seconds))
    return geometric_mean(ratios)


def strip_chart(results: SuiteResults, which: str) -> Figure:
    """Draw the "build" cost or the "break-even" count of every matrix, a line a contender."""
    run = results.run
    value = build_in_products if which == "build" else break_even
    rows: list[tuple[int, str, list[tuple[float, str]], int]] = []
    for series, name in enumerate(run.contenders):
        if not run.contenders[name]["has_build"]:
            continue
        known = [(v, m.name) for m in run.matrices if (v := value(m, name)) is not None]
        finite = sorted((v, matrix) for v, matrix in known if 0 < v < math.inf)
        if known:
            rows.append((series, name, finite, len(known) - len(finite)))
    if which == "build":
        title, label = "Build cost", "products of SciPy that take as long as the build"
        text = (
            "Time from the CSR arrays to a matrix that is ready to be multiplied. Contenders that "
            "multiply the CSR arrays as they are have none; compilation is not counted."
        )
    else:
        title, label = "Break-even", "products after which the build has paid against SciPy"
        text = "Where a contender is not faster than SciPy, its build never pays: at the right."
    key = which
    values = [v for *_, finite, _ in rows for v, _ in finite]
    if not values:
        return Figure(key, title, text, "<p>No contender with a build was timed.</p>")
    line, names = 46.0, 110
    bottom = TOP + line * len(rows)
    drawing = Plot(
        Axis(*log_range(values), names, 760 - RIGHT - 74, label, True),
        Axis(0, 1, TOP, bottom, ""),
        760,
        bottom + BOTTOM,
    )
    drawing.frame(y_ticks=False)
    for i, (series, name, finite, never) in enumerate(rows):
        middle = TOP + line * (i + 0.5)
        drawing.text(names - 10, middle + 4, run.title(name), f"row {series_class(series)}", "end")
        for k, (v, matrix) in enumerate(finite):
            # Points side by side: three heights in turn.
            tip = f"{matrix}\n{run.title(name)}: {v:.3g} products"
            drawing.mark(v, 0, series, tip, place=middle + (k % 3 - 1) * 8)
        if finite:
            median = finite[len(finite) // 2][0]
            x = drawing.x.at(median)
            drawing.parts.append(
                f'<path class="median" d="M{x:.1f},{middle - 17:.1f}v34" '
                f'data-tip="median {median:.3g} products"/>'
            )
        if never and which != "build":
            drawing.text(760 - RIGHT, middle + 4, f"{never} never", "note", "end")
    return Figure(key, title, text, drawing.render(title))


def bytes_chart(results: SuiteResults) -> Figure:
    """Draw the bytes a nonzero that each contender stores."""
    run = results.run
    title = "Bytes a nonzero"
    text = (
        "Bytes of a contender's own storage that one product reads, over the nonzeros, the "
        "matrices in the order of the first contender. The line is plain CSR."
    )
    ours = run.ours

    def each(m: MatrixResult, name: str) -> float:
        return m.measurements[name].matrix_nbytes / m.nnz

    matrices = [m for m in run.matrices if m.nnz and m.measurements[ours].matrix_nbytes]
    matrices.sort(key=lambda m: each(m, ours))
    if not matrices:
        return Figure("bytes", title, text, "<p>No storage is known.</p>")
    csr = [m.csr_nbytes / m.nnz for m in matrices]
    values = [each(m, n) for m in matrices for n in run.contenders if each(m, n) > 0]
    low, high = log_range([*values, *csr])
    drawing = plot(
        (0.5, len(matrices) + 0.5, "matrices, by bytes a nonzero of the first contender"),
        (low, high, "bytes a nonzero"),
        x_log=False,
    )
    drawing.frame()
    drawing.line(list(enumerate(csr, 1)), "csr", "CSR: values, column indices and row pointers")
    for i, m in enumerate(matrices, 1):
        for series, name in reversed(list(enumerate(run.contenders))):
            stored = each(m, name)
            if stored > 0 and m.measurements[name].matrix_nbytes != m.csr_nbytes:
                padding = m.measurements[name].padding
                about = "not known" if padding is None else f"{padding * 100:.2f} %"
                tip = (
                    f"{m.name}\n{run.title(name)}: {stored:.2f} bytes a nonzero "
                    f"(CSR {m.csr_nbytes / m.nnz:.2f})\npadding {about}"
                )
                drawing.mark(i, stored, series, tip)
    return Figure("bytes", title, text, drawing.render(title))
