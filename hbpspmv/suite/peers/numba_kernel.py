"""The Numba kernel of the parallel CSR peer, compiled on first use."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from typing import Any

from numpy.typing import NDArray


@functools.cache
def _compile() -> tuple[Callable[..., None], int]:
    # OpenMP first: its product took 105 us where the workqueue layer took 350 us (2 cores, cage10).
    os.environ.setdefault("NUMBA_THREADING_LAYER_PRIORITY", "omp tbb workqueue")
    import numba
    from numba import prange

    def product(
        indptr: NDArray[Any],
        indices: NDArray[Any],
        data: NDArray[Any],
        starts: NDArray[Any],
        x: NDArray[Any],
        y: NDArray[Any],
    ) -> None:
        zero = y.dtype.type(0)
        for chunk in prange(len(starts) - 1):
            for i in range(starts[chunk], starts[chunk + 1]):
                total = zero
                for k in range(indptr[i], indptr[i + 1]):
                    total += data[k] * x[indices[k]]
                y[i] = total

    # Reassociation lets LLVM vectorise the sum; NaN and infinities must still come out.
    compiled: Callable[..., None] = numba.njit(
        parallel=True, nogil=True, fastmath={"reassoc", "contract"}
    )(product)
    return compiled, int(numba.get_num_threads())


def compiled_product(num_threads: int) -> Callable[..., None]:
    """Return the compiled kernel, set to `num_threads` or as many as Numba was started with."""
    kernel, started = _compile()
    import numba

    numba.set_num_threads(min(num_threads, started))
    return kernel
