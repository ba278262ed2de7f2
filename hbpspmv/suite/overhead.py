"""What one call costs beside its arithmetic: ``A @ x`` of a small matrix, ours and SciPy's."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from scipy.sparse import csr_array

import hbpspmv
from hbpspmv.suite.generators import laplacian_2d

_SIDE = 10  # a grid of 10 x 10: 100 rows, 460 nonzeros
_CALLS, _ROUNDS = 200, 25


def measure_call_overhead() -> dict[str, float]:
    """Time ``A @ x`` of the classes in turn, for about a tenth of a second.

    Returns
    -------
    dict of str to float
        Seconds of one call for "hbp_array" and "csr_array": the median over the rounds.
    """
    matrix = csr_array(laplacian_2d(_SIDE))
    x = np.ones(matrix.shape[1])
    arrays: dict[str, Any] = {"hbp_array": hbpspmv.hbp_array(matrix), "csr_array": matrix}
    seconds: dict[str, list[float]] = {name: [] for name in arrays}
    for _ in range(_ROUNDS):
        for name, array in arrays.items():
            array @ x
            start = time.perf_counter()
            for _ in range(_CALLS):
                array @ x
            seconds[name].append((time.perf_counter() - start) / _CALLS)
    return {name: float(np.median(times)) for name, times in seconds.items()}


def overhead_line(seconds: dict[str, float]) -> str:
    """Return one line about the overhead for people.

    Examples
    --------
    >>> overhead_line({"hbp_array": 4.5e-6, "csr_array": 3e-6})
    'one A @ x with 100 rows: hbp_array 4.5 us, csr_array 3.0 us'
    """
    times = ", ".join(f"{name} {t * 1e6:.1f} us" for name, t in seconds.items())
    return f"one A @ x with {_SIDE**2} rows: {times}"
