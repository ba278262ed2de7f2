"""hbp_array on a device: a matrix whose products with arrays on the device are fast."""

from __future__ import annotations

from typing import Any

import numpy as np

import hbpspmv
from hbpspmv._validate import KERNEL_DTYPES, CsrArrays, DType, csr_arrays, plan_dtype, result_dtype
from hbpspmv._validate import scalar as checked_scalar
from hbpspmv.cuda._block_cols import MAX_BLOCK_COLS, default_block_cols, widest_block_cols
from hbpspmv.cuda._device import CupyDevice, Device
from hbpspmv.cuda._device_build import build_on_device, can_build
from hbpspmv.cuda._device_plan import DevicePlan, Layout
from hbpspmv.cuda._host_build import build_on_host

_STORAGE = ("float16", "bfloat16")


class hbp_array:
    """A sparse matrix in the HBP format on a CUDA device, for products with arrays there.

    Parameters
    ----------
    A : hbpspmv.hbp_array, SciPy sparse array or matrix, or CuPy sparse matrix
        The matrix, which is copied. A CuPy matrix whose columns ascend in every row is laid out on
        the device, all others on the host.
    storage : {"float16", "bfloat16"}, optional
        Store the values of a float32 matrix in 16 bits, rounded to nearest. Products are computed
        in float32.
    block_cols : int, optional
        Columns of a block, 1 to 65,536, which fix the order of the additions. The default is
        that of the plan of `A`, or of the plan that it would get on the host; for a CuPy matrix
        all columns, at most 65,536.

    Attributes
    ----------
    shape : tuple of int
        (n_rows, n_cols).
    dtype : numpy.dtype
        float32, float64, complex64 or complex128.
    nnz : int
        Number of stored entries.
    nbytes : int
        Memory that it holds on the device.
    T : hbp_array
        The transpose, which has a plan of its own. It is built when it is first asked for.

    Raises
    ------
    ImportError
        If CuPy is not installed.
    RuntimeError
        If there is no device.
    TypeError
        If the dtype of `A` is none of the four, or `storage` does not go with it.
    MemoryError
        If the device has no room. The message says how much is needed; what is on the device
        stays usable.

    See Also
    --------
    hbpspmv.hbp_array.to_cuda : Makes one.
    spmv : Products with ``out``, ``alpha`` and ``beta``.

    Notes
    -----
    ``A @ x`` and ``x @ A`` take CuPy arrays of one or two dimensions, ``A @ x`` through DLPack also
    those of PyTorch, JAX and others. They go to the current stream of CuPy and return at once. The
    dtype of the result is that of SciPy; a matrix that has to be multiplied in another dtype than
    its own gets a second plan.

    The bits of a product are those of the CPU for the same `block_cols`, whatever the device, and
    the same in every call. The device has blocks of up to 65,536 columns; where a plan on the CPU
    has wider ones, which it gets for rows of one or two entries a block, the last bits differ.

    Products in different streams may overlap. A CUDA graph can capture products with ``out`` after
    one product was made in the same stream; it must not run at the same time as other products
    that were launched in that stream.

    The array has what `cupyx.scipy.sparse.linalg.aslinearoperator` asks for.
    """

    def __init__(
        self,
        A: Any,
        *,
        storage: str | None = None,
        block_cols: int | None = None,
        _device: Device | None = None,
    ) -> None:
        device: Device = CupyDevice() if _device is None else _device
        self._device = device
        on_device = device.csr(A) if storage is None else None
        if on_device is not None:
            dtype: DType = np.dtype(on_device.data.dtype)
            width = block_cols or widest_block_cols(on_device.shape)
            if can_build(on_device, width) and dtype in KERNEL_DTYPES:
                layout = build_on_device(on_device, width, device)
                self._begin(layout, on_device.shape, on_device.nnz, dtype, None, width)
                return
            # The width that is chosen for a matrix must not depend on where it can be laid out.
            block_cols = width
        host = _on_host(A)
        dtype = host.dtype
        if dtype not in KERNEL_DTYPES:
            raise TypeError(
                f"A has dtype {dtype}, expected float32, float64, complex64 or complex128"
            )
        if host.ndim != 2:
            raise ValueError(f"A has {host.ndim} dimension, expected 2")
        if storage is not None and (storage not in _STORAGE or dtype != np.float32):
            raise TypeError(
                f"storage is {storage!r} for A of dtype {dtype}, expected 'float16' or 'bfloat16' "
                "for float32"
            )
        csr = csr_arrays(host.indptr, host.indices, host.data, host.shape)
        self._begin_on_host(csr, dtype, storage, block_cols or _block_cols(A, csr))

    def _begin_on_host(
        self, csr: CsrArrays, dtype: DType, storage: str | None, block_cols: int
    ) -> None:
        if storage is not None:
            csr = csr._replace(data=rounded(csr.data, storage))
        layout = build_on_host(csr, dtype, storage or dtype.name, block_cols, self._device)
        self._begin(layout, csr.shape, csr.nnz, dtype, storage, block_cols)

    def _begin(
        self,
        layout: Layout,
        shape: tuple[int, int],
        nnz: int,
        dtype: DType,
        storage: str | None,
        block_cols: int,
    ) -> None:
        self.shape = shape
        self.dtype = dtype
        self.nnz = nnz
        self._storage = storage
        self._block_cols = block_cols
        plan = DevicePlan(layout, shape, dtype, storage or dtype.name, self._device)
        self._plans = {dtype: plan}
        self._transpose: hbp_array | None = None

    ndim = 2

    # ``x @ A`` is ours, not that of the array x.
    __array_ufunc__ = None
    __array_priority__ = 200.0

    @property
    def nbytes(self) -> int:
        """Memory that it holds on the device, in bytes."""
        return sum(plan.nbytes for plan in self._plans.values())

    @property
    def T(self) -> hbp_array:
        """The transpose."""
        if self._transpose is None:
            twin: hbp_array = object.__new__(hbp_array)
            twin._device = self._device
            csr = self.get().T.tocsr()
            arrays = csr_arrays(csr.indptr, csr.indices, csr.data, csr.shape)
            block_cols = default_block_cols(arrays)
            twin._begin_on_host(arrays, self.dtype, self._storage, block_cols)
            twin._transpose = self
            self._transpose = twin
        return self._transpose

    def get(self) -> hbpspmv.hbp_array:
        """Copy the matrix back to the host.

        Returns
        -------
        hbpspmv.hbp_array
            The matrix bit for bit as it came, with the order of entries; with values rounded to
            16 bits if they are stored so.
        """
        csr = self._plans[self.dtype].to_csr()
        A: hbpspmv.hbp_array = hbpspmv.hbp_array(
            (csr.data, csr.indices, csr.indptr), shape=csr.shape
        )
        return A

    def _plan_for(self, dtype: DType) -> DevicePlan:
        if dtype not in self._plans:
            csr = self._plans[self.dtype].to_csr()
            layout = build_on_host(csr, dtype, dtype.name, self._block_cols, self._device)
            self._plans[dtype] = DevicePlan(layout, self.shape, dtype, dtype.name, self._device)
        return self._plans[dtype]

    def __matmul__(self, x: Any) -> Any:
        return spmv(self, x)

    def __rmatmul__(self, x: Any) -> Any:
        return spmv(self.T, x.T).T

    def dot(self, x: Any) -> Any:
        """``A @ x``."""
        return spmv(self, x)

    def matvec(self, x: Any) -> Any:
        """``A @ x``, as linear operators have it."""
        return spmv(self, x)

    def rmatvec(self, x: Any) -> Any:
        """``A.conj().T @ x``, as linear operators have it."""
        if self.dtype.kind != "c":
            return spmv(self.T, x)
        return spmv(self.T, x.conj()).conj()

    matmat = matvec
    rmatmat = rmatvec

    def __repr__(self) -> str:
        n_rows, n_cols = self.shape
        return (
            f"<hbp_array on a CUDA device: {n_rows} x {n_cols}, {self.nnz} entries, {self.dtype}>"
        )


def spmv(A: hbp_array, x: Any, out: Any = None, alpha: Any = 1.0, beta: Any = 0.0) -> Any:
    """Compute ``alpha * A @ x + beta * out`` on the device.

    Parameters
    ----------
    A : hbp_array
        The matrix.
    x : cupy.ndarray or other array with DLPack, shape (n_cols,) or (n_cols, k)
        The vector or vectors, on the device of `A`. Copied if it is not contiguous or not of the
        dtype of the result.
    out : cupy.ndarray, shape (n_rows,) or (n_rows, k), optional
        Where the result goes: contiguous, in the dtype of the result. If it overlaps `x`, `x` is
        copied.
    alpha, beta : number, optional
        `beta` needs `out`, which is not read if `beta` is 0.

    Returns
    -------
    cupy.ndarray
        `out`, or a new array.

    Raises
    ------
    TypeError
        If a type or dtype does not fit.
    ValueError
        If a shape does not fit, `out` is not contiguous, or `beta` is not 0 and there is no `out`.

    Notes
    -----
    Asynchronous, in the current stream of CuPy. With `out`, and after a product of the same size
    in the same stream, nothing is allocated.
    """
    if not isinstance(A, hbp_array):
        raise TypeError(f"A must be an hbpspmv.cuda.hbp_array, not {type(A).__name__}")
    device = A._device
    if not hasattr(x, "dtype") or not hasattr(x, "shape"):
        raise TypeError(f"x must be an array on the device, not {type(x).__name__}")
    if not device.is_array(x):
        x = device.operand(x, None)
    expected = (A.shape[1], *x.shape[1:2])
    if x.shape != expected:
        raise ValueError(f"x has shape {x.shape}, expected {expected} for A of shape {A.shape}")
    result = result_dtype(A.dtype, x.dtype)
    if result is None:
        raise TypeError(f"x has dtype {x.dtype}, which a product with {A.dtype} does not take")
    shape = (A.shape[0], *x.shape[1:])
    if out is None:
        if beta != 0:
            raise ValueError(f"beta is {beta}, but there is no out to scale with it")
        out = device.empty(shape, result)
    else:
        _check_output(out, shape, result, A)
    alpha = checked_scalar(alpha, "alpha", result)
    beta = checked_scalar(beta, "beta", result)
    x = device.operand(x, result)
    if device.share_memory(x, out):
        x = x.copy()
    wanted = plan_dtype(A.dtype, result)
    if wanted == result:
        A._plan_for(wanted).multiply(x, out, alpha, beta)
    else:
        _complex_by_real(A, A._plan_for(wanted), x, out, alpha, beta)
    return out


def _complex_by_real(
    A: hbp_array, plan: DevicePlan, x: Any, out: Any, alpha: complex, beta: complex
) -> None:
    """The real and imaginary parts of x are two columns of a real product."""
    k = 1 if x.ndim == 1 else x.shape[1]
    columns = x.view(plan.dtype).reshape(A.shape[1], 2 * k)
    if isinstance(alpha, float) and isinstance(beta, float):
        plan.multiply(columns, out.view(plan.dtype).reshape(A.shape[0], 2 * k), alpha, beta)
        return
    product = A._device.empty((A.shape[0], 2 * k), plan.dtype)
    plan.multiply(columns, product, 1.0, 0.0)
    scaled = alpha * product.view(out.dtype).reshape(out.shape)
    out[...] = scaled if beta == 0 else scaled + beta * out


def _check_output(out: Any, shape: tuple[int, ...], result: DType, A: hbp_array) -> None:
    if not A._device.is_array(out):
        raise TypeError(f"out must be an array on the device, not {type(out).__name__}")
    if out.shape != shape:
        raise ValueError(f"out has shape {out.shape}, expected {shape} for A of shape {A.shape}")
    if out.dtype != result:
        raise TypeError(f"out has dtype {out.dtype}, expected {result}, the dtype of A @ x")
    if not out.flags.c_contiguous:
        raise ValueError("out is not contiguous")


def rounded(data: Any, storage: str) -> Any:
    """float32 values rounded to nearest, ties to even, to those that 16 bits hold."""
    if storage == "float16":
        with np.errstate(over="ignore"):
            return data.astype(np.float16).astype(np.float32)
    bits = data.view(np.uint32)
    up = (np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1))).astype(np.uint32)
    nearest = (bits + up) & np.uint32(0xFFFF0000)
    # A NaN keeps its upper bits, and stays one.
    nan = (bits & np.uint32(0xFFFF0000)) | np.uint32(0x00400000)
    return np.where(np.isnan(data), nan, nearest).view(np.float32)


def _on_host(A: Any) -> Any:
    """A as a SciPy CSR array on the host."""
    if type(A).__module__.startswith("cupyx."):
        A = A.tocsr().get()
    elif isinstance(A, hbp_array):
        return A.get()
    if not hasattr(A, "tocsr"):
        raise TypeError(
            f"A must be a sparse array of SciPy, CuPy or hbpspmv, not {type(A).__name__}"
        )
    return A.tocsr()


def _block_cols(A: Any, csr: CsrArrays) -> int:
    """The block width that gives the bits of ``A @ x`` on the CPU, if the kernels have it."""
    if isinstance(A, hbpspmv.hbp_array):
        plan = A._side.plans.get(A.dtype)
        if plan is not None and plan.geometry is not None:
            return min(int(plan.geometry.block_cols), MAX_BLOCK_COLS)
        given = A._side.options.given_geometry
        if given is not None:
            return min(given.block_cols, MAX_BLOCK_COLS)
    return default_block_cols(csr)
