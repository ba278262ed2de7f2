"""HbpOperator: a linear operator that keeps the plan and nothing else of the matrix."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.sparse import csr_array, issparse
from scipy.sparse.linalg import LinearOperator

from hbpspmv._cache import PlanPair, Source
from hbpspmv._geometry import Geometry
from hbpspmv._options import Options
from hbpspmv._plan import Plan
from hbpspmv._products import product
from hbpspmv._validate import (
    KERNEL_DTYPES,
    Array,
    CsrArrays,
    DType,
    csr_arrays,
    plan_dtype,
    result_dtype,
)


class HbpOperator(LinearOperator):
    """A `scipy.sparse.linalg.LinearOperator` that holds a matrix as a plan only.

    Beside an `hbp_array` lies the plan, so the matrix is stored twice. This operator keeps no CSR
    copy; `tocsr` gives the matrix back bit for bit.

    Parameters
    ----------
    S : sparse array or matrix, or what `scipy.sparse.csr_array` accepts
        The matrix, in float32, float64, complex64 or complex128. Not kept.
    expected_calls : int, optional
        See `hbp_array.plan`.
    geometry : Geometry, optional
        See `hbp_array.plan`.
    num_threads : int, optional
        See `hbp_array.plan`.

    Raises
    ------
    TypeError
        If the dtype of `S` is another one; convert with ``S.astype(numpy.float64)``.
    ValueError
        If `S` is not two-dimensional or its indices are corrupt.

    See Also
    --------
    hbp_array : A drop-in `csr_array`, for all other operations.

    Notes
    -----
    ``matvec`` and ``matmat`` use the plan. The first ``rmatvec`` or ``rmatmat``, which multiply by
    the conjugate transpose, builds the plan of the transpose and keeps it; so does the first
    product whose result has another dtype than the matrix. `nbytes` counts what there is.

    The operator cannot be changed, and may be used by several threads.

    Examples
    --------
    >>> import hbpspmv
    >>> import numpy as np
    >>> import scipy.sparse
    >>> S = scipy.sparse.csr_array([[2.0, 1.0], [0.0, 4.0]])
    >>> op = hbpspmv.HbpOperator(S)
    >>> op @ np.array([1.0, 1.0])
    array([3., 4.])
    >>> op.rmatvec(np.array([1.0, 1.0]))
    array([2., 5.])
    >>> (op.tocsr() != S).nnz
    0
    """

    def __init__(
        self,
        S: Any,
        *,
        expected_calls: int | None = None,
        geometry: Geometry | None = None,
        num_threads: int | None = None,
    ) -> None:
        A = S.tocsr() if issparse(S) else csr_array(S)
        if A.ndim != 2:
            raise ValueError(f"S has shape {A.shape}, expected two dimensions")
        if A.dtype not in KERNEL_DTYPES:
            raise TypeError(
                f"S has dtype {A.dtype}, expected float32, float64, complex64 or complex128; "
                "convert it with S.astype(numpy.float64)"
            )
        options = Options.checked(expected_calls, geometry, num_threads)
        super().__init__(A.dtype, A.shape)
        self._pair = PlanPair(options, options)
        csr = csr_arrays(A.indptr, A.indices, A.data, A.shape)
        self._plan = self._pair.plan(
            self._pair.forward, A.dtype, lambda _: Source(csr, owned=False, fingerprint=None)
        )

    @property
    def plan(self) -> Plan:
        """The plan of the forward product; ``plan.info()`` describes it."""
        return self._plan

    @property
    def nbytes(self) -> int:
        """Memory that the plans hold, in bytes."""
        sides = (self._pair.forward, self._pair.reverse)
        return sum(plan.nbytes for side in sides for plan in side.plans.values())

    def tocsr(self) -> csr_array:
        """The matrix, bit for bit: order of entries, explicit zeros, NaN and -0.0 included.

        Returns
        -------
        csr_array
            Fresh, in the index dtype that the matrix came with.
        """
        indptr, indices, data, shape = self._plan.to_csr()
        A = csr_array(shape, dtype=data.dtype)
        # The constructor would narrow int64 indices where their values allow it.
        A.indptr, A.indices, A.data = indptr, indices, data
        return A

    def _plan_for(self, dtype: DType) -> Plan:
        return self._pair.plan(
            self._pair.forward, dtype, lambda _: Source(self._plan.to_csr(), True, None)
        )

    def _transposed_plan_for(self, dtype: DType) -> Plan:
        def source(_: Options) -> Source:
            indptr, indices, data, shape = self._plan.to_csr()
            rows = csr_array((data, indices, indptr), shape=shape).tocsc()
            csr: CsrArrays = csr_arrays(rows.indptr, rows.indices, rows.data, shape[::-1])
            return Source(csr, True, None)

        return self._pair.plan(self._pair.reverse, dtype, source)

    def _result(self, x: Array) -> DType:
        result = result_dtype(self.dtype, x.dtype)
        if result is None:
            raise TypeError(f"x has dtype {x.dtype}, which cannot be multiplied with {self.dtype}")
        return result

    def _matvec(self, x: Any) -> Array:
        return self._matmat(x)

    def _rmatvec(self, x: Any) -> Array:
        return self._rmatmat(x)

    # One product takes vectors, columns and matrices alike.

    def _matmat(self, X: Any) -> Array:
        X = np.asarray(X)
        result = self._result(X)
        return product(self._plan_for(plan_dtype(self.dtype, result)), X, result)

    def _rmatmat(self, X: Any) -> Array:
        X = np.asarray(X)
        result = self._result(X)
        plan = self._transposed_plan_for(plan_dtype(self.dtype, result))
        if self.dtype.kind != "c":
            return product(plan, X, result)
        # A^H X = conj(A^T conj(X))
        Y = product(plan, X.conj(), result)
        return np.conjugate(Y, out=Y)
