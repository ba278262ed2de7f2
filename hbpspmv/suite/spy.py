"""A matrix seen from afar: how many nonzeros lie in each cell of a coarse grid."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

LEVELS = 9
_CHUNK = 1 << 22  # nonzeros binned at a time


def density_grid(matrix: Any, size: int) -> NDArray[np.int64]:
    """Return the nonzeros in each cell of a grid of at most `size` x `size` cells.

    Parameters
    ----------
    matrix : scipy.sparse.csr_array, shape (m, n)
        Indices within their range.
    size : int
        Cells along the longer side of a large matrix. A narrow matrix has fewer along its shorter
        side, one with fewer rows or columns than cells one for each.

    Returns
    -------
    ndarray, shape (h, w)
        Row i lies in line ``i * h // m``, column j in place ``j * w // n``.

    Examples
    --------
    >>> from scipy.sparse import eye_array
    >>> density_grid(eye_array(6, format="csr"), 3)
    array([[2, 0, 0],
           [0, 2, 0],
           [0, 0, 2]])
    """
    rows, cols = matrix.shape
    height, width = _sides(rows, cols, size)
    counts = np.zeros(height * width, dtype=np.int64)
    if counts.size == 0:
        return counts.reshape(height, width)
    indptr = matrix.indptr
    start = 0
    while start < rows:
        stop = int(np.searchsorted(indptr, int(indptr[start]) + _CHUNK, side="right")) - 1
        stop = min(max(stop, start + 1), rows)
        lengths = np.diff(indptr[start : stop + 1])
        lines = np.repeat(np.arange(start, stop) * height // rows, lengths)
        places = matrix.indices[indptr[start] : indptr[stop]].astype(np.int64) * width // cols
        counts += np.bincount(lines * width + places, minlength=counts.size)
        start = stop
    return counts.reshape(height, width)


def _sides(rows: int, cols: int, size: int) -> tuple[int, int]:
    longer = max(rows, cols, 1)
    # At least a quarter, so that a few long rows can be seen.
    return tuple(min(n, max(size // 4, -(-size * n // longer))) for n in (rows, cols))  # type: ignore[return-value]


def levels(counts: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Return 0 for an empty cell and 1 to `LEVELS` for others, on a logarithmic scale."""
    most = int(counts.max(initial=0))
    if most == 0:
        return np.zeros(counts.shape, dtype=np.uint8)
    scaled = np.ceil(LEVELS * np.log1p(counts) / np.log1p(most))
    return np.asarray(np.clip(scaled, 0, LEVELS), dtype=np.uint8)
