"""CuPy's product of a CSR matrix, through its operator."""

from typing import Any

from hbpspmv.suite.peers.cupy_contender import CupyContender


class CupyCsr(CupyContender):
    """``A @ x`` of a csr_matrix of CuPy, which allocates the result in every call."""

    name, title = "cupy", "CuPy"

    def __init__(self, matrix: Any, num_threads: int) -> None:
        self._matrix = matrix

    def multiply(self, x: Any, y: Any) -> Any:
        return self._matrix @ x
