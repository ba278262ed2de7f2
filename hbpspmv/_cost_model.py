"""The cost model: the layout that suits a matrix, and the time that its products should take."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import hbpspmv._hbpspmv_core as core
from hbpspmv._geometry import Geometry
from hbpspmv._validate import CsrArrays, DType


@dataclass(frozen=True, slots=True)
class Layout:
    """What the cost model recommends. The same on every machine, for any number of threads.

    Attributes
    ----------
    geometry : Geometry
        The best for HBP.
    hbp_seconds, csr_seconds : float
        Predicted time of one product, by one thread of the machine that the model was made on.
    prefer_csr : str
        Why CSR is the better choice; empty where it is not.
    """

    geometry: Geometry
    hbp_seconds: float
    csr_seconds: float
    prefer_csr: str

    @property
    def reason(self) -> str:
        """Why HBP, in words."""
        ratio = self.csr_seconds / self.hbp_seconds
        return f"the cost model expects {ratio:.1f} times the speed of CSR"


def sample(csr: CsrArrays, dtype: DType) -> Any:
    """What the cost model looks at: a bounded number of rows and entries, checked by nobody yet."""
    return core.sample_matrix(*csr[:3], *csr.shape, dtype.itemsize, dtype.kind == "c")


def choose_layout(csr: CsrArrays, dtype: DType) -> Layout:
    """The layout for a plan of `csr` in `dtype`, in microseconds."""
    geometry, hbp_seconds, csr_seconds, prefer_csr = core.choose_layout(sample(csr, dtype))
    return Layout(Geometry(*geometry), hbp_seconds, csr_seconds, prefer_csr)
