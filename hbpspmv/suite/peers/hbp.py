"""Our own product, through the public interface that users call."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

import hbpspmv
import hbpspmv._hbpspmv_core as core
from hbpspmv.suite.peers.contender import Contender
from hbpspmv.suite.traffic import Storage, csr_storage


class Hbp(Contender):
    """A plan for a thousand calls, then ``hbpspmv.spmv(A, x, out=y)``."""

    name = "hbp"
    title = "HBP"
    install = "pip install hbpspmv"
    has_build = True

    def __init__(self, matrix: Any, num_threads: int) -> None:
        self._threads = num_threads
        self._array = hbpspmv.hbp_array(matrix)
        self._plan = self._array.plan(expected_calls=1000)
        self.kernel, self.remark = self._plan.kernel, self._plan.reason

    @classmethod
    def version(cls) -> str:
        return str((hbpspmv.show_config(mode="dicts") or {})["version"])

    def multiply(self, x: NDArray[Any], y: NDArray[Any]) -> NDArray[Any]:
        hbpspmv.spmv(self._array, x, out=y, num_threads=self._threads)
        return y

    def storage(self, matrix: Any) -> Storage:
        info = self._plan.info(measure_break_even=False)
        if info["encodings"] is None:  # the CSR kernel
            return csr_storage(matrix)
        return Storage(
            int(info["nbytes"]),
            core.x_loads(self._plan._core),  # elements may share them: one load for all
            dict(info["encodings"]),
            float(info["padding"]),
        )
