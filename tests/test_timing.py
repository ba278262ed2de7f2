"""The clock of the benchmark: turns, rounds, budgets and cold caches."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from hbpspmv.suite import machine, timing
from hbpspmv.suite.timing import Schedule, cache_flusher, time_in_rounds


class Clock:
    """A clock that advances only when a product says so."""

    def __init__(self, monkeypatch):
        self.now = 0
        self.log = []
        monkeypatch.setattr(timing.time, "perf_counter_ns", lambda: self.now)
        monkeypatch.setattr(timing.time, "sleep", lambda s: self.log.append("pause"))

    def product(self, name, nanoseconds):
        def run():
            self.log.append(name)
            self.now += nanoseconds

        return run


def test_every_turn_is_a_pause_one_untimed_product_then_timed_ones(monkeypatch):
    clock = Clock(monkeypatch)
    products = [clock.product("a", 5_000_000), clock.product("b", 7_000_000)]
    schedule = Schedule(budget_seconds=0, min_rounds=2, max_rounds=9)
    samples = time_in_rounds(products, schedule)
    turns = [
        (name, len(list(calls))) for name, calls in itertools.groupby(clock.log) if name != "pause"
    ]
    # Two calls after a warm-up estimate each; then two rounds, the second in turned order.
    assert turns[:2] == [("a", 3), ("b", 3)]
    assert turns[2:] == [("a", 5), ("b", 5), ("b", 5), ("a", 5)]
    assert clock.log.count("pause") == 6
    assert samples == [[[5_000_000] * 4] * 2, [[7_000_000] * 4] * 2]


def test_short_products_are_repeated_within_a_turn(monkeypatch):
    clock = Clock(monkeypatch)
    schedule = Schedule(budget_seconds=0, min_rounds=1, turn_seconds=1e-3, max_products=50)
    long, short, tiny = (clock.product(str(ns), ns) for ns in (10**6, 10**5, 10**2))
    samples = time_in_rounds([long, short, tiny], schedule)
    assert [len(rounds[0]) for rounds in samples] == [4, 10, 50]


def test_rounds_follow_the_budget_within_their_limits(monkeypatch):
    clock = Clock(monkeypatch)
    product = clock.product("a", 10**8)  # a round takes (4 + 1) x 0.1 s
    for budget, rounds in ((0.1, 3), (2.6, 5), (100, 8)):
        schedule = Schedule(
            budget_seconds=budget, min_rounds=3, max_rounds=8, pause_seconds=0, turn_seconds=0
        )
        assert len(time_in_rounds([product], schedule)[0]) == rounds


def test_something_else_takes_a_turn_after_each_turn(monkeypatch):
    clock = Clock(monkeypatch)
    products = [clock.product(name, 10**7) for name in "ab"]
    schedule = Schedule(budget_seconds=0, min_rounds=3, pause_seconds=0, turn_seconds=0)
    time_in_rounds(products, schedule, after_turn=lambda i: clock.log.append("AB"[i]))
    calls = "".join(entry[0] for entry in clock.log if entry != "pause")
    assert calls.endswith("aaaaaAbbbbbBbbbbbBaaaaaAaaaaaAbbbbbB")


def test_cold_timing_flushes_before_every_timed_product(monkeypatch):
    clock = Clock(monkeypatch)
    schedule = Schedule(budget_seconds=0, min_rounds=1, pause_seconds=0)
    samples = time_in_rounds([clock.product("a", 10**7)], schedule, clock.product("flush", 10**9))
    calls = [entry for entry in clock.log if entry != "pause"]
    assert calls[-8:] == ["flush", "a"] * 4
    assert samples == [[[10**7] * 4]]


def test_nothing_to_time_and_garbage_collection_restored():
    assert time_in_rounds([], Schedule()) == []
    assert timing.gc.isenabled()

    def fails():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        time_in_rounds([fails], Schedule())
    assert timing.gc.isenabled()


def test_cache_flusher_writes_on_every_cpu(monkeypatch):
    seen = []
    original = np.zeros
    monkeypatch.setattr(
        timing.np, "zeros", lambda *args, **kw: seen.append(original(*args, **kw)) or seen[-1]
    )
    affinity = machine.usable_cpus()
    flush = cache_flusher(1 << 24)
    flush()
    flush()
    assert len(seen) == len(affinity)
    assert sum(part.nbytes for part in seen) >= 1 << 24
    assert all((part == 2).all() for part in seen)
    assert machine.usable_cpus() == affinity  # the caller is not pinned
