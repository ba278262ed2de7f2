"""The mean of ratios."""

from __future__ import annotations

import math
from collections.abc import Sequence


def geometric_mean(values: Sequence[float]) -> float | None:
    """Return the geometric mean of positive numbers, None of none.

    Examples
    --------
    >>> round(geometric_mean([0.5, 8]), 6)
    2.0
    """
    return math.exp(math.fsum(map(math.log, values)) / len(values)) if values else None
