"""The exact product that every contender is checked against, with its per-row error bound."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

_CHUNK = 1 << 22  # nonzeros widened at a time: 64 MB of long doubles
_WIDER = {
    "float32": np.float64,
    "float64": np.longdouble,
    "complex64": np.complex128,
    "complex128": np.clongdouble,
}


@dataclass(frozen=True)
class Reference:
    """A product in higher precision and how far a correct one may be from it.

    Attributes
    ----------
    exact : ndarray, shape (m,)
        A @ x, accumulated in a wider type than the matrix's.
    bound : ndarray, shape (m,)
        k nnz_i (eps (|A| |x|)_i + tiny) with k = 2 for real and 4 for complex values and tiny the
        smallest subnormal number: what any order of summation, fused or not, stays within. It is
        0 on an empty row.
    """

    exact: NDArray[Any]
    bound: NDArray[Any]

    def error(self, y: NDArray[Any]) -> str:
        """Return what is wrong with `y`, or an empty string when every row is within its bound."""
        finite = np.isfinite(self.exact) & np.isfinite(self.bound)
        with np.errstate(invalid="ignore", over="ignore"):
            distance = np.abs(y - self.exact)
            good = np.where(finite, distance <= self.bound, ~np.isfinite(y))
        bad = np.flatnonzero(~good)
        if bad.size == 0:
            return ""
        i = int(bad[0])
        return (
            f"{bad.size} of {good.size} rows wrong, first row {i}: "
            f"{y[i]:.17g}, expected {self.exact[i]:.17g} within {float(self.bound[i]):.3g}"
        )


def reference_product(matrix: Any, x: NDArray[Any]) -> Reference:
    """Compute A @ x in higher precision, a run of rows at a time.

    Parameters
    ----------
    matrix : scipy.sparse.csr_array, shape (m, n)
        float32, float64, complex64 or complex128.
    x : ndarray, shape (n,)
        In the matrix's dtype.

    Notes
    -----
    float32 is summed in float64 and float64 in long double. Where long double is no wider than
    float64, the reference's own error of at most half the bound is covered by the factor k.
    """
    wide = np.dtype(_WIDER[matrix.dtype.name])
    rows, cols = matrix.shape
    indptr = matrix.indptr
    exact = np.zeros(rows, dtype=wide)
    bound = np.zeros(rows, dtype=exact.real.dtype)
    wide_x, absolute_x = x.astype(wide), np.abs(x.astype(wide))
    start = 0
    while start < rows:
        stop = int(np.searchsorted(indptr, int(indptr[start]) + _CHUNK, side="right")) - 1
        stop = min(max(stop, start + 1), rows)
        span = slice(int(indptr[start]), int(indptr[stop]))
        structure = (matrix.indices[span], indptr[start : stop + 1] - indptr[start])
        values = matrix.data[span].astype(wide)
        shape = (stop - start, cols)
        with np.errstate(invalid="ignore", over="ignore"):
            exact[start:stop] = csr_array((values, *structure), shape=shape) @ wide_x
            bound[start:stop] = csr_array((np.abs(values), *structure), shape=shape) @ absolute_x
        start = stop
    factor = 4 if wide.kind == "c" else 2
    limits = np.finfo(np.empty(0, matrix.dtype).real.dtype)
    with np.errstate(invalid="ignore", over="ignore"):
        bound = factor * np.diff(indptr) * (limits.eps * bound + limits.smallest_subnormal)
    return Reference(exact, bound)
