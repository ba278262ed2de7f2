"""Several Python threads at once: the same plan, different plans, pools inside pools, exit."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from closeness import assert_close
from matrices import one_case
from plans import build, csr_product, default_geometry, digest, product
from scripts import run_script

from hbpspmv import _hbpspmv_core as core


@pytest.mark.parametrize("threads", [1, 2, 7])
def test_python_threads_with_the_same_plan(threads):
    a = one_case("power_law_scattered").astype("float64")
    plan = build(a, default_geometry(a))
    vectors = [a.vector("float64", seed) for seed in range(6)]
    expected = [digest(product(plan, x, 1)) for x in vectors]
    with ThreadPoolExecutor(4) as pool:
        got = list(pool.map(lambda i: digest(product(plan, vectors[i % 6], threads)), range(120)))
    assert got == [expected[i % 6] for i in range(120)]


def test_python_threads_with_different_plans():
    cases = [one_case(name).astype("float64") for name in
             ("power_law_scattered", "fem_3x3", "uniform_random", "wide", "tall")]  # fmt: skip
    built = [build(a, default_geometry(a)) for a in cases]
    vectors = [a.vector("float64") for a in cases]
    expected = [digest(product(plan, x, 1)) for plan, x in zip(built, vectors, strict=True)]
    n = len(cases)
    with ThreadPoolExecutor(4) as pool:
        got = list(
            pool.map(lambda i: digest(product(built[i % n], vectors[i % n], 1 + i % 4)), range(200))
        )
    assert got == [expected[i % n] for i in range(200)]


def test_python_threads_build_and_multiply_at_once():
    a = one_case("power_law_scattered").astype("float32")
    x = a.vector("float32")
    shape = default_geometry(a)
    expected = digest(product(build(a, shape), x, 1))

    def work(i: int) -> str:
        if i % 3 == 0:
            return digest(product(build(a, shape, 2), x, 2))
        if i % 3 == 1:
            plan = build(a, shape, 7)
            plan.update(a.data)
            return digest(product(plan, x, 7))
        assert_close(csr_product(a, x, 2), a, x, what="csr")
        return expected

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(work, range(24))) == {expected}


def test_thread_count_changes_while_others_multiply():
    a = one_case("power_law_scattered").astype("float64")
    x = a.vector("float64")
    plan = build(a, default_geometry(a))
    expected = digest(product(plan, x, 1))

    def work(i: int) -> str:
        if i % 5 == 0:
            core.set_num_threads(1 + i % 6)
        return digest(product(plan, x, 0))

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(work, range(150))) == {expected}


def test_the_gil_is_released():
    # While one thread is inside products, another one of Python's runs: it counts.
    body = """
    import time
    plan = build(a, geometry)
    y = np.empty(a.shape[0])
    sys.setswitchinterval(1000)              # only a released GIL lets the other thread run
    counted = 0
    done = False
    def count():
        global counted
        while not done:
            counted += 1
            time.sleep(0)
    other = threading.Thread(target=count)
    other.start()
    for _ in range(50):
        plan.spmv(x, y, 1.0, 0.0, 2)
    seen = counted
    done = True
    other.join()
    assert seen > 10, seen
    print("done")
    """
    assert run_script(body) == "done\n"


def test_nested_call_from_inside_a_thread_pool():
    # Each worker asks for more threads than there are CPUs while all the others do.
    a = one_case("power_law_scattered").astype("float64")
    x = a.vector("float64")
    plan = build(a, default_geometry(a))
    expected = digest(product(plan, x, 1))

    def outer(_: int) -> set[str]:
        with ThreadPoolExecutor(3) as inner:
            return set(inner.map(lambda _: digest(product(plan, x, 7)), range(6)))

    with ThreadPoolExecutor(3) as pool:
        assert set().union(*pool.map(outer, range(6))) == {expected}


def test_call_from_a_thread_that_ends():
    # Nothing of the pool may belong to the thread that happened to use it first.
    body = """
    plan = build(a, geometry)
    found = []
    for _ in range(30):
        worker = threading.Thread(target=lambda: found.append(digest(product(plan, x, 7))))
        worker.start()
        worker.join()
    assert len(found) == 30 and len(set(found)) == 1
    print("done")
    """
    assert run_script(body) == "done\n"


def test_interpreter_exit_while_the_pool_spins():
    body = """
    plan = build(a, geometry)
    product(plan, x, 7)
    print("done")
    """
    for _ in range(5):
        assert run_script(body) == "done\n"
