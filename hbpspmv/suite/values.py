"""How many distinct values a matrix stores: few can be coded, many must be read."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

FEW = 256  # what a code of eight bits tells apart
_CHUNK = 1 << 16


def count_distinct(values: NDArray[Any]) -> int:
    """Return the number of distinct bit patterns, or FEW + 1 when there are more than FEW.

    Of complex128 values the real and imaginary parts count on their own.

    Examples
    --------
    >>> count_distinct(np.array([2.0, 3.0, 2.0])), count_distinct(np.arange(1000))
    (2, 257)
    """
    patterns = values.view(f"u{min(values.itemsize, 8)}")
    seen = patterns[:1]  # sorted
    for start in range(0, patterns.size, _CHUNK):
        chunk = patterns[start : start + _CHUNK]
        places = np.searchsorted(seen, chunk).clip(max=seen.size - 1)
        new = chunk[seen[places] != chunk]
        if new.size:
            # A few are enough to tell: most matrices have no two equal values in thousands.
            seen = np.union1d(seen, new[: 2 * FEW])
            seen = seen if seen.size > FEW else np.union1d(seen, new)
        if seen.size > FEW:
            return FEW + 1
    return int(seen.size)
