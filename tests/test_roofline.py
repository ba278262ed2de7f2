"""The roofline: measured ceilings, the model of a product's limits, and what goes into it."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_array

from hbpspmv import _hbpspmv_core as core
from hbpspmv.suite.ceilings import Ceilings, MemoryTurns, measure_ceilings
from hbpspmv.suite.measure import measure_matrix
from hbpspmv.suite.peers import OURS
from hbpspmv.suite.peers.scipy_csr import ScipyCsr
from hbpspmv.suite.roofline import misses_of_x, roofline
from hbpspmv.suite.timing import Schedule
from hbpspmv.suite.traffic import csr_nbytes
from hbpspmv.suite.values import count_distinct

KIB, MIB = 1 << 10, 1 << 20
CEILINGS = Ceilings(
    threads=2,
    cache_bytes=(32 * KIB, MIB, 16 * MIB),
    bandwidth=((MIB // 4, 100e9), (64 * MIB, 20e9)),
    random_seconds=(1e-9, 2e-9, 4e-9, 10e-9),
)


# ---- ceilings --------------------------------------------------------------------------------


@pytest.mark.parametrize("measure", [core.read_bandwidth, core.random_read_rate])
@pytest.mark.parametrize("threads", [1, 2, 7])
def test_rates_are_those_of_a_computer(measure, threads):
    for nbytes in (1, 64, 100, 4096, 12345, MIB):
        assert 1e5 < measure(nbytes, threads, 1e-4) < 1e15


@pytest.mark.parametrize("arguments", [(0, 1), (-5, 1), (64, 0)])
def test_rates_of_nothing_are_refused(arguments):
    for measure in (core.read_bandwidth, core.random_read_rate):
        with pytest.raises(ValueError, match="must be positive"):
            measure(*arguments, 1e-4)


def test_machine_with_unknown_sizes_is_measured_too():
    unknown = dict.fromkeys(("l1d_bytes", "l2_bytes", "l3_bytes", "memory_bytes"), 0)
    ceilings = measure_ceilings({**unknown, "memory_bytes": 8 * MIB}, 2, seconds=1e-4)
    assert ceilings.threads == 2
    assert len(ceilings.random_seconds) == len(ceilings.cache_bytes) + 1
    sizes = [size for size, _ in ceilings.bandwidth]
    assert sizes == sorted(sizes)
    assert [name for name, _ in ceilings.levels] == ["L2", "L3", "memory"]


def test_bandwidth_is_interpolated_between_measured_sizes_and_constant_beyond():
    assert CEILINGS.bandwidth_at(MIB // 4) == 100e9
    assert CEILINGS.bandwidth_at(4 * MIB) == pytest.approx(60e9)
    assert CEILINGS.bandwidth_at(1) == CEILINGS.bandwidth_at(0) == 100e9
    assert CEILINGS.bandwidth_at(1 << 40) == 20e9


def test_another_bandwidth_of_the_memory_leaves_the_caches_alone():
    points = ((MIB // 4, 100e9), (16 * MIB, 80e9), (32 * MIB, 40e9), (64 * MIB, 20e9))
    ceilings = replace(CEILINGS, bandwidth=points).with_memory_bandwidth(30e9)
    assert [rate for _, rate in ceilings.bandwidth] == [100e9, 80e9, 60e9, 30e9]
    assert ceilings.random_seconds == CEILINGS.random_seconds


def test_memory_is_read_after_turns_that_no_cache_holds_and_the_median_counts(monkeypatch):
    reads = iter([(2, 10e9), (1, 7e9), (2, 12e9), (1, 5e9), (2, 50e9), (1, 6e9)])

    def read_bandwidth(nbytes, threads, seconds):
        expected_threads, rate = next(reads)
        assert (nbytes, threads) == (64 * MIB, expected_threads)
        return rate

    monkeypatch.setattr("hbpspmv.suite.ceilings.core.read_bandwidth", read_bandwidth)
    one = replace(CEILINGS, threads=1)
    in_cache = CEILINGS.cache_bytes[-1]
    turns = MemoryTurns([CEILINGS, one, CEILINGS], [in_cache + 1, in_cache + 1, in_cache])
    for _ in range(3):
        for product in range(3):
            turns.take(product)
    assert turns.rates == [[10e9, 12e9, 50e9], [7e9, 5e9, 6e9], []]
    assert [turns.ceilings(i).bandwidth_at(1 << 40) for i in range(3)] == [12e9, 6e9, 20e9]


@pytest.mark.parametrize("cache_bytes", [1, 16 * MIB])
def test_what_no_cache_holds_is_weighed_against_the_memory_of_its_turns(cache_bytes, monkeypatch):
    ceilings = replace(CEILINGS, threads=1, cache_bytes=(1, 1, cache_bytes))
    matrix = csr_array(np.tri(100))
    schedule = Schedule(budget_seconds=0, min_rounds=3, pause_seconds=0, turn_seconds=0)
    rates = itertools.cycle((30e9, 30e9, 50e9, 50e9, 40e9, 40e9))
    monkeypatch.setattr("hbpspmv.suite.ceilings.core.read_bandwidth", lambda *_: next(rates))
    measured = measure_matrix(matrix, [OURS, ScipyCsr], 1, schedule, {1: ceilings})
    for m in measured.values():
        if cache_bytes > 1:
            assert m.memory_bandwidth is None
        else:
            assert m.memory_bandwidth == 40e9
            nbytes = m.gbytes_per_second * m.seconds * 1e9
            rates = zip(m.round_medians, (30e9, 50e9, 40e9), strict=True)
            shares = [nbytes / seconds / rate for seconds, rate in rates]
            assert m.bandwidth_share == pytest.approx(np.median(shares))


# ---- reads of x ------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.int32, np.int64])
def test_sequential_reads_are_prefetched_and_scattered_ones_miss(dtype):
    # 8 doubles a line: a walk misses its first line only.
    assert core.x_misses(np.arange(80_000, dtype=dtype), 8, [KIB, 4 * KIB]) == [1, 1]
    # Every tenth line: no line has a neighbour in a cache, and no line comes back.
    assert core.x_misses(np.arange(0, 80_000, 80, dtype=dtype), 8, [KIB, 4 * KIB]) == [1000, 1000]


def test_cache_serves_what_it_holds():
    lines = np.tile(np.arange(0, 16 * 24, 24, dtype=np.int32), 10)  # 16 lines = 1 KiB, ten times
    assert core.x_misses(lines, 8, [4 * KIB, 64 * KIB]) == [16, 16]
    assert core.x_misses(lines, 8, [512, 4 * KIB]) == [160, 16]


def test_least_recently_used_line_goes_first():
    def misses(*lines):
        return core.x_misses(np.array(lines, np.int32) * 8, 8, [512])[0]  # one set of 8 lines

    eight = tuple(range(0, 80, 10))
    assert misses(*eight, *eight) == 8
    assert misses(*eight, 0, 99, 0) == 9  # 99 drove out 10
    assert misses(*eight, 0, 99, 10) == 10


def test_reads_of_x_refuse_other_dtypes_and_take_none():
    assert core.x_misses(np.array([], np.int32), 8, [KIB]) == [0]
    with pytest.raises(TypeError, match="int32 or int64"):
        core.x_misses(np.array([1.0]), 8, [KIB])


# ---- the model -------------------------------------------------------------------------------


def test_memory_bound_is_bytes_over_bandwidth():
    limits = roofline(0, 4 * MIB, [0, 0, 0], CEILINGS)
    assert limits.bound == "memory"
    assert limits.seconds == pytest.approx(4 * MIB / 60e9)


def test_gather_bound_counts_each_read_where_it_is_served():
    limits = roofline(1000, 20 * MIB, [50_000, 30_000, 10_000], CEILINGS)
    assert limits.gather == pytest.approx(20_000 * 2e-9 + 20_000 * 4e-9 + 10_000 * 10e-9)


@pytest.mark.parametrize(
    ("nbytes", "seconds"),
    [
        (64 * KIB, 0),  # in the L1 of two threads
        (2 * MIB, 50_000 * 2e-9),  # in their L2
        (16 * MIB, 20_000 * 2e-9 + 30_000 * 4e-9),  # in L3
    ],
)
def test_nothing_comes_from_farther_away_than_where_all_fits(nbytes, seconds):
    limits = roofline(0, nbytes, [50_000, 30_000, 10_000], CEILINGS)
    assert limits.gather == pytest.approx(seconds)


def test_instruction_bound_counts_elements_with_a_load_of_their_own():
    limits = roofline(10**6, MIB, [0, 0, 0], CEILINGS)
    assert (limits.bound, limits.seconds) == ("instructions", pytest.approx(1e-3))


def test_misses_are_those_of_half_of_each_cache():
    matrix = csr_array(np.eye(3))
    assert misses_of_x(matrix, CEILINGS) == core.x_misses(
        matrix.indices, 8, [16 * KIB, MIB // 2, 8 * MIB]
    )


def test_storage_counts_bytes_and_loads():
    matrix = csr_array(np.arange(1.0, 40_001).reshape(100, 400))
    matrix.indices, matrix.indptr = matrix.indices.astype("i4"), matrix.indptr.astype("i4")
    plain = ScipyCsr(matrix, 1).storage(matrix)
    assert (plain.nbytes, plain.gathers, plain.encodings) == (csr_nbytes(matrix), 40_000, {})
    ours = OURS(matrix, 1).storage(matrix)
    assert 40_000 * 8 < ours.nbytes < plain.nbytes
    # Rows with equal columns store them once.
    assert 0 < ours.gathers <= 40_000
    assert sum(ours.encodings.values()) >= 1


@pytest.mark.parametrize(
    ("values", "count"),
    [
        ([], 0),
        ([1.0], 1),
        ([0.0, -0.0, np.nan, np.nan], 3),
        (np.arange(256.0), 256),
        (np.arange(257.0), 257),
        (np.arange(10_000.0), 257),
        (np.concatenate((np.ones(200_000), np.arange(300.0))), 257),
        (np.concatenate((np.ones(200_000), np.arange(100.0))), 100),
    ],
)
@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64"])
def test_distinct_values_are_counted_up_to_a_limit(values, count, dtype):
    assert count_distinct(np.asarray(values, dtype)) == count


def test_parts_of_wide_complex_values_count_on_their_own():
    assert count_distinct(np.array([1 + 2j, 2 + 1j])) == 2
    assert count_distinct(np.arange(300) * 1j) == 257
