"""The columns of the result table: one place for every figure that a table shows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hbpspmv.suite.results import MatrixResult, Measurement, Run


@dataclass(frozen=True)
class Column:
    """One column of the result table.

    Attributes
    ----------
    heading : str
        One or two lines.
    cell : callable
        Gives the text for a matrix.
    keep : int
        The column with the smallest number gives way first on a narrow terminal.
    left, ratio : bool
        Whether the text is aligned to the left, and whether it is a ratio.
    """

    heading: str
    cell: Callable[[MatrixResult], str]
    keep: int = 9
    left: bool = False
    ratio: bool = False


def table_columns(run: Run) -> list[Column]:
    """Return the columns for the contenders of a run."""
    ours = run.ours
    columns = [
        Column("matrix", lambda m: m.name, left=True),
        Column("rows", lambda m: f"{m.rows:,}", keep=4),
        Column("cols", lambda m: f"{m.cols:,}", keep=3),
        Column("nnz", lambda m: f"{m.nnz:,}", keep=6),
        Column("kernel", lambda m: m.measurements[ours].kernel, keep=5, left=True),
    ]
    for name in run.contenders:
        if run.contenders[name]["has_build"]:
            columns.append(_build_column(run, name))
    columns += [_speed_column(run, name) for name in run.contenders]
    if run.peers:
        columns.append(Column("best\npeer", lambda m: _best_peer(run, m), keep=2, left=True))
        columns.append(Column("x\nbest", lambda m: _ratio(m.best_ratio(ours)), ratio=True))
    for peer in run.peers:
        columns.append(_ratio_column(run, peer))
    return columns


def _build_column(run: Run, name: str) -> Column:
    heading = f"{run.title(name)}\nbuild ms"
    return Column(heading, lambda m: _build(m.measurements[name]), keep=3)


def _speed_column(run: Run, name: str) -> Column:
    heading, keep = f"{run.title(name)}\nGFLOP/s", 8 if name == run.ours else 5
    return Column(heading, lambda m: _rate(m.measurements[name], "gflops"), keep)


def roofline_columns(run: Run) -> list[Column]:
    """Return the columns of the table of bandwidths and bounds."""
    columns = [Column("matrix", lambda m: m.name, left=True)]
    for name in run.contenders:
        bounds = _bound_columns(run, name, 8 if name == run.ours else 4)
        columns += bounds[:2] if run.device else bounds
    return columns


def _bound_columns(run: Run, name: str, keep: int) -> list[Column]:
    title = run.title(name)
    return [
        Column(f"{title}\nGB/s", lambda m: _rate(m.measurements[name], "gbytes"), keep),
        Column(f"{title}\n% of bw", lambda m: _share(m.measurements[name].bandwidth_share), keep),
        Column(f"{title}\nbound", lambda m: _bound(m.measurements[name]), keep - 3, left=True),
    ]


def _ratio_column(run: Run, peer: str) -> Column:
    return Column(f"x\n{run.title(peer)}", lambda m: _ratio(m.ratio(run.ours, peer)), 7, ratio=True)


def _best_peer(run: Run, matrix: MatrixResult) -> str:
    name = matrix.best_peer(run.ours)
    return run.title(name) if name else "-"


def _build(measurement: Measurement) -> str:
    seconds = measurement.build_seconds
    return "-" if seconds is None else f"{seconds * 1e3:.1f}"


def _rate(measurement: Measurement, which: str) -> str:
    if measurement.status != "ok":
        return measurement.status.upper()
    rate = measurement.gflops if which == "gflops" else measurement.gbytes_per_second
    return "-" if rate is None else f"{rate:.2f}" if which == "gflops" else f"{rate:.1f}"


def _share(share: float | None) -> str:
    return "-" if share is None else f"{share * 100:.0f}"


def _bound(measurement: Measurement) -> str:
    share = measurement.bound_share
    return "-" if share is None else f"{measurement.bound} {share * 100:.0f} %"


def _ratio(ratio: float | None) -> str:
    return "-" if ratio is None else f"{ratio:.2f}"


def fitting(columns: Sequence[Column], cells: list[list[str]], width: int, gap: int) -> list[int]:
    """Return the numbers of the columns to show in `width` characters.

    Parameters
    ----------
    columns : sequence of Column
        The table's columns.
    cells : list of list of str
        Its rows.
    width : int
        Characters in a line.
    gap : int
        Characters between two columns.
    """
    widths = [
        max(map(len, (*column.heading.split("\n"), *(row[i] for row in cells))))
        for i, column in enumerate(columns)
    ]
    shown = list(range(len(columns)))
    while sum(widths[i] + gap for i in shown) > width and len(shown) > 1:
        first_to_go = min(shown[1:], key=lambda i: (columns[i].keep, -i))
        shown.remove(first_to_go)
    return shown
