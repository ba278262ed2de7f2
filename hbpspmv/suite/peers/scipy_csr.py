"""SciPy's serial CSR product, through its public operator."""

from __future__ import annotations

from typing import Any

import scipy
from numpy.typing import NDArray

from hbpspmv.suite.peers.contender import Contender


class ScipyCsr(Contender):
    """``A @ x`` of a plain csr_array; SciPy allocates the result in every call."""

    name = "scipy"
    title = "SciPy"
    install = "pip install scipy"
    serial = True

    def __init__(self, matrix: Any, num_threads: int) -> None:
        self._matrix = matrix

    @classmethod
    def version(cls) -> str:
        return str(scipy.__version__)

    def multiply(self, x: NDArray[Any], y: NDArray[Any]) -> NDArray[Any]:
        result: NDArray[Any] = self._matrix @ x
        return result
