"""hbp_array: a csr_array with fast products, and its transposed twin."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.sparse import csc_array, csr_array

import hbpspmv._hbpspmv_core as core
from hbpspmv._cache import ForkSafeLock, PlanPair, Side, Source
from hbpspmv._geometry import Geometry
from hbpspmv._mutation import PlanInvalidation, checks_wanted, fingerprint, set_attribute
from hbpspmv._options import Options
from hbpspmv._plan import Plan
from hbpspmv._products import product
from hbpspmv._tune import require_tune, tuned
from hbpspmv._validate import (
    KERNEL_DTYPES,
    Array,
    CsrArrays,
    DType,
    csr_arrays,
    plan_dtype,
    result_dtype,
)

#: Held while an array gets its pair of plans: an array has no lock of its own before that.
_pairing = ForkSafeLock()

#: What an array without plans looks its plans up in; always empty.
_NO_PLANS = Side()


class PlannedProducts(PlanInvalidation):
    """Mixin for csr_array and csc_array: products by plans that are built on first use.

    The plans live in slots, outside ``__dict__``: SciPy compares and pickles that.
    """

    __slots__ = ()

    _pair: PlanPair | None
    _side: Side
    _plain_class: type[Any]

    # What SciPy's classes bring.
    shape: tuple[int, int]
    ndim: int
    dtype: DType
    data: Array
    indices: Array
    indptr: Array
    T: Any

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        self = super().__new__(cls)
        set_attribute(self, "_pair", None)
        set_attribute(self, "_side", _NO_PLANS)
        return self

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._pair = None
        self._side = _NO_PLANS
        self.__dict__.update(state)

    # What differs between the array and its twin.

    def _side_of(self, pair: PlanPair) -> Side:
        raise NotImplementedError

    def _csr(self) -> tuple[CsrArrays, bool]:
        """The matrix as CSR arrays, and whether they are fresh."""
        raise NotImplementedError

    # Plans.

    def _adopt(self, pair: PlanPair) -> None:
        self._side = self._side_of(pair)
        self._pair = pair

    def _shared_pair(self) -> PlanPair:
        pair = self._pair
        if pair is None:
            with _pairing:
                pair = self._pair
                if pair is None:
                    pair = PlanPair()
                    self._adopt(pair)
        return pair

    def _source(self, options: Options) -> Source:
        csr, fresh = self._csr()
        return Source(csr, fresh, self._fingerprint() if checks_wanted(options.check) else None)

    def _fingerprint(self) -> int:
        return fingerprint(self.indptr, self.indices, self.data)

    def _plan_for(self, dtype: DType) -> Plan:
        pair = self._shared_pair()
        side = self._side_of(pair)
        plan = pair.plan(side, dtype, self._source)
        if plan.fingerprint is not None and plan.fingerprint != self._fingerprint():
            raise RuntimeError(
                "the arrays of A were changed in place after its plan was built; "
                "call A.refresh() after writing into A.data, "
                "or A.refresh(pattern=True) after writing into A.indices or A.indptr"
            )
        return plan

    def plan(
        self,
        expected_calls: int | None = None,
        geometry: Geometry | None = None,
        num_threads: int | None = None,
        *,
        check: bool | None = None,
        tune: str | None = None,
        n_vectors: int | None = None,
    ) -> Plan:
        """Build the plan of ``A @ x`` now, or say how it is to be built.

        Parameters
        ----------
        expected_calls : int, optional
            How many products will be made. For few of them building the HBP format does not pay,
            and the plan uses our threaded CSR kernel. Many are assumed.
        geometry : Geometry, optional
            Block and group sizes, in place of those that the cost model chooses. The plan is
            in the HBP format then, whatever `expected_calls` is.
        num_threads : int, optional
            Threads for the build and for the products of this plan, in place of the default
            count.
        check : bool, optional
            Look in every product for changes that were made to the arrays in place, at the cost
            of reading them all, and raise RuntimeError if there are some: for debugging. The
            default is False, or True if the environment variable ``HBPSPMV_CHECK`` is set and is
            not "0" when the plan is built.
        tune : {"measure"}, optional
            Build the matrix in every layout of a small set, CSR among them, time its products, and
            keep the fastest: for those who will make thousands of products. See Notes.
        n_vectors : int, optional
            With `tune`: the columns of the `X` of these products, 1 by default. From about 16
            columns on CSR often wins, as its rows stay in their order: see Notes.

        Returns
        -------
        Plan
            The plan in the dtype of the array. ``A @ x`` uses it from now on.

        Raises
        ------
        TypeError
            If the dtype of the array is none of float32, float64, complex64 and complex128, or
            a parameter has the wrong type.
        ValueError
            If the array is not two-dimensional, a parameter is out of range, or the indices of the
            array are corrupt.

        See Also
        --------
        Plan.info : What was built and when it pays.
        refresh : For new values in the same pattern.

        Notes
        -----
        The first ``A @ x`` calls this, so there is no need to. A call without arguments gives the
        plan in use. What a call asks for stays in force when the array is changed and its plan has
        to be built again.

        ``tune="measure"`` takes about fifty builds and a second or more, and memory for two more
        plans. The layouts are that of the cost model, CSR, and all combinations of 512, 8,192,
        32,768 and 65,536 block rows, 4,096, 16,384, 65,536 and all block columns, and 8, 16 and 32
        lanes, cut to the size of the matrix. ``info()["tuning"]`` has the times and
        ``info()["geometry"]`` the winner, which can be given to the plan of a similar matrix;
        `Plan.save` keeps both. As times vary, so may the choice, and with it the last bits of
        products: save the plan, or give its geometry, where they matter.

        Without `tune` the plan is chosen for one vector. A row of an `X` of many columns takes
        several cache lines, and neighbouring rows of `A` that name the same one find it in a cache
        if they follow each other, as they do in CSR and seldom in HBP.

        ``A.T`` has plans of its own, ``A.T.plan()``, which ``x @ A`` uses. They are shared by all
        transposed views of `A`.

        The cost model reads at most 8,192 entries of the matrix, whatever its size, and decides by
        their places and the dtype alone. It is the same on every machine and for any number of
        threads, as its choice of the block columns and of CSR fixes the order of the additions.

        The plan is built in O(nnz) time and holds its own copy of the matrix: 10 bytes or less
        per float64 entry and 6 or less per float32 entry, and a little for the blocks.
        """
        dtype = self.dtype
        if self.ndim != 2:
            raise ValueError(f"A has {self.ndim} dimension, expected 2 for a plan")
        if dtype not in KERNEL_DTYPES:
            raise TypeError(
                f"A has dtype {dtype}, expected float32, float64, complex64 or complex128 for a "
                "plan; other matrices are multiplied by SciPy's kernels"
            )
        options = Options.checked(expected_calls, geometry, num_threads, check)
        pair = self._shared_pair()
        side = self._side_of(pair)
        if tune is not None:
            columns = require_tune(tune, options, n_vectors)
            return pair.adopt(
                side, dtype, lambda _: tuned(self._source(options), dtype, options, columns)
            )
        if n_vectors is not None:
            raise ValueError(f"n_vectors is {n_vectors}, but it is for tune='measure' only")
        if options == Options():
            return self._plan_for(dtype)
        return pair.replan(side, dtype, self._source, options)

    def refresh(self, *, pattern: bool = False) -> None:
        """Tell the plans that the arrays were written into.

        Parameters
        ----------
        pattern : bool, optional
            Whether ``indices`` or ``indptr`` were written into, too. The plans are built again on
            their next use then, while new values alone are copied into them now.

        Raises
        ------
        ValueError
            If `pattern` is false and the number of entries has changed.

        See Also
        --------
        plan : Its parameter `check` finds a forgotten refresh.

        Notes
        -----
        Only writing into the arrays, as in ``A.data[...] = v``, needs this. Assigning a new array,
        ``A.data = v``, and all methods and operators of SciPy are noticed.

        A product that is under way in another thread uses the old values or the new ones, not
        some of each.

        Examples
        --------
        >>> import hbpspmv
        >>> import numpy as np
        >>> A = hbpspmv.hbp_array([[1.0, 0.0], [0.0, 2.0]])
        >>> A @ np.ones(2)
        array([1., 2.])
        >>> A.data[...] = [3.0, 4.0]
        >>> A.refresh()
        >>> A @ np.ones(2)
        array([3., 4.])
        """
        pair = self._pair
        if pair is None:
            return
        if pattern:
            pair.forget()
            return
        for view in (self, self.T):
            pair.refresh(view._side_of(pair), view._source)

    def to_cuda(self, *, storage: str | None = None) -> Any:
        """Copy the matrix to the current CUDA device, for products with arrays there.

        Parameters
        ----------
        storage : {"float16", "bfloat16"}, optional
            Store the values of a float32 matrix in 16 bits, rounded to nearest.

        Returns
        -------
        hbpspmv.cuda.hbp_array
            A copy: later changes of this array do not reach it.

        Raises
        ------
        ImportError
            If CuPy is not installed.
        RuntimeError
            If there is no CUDA device.
        TypeError
            If the dtype of the array is none of float32, float64, complex64 and complex128.
        MemoryError
            If the device has no room.

        Notes
        -----
        Products there have the bits of ``A @ x`` here, unless the plan in use is in the CSR format.
        """
        from hbpspmv.cuda import hbp_array as device_array

        return device_array(self, storage=storage)

    # Products. SciPy's `@`, `dot` and solvers come here with x of the right shape.

    def _matmul_vector(self, other: Array) -> Any:
        # The way of nearly every call: the plan is there, in the dtype of x. It takes 1.3 us of
        # Python and binding; SciPy's takes 1.6.
        plan = self._side.plans.get(other.dtype)
        if plan is not None and other.flags.carray and plan.fingerprint is None:
            y = np.empty(plan.shape[0], other.dtype)
            plan.run(other, y, 1.0, 0.0, plan.num_threads)
            return y
        result = self._planned_product(other)
        return super()._matmul_vector(other) if result is None else result  # type: ignore[misc]

    def _matmul_multivector(self, other: Array) -> Any:
        result = self._planned_product(other)
        return super()._matmul_multivector(other) if result is None else result  # type: ignore[misc]

    def _planned_product(self, x: Array) -> Array | None:
        """A @ x, or None where SciPy's own kernels are to do it."""
        dtype = self.dtype
        result = result_dtype(dtype, x.dtype)
        if result is None or self.ndim != 2:
            return None
        return product(self._plan_for(plan_dtype(dtype, result)), x, result)

    def sum(self, axis: Any = None, dtype: Any = None, out: Any = None) -> Any:
        # SciPy multiplies by a vector of ones: a plan for that one product would not pay.
        plain = object.__new__(self._plain_class)
        plain.__dict__ = self.__dict__
        return plain.sum(axis=axis, dtype=dtype, out=out)

    # Conversions between the two formats keep the fast products.

    @property
    def _csr_container(self) -> type[hbp_array]:
        return hbp_array

    @property
    def _csc_container(self) -> type[hbp_csc_array]:
        return hbp_csc_array

    def transpose(self, axes: Any = None, copy: bool = False) -> Any:
        twin = super().transpose(axes=axes, copy=copy)  # type: ignore[misc]
        if not copy and twin is not self:
            if twin.indices.dtype != self.indices.dtype:
                # SciPy has narrowed the indices in a copy; what is changed in place must be
                # changed for both, as they are to have the same plans.
                twin.indptr, twin.indices = self.indptr, self.indices
            twin._adopt(self._shared_pair())
        return twin


class hbp_array(PlannedProducts, csr_array):
    """A `scipy.sparse.csr_array` whose products with dense vectors and matrices are fast.

    ``A @ x``, ``A @ X``, ``A.T @ x``, ``x @ A``, and with them the solvers of SciPy, use a plan
    that is built on first use and kept until the array changes: the matrix in the HBP format
    (hash-based partition), or plain CSR with a threaded kernel where that is the better choice.
    Everything else is what SciPy does.

    Parameters
    ----------
    arg1, shape, dtype, copy, maxprint
        What `scipy.sparse.csr_array` takes: any sparse array or matrix, a dense array,
        ``(data, indices, indptr)``, ``(data, (row, col))`` or a shape. As there, arrays given are
        kept and not copied unless `copy` is true.

    See Also
    --------
    spmv : Products with ``out``, ``alpha`` and ``beta``.
    HbpOperator : A linear operator that keeps no CSR copy beside the plan.

    Notes
    -----
    **dtypes.** The kernels compute in float32, float64, complex64 and complex128. Integer, boolean
    and long double matrices are multiplied by SciPy's kernels. The dtype of a result is always
    SciPy's. Where it differs from that of the matrix, as for a float32 matrix and a float64 `x`, a
    second plan in the dtype of the result is built once and kept. For a complex `x` a real matrix
    stays real: the real and imaginary parts are multiplied together as two columns. An `x` that is
    not contiguous or not of the dtype of the result is copied.

    **Changes.** The plan holds its own copy of the matrix. All methods, operators and assignments
    to attributes make the array forget its plan; writing into its arrays, ``A.data[...] = v``,
    cannot be seen and needs `refresh`.

    **Threads.** Several Python threads may multiply with one array at a time, also while it builds
    its plan. A product gives up the GIL. Its bits do not depend on the number of threads.

    **Corrupt indices** raise ValueError when a plan is built.

    Examples
    --------
    >>> import hbpspmv
    >>> import numpy as np
    >>> import scipy.sparse
    >>> S = scipy.sparse.random_array((300, 200), density=0.1)
    >>> A = hbpspmv.hbp_array(S)
    >>> x = np.random.default_rng(2).random(200)
    >>> np.allclose(A @ x, S @ x)
    True
    >>> y = A.T @ (A @ x)
    """

    __slots__ = ("_pair", "_side")
    _plain_class = csr_array

    def _side_of(self, pair: PlanPair) -> Side:
        return pair.forward

    def _csr(self) -> tuple[CsrArrays, bool]:
        return csr_arrays(self.indptr, self.indices, self.data, self.shape), False


class hbp_csc_array(PlannedProducts, csc_array):
    """The transposed twin of `hbp_array`: a `scipy.sparse.csc_array` with fast products.

    It is what ``A.T`` and ``A.tocsc()`` of an `hbp_array` give. Its plan is that of its CSR form,
    which exists only while the plan is built.
    """

    __slots__ = ("_pair", "_side")
    _plain_class = csc_array

    def _side_of(self, pair: PlanPair) -> Side:
        return pair.reverse

    def _csr(self) -> tuple[CsrArrays, bool]:
        n_rows, n_cols = self.shape
        indptr, indices, data, _ = csr_arrays(
            self.indptr, self.indices, self.data, (n_cols, n_rows)
        )
        # SciPy's conversion trusts the structure: check a copy, which cannot change any more.
        indptr, indices = indptr.copy(), indices.copy()
        core.check_csr(indptr, indices, n_cols, n_rows)
        rows = csr_array((data, indices, indptr), shape=(n_cols, n_rows)).tocsc()
        return csr_arrays(rows.indptr, rows.indices, rows.data, (n_rows, n_cols)), True
