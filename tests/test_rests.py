"""Products after a rest: sleeping threads are woken where that pays or the call names them."""

import os
from pathlib import Path

import pytest
from scripts import run_script

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/task").is_dir() or len(os.sched_getaffinity(0)) < 2,
    reason="needs /proc and two CPUs",
)

# How often the pool's threads have gone to sleep: one that is woken does so once more.
COUNT = """
import time
import numpy as np
import scipy.sparse as sparse
import hbpspmv

def slept():
    total = 0
    for task in os.listdir("/proc/self/task"):
        if task not in before:
            with open(f"/proc/self/task/{task}/status") as file:
                total += sum(int(line.split()[1]) for line in file if line.startswith("voluntary"))
    return total

def woken_by(product):
    time.sleep(0.1)
    count = slept()
    product()
    time.sleep(0.1)
    return slept() > count

def planned(nnz):
    row_length = 10
    indices = np.random.default_rng(0).integers(0, nnz // row_length, nnz)
    indptr = np.arange(0, nnz + 1, row_length)
    n = nnz // row_length
    matrix = hbpspmv.hbp_array(sparse.csr_array((np.ones(nnz), indices, indptr), (n, n)))
    matrix.plan(expected_calls=1000)
    return matrix, np.ones(n)

hbpspmv.set_num_threads(2)
before = set(os.listdir("/proc/self/task"))
small, x = planned(100_000)
large, z = planned(1_000_000)
large @ z
assert set(os.listdir("/proc/self/task")) > before
"""


def test_a_small_product_after_a_rest_wakes_no_thread():
    assert run_script("print(woken_by(lambda: small @ x))", COUNT) == "False\n"


def test_a_large_product_after_a_rest_wakes_threads():
    assert run_script("print(woken_by(lambda: large @ z))", COUNT) == "True\n"


def test_a_product_wakes_the_threads_that_its_call_names():
    body = "print(woken_by(lambda: hbpspmv.spmv(small, x, num_threads=2)))"
    assert run_script(body, COUNT) == "True\n"


def test_a_product_with_many_vectors_wakes_threads():
    body = "print(woken_by(lambda: small @ np.ones((x.size, 8))))"
    assert run_script(body, COUNT) == "True\n"
