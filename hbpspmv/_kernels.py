"""The kernels that a plan calls, as types."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from hbpspmv._validate import Array

#: run(x, y, alpha, beta, num_threads) computes y = alpha A x + beta y.
Kernel = Callable[[Array, Array, Any, Any, int], None]

#: The same of ndarrays and floats, if x and y are vectors that need no conversion and do not
#: overlap; returns whether they were, and does nothing if not.
PlainKernel = Callable[[Array, Array, float, float, int], bool]


def run_if_plain(
    run: Kernel,
    shape: tuple[int, int],
    x: Array,
    y: Array,
    alpha: float,
    beta: float,
    num_threads: int,
) -> bool:
    """Call `run` as a PlainKernel; x has the plan's dtype."""
    if (
        y.shape + x.shape != shape
        or x.dtype != y.dtype
        or not (x.flags.carray and y.flags.carray)
        or np.may_share_memory(x, y)
    ):
        return False
    run(x, y, alpha, beta, num_threads)
    return True
