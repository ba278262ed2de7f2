"""The scripts of benchmarks/regroup_cuda for its tests, with NumPy in CuPy's place."""

from contextlib import contextmanager
from types import SimpleNamespace

import numpy as np
from benchmark_scripts import BENCHMARKS, benchmark_scripts
from scipy.sparse import csr_array

ROOT = BENCHMARKS.parent
FOLDER = BENCHMARKS / "regroup_cuda"
NAMES = (
    *("block_rows", "order_quality", "group_cuts", "sorted_orders", "device_clock", "ordering"),
    *("order_kernel", "regroup_cuda_report", "device_builds", "run_regroup_cuda"),
)


@contextmanager
def scripts():
    """The modules of the experiment by their names."""
    with benchmark_scripts("regroup_cuda", *NAMES) as modules:
        yield SimpleNamespace(**dict(zip(NAMES, modules, strict=True)))


def skewed(shape=(1500, 900), density=0.02):
    """Rows of very different lengths, some empty, some of more than 128 entries."""
    rng = np.random.default_rng(11)
    dense = rng.random(shape) < density * rng.pareto(1.0, shape[0])[:, None]
    dense[::7] = False
    dense[5] = True
    return csr_array(dense.astype(float))


def order_by_hash(length):
    """What the kernel does, by NumPy: rows by class, then by number; behind them nothing valid."""
    key = np.where(length == 0, 1000, np.minimum(length, 128))
    order = np.argsort(key, axis=1, kind="stable").astype(np.uint16)
    order[np.arange(order.shape[1]) >= (length > 0).sum(axis=1)[:, None]] = 0xFFFF
    return order


def measure(experiment, matrix, geometry=("paper", 512, 4096, 32), kernel=order_by_hash):
    """The experiment on one matrix, every time 1 second; and what was timed."""

    def hash_kernel(length):
        return lambda: kernel(length)

    calls = []

    def clock(call, prepare):
        prepare()
        call()
        calls.append(call)
        return 1.0

    found = experiment.ordering.measure_orders(
        matrix, geometry, 1 << 22, np, hash_kernel, clock, rounds=3
    )
    return found, calls
