"""Reading matrices from Matrix Market and SciPy .npz files."""

from __future__ import annotations

import bz2
import gzip
import lzma
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from scipy.io import mmread
from scipy.sparse import csr_array, issparse, load_npz

_OPENERS: dict[str, Callable[..., Any]] = {
    ".mtx": open,
    ".mtx.gz": gzip.open,
    ".mtx.bz2": bz2.open,
    ".mtx.xz": lzma.open,
}
SUFFIXES = (*_OPENERS, ".npz")

# What the readers raise for bad content; a missing or unreadable file keeps its own error.
_BAD_CONTENT = (
    ValueError,
    OverflowError,
    TypeError,
    KeyError,
    EOFError,
    OSError,
    zlib.error,
    lzma.LZMAError,
    zipfile.BadZipFile,
)


def matrix_suffix(path: Path) -> str:
    """Return which of `SUFFIXES` the file name ends in, or an empty string."""
    name = path.name.lower()
    return next((suffix for suffix in SUFFIXES if name.endswith(suffix)), "")


def matrix_name(path: Path) -> str:
    """Return the file name without its matrix suffix.

    Examples
    --------
    >>> matrix_name(Path("set/karate.mtx.xz"))
    'karate'
    """
    suffix = matrix_suffix(path)
    return path.name[: -len(suffix)] if suffix else path.stem


def find_files(paths: Iterable[Path]) -> Iterator[Path]:
    """Yield the files named, and for each directory the matrix files below it in order of name.

    Raises
    ------
    FileNotFoundError
        A path does not exist, or a directory holds no matrix file.
    """
    for path in paths:
        if not path.exists():
            raise FileNotFoundError(f"{path}: no such file or directory")
        if not path.is_dir():
            yield path
            continue
        found = sorted(p for p in path.rglob("*") if matrix_suffix(p) and p.is_file())
        if not found:
            raise FileNotFoundError(f"{path}: holds no file ending in {', '.join(SUFFIXES)}")
        yield from found


def read_matrix(path: Path) -> Any:
    """Read one matrix as a csr_array.

    Parameters
    ----------
    path : Path
        A file ending in ``.mtx``, ``.mtx.gz``, ``.mtx.bz2``, ``.mtx.xz`` or ``.npz``. Symmetric
        files are expanded, patterns become ones, dense ones sparse, duplicates are summed.

    Returns
    -------
    scipy.sparse.csr_array
        In the file's own dtype.

    Raises
    ------
    ValueError
        The content is truncated, corrupt or no matrix; the message begins with the path.
    OSError
        The file is missing or cannot be opened.
    """
    suffix = matrix_suffix(path)
    if not suffix:
        raise ValueError(f"{path}: unknown file type, expected one of {', '.join(SUFFIXES)}")
    with open(path, "rb"):
        pass  # missing, a directory, not permitted: as the system says it
    try:
        matrix = load_npz(path) if suffix == ".npz" else _read_matrix_market(path, suffix)
        if issparse(matrix) and hasattr(matrix, "check_format"):
            matrix.check_format(full_check=True)
        if matrix.ndim != 2:
            raise ValueError(f"holds an array of {matrix.ndim} dimensions, expected 2")
        if np.dtype(matrix.dtype).kind not in "biufc":
            raise ValueError(f"holds values of dtype {matrix.dtype}")
        return csr_array(matrix)
    except _BAD_CONTENT as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ValueError(f"{path}: not a readable matrix: {reason}") from error


def _read_matrix_market(path: Path, suffix: str) -> Any:
    with _OPENERS[suffix](path, "rb") as stream:
        if not stream.peek(1):
            raise ValueError("the file is empty")
        banner = stream.peek(128).split(b"\n")[0].lower()
        matrix = mmread(stream)
        if b"general" not in banner and matrix.shape[0] != matrix.shape[1]:
            raise ValueError(f"says that it is symmetric, but its shape is {matrix.shape}")
        # A compressed stream proves its checksum only when it is read to the end.
        while stream.read(1 << 20):
            pass
    return matrix
