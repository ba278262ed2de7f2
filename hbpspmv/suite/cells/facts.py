"""What every cell of a matrix records of it: size, row lengths, values and a coarse picture."""

from __future__ import annotations

from typing import Any

import numpy as np

from hbpspmv.suite.spy import density_grid, levels
from hbpspmv.suite.traffic import csr_nbytes
from hbpspmv.suite.values import count_distinct

PICTURE = 64  # cells along a side


def matrix_facts(matrix: Any, kind: str) -> dict[str, Any]:
    """Return the facts of a prepared matrix, as JSON can hold them.

    Returns
    -------
    dict
        kind, rows, cols, nnz, dtype, csr_nbytes, distinct_values (see `count_distinct`),
        row_lengths (min, lower_quartile, median, upper_quartile, max, mean, deviation, empty) and
        spy: lines of digits, 0 for a part of the matrix without nonzeros.
    """
    lengths = np.diff(matrix.indptr)
    return {
        "kind": kind,
        "rows": int(matrix.shape[0]),
        "cols": int(matrix.shape[1]),
        "nnz": int(matrix.nnz),
        "dtype": matrix.dtype.name,
        "csr_nbytes": csr_nbytes(matrix),
        "distinct_values": count_distinct(matrix.data),
        "row_lengths": _row_lengths(lengths),
        "spy": ["".join(map(str, line)) for line in levels(density_grid(matrix, PICTURE)).tolist()],
    }


def _row_lengths(lengths: Any) -> dict[str, float]:
    if lengths.size == 0:
        return {}
    names = ("min", "lower_quartile", "median", "upper_quartile", "max")
    quantiles = np.percentile(lengths, (0, 25, 50, 75, 100))
    return {
        **dict(zip(names, map(float, quantiles), strict=True)),
        "mean": float(lengths.mean()),
        "deviation": float(lengths.std()),
        "empty": int((lengths == 0).sum()),
    }
