"""After how many products a plan has paid for its build, measured against SciPy."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from hbpspmv._validate import CsrArrays

#: Timed products of each side: an odd number, as the median counts.
_ROUNDS = 5

#: No further round is begun after this time, so that huge matrices cost two products each.
_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class BreakEven:
    """Seconds of one product, by SciPy and by a plan."""

    scipy_seconds: float
    product_seconds: float

    def calls(self, build_seconds: float) -> float:
        """Smallest number of calls that saves `build_seconds`; infinite if none does."""
        saved = self.scipy_seconds - self.product_seconds
        return math.ceil(build_seconds / saved) if saved > 0 else math.inf


def measure(csr: CsrArrays, run: Callable[..., Any], num_threads: int) -> BreakEven:
    """Time run(x, y, 1, 0, num_threads) and SciPy's product in alternation.

    Both work on random x and write into fresh y, as ``A @ x`` does.
    """
    reference = csr_array((csr.data, csr.indices, csr.indptr), shape=csr.shape)
    x = np.random.default_rng(0).random(csr.shape[1]).astype(csr.data.dtype)

    def product() -> None:
        run(x, np.empty(csr.shape[0], x.dtype), 1.0, 0.0, num_threads)

    def scipy_product() -> None:
        reference @ x

    seconds: dict[Any, list[float]] = {scipy_product: [], product: []}
    begin = time.perf_counter()
    # The first round warms the caches and wakes the threads; it is not counted.
    for count in range(1 + _ROUNDS):
        for call, times in seconds.items():
            start = time.perf_counter()
            call()
            stop = time.perf_counter()
            if count:
                times.append(stop - start)
        if count and time.perf_counter() - begin > _SECONDS:
            break
    return BreakEven(statistics.median(seconds[scipy_product]), statistics.median(seconds[product]))
