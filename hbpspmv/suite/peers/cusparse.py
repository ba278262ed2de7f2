"""NVIDIA's cuSPARSE on a CUDA device, through CuPy."""

from typing import Any

from hbpspmv.suite.peers.contender import Contender


class Cusparse(Contender):
    """``cupyx.cusparse.spmv`` on device arrays, until the device has finished."""

    name, title, install = "cusparse", "cuSPARSE", "pip install cupy-cuda12x"
    has_build = True

    def __init__(self, matrix: Any, num_threads: int) -> None:
        import cupyx.cusparse
        from cupyx.scipy.sparse import csr_matrix

        self._spmv = cupyx.cusparse.spmv
        self._matrix = csr_matrix(matrix)
        self._matrix.sum_duplicates()  # spmv refuses unsorted rows

    @classmethod
    def version(cls) -> str:
        import cupy

        try:
            device = cupy.cuda.runtime.getDeviceProperties(0)["name"].decode()
        except cupy.cuda.runtime.CUDARuntimeError as error:
            raise ImportError(f"no CUDA device: {error}") from error
        return f"{cupy.__version__} on {device}"

    def place(self, x: Any, y: Any) -> tuple[Any, Any]:
        import cupy

        return cupy.asarray(x), cupy.asarray(y)

    def multiply(self, x: Any, y: Any) -> Any:
        self._spmv(self._matrix, x, y)
        y.device.synchronize()
        return y

    def fetch(self, y: Any) -> Any:
        return y.get()
