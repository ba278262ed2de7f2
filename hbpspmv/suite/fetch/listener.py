"""Who is told of a fetch's progress."""

from __future__ import annotations

from typing import Protocol


class Listener(Protocol):
    """Gets the progress of one matrix after the other."""

    def begin(self, name: str, step: str) -> None:
        """Announce what is about to be done."""

    def bytes_done(self, done: int, total: int | None) -> None:
        """Tell how much of a download is there, and how much there will be if that is known."""

    def note(self, name: str, text: str) -> None:
        """Tell of something that does not end the work, such as a retry."""

    def end(self, name: str, text: str) -> None:
        """Tell how it ended."""
