"""A suite run on a terminal: a line per finished cell, below it a bar with the time left."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from statistics import fmean
from typing import Any

from hbpspmv.suite.cells.result_log import Record


class CellProgress:
    """Prints each finished cell; with rich, on a terminal, also a bar and an estimate."""

    def __init__(self) -> None:
        self._pending = self._done = 0
        self._seconds: dict[str, list[float]] = {}
        self._bar: Any = None
        self._task: Any = None

    def shown(self) -> AbstractContextManager[Any]:
        """Return the context in which the bar is shown."""
        if not sys.stdout.isatty():
            return nullcontext()
        try:
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
        except ImportError:
            return nullcontext()
        # Never refreshed by a thread of its own: that thread would disturb the timed products.
        self._bar = Progress(
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("{task.fields[left]}  {task.description}", markup=False),
            auto_refresh=False,
            transient=True,
        )
        self._task = self._bar.add_task("", total=None, left="")
        bar: AbstractContextManager[Any] = self._bar
        return bar

    def begin(self, pending: int, finished: Sequence[Record]) -> None:
        """Take the number of cells to run, and what earlier ones have taken."""
        self._pending = pending
        for record in finished:
            self._seconds.setdefault(record["contender"], []).append(record["process_seconds"])
        if finished:
            print(f"{len(finished)} finished cells are kept")
        if self._bar is not None:
            self._bar.update(self._task, total=pending, left=self._left())

    def step(self, matrix: str, step: str) -> None:
        """Show what is being done."""
        if self._bar is not None:
            self._bar.update(self._task, description=f"{matrix}: {step}", refresh=True)

    def finished(self, record: Record) -> None:
        """Print a cell's line."""
        self._done += 1
        self._seconds.setdefault(record["contender"], []).append(record["process_seconds"])
        line = f"{record['matrix']}: {record['title']}: {outcome_text(record)}"
        if self._bar is None:
            print(f"[{self._done}/{self._pending}] {line}", flush=True)
            return
        self._bar.console.print(line, markup=False, highlight=False)
        self._bar.update(self._task, completed=self._done, left=self._left(), refresh=True)

    def _left(self) -> str:
        if not self._seconds:
            return ""
        # Each contender counts alike, however many of its cells came first.
        each = fmean(fmean(seconds) for seconds in self._seconds.values())
        return f"about {duration((self._pending - self._done) * each)} left"


def outcome_text(record: Record) -> str:
    """Return how a cell ended, for people."""
    if record["status"] != "ok":
        return f"{record['status'].upper()}: {record['message']}"
    return f"{record['gflops']:.2f} GFLOP/s"


def duration(seconds: float) -> str:
    """Return a span of time for people.

    Examples
    --------
    >>> duration(48), duration(200), duration(7500)
    ('48 s', '3 min', '2 h 5 min')
    """
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
