"""One product on a plan: layout, dtype and overlap of the dense operands."""

from __future__ import annotations

from typing import Any

import numpy as np

from hbpspmv._plan import Plan
from hbpspmv._validate import BEHAVED, Array, DType


def product(
    plan: Plan,
    x: Array,
    result: DType,
    out: Array | None = None,
    alpha: Any = 1.0,
    beta: Any = 0.0,
    num_threads: int = 0,
) -> Array:
    """alpha A x + beta out, for x of shape (n_cols,) or (n_cols, k).

    x is copied if it is not C-contiguous, not of dtype `result` or overlaps `out`. An `out` that is
    not C-contiguous is written through a temporary. With beta == 0, `out` is not read.
    """
    x = np.require(x, result, BEHAVED)
    shape = (plan.shape[0], *x.shape[1:])
    if out is None:
        y = np.empty(shape, result)
    elif out.flags.c_contiguous and out.flags.aligned:
        y = out
    else:
        y = np.array(out, order="C") if beta != 0 else np.empty(shape, result)
    # Memory bounds are enough: a needless copy of x costs far less than an exact answer.
    if out is not None and np.may_share_memory(x, y):
        x = x.copy()

    threads = num_threads or plan.num_threads
    if result == plan.dtype:
        _run(plan, x, y, alpha, beta, threads)
    else:
        _run_real_plan(plan, x, y, alpha, beta, threads)
    if out is None or y is out:
        return y
    out[...] = y
    return out


def _run(plan: Plan, x: Array, y: Array, alpha: Any, beta: Any, threads: int) -> None:
    """y = alpha A x + beta y for contiguous x and y of the plan's dtype."""
    if x.ndim == 1:
        plan.run(x, y, alpha, beta, threads)
    elif x.shape[1] == 1:
        plan.run(x.reshape(-1), y.reshape(-1), alpha, beta, threads)
    elif x.shape[1] > 1:
        plan.run_many(x, y, alpha, beta, threads)


def _run_real_plan(plan: Plan, x: Array, y: Array, alpha: Any, beta: Any, threads: int) -> None:
    """y = alpha A x + beta y for complex x and y and a real A.

    The real and imaginary parts are columns of a real product, so the values of A are read once
    and are not converted to complex, which would double them.
    """
    columns = 2 * (x.shape[1] if x.ndim == 2 else 1)
    real_x = x.view(plan.dtype).reshape(plan.shape[1], columns)
    if isinstance(alpha, complex) or isinstance(beta, complex):
        product_ax = np.empty_like(y)
        real_y = product_ax.view(plan.dtype).reshape(plan.shape[0], columns)
        _run(plan, real_x, real_y, 1.0, 0.0, threads)
        product_ax *= alpha
        if beta != 0:
            product_ax += beta * y
        y[...] = product_ax
    else:
        real_y = y.view(plan.dtype).reshape(plan.shape[0], columns)
        _run(plan, real_x, real_y, alpha, beta, threads)
