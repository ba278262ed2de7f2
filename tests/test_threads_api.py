"""The thread count: its default, threadpoolctl, and Python threads that share an array."""

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from arrays import record_builds, sample

import hbpspmv
from hbpspmv import hbp_array
from hbpspmv._cache import ForkSafeLock


def test_set_and_get():
    for threads in (3, np.int64(1)):
        hbpspmv.set_num_threads(threads)
        assert hbpspmv.get_num_threads() == threads
    with pytest.raises(TypeError, match="num_threads must be an integer, not NoneType"):
        hbpspmv.set_num_threads(None)
    assert hbpspmv.get_num_threads() == 1


def run_python(code, **environment):
    done = subprocess.run(
        # -P: not the source tree, which has no compiled core.
        [sys.executable, "-P", "-c", code],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_environment_variable():
    code = "import hbpspmv; print(hbpspmv.get_num_threads())"
    assert run_python(code, HBPSPMV_NUM_THREADS="3") == "3"


threadpoolctl = pytest.importorskip("threadpoolctl", reason="threadpoolctl is not installed")


def our_pools():
    return [pool for pool in threadpoolctl.threadpool_info() if pool["user_api"] == "hbpspmv"]


def test_threadpoolctl_finds_the_pool():
    hbpspmv.set_num_threads(2)
    (pool,) = our_pools()
    assert pool["num_threads"] == 2
    assert pool["version"] == hbpspmv.__version__
    assert pool["prefix"] == "_hbpspmv_core"


def test_limits_nest():
    hbpspmv.set_num_threads(4)
    with threadpoolctl.threadpool_limits(3):
        assert hbpspmv.get_num_threads() == 3
        with threadpoolctl.threadpool_limits(1, user_api="hbpspmv"):
            assert hbpspmv.get_num_threads() == 1
            with threadpoolctl.threadpool_limits(1, user_api="blas"):
                assert hbpspmv.get_num_threads() == 1
        assert hbpspmv.get_num_threads() == 3
        with threadpoolctl.threadpool_limits({"hbpspmv": 2}):
            assert hbpspmv.get_num_threads() == 2
    assert hbpspmv.get_num_threads() == 4


def test_products_in_a_limit_use_it():
    S = sample((3000, 3000), 0.01)
    A = hbp_array(S)
    x = np.random.default_rng(0).standard_normal(3000)
    expected = A @ x
    with threadpoolctl.threadpool_limits(1):
        assert A.plan().info(measure_break_even=False)["num_threads"] == 1
        np.testing.assert_array_equal(A @ x, expected)


@pytest.mark.parametrize("first", ["threadpoolctl", "hbpspmv"])
def test_registered_in_any_order_of_imports(first):
    second = {"threadpoolctl": "hbpspmv", "hbpspmv": "threadpoolctl"}[first]
    code = f"""
import {first}
import {second}
import hbpspmv, threadpoolctl
hbpspmv.set_num_threads(4)
with threadpoolctl.threadpool_limits(2):
    print(hbpspmv.get_num_threads())
print(hbpspmv.get_num_threads())
"""
    assert run_python(code).split() == ["2", "4"]


def test_works_without_threadpoolctl():
    code = """
import sys
sys.modules["threadpoolctl"] = None
import importlib.util
find = importlib.util.find_spec
importlib.util.find_spec = lambda name: None if name == "threadpoolctl" else find(name)
import hbpspmv
print(hbpspmv.hbp_array([[2.0]]) @ [3.0])
"""
    assert run_python(code) == "[6.]"


def test_threads_that_share_an_array_build_one_plan(monkeypatch):
    builds = record_builds(monkeypatch)
    S = sample((2000, 2000), 0.01)
    A = hbp_array(S)
    x = np.random.default_rng(0).standard_normal(2000)
    start = threading.Barrier(6)

    def work(k):
        start.wait()
        return A @ x if k % 2 else A.T @ x

    with ThreadPoolExecutor(6) as pool:
        results = list(pool.map(work, range(6)))
    assert len(builds) == 2
    for k, y in enumerate(results):
        np.testing.assert_array_equal(y, A @ x if k % 2 else A.T @ x)


def test_threads_with_different_arrays():
    arrays = [hbp_array(sample((500, 400), 0.05, seed=seed)) for seed in range(4)]
    x = np.random.default_rng(0).standard_normal(400)
    expected = [hbp_array(A.copy()) @ x for A in arrays]
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda k: arrays[k % 4] @ x, range(80)))
    for k, y in enumerate(results):
        np.testing.assert_array_equal(y, expected[k % 4])


def _child(A, x, results):
    results.put((A @ x, A.T @ x, hbpspmv.hbp_array(A * 2) @ x))


@pytest.mark.skipif(
    "fork" not in multiprocessing.get_all_start_methods(), reason="this system cannot fork"
)
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_use_after_fork():
    A = hbp_array(sample((2000, 2000), 0.01))
    x = np.random.default_rng(0).standard_normal(2000)
    y = A @ x
    context = multiprocessing.get_context("fork")
    results = context.Queue()
    child = context.Process(target=_child, args=(A, x, results))
    child.start()
    forward, transposed, doubled = results.get(timeout=60)
    child.join(timeout=60)
    assert child.exitcode == 0
    np.testing.assert_array_equal(forward, y)
    np.testing.assert_array_equal(transposed, A.T @ x)
    np.testing.assert_array_equal(doubled, 2 * y)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_lock_held_by_another_thread_while_forking_is_free_in_the_child():
    lock = ForkSafeLock()
    held, done = threading.Event(), threading.Event()

    def hold():
        with lock:
            held.set()
            done.wait(60)

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait(60)
    child = os.fork()
    if child == 0:
        signal.alarm(30)  # an end for a child that waits for ever
        with lock:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    done.set()
    holder.join()
    assert status == 0


def test_products_inside_another_pool():
    A = hbp_array(sample((2000, 2000), 0.01))
    x = np.random.default_rng(0).standard_normal(2000)
    y = A @ x

    def outer(k):
        with ThreadPoolExecutor(2) as inner:
            return list(inner.map(lambda _: A @ x, range(3)))

    with ThreadPoolExecutor(3) as pool:
        for results in pool.map(outer, range(6)):
            for z in results:
                np.testing.assert_array_equal(z, y)
