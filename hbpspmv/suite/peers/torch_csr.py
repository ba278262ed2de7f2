"""PyTorch's sparse CSR tensor on the CPU."""

import warnings
from typing import Any

from hbpspmv.suite.peers.contender import Contender


class TorchCsr(Contender):
    """``A @ x`` of a sparse CSR tensor over the same arrays."""

    name, title, install = "torch", "PyTorch", "pip install torch"

    def __init__(self, matrix: Any, num_threads: int) -> None:
        import torch

        torch.set_num_threads(num_threads)
        self._torch = torch
        arrays = map(torch.from_numpy, (matrix.indptr, matrix.indices, matrix.data))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that CSR tensors are new
            self._matrix = torch.sparse_csr_tensor(*arrays, size=matrix.shape)

    @classmethod
    def version(cls) -> str:
        import torch

        return str(torch.__version__)

    def multiply(self, x: Any, y: Any) -> Any:
        return (self._matrix @ self._torch.from_numpy(x)).numpy()
