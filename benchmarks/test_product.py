"""Time of one product y = A @ x, every matrix by every contender.

Run `pytest benchmarks --benchmark-group-by=param:matrix`. The contenders are those of
``hbpspmv bench``; that command times them in rounds against each other and is what published
figures come from, while this one plugs into pytest-benchmark's comparisons between commits.
"""

from __future__ import annotations

import time

import numpy as np
import pytest

from hbpspmv.suite.reference import reference_product
from hbpspmv.suite.timing import Schedule
from hbpspmv.suite.traffic import flops, product_nbytes
from hbpspmv.suite.vectors import aligned_empty, random_vector

COLD_ROUNDS = 20  # each flush takes longer than most products


@pytest.mark.benchmark(warmup=True, warmup_iterations=2, disable_gc=True, max_time=0.3)
def test_product(benchmark, installed, matrix, threads, flush):
    peer = installed(matrix, threads)
    x = random_vector(matrix.shape[1], matrix.dtype)
    y = aligned_empty(matrix.shape[0], matrix.dtype)
    y[:] = np.nan
    assert reference_product(matrix, x).error(peer.multiply(x, y)) == ""
    time.sleep(Schedule().pause_seconds)  # until the workers of the contender before have parked
    if flush is None:
        benchmark(peer.multiply, x, y)
    else:
        benchmark.pedantic(peer.multiply, (x, y), setup=flush, rounds=COLD_ROUNDS)
    nbytes = product_nbytes(peer.storage(matrix).nbytes, matrix.shape, matrix.dtype.itemsize)
    benchmark.extra_info.update(
        kernel=peer.kernel,
        threads=threads,
        nnz=int(matrix.nnz),
        flops=flops(matrix.nnz, matrix.dtype),
        nbytes=nbytes,
    )
    peer.close()
