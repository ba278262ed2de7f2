"""Times of calls on a device, by CUDA events, in rounds."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

Call = Callable[[], object]

TURN_SECONDS = 0.002
MOST_CALLS = 32

_FLUSH_BYTES = 256 << 20  # more than the second-level cache of any device so far
_FLUSHES = 4


class DeviceClock:
    """Seconds between two events around a call, in CuPy's current stream.

    Before the first event the device is given a buffer to write, several times: 1 GiB, some 300 us
    at 3 TB/s. Meanwhile the host enqueues what follows, so that the time is the device's, without
    that of the launches, unless the host takes longer or the call makes it wait for the device. It
    also empties the caches.

    Parameters
    ----------
    cupy : module
        CuPy.
    """

    def __init__(self, cupy: Any) -> None:
        self._cupy = cupy
        self._buffer = cupy.empty(_FLUSH_BYTES, np.uint8)
        self._begin, self._end = cupy.cuda.Event(), cupy.cuda.Event()

    def __call__(self, call: Call, prepare: Call) -> float:
        """Return the seconds of one call, after `prepare`, which is not counted."""
        for _ in range(_FLUSHES):
            self._buffer.fill(0)
        prepare()
        self._begin.record()
        call()
        self._end.record()
        self._end.synchronize()
        return float(self._cupy.cuda.get_elapsed_time(self._begin, self._end)) / 1e3


def time_in_rounds(
    calls: Mapping[str, tuple[Call, Call]], clock: Callable[[Call, Call], float], rounds: int
) -> dict[str, list[float]]:
    """Time calls against each other.

    In each round every call has one turn, which begins with an untimed one; they take turns in an
    order that rotates.

    Parameters
    ----------
    calls : mapping of str to (callable, callable)
        What to time, and what to do before each time.
    clock : callable
        Takes the two and returns seconds.
    rounds : int
        Number of rounds.

    Returns
    -------
    dict of str to list of float
        Seconds: the median of each round.
    """
    names = list(calls)
    seconds: dict[str, list[float]] = {name: [] for name in names}
    for turn in range(rounds):
        for i in range(len(names)):
            name = names[(turn + i) % len(names)]
            call, prepare = calls[name]
            clock(call, prepare)
            times: list[float] = []
            while len(times) < MOST_CALLS and sum(times) < TURN_SECONDS:
                times.append(clock(call, prepare))
            seconds[name].append(statistics.median(times))
    return seconds
