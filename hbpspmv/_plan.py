"""Plan: one matrix laid out for repeated products, in the HBP format or as CSR."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

import hbpspmv._hbpspmv_core as core
from hbpspmv._break_even import BreakEven, measure
from hbpspmv._cost_model import Layout, choose_layout
from hbpspmv._geometry import Geometry
from hbpspmv._info import format_info, timing_info
from hbpspmv._kernels import Kernel, PlainKernel, run_if_plain
from hbpspmv._options import Options, Tuning, choose_kernel
from hbpspmv._validate import BEHAVED, Array, CsrArrays, DType, values

if TYPE_CHECKING:
    from hbpspmv._array_file import Path


class Plan:
    """A matrix laid out for repeated products ``A @ x``.

    Plans are made by `hbp_array.plan` and used by ``A @ x`` and `spmv`; there is no need to call
    their products directly. A plan owns copies of all that it reads, so nothing that happens to
    the arrays of `A` later can harm a product.

    Attributes
    ----------
    kernel : {"hbp", "csr"}
        The format in use: HBP, or plain CSR with our threaded kernel where that is the better
        choice.
    reason : str
        Why this kernel.
    geometry : Geometry or None
        The block and group sizes; None for "csr".
    shape : tuple of int
        (n_rows, n_cols).
    dtype : numpy.dtype
        What the plan stores and computes in.
    nnz : int
        Number of stored entries.
    nbytes : int
        Memory that the plan holds.
    num_threads : int
        Threads of each product; 0 for the default count at the time of the call.
    build_seconds : float
        Time that it took to build.
    tuning : Tuning or None
        What ``A.plan(tune="measure")`` has measured.

    See Also
    --------
    hbp_array.plan : Builds one.
    spmv : Accepts a plan in place of a matrix.

    Notes
    -----
    The bits of a product depend on the kernel and the geometry only.

    Examples
    --------
    >>> import hbpspmv
    >>> import scipy.sparse
    >>> A = hbpspmv.hbp_array(scipy.sparse.eye_array(4))
    >>> p = A.plan(geometry=hbpspmv.Geometry.paper())
    >>> p
    <Plan for 4 x 4, 4 entries, float64: hbp, Geometry(block_rows=512, block_cols=4096, lanes=32)>
    >>> p.info()["blocks"]
    1
    """

    __slots__ = (
        "__weakref__",
        "_break_even",
        "_core",
        "_csr",
        "_geometry_given",
        "_layout",
        "build_seconds",
        "dtype",
        "fingerprint",
        "geometry",
        "kernel",
        "nnz",
        "num_threads",
        "reason",
        "run",
        "run_many",
        "run_plain",
        "shape",
        "tuning",
    )

    def __init__(
        self,
        csr: CsrArrays,
        dtype: DType,
        options: Options,
        *,
        owned: bool = False,
        fingerprint: int | None = None,
    ) -> None:
        """Lay out `csr` in `dtype`; `owned` says that nobody else will change its arrays."""
        start = time.perf_counter()
        layout = choose_layout(csr, dtype)
        self._begin(csr.shape, dtype, csr.nnz, options, layout)
        self.fingerprint = fingerprint
        self.kernel, self.reason = choose_kernel(layout, options)
        if self.kernel == "hbp":
            self._build_hbp(csr, layout, options)
        else:
            self._build_csr(csr, owned)
        self.build_seconds = time.perf_counter() - start

    def _begin(
        self,
        shape: tuple[int, int],
        dtype: DType,
        nnz: int,
        options: Options,
        layout: Layout | None,
    ) -> None:
        self.shape = shape
        self.dtype = dtype
        self.nnz = nnz
        self.num_threads = options.num_threads
        self.tuning: Tuning | None = options.tuning
        self.geometry: Geometry | None = None
        self.fingerprint = None
        self._break_even: BreakEven | None = None
        self._core: Any = None
        self._csr: CsrArrays | None = None
        self._geometry_given = options.given_geometry is not None
        self._layout = layout

    @classmethod
    def restored(
        cls,
        built: Any,
        shape: tuple[int, int],
        dtype: DType,
        nnz: int,
        options: Options,
        reason: str,
        build_seconds: float,
    ) -> Plan:
        """A plan around what another one has built: a plan of the core, or CSR arrays."""
        self = cls.__new__(cls)
        self._begin(shape, dtype, nnz, options, None)
        self.reason = reason
        self.build_seconds = build_seconds
        if isinstance(built, CsrArrays):
            self.kernel = "csr"
            self._use_csr(built)
        else:
            self.kernel = "hbp"
            self.geometry = Geometry(built.block_rows, built.block_cols, built.lanes)
            self._use_core(built)
        return self

    def _build_hbp(self, csr: CsrArrays, layout: Layout, options: Options) -> None:
        indptr, indices, data, shape = csr
        geometry = options.given_geometry or layout.geometry
        self.geometry = geometry
        self._use_core(
            core.build(
                indptr,
                indices,
                data.astype(self.dtype, copy=False),
                *shape,
                geometry.block_rows,
                geometry.block_cols,
                geometry.lanes,
                options.num_threads,
            )
        )

    def _use_core(self, core_plan: Any) -> None:
        self._core = core_plan
        self.run: Kernel = core_plan.spmv
        self.run_many: Kernel = core_plan.spmm
        self.run_plain: PlainKernel = core_plan.spmv_plain

    def _build_csr(self, csr: CsrArrays, owned: bool) -> None:
        # The kernel trusts the structure, so it must not read arrays that another thread, or a
        # later line of the same program, can change: the check is made on a copy that nobody
        # else knows.
        indptr, indices = csr.indptr, csr.indices
        if not owned:
            indptr, indices = indptr.copy(), indices.copy()
        core.check_csr(indptr, indices, *csr.shape)
        data = csr.data.astype(self.dtype, copy=not owned)
        self._use_csr(CsrArrays(indptr, indices, data, csr.shape))

    def _use_csr(self, csr: CsrArrays) -> None:
        indptr, indices, data, (_, n_cols) = csr
        self._csr = csr
        self.run = partial(core.csr_spmv, indptr, indices, data, n_cols)
        self.run_many = partial(core.csr_spmm, indptr, indices, data, n_cols)
        self.run_plain = partial(run_if_plain, self.run, self.shape)

    @property
    def nbytes(self) -> int:
        """Memory that the plan holds, in bytes."""
        if self._csr is None:
            return int(self._core.nbytes)
        return sum(array.nbytes for array in self._csr[:3])

    def follows(self, options: Options) -> bool:
        """Whether building under `options` would give this plan again."""
        if options.tuning is not None:
            return self.tuning == options.tuning
        if options.geometry is not None:
            return self.geometry == options.geometry
        if self._geometry_given or self.tuning is not None:
            return False
        if self._layout is None:  # a plan from a file
            self._layout = choose_layout(self.to_csr(), self.dtype)
        return self.kernel == choose_kernel(self._layout, options)[0]

    def update(self, data: Array) -> None:
        """Take new values for the same pattern, without building the structure again.

        Parameters
        ----------
        data : array_like, shape (nnz,)
            The values in the order of ``A.data``, copied. Their dtype must be one that can be
            cast to that of the plan within its kind: complex values do not fit a real plan.

        Raises
        ------
        TypeError
            If the dtype does not fit.
        ValueError
            If the shape does not fit.

        See Also
        --------
        hbp_array.refresh : Gives all plans of an array its present values.

        Notes
        -----
        O(nnz). A product that is under way in another thread uses the old values or the new ones,
        not some of each. The array that the plan was built from keeps its own values: use
        `hbp_array.refresh` to change both.
        """
        data = values(data, self.nnz, self.dtype)
        if self._csr is None:
            self._core.update(np.require(data, self.dtype, BEHAVED))
        else:
            # A fresh array, so that a product under way in another thread sees one set of values.
            self._use_csr(self._csr._replace(data=data.astype(self.dtype)))

    def to_csr(self) -> CsrArrays:
        """The matrix as fresh CSR arrays, bit for bit as it came, in the dtype of the plan."""
        if self._csr is None:
            indptr, indices, data = self._core.to_csr()
        else:
            indptr, indices, data = (array.copy() for array in self._csr[:3])
        return CsrArrays(indptr, indices, data, self.shape)

    def save(self, path: Path) -> None:
        """Write the plan to a file, from which `load` gives it back.

        Parameters
        ----------
        path : str or path-like
            The file. One that is there is replaced at once when the new one is complete, and kept
            if anything fails.

        Raises
        ------
        OSError
            If the file cannot be written.

        See Also
        --------
        load : Gives it back.

        Notes
        -----
        The file holds the matrix, too: about `nbytes`, not compressed. It is little-endian on every
        machine, and products of the plan have the same bits on all. A temporary copy of the plan
        is made in memory.

        Examples
        --------
        >>> import hbpspmv, pathlib, tempfile
        >>> import numpy as np
        >>> A = hbpspmv.hbp_array([[1.0, 2.0], [0.0, 3.0]])
        >>> with tempfile.TemporaryDirectory() as directory:
        ...     path = pathlib.Path(directory, "A.plan")
        ...     A.plan(tune="measure").save(path)
        ...     B = hbpspmv.hbp_array([[1.0, 2.0], [0.0, 3.0]])
        ...     p = hbpspmv.Plan.load(path, B)
        >>> B.plan() is p
        True
        >>> B @ np.ones(2)
        array([3., 3.])
        """
        from hbpspmv._plan_file import save

        save(self, path)

    @staticmethod
    def load(path: Path, A: Any = None, *, num_threads: int | None = None) -> Plan:
        """Read a plan that `save` has written.

        Parameters
        ----------
        path : str or path-like
            The file.
        A : hbp_array or its transpose, optional
            The matrix of the plan: ``A @ x`` uses the plan from now on. The pattern must be the
            same, entry by entry, which is compared. If only values differ, the plan takes those
            of `A`, as by `update`. Without it, the plan can be used with `spmv`.
        num_threads : int, optional
            Threads of each product, in place of the default count.

        Returns
        -------
        Plan
            The plan, with the kernel, the geometry and the tuning that it was saved with.

        Raises
        ------
        OSError
            If the file cannot be read.
        TypeError
            If `A` is something else.
        ValueError
            If the file is no plan, of another version, damaged, or not the plan of `A` (another
            dtype, shape, number of entries or pattern). The message has both values.

        See Also
        --------
        save : Writes it.

        Notes
        -----
        O(nnz): a checksum and a check of all of the structure, in which no offset is trusted, so
        that a damaged file, or one made to do harm, cannot lead a product out of its arrays. A
        product of a file from others, without `A`, is a product with whatever matrix they chose.
        """
        from hbpspmv._plan_file import load

        return load(path, A, num_threads)

    def info(self, *, measure_break_even: bool = True) -> dict[str, Any]:
        """What was built, how large it is and when it pays.

        Parameters
        ----------
        measure_break_even : bool, optional
            Time some products of this plan and of SciPy, alternating, on the first call. It
            takes a few products of each and, for the "hbp" kernel, a temporary CSR copy. Without
            it, the three measured values are None unless an earlier call has measured them.

        Returns
        -------
        dict
            kernel, reason, geometry, shape, nnz, dtype, num_threads; n_row_blocks and
            n_col_blocks; blocks (that are stored: those not empty), slots (non-empty rows of
            blocks), groups, units (of work for the scheduler), long_rows; nbytes and
            csr_nbytes; padding (share of stored entries that are padding: 0, as the format stores
            none); tail_elements (entries outside full groups), tiled_elements (whose columns are
            stored once for two rows or more), shifted_elements (whose columns are stored once for
            a whole group), windowed_elements (whose columns are stored as places in windows of x
            that serve a whole group or several entries of a long row); length_spread_before and
            length_spread_after (mean over groups of longest minus shortest row, in natural order
            and after hashing); encodings (name -> number of blocks); build_seconds; scipy_seconds
            and product_seconds (one product each); break_even_calls (calls after which the build
            has paid, against SciPy; infinite if it never does). What the format alone has is None
            for the "csr" kernel.
        """
        if self._break_even is None and measure_break_even:
            self._break_even = measure(self.to_csr(), self.run, self.num_threads)
        return {
            **format_info(self._core, self.nbytes),
            **timing_info(self._break_even, self.build_seconds),
            "kernel": self.kernel,
            "reason": self.reason,
            "geometry": self.geometry,
            "tuning": self.tuning and self.tuning.times,
            "shape": self.shape,
            "nnz": self.nnz,
            "dtype": self.dtype.name,
            "num_threads": self.num_threads or core.get_num_threads(),
        }

    def __repr__(self) -> str:
        how = f"{self.kernel}, {self.geometry}" if self.geometry else self.kernel
        n_rows, n_cols = self.shape
        return f"<Plan for {n_rows} x {n_cols}, {self.nnz} entries, {self.dtype}: {how}>"
