"""The machine's ceilings: read bandwidth by working set and random reads by cache, measured."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

import hbpspmv._hbpspmv_core as core

SECONDS = 0.03  # per point: thirty shots of a millisecond, the best counts
_SMALLEST = 1 << 18  # below, the start of the threads would be measured
_TURN_SECONDS = 0.02  # of a reading after a product's turn
_BEYOND_CACHES = 4  # times the last level: no cache holds a noticeable part of it


@dataclass(frozen=True)
class Ceilings:
    """What some threads reach on this machine.

    Attributes
    ----------
    threads : int
        How many.
    cache_bytes : tuple of int
        What each level of cache holds for one of the threads, all of the last level included.
    bandwidth : tuple of (int, float)
        Working set in bytes and bytes read per second, from small to large.
    random_seconds : tuple of float
        Seconds per random read of a line from the vector x, all threads together: when x fits
        into each level of cache, then from memory.
    """

    threads: int
    cache_bytes: tuple[int, ...]
    bandwidth: tuple[tuple[int, float], ...]
    random_seconds: tuple[float, ...]

    def bandwidth_at(self, nbytes: float) -> float:
        """Return the bytes per second for a working set, interpolated between measured sizes."""
        sizes, rates = zip(*self.bandwidth, strict=True)
        return float(np.interp(np.log2(max(nbytes, 1)), np.log2(sizes), rates))

    def fits_cache(self, nbytes: float) -> bool:
        """Return whether a working set stays in the last level of cache."""
        return nbytes <= self.cache_bytes[-1]

    def with_memory_bandwidth(self, rate: float) -> Ceilings:
        """Return the same with `rate` for the largest working set, and others that no cache holds
        in proportion."""
        factor = rate / self.bandwidth[-1][1]
        points = ((n, r if self.fits_cache(n) else r * factor) for n, r in self.bandwidth)
        return replace(self, bandwidth=tuple(points))

    @property
    def levels(self) -> list[tuple[str, float]]:
        """Name and bandwidth, in bytes per second, of each level beyond L1."""
        shared = [size * self.threads for size in self.cache_bytes[1:-1]]
        sizes = [*shared, *self.cache_bytes[-1:], self.bandwidth[-1][0]]
        names = [f"L{i + 2}" for i in range(len(sizes) - 1)]
        # Half of a cache lies well within it; the next lower one holds little of that.
        reads = [self.bandwidth_at(size / 2) for size in sizes[:-1]] + [self.bandwidth[-1][1]]
        return list(zip([*names, "memory"], reads, strict=True))


class MemoryTurns:
    """Reads the memory after each turn of a product that no cache holds.

    What other machines on the host leave of its bandwidth drifts within seconds.

    Parameters
    ----------
    limits : sequence of Ceilings
        Of each product. A reading takes their largest working set.
    nbytes : sequence of float
        What each product moves.

    Attributes
    ----------
    rates : list of list of float
        Bytes per second after each turn of each product; none where a cache holds its bytes.
    """

    def __init__(self, limits: Sequence[Ceilings], nbytes: Sequence[float]) -> None:
        self._limits = limits
        self._nbytes = nbytes
        self.rates: list[list[float]] = [[] for _ in limits]

    def take(self, product: int) -> None:
        """Measure with as many threads as this product uses, if no cache holds its bytes."""
        limits = self._limits[product]
        if not limits.fits_cache(self._nbytes[product]):
            largest, _ = limits.bandwidth[-1]
            self.rates[product].append(core.read_bandwidth(largest, limits.threads, _TURN_SECONDS))

    def ceilings(self, product: int) -> Ceilings:
        """Return this product's ceilings, with the median of its readings as that of memory."""
        rates = self.rates[product]
        limits = self._limits[product]
        return limits.with_memory_bandwidth(statistics.median(rates)) if rates else limits


def measure_ceilings(machine: dict[str, Any], threads: int, seconds: float = SECONDS) -> Ceilings:
    """Measure for some threads, in about a second.

    Parameters
    ----------
    machine : dict
        As `describe_machine` returns it; unknown cache sizes are assumed.
    threads : int
        How many read at the same time.
    seconds : float, optional
        Time per measured point.
    """
    caches = cache_sizes(machine)
    largest = _BEYOND_CACHES * caches[-1]
    if machine["memory_bytes"]:
        largest = min(largest, machine["memory_bytes"] // 8)
    sizes = [_SMALLEST]
    while sizes[-1] < largest:
        sizes.append(2 * sizes[-1])
    return Ceilings(
        threads,
        caches,
        tuple((size, core.read_bandwidth(size, threads, seconds)) for size in sizes),
        _random_seconds(
            (*(size // 2 for size in caches[:-1]), caches[-1] // 4, largest), threads, seconds
        ),
    )


def cache_sizes(machine: dict[str, Any]) -> tuple[int, ...]:
    """Return the bytes of L1, L2 and L3; a level that is not known has an ordinary size."""
    return (
        machine["l1d_bytes"] or 32 << 10,
        machine["l2_bytes"] or 1 << 20,
        machine["l3_bytes"] or 16 << 20,
    )


def _random_seconds(sizes: Sequence[int], threads: int, seconds: float) -> tuple[float, ...]:
    return tuple(1 / core.random_read_rate(size, threads, seconds) for size in sizes)


def ceilings_line(ceilings: Ceilings) -> str:
    """Return one line about the bandwidth for people.

    Examples
    --------
    >>> caches, random = (1 << 15, 1 << 20, 1 << 23), (1e-9, 2e-9, 4e-9, 9e-9)
    >>> c = Ceilings(2, caches, ((1 << 18, 9e10), (1 << 26, 2e10)), random)
    >>> ceilings_line(c)
    'read bandwidth of 2 threads: L2 72.5, L3 55.0, memory 20.0 GB/s'
    """
    threads = "1 thread" if ceilings.threads == 1 else f"{ceilings.threads} threads"
    rates = ", ".join(f"{name} {rate / 1e9:.1f}" for name, rate in ceilings.levels)
    return f"read bandwidth of {threads}: {rates} GB/s"
