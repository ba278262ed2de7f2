"""The few oneMKL functions that the benchmark calls, bound through ctypes."""

from __future__ import annotations

import ctypes
import functools
import os
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbpspmv.suite.peers.contender import load_packaged_library, pointer

NON_TRANSPOSE = 10  # SPARSE_OPERATION_NON_TRANSPOSE
_ROW_MAJOR = 101  # SPARSE_LAYOUT_ROW_MAJOR
_LETTERS = {"float32": "s", "float64": "d", "complex64": "c", "complex128": "z"}
_MESSAGES = {1: "not initialized", 3: "invalid value", 6: "not supported"}


class _Description(ctypes.Structure):
    _fields_ = (("type", ctypes.c_int), ("mode", ctypes.c_int), ("diag", ctypes.c_int))


class _ComplexFloat(ctypes.Structure):
    _fields_ = (("real", ctypes.c_float), ("imag", ctypes.c_float))


class _ComplexDouble(ctypes.Structure):
    _fields_ = (("real", ctypes.c_double), ("imag", ctypes.c_double))


_SCALARS: dict[str, Any] = {
    "s": ctypes.c_float,
    "d": ctypes.c_double,
    "c": _ComplexFloat,
    "z": _ComplexDouble,
}
_GENERAL = _Description(20, 0, 0)  # SPARSE_MATRIX_TYPE_GENERAL


@functools.cache
def _library() -> ctypes.CDLL:
    # Its OpenMP workers otherwise spin for 200 ms after a product, on the next contender's cores.
    os.environ["KMP_BLOCKTIME"] = "1"
    library = load_packaged_library("mkl", "mkl_rt")
    library.MKL_Set_Dynamic(0)  # or it may use fewer threads than it was told to
    return library


def version() -> str:
    """Return oneMKL's own version; ImportError when the `mkl` distribution is missing."""
    text = ctypes.create_string_buffer(198)
    _library().MKL_Get_Version_String(text, len(text))
    words = text.value.decode().split()
    return (
        words[words.index("Version") + 1].split("-")[0]
        if "Version" in words
        else text.value.decode().strip()
    )


def _check(status: int) -> None:
    if status == 2:
        raise MemoryError("oneMKL: out of memory (status 2)")
    if status != 0:
        raise RuntimeError(f"oneMKL: {_MESSAGES.get(status, 'error')} (status {status})")


class SparseMatrix:
    """A oneMKL matrix handle over the arrays of a CSR matrix, which it keeps alive.

    Parameters
    ----------
    matrix : scipy.sparse.csr_array
        float32, float64, complex64 or complex128, with fewer than 2^31 nonzeros.
    num_threads : int
        oneMKL's thread count, for this and all later calls.
    expected_calls : int
        The hint given before ``mkl_sparse_optimize``.
    n_vectors : int
        Columns of the operands of `multiply`: 1 for vectors, of shape (n,), else C-contiguous
        arrays of shape (n, n_vectors).
    """

    def __init__(
        self, matrix: Any, num_threads: int, expected_calls: int, n_vectors: int = 1
    ) -> None:
        if max(matrix.nnz, *matrix.shape) > np.iinfo(np.int32).max:
            raise ValueError("oneMKL's 32-bit interface holds fewer than 2^31 nonzeros")
        library = _library()
        library.MKL_Set_Num_Threads(num_threads)
        letter = _LETTERS[matrix.dtype.name]
        scalar = _SCALARS[letter]
        self._alpha, self._beta = scalar(1), scalar(0)
        self._n_vectors = n_vectors
        product = "mv" if n_vectors == 1 else "mm"
        self._multiply = getattr(library, f"mkl_sparse_{letter}_{product}")
        self._destroy = library.mkl_sparse_destroy
        indptr = matrix.indptr.astype(np.int32, copy=False)
        indices = matrix.indices.astype(np.int32, copy=False)
        self._arrays = (indptr, indices, matrix.data)
        self._handle = ctypes.c_void_p()
        self._vectors: tuple[NDArray[Any], NDArray[Any]] | None = None
        self._arguments: tuple[Any, ...] = ()
        create = getattr(library, f"mkl_sparse_{letter}_create_csr")
        rows, cols = (ctypes.c_int(n) for n in matrix.shape)
        starts, ends = pointer(indptr), pointer(indptr, 1)
        handle = ctypes.byref(self._handle)
        _check(create(handle, 0, rows, cols, starts, ends, pointer(indices), pointer(matrix.data)))
        hint = (self._handle, NON_TRANSPOSE, _GENERAL)
        if n_vectors == 1:
            _check(library.mkl_sparse_set_mv_hint(*hint, expected_calls))
        else:
            _check(library.mkl_sparse_set_mm_hint(*hint, _ROW_MAJOR, n_vectors, expected_calls))
        _check(library.mkl_sparse_optimize(self._handle))

    def multiply(self, x: NDArray[Any], y: NDArray[Any]) -> None:
        """Write A @ x to `y`."""
        # Taking two addresses costs 2 us in Python: more than the whole product of a tiny matrix.
        if self._vectors is None or self._vectors[0] is not x or self._vectors[1] is not y:
            self._vectors = (x, y)
            matrix = (NON_TRANSPOSE, self._alpha, self._handle, _GENERAL)
            k = self._n_vectors
            if k == 1:
                self._arguments = (*matrix, pointer(x), self._beta, pointer(y))
            else:
                operands = (pointer(x), k, k, self._beta, pointer(y), k)
                self._arguments = (*matrix, _ROW_MAJOR, *operands)
        _check(self._multiply(*self._arguments))

    def destroy(self) -> None:
        """Free the handle; later calls do nothing."""
        if self._handle:
            self._destroy(self._handle)
            self._handle = ctypes.c_void_p()
            self._vectors = None  # no later product takes the freed handle
