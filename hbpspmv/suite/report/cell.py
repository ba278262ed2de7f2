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

    def draws(self, relative: bool = True) -> list[Array]:
        """Return the logarithm of the contender's time for resampled rounds, by process.

        Parameters
        ----------
        relative : bool, optional
            Whether the time is in terms of the baseline's in the same rounds.

        Returns
        -------
        list of ndarray
            Each number is the median over as many rounds as the process had, drawn with
            replacement: how the figure would scatter if it were measured again. The draws are the
            same for the same cell.
        """
        ends = np.cumsum(self.record["processes"])[:-1]
        parts = zip(np.split(self.rounds, ends), np.split(self.baseline_rounds, ends), strict=True)
        return [_draws(own, baseline if relative else None) for own, baseline in parts]


def _draws(own: Array, baseline: Array | None) -> Array:
    n = own.size
    picks = np.random.default_rng(n).integers(0, n, (_DRAWS, n))
    times = np.log(np.median(own[picks], axis=1))
    if baseline is not None:
        times -= np.log(np.median(baseline[picks], axis=1))
    return np.asarray(times)


def _medians(samples: list[list[int]]) -> Array:
    return np.array([np.median(times) for times in samples], dtype=np.float64)


def ratio_interval(
    slower: list[Array], faster: list[Array], confidence: float = 0.95
) -> tuple[float, float]:
    """Return the interval of exp(slower - faster) by two cells' draws.

    It covers the interval of every pair of their processes, so that it also shows what differs
    from process to process.

    Examples
    --------
    >>> slow, fast, faster = (np.log(np.full(9, t)) for t in (6.0, 2.0, 1.0))
    >>> ratio_interval([slow], [fast]), ratio_interval([slow], [fast, faster])
    ((3.0, 3.0), (3.0, 6.0))
    """
    tail = (1 - confidence) / 2
    generator = np.random.default_rng(1)
    ends = [
        # Another order for one of them: draws of one generator would rise and fall together.
        np.quantile(own - generator.permutation(other), (tail, 1 - tail))
        for own in slower
        for other in faster
    ]
    low, high = min(low for low, _ in ends), max(high for _, high in ends)
    return round(float(np.exp(low)), 12), round(float(np.exp(high)), 12)
