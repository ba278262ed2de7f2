"""The bound: how far a product may be from the exact one, row by row.

|y_i - exact_i| <= k * nnz_i * eps * (|A| |x|)_i with k = 2 for real and 4 for complex values is a
theorem on sums of nnz_i fused products in any order, not a tolerance: nothing may exceed it.
"""

from __future__ import annotations

import numpy as np
from recipes import Csr


def row_sums(indptr: np.ndarray, terms: np.ndarray) -> np.ndarray:
    """Sum of terms[indptr[i]:indptr[i+1]] for every i; terms may have trailing dimensions."""
    sums = np.zeros((len(indptr) - 1, *terms.shape[1:]), terms.dtype)
    occupied = np.flatnonzero(np.diff(indptr))
    if len(occupied):
        sums[occupied] = np.add.reduceat(terms, indptr[occupied], axis=0)
    return sums


def exact_product(a: Csr, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A x and |A| |x| in extended precision (64-bit significand or more)."""
    wide = np.clongdouble if a.data.dtype.kind == "c" else np.longdouble
    data = a.data.astype(wide)
    if x.ndim == 2:
        data = data[:, None]
    with np.errstate(all="ignore"):
        terms = data * x.astype(wide)[a.indices]
        magnitudes = np.abs(data) * np.abs(x.astype(wide))[a.indices]
        return row_sums(a.indptr, terms), row_sums(a.indptr, magnitudes)


def assert_close(y, a: Csr, x, *, alpha=1.0, beta=0.0, y0=None, exact=None, what="") -> None:
    """Assert that y = alpha A x + beta y0 holds within the bound, and exactly on empty rows.

    `exact` is the result of `exact_product(a, x)` where the caller has it already.
    """
    k = 4 if a.data.dtype.kind == "c" else 2
    limits = np.finfo(a.data.dtype)
    nnz = a.row_lengths.astype(np.longdouble)
    if y.ndim == 2:
        nnz = nnz[:, None]
    product, magnitude = exact_product(a, x) if exact is None else exact
    assert y.shape == product.shape, f"{what}: y has shape {y.shape}, expected {product.shape}"
    assert y.dtype == a.data.dtype, f"{what}: y is {y.dtype}, expected {a.data.dtype}"

    # Each of the nnz_i operations may also lose up to half the smallest subnormal number.
    bound = k * nnz * (limits.eps * magnitude + limits.smallest_subnormal)
    expected = product
    if alpha != 1.0 or beta != 0.0:
        # Scaling by alpha and adding beta * y0 are two more rounded operations on the row.
        addend = np.zeros_like(product) if y0 is None or beta == 0.0 else beta * y0
        expected = alpha * product + addend
        rounding = abs(alpha) * magnitude + np.abs(addend)
        bound = abs(alpha) * bound + 2 * k * (limits.eps * rounding + limits.smallest_subnormal)

    finite = np.isfinite(expected)
    with np.errstate(all="ignore"):
        error = np.abs(y - expected)
    too_far = finite & ~(error <= bound)
    if too_far.any():
        worst = np.unravel_index(np.argmax(np.where(too_far, error - bound, -1)), y.shape)
        raise AssertionError(
            f"{what}: {too_far.sum()} of {y.size} results exceed the bound; worst at {worst}: "
            f"{y[worst]!r}, expected {expected[worst]!r}, error {error[worst]:.3g}, "
            f"bound {np.broadcast_to(bound, y.shape)[worst]:.3g}"
        )
    lost = ~finite & np.isfinite(y)
    assert not lost.any(), f"{what}: NaN or infinity lost in row {np.argwhere(lost)[0]}"
    if beta == 0.0:
        empty = a.row_lengths == 0
        assert not np.any(y[empty]), f"{what}: an empty row is not exactly 0"
