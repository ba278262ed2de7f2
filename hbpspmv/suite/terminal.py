"""The run on a terminal: progress and tables, with rich where it is installed."""

from __future__ import annotations

import shutil
import sys
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from hbpspmv.suite.columns import Column, fitting, roofline_columns, table_columns
from hbpspmv.suite.machine import machine_line
from hbpspmv.suite.results import MatrixResult, Run
from hbpspmv.suite.text import (
    LEGEND,
    SUMMARY_HEADINGS,
    busy_line,
    machine_lines,
    plain_summary,
    plain_table,
    remarks,
    settings_line,
    summary_cells,
)


class Terminal:
    """Prints a line per finished matrix, under it a progress bar on a rich terminal."""

    def __init__(self, total: int, width: int | None = None) -> None:
        self._total, self._done = total, 0
        self._tty = sys.stdout.isatty()
        self._width = width or (shutil.get_terminal_size().columns if self._tty else None)
        self._console: Any = None
        self._progress: Any = None
        self._task: Any = None
        if self._tty:
            try:
                from rich.console import Console
            except ImportError:
                return
            self._console = Console(highlight=False)

    def progress(self) -> AbstractContextManager[Any]:
        """Return the context in which the progress bar is shown."""
        if self._console is None:
            return nullcontext()
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

        # Never refreshed by a thread of its own: that thread would disturb the timed products.
        self._progress = Progress(
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.description}"),
            console=self._console,
            auto_refresh=False,
            transient=True,
        )
        self._task = self._progress.add_task("", total=self._total)
        bar: AbstractContextManager[Any] = self._progress
        return bar

    def step(self, matrix: str, step: str) -> None:
        """Show what is being done."""
        if self._progress is not None:
            self._progress.update(self._task, description=f"{matrix}: {step}", refresh=True)

    def finished(self, result: MatrixResult | None, line: str) -> None:
        """Print a matrix's line."""
        self._done += 1
        if self._progress is not None:
            self._progress.console.print(line, markup=False)
            self._progress.update(self._task, completed=self._done, refresh=True)
        else:
            print(f"[{self._done}/{self._total}] {line}", flush=True)

    def opening(self, machine: dict[str, Any], missing: list[str], busy_share: float) -> None:
        """Print what is known before the first matrix."""
        for line in (machine_line(machine), *missing, busy_line(busy_share)):
            if line:
                print(line)
        sys.stdout.flush()

    def report(self, run: Run) -> None:
        """Print the result table, the summary and what else must be known."""
        print()
        if run.matrices:
            tables = (table_columns(run), roofline_columns(run))
            if self._console is None:
                texts = [plain_table(run, columns, self._width) for columns in tables]
                print(*texts, plain_summary(run), sep="\n\n")
            else:
                for columns in tables:
                    self._console.print(_rich_table(run, columns, self._console.width))
                self._console.print(_rich_summary(run))
        else:
            print("no matrix was measured")
        for line in (*machine_lines(run), *remarks(run)):
            print(line)
        print(f"{settings_line(run)}; {LEGEND}")


def _rich_table(run: Run, columns: list[Column], width: int) -> Any:
    from rich.table import Table
    from rich.text import Text

    matrices = run.ranked()
    cells = [[column.cell(m) for column in columns] for m in matrices]
    shown = fitting(columns, cells, width - 1, gap=3)
    table = Table(header_style="bold")
    for i in shown:
        table.add_column(
            columns[i].heading, justify="left" if columns[i].left else "right", no_wrap=True
        )
    for row in cells:
        texts = []
        for i in shown:
            style = _style(row[i]) if columns[i].ratio else ""
            texts.append(Text(row[i], style=style))
        table.add_row(*texts)
    return table


def _style(ratio: str) -> str:
    try:
        return "green" if float(ratio) >= 1 else "red"
    except ValueError:
        return "dim"


def _rich_summary(run: Run) -> Any:
    from rich.table import Table

    table = Table(header_style="bold")
    for heading in SUMMARY_HEADINGS:
        table.add_column(heading, justify="left" if heading is SUMMARY_HEADINGS[0] else "right")
    for row in summary_cells(run):
        table.add_row(*row)
    return table
