"""Fast sparse matrix-vector products in the hash-based partition (HBP) format."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hbpspmv._array import hbp_array
from hbpspmv._config import show_config
from hbpspmv._geometry import Geometry
from hbpspmv._operator import HbpOperator
from hbpspmv._plan import Plan
from hbpspmv._spmv import spmv
from hbpspmv._threads import get_num_threads, register_with_threadpoolctl, set_num_threads

__all__ = [
    "Geometry",
    "HbpOperator",
    "Plan",
    "get_num_threads",
    "hbp_array",
    "set_num_threads",
    "show_config",
    "spmv",
]

# The one effect of the import: a `threadpool_limits` block may be the first thing after it, and a
# controller that is registered inside the block comes too late for it.
register_with_threadpoolctl()


__version__: str

if not TYPE_CHECKING:

    def __getattr__(name: str) -> str:
        """`__version__`, on demand: reading an installation's metadata takes milliseconds."""
        if name == "__version__":
            from importlib.metadata import version

            return version("hbpspmv")
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
