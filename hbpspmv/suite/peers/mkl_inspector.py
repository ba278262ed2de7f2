"""oneMKL's inspector-executor sparse product, hinted and optimised."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from hbpspmv.suite.peers import mkl_library
from hbpspmv.suite.peers.contender import Contender


class MklInspector(Contender):
    """``mkl_sparse_?_mv`` after ``set_mv_hint`` for 1000 calls and ``mkl_sparse_optimize``."""

    name = "mkl"
    title = "oneMKL"
    install = "pip install mkl"
    has_build = True

    def __init__(self, matrix: Any, num_threads: int) -> None:
        self._matrix = mkl_library.SparseMatrix(matrix, num_threads, expected_calls=1000)

    @classmethod
    def version(cls) -> str:
        return mkl_library.version()

    def multiply(self, x: NDArray[Any], y: NDArray[Any]) -> NDArray[Any]:
        self._matrix.multiply(x, y)
        return y

    def close(self) -> None:
        self._matrix.destroy()
