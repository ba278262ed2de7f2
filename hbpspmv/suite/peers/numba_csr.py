"""A parallel CSR product in Numba, as a careful user would write it."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbpspmv.suite.peers.contender import Contender
from hbpspmv.suite.peers.numba_kernel import compiled_product

CHUNKS_PER_THREAD = 8  # 2 leaves skewed rows unbalanced, 32 gains nothing


class NumbaCsr(Contender):
    """``prange`` over runs of rows that hold equal shares of the nonzeros."""

    name = "numba"
    title = "Numba CSR"
    install = "pip install numba"

    def __init__(self, matrix: Any, num_threads: int) -> None:
        self._product = compiled_product(num_threads)
        indptr = matrix.indptr
        # Unsigned, as Numba else tests each index for being negative: 2 to 3 times slower.
        unsigned = f"u{indptr.itemsize}"
        cuts = np.linspace(0, matrix.nnz, CHUNKS_PER_THREAD * num_threads + 1)[1:-1]
        starts = np.searchsorted(indptr[:-1], cuts)
        self._starts = np.concatenate(([0], starts, [matrix.shape[0]])).astype(unsigned)
        self._arrays = (indptr.view(unsigned), matrix.indices.view(unsigned), matrix.data)

    @classmethod
    def version(cls) -> str:
        import numba

        return str(numba.__version__)

    def multiply(self, x: NDArray[Any], y: NDArray[Any]) -> NDArray[Any]:
        self._product(*self._arrays, self._starts, x, y)
        return y
