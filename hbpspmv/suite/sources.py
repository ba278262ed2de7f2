"""The matrices of a run: files, or the embedded ones when no file is given."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from hbpspmv.suite.embedded import EMBEDDED
from hbpspmv.suite.files import find_files, matrix_name, read_matrix


@dataclass(frozen=True)
class Source:
    """A matrix that is not loaded yet."""

    name: str
    kind: str
    origin: str
    load: Callable[[], Any]


def embedded_sources(quick: bool) -> list[Source]:
    """Return the embedded matrices, in full size or in the small one."""
    return [
        Source(e.quick_name if quick else e.name, e.kind, "embedded", e.quick if quick else e.full)
        for e in EMBEDDED
    ]


def file_sources(paths: Sequence[Path]) -> list[Source]:
    """Return the matrices in files and in directories.

    Raises
    ------
    FileNotFoundError
        A path does not exist or a directory holds no matrix.
    """
    return [
        Source(matrix_name(path), "file", str(path), partial(read_matrix, path))
        for path in find_files(paths)
    ]
