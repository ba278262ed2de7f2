"""The roofline of a product: the time that each limit of the machine allows at best."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import hbpspmv._hbpspmv_core as core
from hbpspmv.suite.ceilings import Ceilings

MODEL = (
    "Bounds: memory = bytes of the matrix, x and y over the read bandwidth of as large a working "
    "set; gather = reads of x that miss the caches in row order (half of each is assumed to be "
    "x's, a neighbouring line counts as prefetched), at the measured rate of random reads; "
    "instructions = elements that load their x one by one, at the measured rate in L1. The "
    "largest is the bound that holds, the percentage how much of the measured time it explains."
)


@dataclass(frozen=True)
class Roofline:
    """The least seconds of one product by each limit.

    Attributes
    ----------
    memory : float
        To read the stored matrix and x and to write y once.
    gather : float
        To fetch the lines of x that the caches do not hold.
    instructions : float
        To load index and x of every element that has its own.
    """

    memory: float
    gather: float
    instructions: float

    @property
    def bound(self) -> str:
        """Name of the limit that holds: the one that takes longest."""
        return max(("memory", "gather", "instructions"), key=lambda name: getattr(self, name))

    @property
    def seconds(self) -> float:
        """The least time of a product."""
        return float(getattr(self, self.bound))


def misses_of_x(matrix: Any, ceilings: Ceilings) -> list[int]:
    """Return how many reads of x each level of cache cannot serve, in CSR order."""
    halves = [size // 2 for size in ceilings.cache_bytes]
    return list(core.x_misses(matrix.indices, matrix.dtype.itemsize, halves))


def roofline(gathers: int, nbytes: int, misses: list[int], ceilings: Ceilings) -> Roofline:
    """Return the limits of one product.

    Parameters
    ----------
    gathers : int
        Elements whose x is loaded on its own.
    nbytes : int
        Bytes that the product moves: matrix, x and y.
    misses : list of int
        As `misses_of_x` returns it.
    ceilings : Ceilings
        Of as many threads as the contender uses.
    """
    l1, *farther = ceilings.random_seconds
    private = ceilings.cache_bytes[:-1]
    holds = [size * ceilings.threads for size in private] + [ceilings.cache_bytes[-1]]
    # Nothing comes from farther away than where the whole working set fits.
    beyond = [n if nbytes > held else 0 for n, held in zip(misses, holds, strict=True)]
    served = [max(n - more, 0) for n, more in zip(beyond, [*beyond[1:], 0], strict=True)]
    gather = sum(n * seconds for n, seconds in zip(served, farther, strict=True))
    return Roofline(nbytes / ceilings.bandwidth_at(nbytes), gather, gathers * l1)
