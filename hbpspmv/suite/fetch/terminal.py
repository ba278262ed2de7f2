"""A fetch on the terminal: a progress bar with rich where it is installed, else lines."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class FetchTerminal:
    """The `Listener` of the command: prints one line per matrix, and a bar on a terminal."""

    def __init__(self, total: int) -> None:
        self._total, self._ended = total, 0
        self._bar: Any = None
        self._task: Any = None

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Show the bar."""
        try:
            from rich.progress import (
                BarColumn,
                DownloadColumn,
                Progress,
                TextColumn,
                TimeRemainingColumn,
                TransferSpeedColumn,
            )
        except ImportError:
            yield
            return
        if not sys.stdout.isatty():
            yield
            return
        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            DownloadColumn(),
            TransferSpeedColumn(),
            TimeRemainingColumn(),
        )
        with Progress(*columns, transient=True) as self._bar:
            yield
        self._bar = None

    def begin(self, name: str, step: str) -> None:
        """Announce what is about to be done."""
        if self._bar is not None:
            self._remove_task()
            place = f"[{self._ended + 1}/{self._total}]"
            self._task = self._bar.add_task(f"{place} {name}: {step}", total=None)

    def bytes_done(self, done: int, total: int | None) -> None:
        """Move the bar."""
        if self._bar is not None:
            self._bar.update(self._task, completed=done, total=total)

    def note(self, name: str, text: str) -> None:
        """Print what does not end the work."""
        self._print(f"{name}: {text}")

    def end(self, name: str, text: str) -> None:
        """Print how it ended."""
        self._ended += 1
        if self._bar is not None:
            self._remove_task()
        self._print(f"[{self._ended}/{self._total}] {name}: {text}")

    def _remove_task(self) -> None:
        if self._task is not None:
            self._bar.remove_task(self._task)
            self._task = None

    def _print(self, line: str) -> None:
        if self._bar is not None:
            self._bar.console.print(line, markup=False, highlight=False, soft_wrap=True)
        else:
            print(line, flush=True)
