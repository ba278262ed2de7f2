"""Products are within the per-row bound: battery x dtype x geometry x threads."""

import numpy as np
import pytest
from closeness import assert_close, exact_product
from matrices import CASES, DTYPES, one_case
from plans import THREADS, build, csr_product, default_geometry, plans, product
from recipes import random_values

from hbpspmv import _hbpspmv_core as core


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", CASES)
def test_spmv(name, dtype):
    a = one_case(name).astype(dtype)
    x = a.vector(dtype)
    exact = exact_product(a, x)
    for geometry, plan in plans(a):
        for threads in THREADS:
            y = product(plan, x, threads)
            assert_close(y, a, x, exact=exact, what=f"{geometry}, {threads} threads")


@pytest.mark.parametrize("name", CASES)
def test_spmv_int64_indices(name):
    a = one_case(name).astype("float64", "int64")
    x = a.vector("float64")
    exact = exact_product(a, x)
    for geometry, plan in plans(a):
        assert_close(product(plan, x, 2), a, x, exact=exact, what=geometry)
    assert_close(csr_product(a, x, 2), a, x, exact=exact, what="csr")


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", CASES)
def test_csr_spmv(name, dtype):
    a = one_case(name).astype(dtype)
    x = a.vector(dtype)
    exact = exact_product(a, x)
    for threads in THREADS:
        assert_close(csr_product(a, x, threads), a, x, exact=exact, what=f"{threads} threads")


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("k", [0, 1, 2, 3, 4, 5, 8, 9, 17, 33])
def test_spmm_widths(k, dtype):
    a = one_case("lengths_near_lanes").astype(dtype)
    x = random_values(np.random.default_rng(k), (a.shape[1], k), dtype)
    for geometry, plan in plans(a):
        for threads in THREADS:
            assert_close(product(plan, x, threads), a, x, what=f"{geometry}, {threads} threads")
    assert_close(csr_product(a, x, 2), a, x, what="csr")


@pytest.mark.parametrize("name", CASES)
def test_spmm(name):
    a = one_case(name).astype("float64")
    x = random_values(np.random.default_rng(3), (a.shape[1], 3), "float64")
    exact = exact_product(a, x)
    for geometry, plan in plans(a):
        for threads in THREADS:
            y = product(plan, x, threads)
            assert_close(y, a, x, exact=exact, what=f"{geometry}, {threads} threads")
    for threads in THREADS:
        assert_close(csr_product(a, x, threads), a, x, exact=exact, what=f"csr, {threads} threads")


SCALARS = [(1.0, 1.0), (-1.0, 0.0), (0.5, -2.0), (0.0, 3.0), (0.0, 0.0), (1.0, 0.0), (2.5, 1.0)]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("alpha", "beta"), SCALARS)
def test_alpha_and_beta(alpha, beta, dtype):
    for name in ("every_4th_row_empty", "one_dense_row", "power_law", "tall", "wide"):
        a = one_case(name).astype(dtype)
        rng = np.random.default_rng(2)
        for shape in ((), (3,)):
            x = random_values(rng, (a.shape[1], *shape), dtype)
            y0 = random_values(rng, (a.shape[0], *shape), dtype)
            exact = exact_product(a, x)
            for geometry, plan in plans(a):
                for threads in THREADS:
                    y = y0.copy()
                    run = plan.spmv if x.ndim == 1 else plan.spmm
                    run(x, y, alpha, beta, threads)
                    what = f"{name}, {geometry}, {threads} threads"
                    assert_close(y, a, x, alpha=alpha, beta=beta, y0=y0, exact=exact, what=what)
            y = y0.copy()
            run = core.csr_spmv if x.ndim == 1 else core.csr_spmm
            run(a.indptr, a.indices, a.data, a.shape[1], x, y, alpha, beta, 2)
            what = f"{name}, csr"
            assert_close(y, a, x, alpha=alpha, beta=beta, y0=y0, exact=exact, what=what)


@pytest.mark.parametrize("name", ["every_4th_row_empty", "all_rows_empty", "no_columns", "tall"])
def test_beta_zero_does_not_read_y(name):
    a = one_case(name).astype("float64")
    x = a.vector("float64")
    for geometry, plan in plans(a):
        y = np.full(a.shape[0], np.nan)
        plan.spmv(x, y, 2.0, 0.0, 2)
        assert np.isfinite(y).all(), geometry
    y = np.full(a.shape[0], np.nan)
    core.csr_spmv(a.indptr, a.indices, a.data, a.shape[1], x, y, 2.0, 0.0, 2)
    assert np.isfinite(y).all()


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    "name",
    ["every_4th_row_empty", "lengths_near_lanes", "rows_near_lanes", "one_dense_row", "power_law",
     "fem_3x3", "tridiagonal", "constant_values", "explicit_zeros", "block_boundary_plus_one"],
)  # fmt: skip
def test_bad_x_reaches_only_rows_that_touch_it(name, dtype, bad):
    # A padded or masked lane that computes 0 * x shows up as NaN in a row that has no such entry.
    a = one_case(name).astype(dtype)
    x = a.vector(dtype)
    columns = np.random.default_rng(5).choice(a.shape[1], 3, replace=False)
    x[columns] = bad
    touched = np.zeros(a.shape[0], bool)
    rows = np.repeat(np.arange(a.shape[0]), a.row_lengths)
    touched[rows[np.isin(a.indices, columns)]] = True
    for geometry, plan in plans(a):
        y = product(plan, x, 2)
        assert np.array_equal(~np.isfinite(y), touched), geometry
    assert np.array_equal(~np.isfinite(csr_product(a, x, 2)), touched)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_infinities_of_one_sign_stay_infinite(dtype):
    a = one_case("uniform_random").astype(dtype)
    np.abs(a.data, out=a.data)
    x = np.abs(a.vector(dtype))
    x[::50] = np.inf
    with np.errstate(all="ignore"):
        expected = exact_product(a, x)[0].astype(dtype)
    for geometry, plan in plans(a):
        y = product(plan, x, 2)
        assert np.array_equal(np.isinf(y), np.isinf(expected)), geometry
        assert not np.isnan(y).any(), geometry


@pytest.mark.parametrize("dtype", DTYPES)
def test_exact_cancellation_gives_exact_zero(dtype):
    # Each row is r followed by -r in the same order: the sum passes through the same
    # magnitudes, and the bound is tiny next to a doubled or a lost entry.
    a = one_case("exact_cancellation").astype(dtype)
    x = a.vector(dtype)
    a.data[:] = one_case("exact_cancellation").data
    for geometry, plan in plans(a):
        assert_close(product(plan, x, 2), a, x, what=geometry)


def test_columns_beyond_32_bits():
    # x is 8 GiB of untouched pages: only the few gathered ones exist.
    import mmap

    n = 2**31 + 5000
    columns = np.array([0, 2**31 - 1, 2**31, 2**31 + 4999, 17], np.int64)
    indptr = np.array([0, 2, 4, 4, 5], np.int64)
    data = np.array([1, 2, 3, 4, 5], np.float32)
    flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | getattr(mmap, "MAP_NORESERVE", 0)
    try:
        x = np.frombuffer(mmap.mmap(-1, 4 * n, flags=flags), np.float32)
    except (OSError, OverflowError) as error:
        pytest.skip(f"no 8 GiB of address space: {error}")
    x[columns] = [10, 20, 30, 40, 50]
    expected = np.array([50, 250, 0, 250], np.float32)
    geometry = core.choose_geometry(4, n, 4)
    for shape in (geometry, (512, 4096, 32)):
        plan = core.build(indptr, columns, data, 4, n, *shape, 0)
        y = np.full(4, np.nan, np.float32)
        plan.spmv(x, y, 1.0, 0.0, 2)
        assert np.array_equal(y, expected)
        assert all(map(np.array_equal, plan.to_csr(), (indptr, columns, data)))


def test_default_geometry_gives_every_thread_work():
    a = one_case("power_law_scattered").astype("float64")
    plan = build(a, default_geometry(a))
    assert plan.info()["n_row_blocks"] >= 4
