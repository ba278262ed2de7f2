"""Result tables as text: plain for a terminal, Markdown and CSV for files."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence

from hbpspmv.suite.ceilings import ceilings_line
from hbpspmv.suite.columns import Column, fitting, roofline_columns, table_columns
from hbpspmv.suite.costs import costs_line
from hbpspmv.suite.device_clock import MODEL as DEVICE_MODEL
from hbpspmv.suite.device_clock import device_line
from hbpspmv.suite.machine import machine_line
from hbpspmv.suite.overhead import overhead_line
from hbpspmv.suite.results import MatrixResult, Measurement, Run
from hbpspmv.suite.roofline import MODEL

_CSV_MATRIX = ("matrix", "kind", "rows", "cols", "nnz", "dtype", "distinct_values")
_CSV_FIELDS = (
    "contender",
    "status",
    "kernel",
    "build_seconds",
    "matrix_nbytes",
    "seconds",
    "lower_quartile",
    "upper_quartile",
    "n_samples",
    "gflops",
    "gbytes_per_second",
    "bandwidth_share",
    "bound",
    "bound_share",
    "message",
)
BUSY = 0.1
LEGEND = "x: how many times faster HBP is"
SUMMARY_HEADINGS = (
    "HBP against",
    "matrices",
    "geometric mean",
    "values repeat",
    "distinct",
    "min",
    "max",
    "losses",
    "noise",
)
_SUMMARY_LEFT = [heading is SUMMARY_HEADINGS[0] for heading in SUMMARY_HEADINGS]


def summary_cells(run: Run) -> list[list[str]]:
    """Return the rows of the summary table."""
    return [
        [
            s.opponent,
            str(s.count),
            f"{s.geometric_mean:.2f}",
            "-" if s.repeating is None else f"{s.repeating:.2f}",
            "-" if s.distinct is None else f"{s.distinct:.2f}",
            f"{s.minimum:.2f}",
            f"{s.maximum:.2f}",
            str(s.losses),
            "-" if s.noise is None else f"{s.noise * 100:.1f} %",
        ]
        for s in run.summaries()
    ]


def grid(headings: Sequence[str], cells: Sequence[Sequence[str]], left: Sequence[bool]) -> str:
    """Return an aligned plain-text table with a rule below the headings of one or two lines."""
    stacked = [heading.split("\n") for heading in headings]
    depth = max(map(len, stacked), default=1)
    top = zip(*([""] * (depth - len(lines)) + lines for lines in stacked), strict=True)
    rows = [*top, *cells]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    rows.insert(depth, ["-" * width for width in widths])
    return "\n".join(
        "  ".join(
            text.ljust(width) if flush else text.rjust(width)
            for text, width, flush in zip(row, widths, left, strict=True)
        ).rstrip()
        for row in rows
    )


def plain_table(run: Run, columns: Sequence[Column], width: int | None = None) -> str:
    """Return a table of the matrices, less the columns that do not fit in `width` characters."""
    cells = [[column.cell(m) for column in columns] for m in run.ranked()]
    shown = fitting(columns, cells, width, gap=2) if width else range(len(columns))
    return grid(
        [columns[i].heading for i in shown],
        [[row[i] for i in shown] for row in cells],
        [columns[i].left for i in shown],
    )


def plain_summary(run: Run) -> str:
    """Return the summary table."""
    return grid(SUMMARY_HEADINGS, summary_cells(run), _SUMMARY_LEFT)


def busy_line(busy_share: float) -> str:
    """Return a warning when other processes use more than a little of the CPUs, else nothing."""
    if busy_share < BUSY:
        return ""
    return (
        f"warning: other processes used {busy_share * 100:.0f} % of the CPUs when the run began;"
        " times of threaded contenders suffer most"
    )


def remarks(run: Run) -> list[str]:
    """Return what a reader must know besides the figures: wrong products, errors, missing peers."""
    lines = [
        f"{m.status.upper()}: {run.title(m.contender)} on {matrix}: {m.message}"
        for matrix, m in run.wrong()
    ]
    if run.device:  # on the CPU, remarks are about single matrices
        measured = [m for matrix in run.matrices for m in matrix.measurements.values()]
        known = dict.fromkeys((m.contender, m.remark) for m in measured if m.remark)
        lines += [f"{run.title(name)}: {remark}" for name, remark in known]
    lines += [f"error: {line}" for line in run.errors]
    lines += run.missing
    return [line for line in (*lines, busy_line(run.busy_share)) if line]


def machine_lines(run: Run) -> list[str]:
    """Return what was measured of the machine, and what the builds cost."""
    lines = [ceilings_line(ceilings) for ceilings in run.ceilings]
    if run.device:
        lines.append(device_line(run.device))
    if run.call_overhead:
        lines.append(overhead_line(run.call_overhead))
    return [line for line in (*lines, costs_line(run)) if line]


def settings_line(run: Run) -> str:
    """Return one line about how the run was made."""
    s = run.settings
    versions = ", ".join(f"{c['title']} {c['version']}" for c in run.contenders.values())
    if s.get("device", "cpu") != "cpu":
        return f"{s['dtype']}, {run.device.get('name', 'CUDA device')}, L2 flushed; {versions}"
    caches = "cold caches" if s["cold"] else "warm caches"
    threads = "1 thread" if s["threads"] == 1 else f"{s['threads']} threads"
    return f"{s['dtype']}, {threads}, {caches}; {versions}"


def markdown(run: Run) -> str:
    """Return the whole result as a Markdown document."""
    lines = ["# Sparse matrix-vector products", ""]
    lines += [machine_line(run.machine) + ".", "", settings_line(run) + ".", ""]
    if not run.complete:
        lines += ["**Incomplete: the run was interrupted.**", ""]
    if summaries := summary_cells(run):
        lines += [*markdown_rows(SUMMARY_HEADINGS, summaries, _SUMMARY_LEFT), ""]
    lines += [*(f"- {line}" for line in machine_lines(run)), ""]
    lines += [*_markdown_table(run, table_columns(run)), ""]
    lines += [
        "## Bandwidth" if run.device else "## Roofline",
        "",
        *_markdown_table(run, roofline_columns(run)),
        "",
    ]
    lines += [
        f"{LEGEND}; medians over all timed products. GB/s counts the stored matrix, x and y once.",
        "",
        DEVICE_MODEL if run.device else MODEL,
    ]
    if notes := remarks(run):
        lines += ["", *(f"- {note}" for note in notes)]
    return "\n".join(lines) + "\n"


def _markdown_table(run: Run, columns: Sequence[Column]) -> list[str]:
    cells = [[column.cell(m) for column in columns] for m in run.ranked()]
    headings = [column.heading.replace("\n", " ") for column in columns]
    return markdown_rows(headings, cells, [column.left for column in columns])


def markdown_rows(
    headings: Sequence[str], cells: Sequence[Sequence[str]], left: Sequence[bool]
) -> list[str]:
    """Return the lines of a Markdown table; `left` says which columns are aligned to the left."""
    rule = [":--" if flush else "--:" for flush in left]
    return ["| " + " | ".join(row) + " |" for row in (headings, rule, *cells)]


def comma_separated(
    run: Run, extra: Mapping[str, Callable[[MatrixResult, Measurement], object]] | None = None
) -> str:
    """Return one CSV line per matrix and contender, with unrounded figures.

    Parameters
    ----------
    run : Run
        What was measured.
    extra : mapping of str to callable, optional
        Further columns: heading, and what gives the value.
    """
    extra = extra or {}
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([*_CSV_MATRIX, *_CSV_FIELDS, "hbp_ratio", *extra])
    for m in run.ranked():
        for measurement in m.measurements.values():
            ratio = m.ratio(run.ours, measurement.contender)
            values = [getattr(measurement, name) for name in _CSV_FIELDS]
            about = [m.name, m.kind, m.rows, m.cols, m.nnz, m.dtype, m.distinct_values]
            more = [value(m, measurement) for value in extra.values()]
            writer.writerow([*about, *values, ratio, *more])
    return out.getvalue()
