"""The report's table: a row a matrix, and for each column what is shown and what sorts it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from html import escape

from hbpspmv.suite.report.charts_cost import break_even, build_in_products
from hbpspmv.suite.report.charts_speed import row_variation
from hbpspmv.suite.report.load import SuiteResults
from hbpspmv.suite.report.pictures import spy_image
from hbpspmv.suite.report.svg import series_class
from hbpspmv.suite.results import MatrixResult

Cell = tuple[float | str | None, str]  # what sorts, what is shown


@dataclass(frozen=True)
class TableColumn:
    """One column.

    Attributes
    ----------
    heading, hint : str
        What it is called and what it means.
    cell : callable
        Gives sort key and HTML for a matrix.
    style : str
        Class of its cells.
    """

    heading: str
    hint: str
    cell: Callable[[MatrixResult], Cell]
    style: str = "number"


def html_table(results: SuiteResults) -> str:
    """Return the table element, best ratio first."""
    columns = _columns(results)
    head = "".join(
        f'<th scope="col" class="{c.style}"{_sorted(c)}><button type="button" '
        f'title="{escape(c.hint)}">{escape(c.heading)}</button></th>'
        for c in columns
    )
    body = "".join(_row(columns, m) for m in results.run.ranked())
    return f'<table id="results"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'


def _sorted(column: TableColumn) -> str:
    return ' aria-sort="descending"' if column.heading == BEST else ""


def _row(columns: list[TableColumn], matrix: MatrixResult) -> str:
    cells = []
    for i, column in enumerate(columns):
        key, shown = column.cell(matrix)
        sort = "" if key is None else f' data-sort="{escape(str(key))}"'
        tag = 'th scope="row"' if i == 0 else "td"
        cells.append(f'<{tag} class="{column.style}"{sort}>{shown}</{tag.split()[0]}>')
    return f"<tr>{''.join(cells)}</tr>"


BEST = "× best"


def _columns(results: SuiteResults) -> list[TableColumn]:
    run = results.run
    ours = run.ours
    own = run.title(ours)

    def name(m: MatrixResult) -> Cell:
        picture = spy_image(results.facts[m.name]["spy"], "", "thumb")
        return m.name.lower(), f"{picture}<span>{escape(m.name)}</span>"

    def best(m: MatrixResult) -> Cell:
        ratio = m.best_ratio(ours)
        if ratio is None:
            return None, "–"
        interval = results.interval(m.name, ours, m.best_peer(ours))
        hint = f' title="95 %: {interval[0]:.2f} to {interval[1]:.2f}"' if interval else ""
        side = "faster" if ratio >= 1 else "slower"
        return ratio, f'<b class="{side}"{hint}>{ratio:.2f}</b>'

    columns = [
        TableColumn("matrix", "name and picture", name, "name"),
        TableColumn("nonzeros", "stored entries", lambda m: (m.nnz, f"{m.nnz:,}")),
        TableColumn(BEST, f"times faster {own} is than the best other contender", best),
        TableColumn(
            "best peer",
            "fastest other contender",
            lambda m: _text(run.title(peer) if (peer := m.best_peer(ours)) else "–"),
            "text",
        ),
    ]
    for series, contender in enumerate(run.contenders):
        columns.append(_speed(run.title(contender), contender, series))
    return [*columns, *_cost_columns(ours, own), *_shape_columns(results)]


def _cost_columns(ours: str, own: str) -> list[TableColumn]:
    return [
        TableColumn(
            "build",
            f"{own}: build in products of SciPy",
            lambda m: _cost(build_in_products(m, ours)),
        ),
        TableColumn(
            "break-even",
            f"{own}: products after which its build has paid against SciPy",
            lambda m: _cost(break_even(m, ours)),
        ),
        TableColumn(
            "bytes/nz",
            f"{own}: stored bytes a nonzero",
            lambda m: _number(_bytes(m, ours), ".2f"),
        ),
        TableColumn(
            "padding",
            f"{own}: stored elements that are padding, over the nonzeros",
            lambda m: _percent(m.measurements[ours].padding, 2),
        ),
        TableColumn("bound", f"{own}: what limits it", lambda m: _bound(m, ours), "text"),
    ]


def _shape_columns(results: SuiteResults) -> list[TableColumn]:
    return [
        TableColumn("row", "mean row length", lambda m: _number(m.nnz / (m.rows or 1), ".1f")),
        TableColumn(
            "spread",
            "standard deviation of the row lengths over their mean",
            lambda m: _number(row_variation(results, m.name), ".2f"),
        ),
        TableColumn("rows", "rows", lambda m: (m.rows, f"{m.rows:,}")),
        TableColumn("columns", "columns", lambda m: (m.cols, f"{m.cols:,}")),
        TableColumn(
            "drift",
            "how far the baseline's time differed between the processes of this matrix",
            lambda m: _percent(results.drift.get(m.name), 0),
        ),
        TableColumn(
            "other load",
            "most of the CPUs that other processes used beside a contender",
            lambda m: _percent(_other_load(results, m.name), 0),
        ),
        TableColumn("kind", "what it is", lambda m: _text(m.kind), "kind"),
    ]


def _other_load(results: SuiteResults, matrix: str) -> float | None:
    loads = [c.record.get("other_load") for (name, _), c in results.cells.items() if name == matrix]
    return max((load for load in loads if load is not None), default=None)


def _speed(title: str, contender: str, series: int) -> TableColumn:
    def cell(m: MatrixResult) -> Cell:
        own = m.measurements[contender]
        if own.gflops is None:
            return None, f'<span class="bad" title="{escape(own.message)}">{own.status}</span>'
        return own.gflops, f"{own.gflops:.2f}"

    return TableColumn(title, f"{title}: GFLOP/s", cell, f"number {series_class(series)}")


def _bytes(m: MatrixResult, contender: str) -> float | None:
    stored = m.measurements[contender].matrix_nbytes
    return stored / m.nnz if stored and m.nnz else None


def _bound(m: MatrixResult, contender: str) -> Cell:
    own = m.measurements[contender]
    if not own.bound_share:
        return None, "–"
    return own.bound, f"{own.bound} {own.bound_share * 100:.0f} %"


def _text(words: str) -> Cell:
    return words.lower(), escape(words)


def _number(value: float | None, form: str) -> Cell:
    return (None, "–") if value is None else (value, f"{value:{form}}")


def _percent(share: float | None, digits: int) -> Cell:
    return (None, "–") if share is None else (share, f"{share * 100:.{digits}f} %")


def _cost(value: float | None) -> Cell:
    if value is None:
        return None, "–"
    return (1e300, "never") if math.isinf(value) else (value, f"{value:.3g}")
