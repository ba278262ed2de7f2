"""Inspection of user input: the only place that does it. The core trusts what passes here."""

from __future__ import annotations

import numbers
import operator
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
DType = np.dtype[Any]

#: What the kernels compute in. Other matrices are multiplied by SciPy's own kernels.
KERNEL_DTYPES = frozenset(map(np.dtype, ("float32", "float64", "complex64", "complex128")))

_REAL_OF: Final[dict[DType, DType]] = {
    np.dtype("complex64"): np.dtype("float32"),
    np.dtype("complex128"): np.dtype("float64"),
}

#: What the core needs of a dense operand or a CSR array, for numpy.require.
BEHAVED: Final = ("C_CONTIGUOUS", "ALIGNED")

_INT32 = np.dtype(np.int32)
_INT64 = np.dtype(np.int64)


class CsrArrays(NamedTuple):
    """CSR arrays in the form that the core takes: contiguous, native, one index dtype.

    indptr[n_rows + 1], indices[nnz], data[nnz]. They may be the caller's own arrays.
    """

    indptr: Array
    indices: Array
    data: Array
    shape: tuple[int, int]

    @property
    def nnz(self) -> int:
        return len(self.indices)


def csr_arrays(indptr: Array, indices: Array, data: Array, shape: tuple[int, int]) -> CsrArrays:
    """Bring CSR arrays to the core's form, in O(1) unless an array has to be converted.

    The values of indptr and indices are not looked at: `core.check_csr` and `core.build` do that.
    """
    for name, array, kinds, expected in (
        ("indptr", indptr, "iu", "integers"),
        ("indices", indices, "iu", "integers"),
        ("data", data, "biufc", "numbers"),
    ):
        if array.dtype.kind not in kinds:
            raise TypeError(f"{name} has dtype {array.dtype}, expected {expected}")
        if array.ndim != 1:
            raise ValueError(f"{name} has {array.ndim} dimensions, expected 1")
    n_rows = shape[0]
    if len(indptr) != n_rows + 1:
        raise ValueError(
            f"indptr has length {len(indptr)}, expected {n_rows + 1} for A of shape {shape}"
        )
    nnz = int(indptr[-1])
    for name, array in (("indices", indices), ("data", data)):
        if not 0 <= nnz <= len(array):
            raise ValueError(f"indptr ends at {nnz}, but {name} has length {len(array)}")
    index = _INT32 if indptr.dtype == indices.dtype == _INT32 else _INT64
    return CsrArrays(
        np.require(indptr, index, BEHAVED),
        np.require(indices[:nnz], index, BEHAVED),
        np.require(data[:nnz], data.dtype.newbyteorder("="), BEHAVED),
        (int(n_rows), int(shape[1])),
    )


def result_dtype(a: DType, x: DType) -> DType | None:
    """The dtype of A @ x, which is SciPy's; None where SciPy's own kernels do the product."""
    if a not in KERNEL_DTYPES or x.kind not in "biufc":
        return None
    result = np.promote_types(a, x)
    return result if result in KERNEL_DTYPES else None


def plan_dtype(a: DType, result: DType) -> DType:
    """The dtype of the plan that serves a product: real matrices stay real for complex x.

    The real and imaginary parts of x are then two columns of a real product.
    """
    return _REAL_OF[result] if result.kind == "c" and a.kind == "f" else result


def vector(x: Any, shape: tuple[int, int]) -> Array:
    """x as an array of shape (n_cols,) or (n_cols, k)."""
    if hasattr(x, "tocsr"):
        raise TypeError("x is sparse, expected a dense vector; use A @ x for a sparse product")
    array: Array = np.asarray(x)
    if array.dtype.kind not in "biufc":
        raise TypeError(f"x has dtype {array.dtype}, expected a numeric dtype")
    expected = (shape[1], *array.shape[1:2])
    if array.shape != expected:
        raise ValueError(f"x has shape {array.shape}, expected {expected} for A of shape {shape}")
    return array


def output(out: Any, x: Array, shape: tuple[int, int], result: DType) -> Array:
    """`out` if the product can be written into it."""
    if not isinstance(out, np.ndarray):
        raise TypeError(f"out must be a NumPy array, not {type(out).__name__}")
    expected = (shape[0], *x.shape[1:])
    if out.shape != expected:
        raise ValueError(f"out has shape {out.shape}, expected {expected} for A of shape {shape}")
    if out.dtype != result:
        raise TypeError(f"out has dtype {out.dtype}, expected {result}, the dtype of A @ x")
    if not out.flags.writeable:
        raise ValueError("out is read-only")
    return out


def values(data: Any, nnz: int, dtype: DType) -> Array:
    """New values of a plan as an array of shape (nnz,), of a dtype that can be cast to `dtype`."""
    array: Array = np.asarray(data)
    if array.shape != (nnz,):
        if array.ndim == 1:
            raise ValueError(f"data has length {len(array)}, expected {nnz}, that of the plan")
        raise ValueError(f"data has shape {array.shape}, expected ({nnz},)")
    if not np.can_cast(array.dtype, dtype, "same_kind"):
        raise TypeError(f"data has dtype {array.dtype}, which cannot be cast to {dtype}")
    return array


def scalar(value: Any, name: str, result: DType) -> Any:
    """alpha or beta as a Python number that a product of dtype `result` can take."""
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value[()]
    if not isinstance(value, numbers.Number):
        raise TypeError(f"{name} must be a number, not {type(value).__name__}")
    if isinstance(value, numbers.Real):
        return float(value)
    number = complex(value)  # type: ignore[call-overload]
    if result.kind != "c":
        raise TypeError(f"{name} is complex, but A @ x has dtype {result}")
    return number


def thread_count(num_threads: Any) -> int:
    """A number of threads for the core, where 0 stands for the default count."""
    if num_threads is None:
        return 0
    if num_threads.__class__ is int and 0 < num_threads <= 4096:
        return num_threads  # before every product: the checks below take longer than a small one
    number = positive_integer(num_threads, "num_threads")
    # More threads than this are a mistake, and the core would try to start them.
    if number > 4096:
        raise ValueError(f"num_threads is {number}, expected at most 4096")
    return number


def integer(value: Any, name: str) -> int:
    """A Python integer; NumPy's are accepted."""
    try:
        return operator.index(value)
    except TypeError:
        raise TypeError(f"{name} must be an integer, not {type(value).__name__}") from None


def positive_integer(value: Any, name: str) -> int:
    """A Python integer of at least 1."""
    number = integer(value, name)
    if number < 1:
        raise ValueError(f"{name} is {number}, expected at least 1")
    return number
