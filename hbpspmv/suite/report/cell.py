"""One finished cell, read back: its samples, and its time in terms of the baseline's."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

_DRAWS = 1000
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Cell:
    """A record of the result file.

    Attributes
    ----------
    record : dict
        As `hbpspmv.suite.cells` has written it.
    """

    record: dict[str, Any]

    @property
    def timed(self) -> bool:
        """Whether the contender and the baseline both have times."""
        return bool(self.record["samples"]) and bool(self.record["baseline"]["samples"])

    @cached_property
    def rounds(self) -> Array:
        """Median nanoseconds of each round."""
        return _medians(self.record["samples"])

    @cached_property
    def baseline_rounds(self) -> Array:
        """Median nanoseconds of the baseline in each of the same rounds."""
        return _medians(self.record["baseline"]["samples"])

    @property
    def baseline_nanoseconds(self) -> float:
        """Median time of the baseline."""
        return float(np.median(np.concatenate(self.record["baseline"]["samples"])))

    def draws(self, relative: bool = True) -> Array:
        """Return the logarithm of the contender's time for resampled rounds.

        Parameters
        ----------
        relative : bool, optional
            Whether the time is in terms of the baseline's in the same rounds.

        Returns
        -------
        ndarray
            Each the median over as many rounds as there are, drawn with replacement: how the
            figure would scatter if the cell were measured again. The draws are the same for the
            same cell.
        """
        n = self.rounds.size
        picks = np.random.default_rng(n).integers(0, n, (_DRAWS, n))
        own = np.log(np.median(self.rounds[picks], axis=1))
        if not relative:
            return np.asarray(own)
        return np.asarray(own - np.log(np.median(self.baseline_rounds[picks], axis=1)))


def _medians(samples: list[list[int]]) -> Array:
    return np.array([np.median(times) for times in samples], dtype=np.float64)


def ratio_interval(slower: Array, faster: Array, confidence: float = 0.95) -> tuple[float, float]:
    """Return the interval of exp(slower - faster) by two cells' independent draws.

    Examples
    --------
    >>> ratio_interval(np.log(np.full(9, 6.0)), np.log(np.full(9, 2.0)))
    (3.0, 3.0)
    """
    # Another order for one of them: draws of one generator would rise and fall together.
    shuffled = np.random.default_rng(1).permutation(faster)
    tail = (1 - confidence) / 2
    low, high = np.quantile(slower - shuffled, (tail, 1 - tail))
    return round(float(np.exp(low)), 12), round(float(np.exp(high)), 12)
