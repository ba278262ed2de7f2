"""The clock: products timed in rounds, so that every contender meets the same conditions."""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hbpspmv.suite.machine import usable_cpus

Product = Callable[[], object]

_PRIVATE_CACHE = 4 << 20  # more than the caches that one core has to itself


@dataclass(frozen=True)
class Schedule:
    """How often to time and how long to take for it.

    Attributes
    ----------
    budget_seconds : float
        Time to spend on all contenders of one matrix together; `min_rounds` may exceed it.
    min_rounds, max_rounds : int
        Limits of the number of rounds.
    min_products, max_products : int
        Limits of the timed products in one turn.
    turn_seconds : float
        Products are repeated within a turn until they add up to this.
    pause_seconds : float
        Rest before each turn. Worker threads spin for some time after a product (here up to a few
        milliseconds); without the rest they would take a core from the next contender.
    """

    budget_seconds: float = 4.0
    min_rounds: int = 5
    max_rounds: int = 31
    min_products: int = 4
    max_products: int = 64
    turn_seconds: float = 0.002
    pause_seconds: float = 0.008


QUICK = Schedule(budget_seconds=0.5, min_rounds=3, max_rounds=7)


class Clock:
    """The wall clock, for products that have finished when they return."""

    def now(self) -> float:
        """Return seconds of which differences count, all work before this call being done."""
        return time.perf_counter()

    def copies(self, nbytes: int) -> int:
        """Return among how many copies of vectors of `nbytes` together products take turns."""
        return 1

    def turn(self, product: Product, count: int, flush: Product | None) -> list[int]:
        """Return the nanoseconds of `count` products of one turn.

        Parameters
        ----------
        product : callable
            What to time. One untimed call comes first, unless there is a `flush`.
        count : int
            Number of timed calls.
        flush : callable or None
            Called before each timed product to empty the caches.
        """
        clock = time.perf_counter_ns
        times = []
        if flush is None:
            product()
        for _ in range(count):
            if flush is not None:
                flush()
            start = clock()
            product()
            times.append(clock() - start)
        return times


WALL_CLOCK = Clock()


def time_in_rounds(
    products: Sequence[Product],
    schedule: Schedule,
    flush: Product | None = None,
    clock: Clock = WALL_CLOCK,
    after_turn: Callable[[int], object] | None = None,
) -> list[list[list[int]]]:
    """Time products against each other.

    In each round every product has one turn: one untimed call, so that it meets its own cache
    state as in an iterative solver, then the timed ones. The order rotates from round to round.

    Parameters
    ----------
    products : sequence of callables
        What to time; each has been called before (compiled, pages touched).
    schedule : Schedule
        Budget and limits.
    flush : callable, optional
        Called before every timed product to empty the caches; replaces the untimed call.
    clock : Clock, optional
        Times a turn.
    after_turn : callable, optional
        Called after each turn with the position in `products` of the one whose turn it was.

    Returns
    -------
    list of list of list of int
        Nanoseconds, by product, round and timed call.
    """
    samples: list[list[list[int]]] = [[] for _ in products]
    if not products:
        return samples
    collecting = gc.isenabled()
    gc.disable()
    try:
        estimates = [_seconds(product, schedule, clock) for product in products]
        repeats = [
            int(np.clip(schedule.turn_seconds / t, schedule.min_products, schedule.max_products))
            for t in estimates
        ]
        flush_seconds = _seconds(flush, schedule, clock) if flush else 0.0
        round_seconds = sum(
            schedule.pause_seconds + t * (n + 1) + flush_seconds * n
            for t, n in zip(estimates, repeats, strict=True)
        )
        rounds = int(
            np.clip(
                schedule.budget_seconds / round_seconds, schedule.min_rounds, schedule.max_rounds
            )
        )
        for round_number in range(rounds):
            for turn in range(len(products)):
                i = (turn + round_number) % len(products)
                time.sleep(schedule.pause_seconds)
                samples[i].append(clock.turn(products[i], repeats[i], flush))
                if after_turn is not None:
                    after_turn(i)
    finally:
        if collecting:
            gc.enable()
    return samples


def _seconds(product: Product, schedule: Schedule, clock: Clock) -> float:
    """Return a first estimate: the faster of two calls after a rest."""
    time.sleep(schedule.pause_seconds)
    return max(min(clock.turn(product, 2, None)) / 1e9, 1e-7)


def cache_flusher(nbytes: int) -> Product:
    """Return a function that pushes other data out of every cache by writing `nbytes`.

    A core's own cache is emptied only by that core, so each CPU writes a part of the buffer.

    Parameters
    ----------
    nbytes : int
        More than the size of the last-level cache.
    """
    cpus = usable_cpus()
    part = max(nbytes // len(cpus), _PRIVATE_CACHE)
    buffers = [np.zeros(part // 8, dtype=np.int64) for _ in cpus]
    pool = ThreadPoolExecutor(len(cpus))

    def write(cpu: int, buffer: NDArray[np.int64]) -> None:
        if hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(0, {cpu})  # of this thread alone
        np.add(buffer, 1, out=buffer)

    def flush() -> None:
        list(pool.map(write, cpus, buffers))

    return flush
