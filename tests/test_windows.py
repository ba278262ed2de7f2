"""Windows of x: plans whose places in them point outside are refused, vectors may lie anywhere."""

import numpy as np
import pytest
from matrices import one_case
from plans import build, default_geometry, digest, geometries, product

from hbpspmv import _hbpspmv_core as core
from hbpspmv.suite.generators import laplacian_2d

pytestmark = pytest.mark.skipif(
    core.isa() != "avx512", reason="windows are stored for AVX-512 only"
)


@pytest.mark.parametrize(
    ("places", "message"),
    [
        ({0: 65_535}, "the first column of a window is 65535, expected 0 to 3992"),
        ({2: 16}, "the code of a column is 16, expected 0 to 15"),
        # The window goes on in the next column block, the slot must not.
        ({1: 1023, 2: 15}, "the column of a code is 1030, expected 0 to 1023"),
    ],
)
def test_windows_that_reach_outside_are_refused(places, message):
    a = one_case("columns_in_windows").astype("float64")
    plan = build(a, (65_536, 1024, 8))
    arrays, header = core.plan_arrays(plan), core.plan_header(plan)
    assert arrays["run_kind"][0] == 4
    core.plan_from_arrays(arrays, **header)
    column = arrays["column"].copy()
    for at, value in places.items():
        column[at] = value
    with pytest.raises(ValueError, match=message):
        core.plan_from_arrays({**arrays, "column": column}, **header)


@pytest.mark.parametrize(
    ("array", "place", "bits", "message"),
    [
        ("column", 0, 65_535, "the first column of a window is 65535, expected 0 to 8992"),
        ("column", 2, 0xFF00, "the code of a column is 255, expected 0 to 15"),
        ("column", 6, 1, "a place behind a pass is 1, expected 0"),
        # The first row has 990 entries, 30 chunks of 32 and some more.
        ("slot_length", 1, 1 << 30, "the bit of a chunk past the end is 1, expected 0"),
        ("slot_length", 0, 2**32 - 1, "the elements of a run is 4294967295, expected 0 to"),
    ],
)
def test_windows_of_long_rows_that_reach_outside_are_refused(array, place, bits, message):
    a = one_case("long_rows_of_runs").astype("float64")
    plan = build(a, (65_536, 65_536, 8))
    arrays, header = core.plan_arrays(plan), core.plan_header(plan)
    assert arrays["run_kind"][-1] == 5
    core.plan_from_arrays(arrays, **header)
    changed = arrays[array].copy()
    changed[place] |= bits
    with pytest.raises(ValueError, match=message):
        core.plan_from_arrays({**arrays, array: changed}, **header)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_groups_that_cross_a_line_of_a_stencil_stay_between_the_others(dtype):
    a = laplacian_2d(110).astype(dtype)  # 108 rows of five entries a line: 13.5 groups of 8
    plan = build(a, default_geometry(a))
    arrays = core.plan_arrays(plan)
    kinds = arrays["run_kind"][arrays["run_length"] == 5]
    assert np.isin(kinds, (1, 4)).mean() > 0.9
    assert (np.diff(kinds.astype(int)) != 0).sum() > 50  # shifted, windowed, shifted, ...
    x = np.random.default_rng(1).standard_normal(a.shape[1]).astype(dtype)
    plain = core.build(
        a.indptr, a.indices, a.data, *a.shape, *default_geometry(a), 2, without=("windows",)
    )
    assert digest(product(plan, x, 2)) == digest(product(plain, x, 1))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ["columns_in_windows", "long_rows_of_runs"])
def test_bits_do_not_depend_on_where_x_begins(name, dtype):
    """Windows are loaded whole, whether or not they begin where cache lines do."""
    a = one_case(name).astype(dtype)
    x = a.vector(dtype)
    plan = build(a, default_geometry(a))
    assert plan.info()["windowed_elements"] > 0
    room = np.full(x.size + 32, np.nan, dtype)
    found = set()
    for first in range(17):
        room[:] = np.nan
        room[first : first + x.size] = x
        found.add(digest(product(plan, room[first : first + x.size], 2)))
    assert found == {digest(product(plan, x, 1))}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ["columns_in_windows", "long_rows_of_runs"])
def test_other_elements_of_a_window_do_not_matter(name, dtype):
    a = one_case(name).astype(dtype)
    x = a.vector(dtype)
    plan = build(a, default_geometry(a))
    y = product(plan, x, 2)
    unused = np.setdiff1d(np.arange(a.shape[1]), a.indices)
    assert unused.size > 0
    x[unused] = np.nan
    assert digest(product(plan, x, 2)) == digest(y)


@pytest.mark.parametrize("k", [1, 2, 9])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ["columns_in_windows", "long_rows_of_runs"])
def test_each_column_of_spmm_has_the_bits_of_spmv(name, dtype, k):
    a = one_case(name).astype(dtype)
    x = np.random.default_rng(k).standard_normal((a.shape[1], k)).astype(dtype)
    for shape in geometries(a).values():
        plan = build(a, shape)
        columns = [product(plan, np.ascontiguousarray(x[:, j]), 1) for j in range(k)]
        assert digest(product(plan, x, 2)) == digest(np.stack(columns, axis=1))


@pytest.mark.parametrize(
    ("name", "dtype", "width", "windows"),
    [
        ("columns_in_windows", "float32", 16, 2),
        ("columns_in_windows", "float64", 8, 2),
        ("long_rows_of_runs", "float32", 16, 3),
        ("long_rows_of_runs", "float64", 8, 2),
    ],
)
@pytest.mark.parametrize("block_cols", [65_536, 70_000])  # columns of 16 and of 32 bits
def test_a_window_counts_as_one_load_of_x(name, dtype, width, windows, block_cols):
    a = one_case(name).astype(dtype)
    plan = build(a, (65_536, block_cols, width))
    passes = plan.info()["windowed_elements"] // width
    assert passes > 0
    assert core.x_loads(plan) == a.nnz - passes * (width - windows)
