"""Limits: memory, thread counts, the affinity mask, odd buffers."""

import numpy as np
import pytest
from matrices import one_case
from plans import build, default_geometry, digest, geometries, product
from scripts import run_script


def test_a_build_without_memory_is_a_memory_error():
    body = """
    import resource
    n = 30_000_000
    indptr = np.array([0, n], np.int32)
    indices = np.zeros(n, np.int32)
    data = np.ones(n)
    build_small = lambda: core.build(indptr, indices, data, 1, 1, 8, 8, 8, 1)
    with open("/proc/self/statm") as statm:
        used = int(statm.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    resource.setrlimit(resource.RLIMIT_AS, (used + 2**25, resource.RLIM_INFINITY))
    try:
        build_small()
        print("built")
    except MemoryError:
        print("refused")
    resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    print(build_small().nnz)
    """
    assert run_script(body) == "refused\n30000000\n"


def test_plans_are_freed():
    body = """
    import resource
    def peak():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(5):
        product(build(a, geometry), x, 2)
    before = peak()
    for _ in range(40):
        product(build(a, geometry), x, 2)
    grown = (peak() - before) * 1024
    assert grown < 5 * build(a, geometry).nbytes, grown
    print("done")
    """
    assert run_script(body) == "done\n"


def test_more_threads_than_blocks_rows_or_cpus():
    for name in ("one_by_one", "no_rows", "one_row", "last_cell_only", "fem_3x3"):
        a = one_case(name).astype("float64")
        x = a.vector("float64")
        for shape in geometries(a).values():
            plan = build(a, shape, 200)
            assert digest(product(plan, x, 200)) == digest(product(plan, x, 1)), name


def test_affinity_mask_sets_the_default_thread_count():
    body = """
    import subprocess
    cpus = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, cpus[:1])
    report = "from hbpspmv import _hbpspmv_core as core; print(core.get_num_threads())"
    env = {k: v for k, v in os.environ.items() if k != "HBPSPMV_NUM_THREADS"}
    def ask(**more):
        return subprocess.run([sys.executable, "-P", "-c", report], env={**env, **more},
                              capture_output=True, text=True, check=True).stdout.strip()
    print(ask(), ask(HBPSPMV_NUM_THREADS="3"))
    """
    assert run_script(body) == "1 3\n"


def test_misaligned_and_read_only_arrays():
    # The core is told by its binding what it may get; whatever it accepts must be right.
    a = one_case("uniform_random").astype("float64")
    x = a.vector("float64")
    plan = build(a, default_geometry(a))
    expected = product(plan, x, 1)
    frozen = x.copy()
    frozen.flags.writeable = False
    assert np.array_equal(product(plan, frozen, 2), expected)
    y = np.empty(a.shape[0])
    y.flags.writeable = False
    with pytest.raises((TypeError, ValueError)):
        plan.spmv(x, y, 1.0, 0.0, 1)
    raw = np.empty(x.nbytes + 1, np.uint8)
    misaligned = raw[1:].view(np.float64)
    misaligned[:] = x
    assert np.array_equal(product(plan, misaligned, 2), expected)
