"""CUB's merge-based CSR product on a CUDA device, where CuPy was compiled with it."""

from typing import Any

from hbpspmv.suite.peers.cupy_contender import CupyContender

_WITHOUT_SPMV = 300000  # CUB 3.0 has no DeviceSpmv


class CubMerge(CupyContender):
    """``cupy.cuda.cub.device_csrmv``, which allocates result and workspace in every call."""

    name, title = "cub_merge", "CUB merge"
    install = "pip install 'cupy-cuda12x<14'"

    def __init__(self, matrix: Any, num_threads: int) -> None:
        import cupy
        from cupy.cuda import cub

        # The kernel reads one row pointer beyond the last one.
        padded = cupy.zeros(matrix.indptr.size + 1, matrix.indptr.dtype)
        padded[:-1] = matrix.indptr
        self._csr = (matrix.data, padded[:-1], matrix.indices)
        self._sizes = (*matrix.shape, matrix.nnz)
        self._csrmv = cub.device_csrmv

    @classmethod
    def version(cls) -> str:
        from cupy.cuda import cub

        number = cub.get_build_version()
        if not hasattr(cub, "device_csrmv") or number >= _WITHOUT_SPMV:
            raise ImportError("this CuPy has no cupy.cuda.cub.device_csrmv")
        return f"{number // 100000}.{number // 100 % 1000} (CuPy {super().version()})"

    def multiply(self, x: Any, y: Any) -> Any:
        return self._csrmv(*self._sizes, *self._csr, x)
