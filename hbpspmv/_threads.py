"""The number of threads: its default, and its controller for threadpoolctl."""

from __future__ import annotations

import importlib.util
from typing import Any

import hbpspmv._hbpspmv_core as core
from hbpspmv._validate import positive_integer, thread_count


def set_num_threads(num_threads: int) -> None:
    """Set how many threads a product or a build uses unless its call says otherwise.

    Parameters
    ----------
    num_threads : int
        At least 1. Results do not depend on it, bit for bit.

    See Also
    --------
    get_num_threads : The present number.

    Notes
    -----
    The setting holds for the whole process. It starts as the environment variable
    ``HBPSPMV_NUM_THREADS``, or else as the number of CPUs that the process may run on, or the CPU
    limit of its container (control group) where that is less.
    ``threadpoolctl.threadpool_limits`` changes it too, for as long as its block lasts. A plan or a
    call with ``num_threads`` of its own is not bound by either.

    Threads spin for 60 us after a product, then sleep. A product wakes one for every 65,536 entries
    of its matrix times the vectors, unless its plan or its call has a ``num_threads`` of its own.

    Examples
    --------
    >>> import hbpspmv
    >>> before = hbpspmv.get_num_threads()
    >>> hbpspmv.set_num_threads(1)
    >>> hbpspmv.get_num_threads()
    1
    >>> hbpspmv.set_num_threads(before)
    """
    positive_integer(num_threads, "num_threads")
    core.set_num_threads(thread_count(num_threads))


def get_num_threads() -> int:
    """The number of threads that a product or a build uses unless its call says otherwise.

    Returns
    -------
    int
        At least 1.

    See Also
    --------
    set_num_threads : Change it.
    """
    return int(core.get_num_threads())


def register_with_threadpoolctl() -> bool:
    """Make `threadpoolctl.threadpool_limits` reach our thread pool, where it is installed.

    Returns
    -------
    bool
        Whether threadpoolctl knows the pool now.
    """
    if importlib.util.find_spec("threadpoolctl") is None:
        return False
    import threadpoolctl

    # Old versions cannot be taught another library.
    if not hasattr(threadpoolctl, "register"):
        return False

    class HbpspmvController(threadpoolctl.LibController):
        """Reaches the pool through the module; the library exports no C functions for it."""

        user_api = "hbpspmv"
        internal_api = "hbpspmv"
        filename_prefixes = ("_hbpspmv_core",)

        def get_num_threads(self) -> int:
            return get_num_threads()

        def set_num_threads(self, num_threads: int) -> None:
            set_num_threads(num_threads)

        def get_version(self) -> Any:
            return core.config()["version"]

    threadpoolctl.register(HbpspmvController)
    return True
