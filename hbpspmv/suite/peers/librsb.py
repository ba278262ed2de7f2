"""librsb's recursive sparse blocks, through ctypes."""

from ctypes import byref, c_char, c_int, c_size_t, c_void_p
from typing import Any

import numpy as np

from hbpspmv.suite.peers.contender import Contender, load_system_library, pointer
from hbpspmv.suite.traffic import Storage

_THREADS, _SUM_DUPLICATES, _INDEX_BYTES = 9, 0x200, 1  # of rsb.h
_TYPES = {"float32": b"S", "float64": b"D", "complex64": b"C", "complex128": b"Z"}


class Librsb(Contender):
    """``rsb_spmv`` on the blocks that librsb chooses by itself, without its long autotuning."""

    name, title, install, has_build = "librsb", "librsb", "apt install librsb-dev", True

    def __init__(self, matrix: Any, num_threads: int) -> None:
        self._rsb = rsb = load_system_library("rsb")
        rsb.rsb_lib_init(None)  # may be called any number of times
        rsb.rsb_lib_set_opt(_THREADS, byref(c_int(num_threads)))
        arrays = (matrix.data, matrix.indptr.astype("i4"), matrix.indices.astype("i4"))
        kind, error = c_char(_TYPES[matrix.dtype.name]), c_int()
        sizes = (c_int(matrix.nnz), kind, *map(c_int, (*matrix.shape, 1, 1, _SUM_DUPLICATES)))
        rsb.rsb_mtx_alloc_from_csr_const.restype = rsb.rsb_mtx_free.restype = c_void_p
        address = rsb.rsb_mtx_alloc_from_csr_const(*map(pointer, arrays), *sizes, byref(error))
        if error.value:
            raise RuntimeError(f"librsb: error {error.value}")
        self._handle, self._scalars = c_void_p(address), np.array([1, 0], matrix.dtype)

    @classmethod
    def version(cls) -> str:
        return str(load_system_library("rsb")._name).removeprefix("librsb.")

    def multiply(self, x: Any, y: Any) -> Any:
        alpha, beta = pointer(self._scalars), pointer(self._scalars, 1)
        self._rsb.rsb_spmv(0x4E, alpha, self._handle, pointer(x), 1, beta, pointer(y), 1)
        return y

    def storage(self, matrix: Any) -> Storage:
        index_bytes = c_size_t()
        self._rsb.rsb_mtx_get_info(self._handle, _INDEX_BYTES, byref(index_bytes))
        return Storage(index_bytes.value + matrix.data.nbytes, int(matrix.nnz))

    def close(self) -> None:
        self._handle = self._rsb.rsb_mtx_free(self._handle)
