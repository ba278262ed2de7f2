"""Our own product on a CUDA device, through the public interface that users call."""

from __future__ import annotations

from typing import Any

import hbpspmv
from hbpspmv.suite.peers.cupy_contender import CupyContender
from hbpspmv.suite.traffic import Storage


class HbpCuda(CupyContender):
    """``hbpspmv.cuda.hbp_array`` of a CuPy matrix, then ``hbpspmv.cuda.spmv(A, x, out=y)``."""

    name, title = "hbp_cuda", "HBP"
    has_build = True
    kernel = "hbp"

    def __init__(self, matrix: Any, num_threads: int) -> None:
        import hbpspmv.cuda

        self._spmv = hbpspmv.cuda.spmv
        self._array = hbpspmv.cuda.hbp_array(matrix)

    @classmethod
    def version(cls) -> str:
        version = (hbpspmv.show_config(mode="dicts") or {})["version"]
        return f"{version} (CuPy {super().version()})"

    def multiply(self, x: Any, y: Any) -> Any:
        return self._spmv(self._array, x, out=y)

    def storage(self, matrix: Any) -> Storage:
        # How many elements share a column is not known on the device.
        return Storage(int(self._array.nbytes), int(matrix.nnz))
