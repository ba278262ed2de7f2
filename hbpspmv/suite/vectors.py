"""The operands of the timed products: one x and one y that all contenders share."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

Vector = NDArray[Any]

_ALIGNMENT = 4096  # a page: no contender meets a split cache line that another did not


def aligned_empty(n: int, dtype: DTypeLike) -> Vector:
    """Return an uninitialised vector that begins on a page."""
    nbytes = n * np.dtype(dtype).itemsize
    buffer = np.empty(nbytes + _ALIGNMENT, dtype=np.uint8)
    start = -buffer.ctypes.data % _ALIGNMENT
    return buffer[start : start + nbytes].view(dtype)


def random_vector(n: int, dtype: DTypeLike, seed: int = 0) -> Vector:
    """Return a page-aligned vector of normally distributed values."""
    rng = np.random.default_rng(seed)
    x = aligned_empty(n, dtype)
    x[:] = rng.standard_normal(n)
    if x.dtype.kind == "c":
        x += 1j * rng.standard_normal(n)
    return x
