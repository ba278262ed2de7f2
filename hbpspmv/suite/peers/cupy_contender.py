"""What contenders on a CUDA device share: a matrix in its memory, vectors there, CuPy's version."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from hbpspmv.suite.generators import laplacian_2d
from hbpspmv.suite.peers.contender import Contender

_SIDE = 64  # a grid of 64 x 64, the matrix that kernels are compiled with


class CupyContender(Contender):
    """A contender whose constructor takes a matrix of CuPy, whose products are CuPy arrays.

    Products are queued in the current stream: `fetch` waits for them.
    """

    install = "pip install 'cupy-cuda12x[ctk]'"  # CuPy 14 with the libraries of the toolkit

    @classmethod
    def upload(cls, matrix: Any) -> Any:
        from cupyx.scipy.sparse import csr_matrix

        cls._compile(np.dtype(matrix.dtype))
        return csr_matrix(matrix)

    @classmethod
    @functools.cache
    def _compile(cls, dtype: np.dtype[Any]) -> None:
        """Make one small product: kernels are compiled and libraries loaded, outside any build."""
        from cupyx.scipy.sparse import csr_matrix

        small = laplacian_2d(_SIDE).astype(dtype)
        peer = cls(csr_matrix(small), 1)
        n = small.shape[0]
        peer.fetch(peer.multiply(*peer.place(np.ones(n, dtype), np.zeros(n, dtype))))
        peer.close()

    @classmethod
    def version(cls) -> str:
        import cupy

        return str(cupy.__version__)

    def place(self, x: Any, y: Any) -> tuple[Any, Any]:
        import cupy

        return cupy.array(x), cupy.array(y)

    def fetch(self, y: Any) -> Any:
        return y.get()
