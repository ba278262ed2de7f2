"""spmv: y = alpha A x + beta y, into an array that the caller owns."""

from __future__ import annotations

from typing import Any

import numpy as np

from hbpspmv._array import PlannedProducts
from hbpspmv._operator import HbpOperator
from hbpspmv._plan import Plan
from hbpspmv._products import product
from hbpspmv._validate import (
    Array,
    DType,
    output,
    plan_dtype,
    result_dtype,
    scalar,
    thread_count,
    vector,
)


def spmv(
    A: Any,
    x: Any,
    out: Array | None = None,
    *,
    alpha: Any = 1.0,
    beta: Any = 0.0,
    num_threads: int | None = None,
) -> Array:
    """Compute ``alpha * (A @ x) + beta * out``.

    Parameters
    ----------
    A : hbp_array, its transpose, HbpOperator or Plan
        Matrix of shape (n_rows, n_cols).
    x : array_like, shape (n_cols,) or (n_cols, k)
        Copied if it is not contiguous, not of the dtype of the result, or overlaps `out`.
    out : ndarray, shape (n_rows,) or (n_rows, k), optional
        Where the result goes. Its dtype must be that of ``A @ x``. It may be strided; it is then
        written through a temporary array. It may overlap `x`, or be `x`. Needed if `beta` is not
        0; its old content is not read if `beta` is 0.
    alpha, beta : scalar, optional
        Real if the result is real.
    num_threads : int, optional
        Threads for this product, in place of those of the plan or the default count. The result
        does not depend on it.

    Returns
    -------
    ndarray
        `out`, or a new array if there is none.

    Raises
    ------
    TypeError
        If `A` is another sparse matrix (a plan for one call would be slower than SciPy), `x` is
        sparse or not numeric, `out` has another dtype than the result, `alpha` or `beta` is complex
        and the result is not, or `A` is a plan of another dtype than the product needs.
    ValueError
        If a shape is wrong, `out` is read-only, or `beta` is not 0 and there is no `out`.

    See Also
    --------
    hbp_array : ``A @ x`` is ``spmv(A, x)``.

    Notes
    -----
    2 nnz operations. The GIL is given up. With SciPy's kernels (integer matrices), `alpha` and
    `beta` are applied by NumPy, under its rule that a result cannot be cast to a lower kind: an
    integer `out` needs integer scalars.

    Examples
    --------
    >>> import hbpspmv
    >>> import numpy as np
    >>> A = hbpspmv.hbp_array([[1.0, 2.0], [0.0, 3.0]])
    >>> y = np.array([10.0, 20.0])
    >>> hbpspmv.spmv(A, np.array([1.0, 1.0]), out=y, alpha=2.0, beta=1.0)
    array([16., 26.])
    """
    threads = thread_count(num_threads)
    if _in_place(A, x, out, alpha, beta, threads):
        return out  # type: ignore[return-value]
    if not isinstance(A, PlannedProducts | HbpOperator | Plan):
        raise TypeError(
            f"A must be an hbp_array, an HbpOperator or a Plan, not {type(A).__name__}; "
            "convert it once with hbpspmv.hbp_array(A)"
        )
    shape: tuple[int, int] = A.shape
    dtype: DType = A.dtype
    if len(shape) != 2:
        raise ValueError(f"A has shape {shape}, expected two dimensions")
    x = vector(x, shape)
    result = result_dtype(dtype, x.dtype)
    if out is not None:
        output(out, x, shape, np.result_type(dtype, x.dtype) if result is None else result)
    elif beta != 0:
        raise ValueError(f"beta is {beta}, but there is no out to scale with it")
    if result is None:
        return _scipy_product(A, x, out, alpha, beta)
    alpha = scalar(alpha, "alpha", result)
    beta = scalar(beta, "beta", result)
    wanted = plan_dtype(dtype, result)
    if not isinstance(A, Plan):
        plan = A._plan_for(wanted)
    elif A.dtype == wanted:
        plan = A
    else:
        raise TypeError(f"x has dtype {x.dtype} and needs a plan in {wanted}, A is in {A.dtype}")
    return product(plan, x, result, out, alpha, beta, threads)


def _in_place(A: Any, x: Any, out: Any, alpha: Any, beta: Any, threads: int) -> bool:
    """Make the product, and say so, if there is a plan for it and nothing to convert.

    Solvers call spmv like this all the time; the full inspection of arguments takes 4 us.
    """
    if not (
        x.__class__ is out.__class__ is np.ndarray
        and alpha.__class__ is beta.__class__ is float
        and isinstance(A, PlannedProducts)
    ):
        return False
    plan = A._side.plans.get(x.dtype)
    return (
        plan is not None
        and plan.fingerprint is None
        and plan.run_plain(x, out, alpha, beta, threads or plan.num_threads)
    )


def _scipy_product(A: Any, x: Array, out: Array | None, alpha: Any, beta: Any) -> Array:
    """alpha A x + beta out where SciPy's kernels make the product."""
    y: Array = A @ x
    if alpha != 1:
        y = alpha * y
    if out is None:
        return y
    if beta != 0:
        y = y + beta * out
    np.copyto(out, y, casting="same_kind")
    return out
