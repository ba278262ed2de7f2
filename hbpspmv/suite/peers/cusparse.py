"""NVIDIA's cuSPARSE on a CUDA device: its generic SpMV, one contender for each algorithm."""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

import numpy as np

from hbpspmv.suite.peers.cupy_contender import CupyContender
from hbpspmv.suite.peers.cusparse_preprocess import preprocess
from hbpspmv.suite.traffic import Storage

# cudaDataType of library_types.h, cusparseSpMVAlg_t of cusparse.h
_DATA_TYPES = {"float32": 0, "float64": 1, "complex64": 4, "complex128": 5}
_COO_ALG1, _CSR_ALG1, _CSR_ALG2 = 1, 2, 3
_NON_TRANSPOSE = 0


class Operand(NamedTuple):
    """A vector on the device, with what cuSPARSE knows it by."""

    array: Any
    descriptor: Any


class Cusparse(CupyContender):
    """``cusparseSpMV`` with a workspace and descriptors that are made once."""

    has_build = True
    algorithm: ClassVar[int]
    preprocessed: ClassVar[bool]

    def __init__(self, matrix: Any, num_threads: int) -> None:
        import cupy
        from cupy_backends.cuda.libs import cusparse
        from cupyx.cusparse import SpMatDescriptor

        self._spmv = cusparse.spMV
        self._matrix = self._stored(matrix)
        self._descriptor = SpMatDescriptor.create(self._matrix)
        dtype = np.dtype(matrix.dtype)
        self._scalars = np.ones(1, dtype), np.zeros(1, dtype)
        self._data_type = _DATA_TYPES[dtype.name]
        self._handle = cupy.cuda.device.get_cusparse_handle()
        rows, cols = matrix.shape
        x, y = self.place(cupy.zeros(cols, dtype), cupy.zeros(rows, dtype))
        size = cusparse.spMV_bufferSize(*self._arguments(x, y))
        self._workspace = cupy.empty(max(size, 1), cupy.int8)
        if self.preprocessed:
            self.remark = preprocess(*self._arguments(x, y), self._workspace.data.ptr)

    def _stored(self, matrix: Any) -> Any:
        """Return the matrix in the format of the algorithm."""
        return matrix

    @classmethod
    def version(cls) -> str:
        import cupy
        from cupy_backends.cuda.libs import cusparse

        number = cusparse.getVersion(cupy.cuda.device.get_cusparse_handle())
        release = f"{number // 1000}.{number // 100 % 10}.{number % 100}"
        return f"{release} (CuPy {super().version()})"

    def place(self, x: Any, y: Any) -> tuple[Any, Any]:
        from cupyx.cusparse import DnVecDescriptor

        arrays = super().place(x, y)
        placed = [Operand(array, DnVecDescriptor.create(array)) for array in arrays]
        return placed[0], placed[1]

    def _arguments(self, x: Operand, y: Operand) -> tuple[int, ...]:
        alpha, beta = self._scalars
        return (
            *(self._handle, _NON_TRANSPOSE, alpha.ctypes.data, self._descriptor.desc),
            *(x.descriptor.desc, beta.ctypes.data, y.descriptor.desc),
            *(self._data_type, self.algorithm),
        )

    def multiply(self, x: Any, y: Any) -> Any:
        self._spmv(*self._arguments(x, y), self._workspace.data.ptr)
        return y

    def fetch(self, y: Any) -> Any:
        return super().fetch(y.array)


class CusparseAlg1(Cusparse):
    """``cusparseSpMV`` with CUSPARSE_SPMV_CSR_ALG1, after ``cusparseSpMV_preprocess``."""

    name, title = "cusparse_alg1", "cuSPARSE CSR ALG1"
    algorithm, preprocessed = _CSR_ALG1, True


class CusparseAlg2(Cusparse):
    """``cusparseSpMV`` with CUSPARSE_SPMV_CSR_ALG2, after ``cusparseSpMV_preprocess``."""

    name, title = "cusparse_alg2", "cuSPARSE CSR ALG2"
    algorithm, preprocessed = _CSR_ALG2, True


class CusparseCoo(Cusparse):
    """``cusparseSpMV`` with CUSPARSE_SPMV_COO_ALG1 on coordinates in the order of the rows."""

    name, title = "cusparse_coo", "cuSPARSE COO"
    kernel = "coo"
    algorithm, preprocessed = _COO_ALG1, False

    def _stored(self, matrix: Any) -> Any:
        return matrix.tocoo()

    def storage(self, matrix: Any) -> Storage:
        nbytes = matrix.nnz * (matrix.dtype.itemsize + 2 * matrix.indices.itemsize)
        return Storage(int(nbytes), int(matrix.nnz), padding=0.0)
