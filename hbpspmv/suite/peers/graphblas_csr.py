"""SuiteSparse:GraphBLAS through python-graphblas."""

from typing import Any

from hbpspmv.suite.peers.contender import Contender
from hbpspmv.suite.traffic import Storage


class GraphblasCsr(Contender):
    """``A.mxv(x, plus_times)``, with an x that GraphBLAS was given before, as in its programs."""

    name, title, install = "graphblas", "GraphBLAS", "pip install python-graphblas"
    has_build = True

    def __init__(self, matrix: Any, num_threads: int) -> None:
        import graphblas

        graphblas.ss.config["nthreads"] = num_threads
        self._graphblas, self._x, self._vector = graphblas, None, None
        arrays = matrix.indptr, matrix.indices, matrix.data
        self._matrix = graphblas.Matrix.from_csr(*arrays, ncols=matrix.shape[1])

    @classmethod
    def version(cls) -> str:
        import graphblas

        return str(graphblas.__version__)

    def multiply(self, x: Any, y: Any) -> Any:
        if self._x is not x:
            self._x, self._vector = x, self._graphblas.Vector.from_dense(x)
        product = self._matrix.mxv(self._vector, self._graphblas.semiring.plus_times).new()
        if product.nvals < product.size:  # rows without entries are missing: only a copy has them
            return product.to_dense(0, dtype=y.dtype)
        return product.ss.unpack("full")["values"]

    def storage(self, matrix: Any) -> Storage:
        return Storage(int(self._matrix.ss.nbytes), int(matrix.nnz))
