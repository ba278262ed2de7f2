"""Arrays that are no CSR matrix are refused by every path of a build, and by the check alone."""

import numpy as np
import pytest
from matrices import one_case
from plans import default_geometry, geometries
from recipes import Csr, from_triplets

from hbpspmv import _hbpspmv_core as core

# One case for every way that a build reads columns: groups, tiles, shifted runs, ragged groups,
# long rows, one block column and many.
READ_IN_ALL_WAYS = ["tridiagonal", "fem_3x3", "dense", "lengths_near_lanes", "one_dense_row",
                    "equal_lengths", "unsorted", "few_very_long_rows", "wide"]  # fmt: skip


def refused(a: Csr, geometry, match: str) -> None:
    arrays = a.indptr, a.indices
    with pytest.raises(ValueError, match=match):
        core.check_csr(*arrays, *a.shape)
    for threads in (1, 3):
        with pytest.raises(ValueError, match=match):
            core.build(*arrays, a.data, *a.shape, *geometry, threads)


@pytest.mark.parametrize("index_dtype", ["int32", "int64"])
@pytest.mark.parametrize("name", READ_IN_ALL_WAYS)
def test_column_index_out_of_range(name, index_dtype):
    a = one_case(name).astype("float64", index_dtype)
    rng = np.random.default_rng(1)
    bad = [-1, a.shape[1], np.iinfo(index_dtype).max, np.iinfo(index_dtype).min]
    for geometry in geometries(a).values():
        for at in (0, a.nnz - 1, *rng.integers(0, a.nnz, 6)):
            value = bad[int(rng.integers(4))]
            indices = a.indices.copy()
            indices[at] = value
            refused(Csr(a.indptr, indices, a.data, a.shape), geometry, f"{value}.*{a.shape[1]}")


@pytest.mark.parametrize("index_dtype", ["int32", "int64"])
@pytest.mark.parametrize("lanes", [8, 16, 32])
def test_shifted_columns_that_run_out_of_range(lanes, index_dtype):
    # The first row of the group is within range and each next one is shifted by one: a build that
    # looks at the first row only does not see the last one.
    n = 3 * lanes
    rows = np.repeat(np.arange(n), 3)
    cols = rows + np.tile([0, 1, 2], n)
    for short in (1, 2, lanes):
        a = from_triplets(rows, cols, (n, n + 2)).astype("float64", index_dtype)
        a = Csr(a.indptr, a.indices, a.data, (n, n + 2 - short))
        for side in (65_536, 4096, 16):
            refused(a, (side, side, lanes), f"out of range for {n + 2 - short} columns")


@pytest.mark.parametrize("index_dtype", ["int32", "int64"])
def test_indptr_that_is_not_monotone(index_dtype):
    a = one_case("uniform_random").astype("float64", index_dtype)
    for row in (1, 7, 1500, a.shape[0] - 1):
        for value in (-1, int(a.indptr[row + 1]) + 1, np.iinfo(index_dtype).max):
            indptr = a.indptr.copy()
            indptr[row] = value
            broken = Csr(indptr, a.indices, a.data, a.shape)
            for geometry in geometries(a).values():
                refused(broken, geometry, "indptr")


@pytest.mark.parametrize(("row", "step"), [(0, 1), (0, -1), (-1, 1), (-1, -1)])
def test_indptr_that_does_not_run_from_0_to_nnz(row, step):
    a = one_case("uniform_random").astype("float64")
    indptr = a.indptr.copy()
    indptr[row] += step
    refused(Csr(indptr, a.indices, a.data, a.shape), default_geometry(a), "indptr")


def test_arrays_of_other_lengths():
    a = one_case("uniform_random").astype("float64")
    geometry = default_geometry(a)
    for broken in (
        (a.indptr[:-1], a.indices, a.data),
        (a.indptr, a.indices[:-1], a.data[:-1]),
        (a.indptr, a.indices, a.data[:-1]),
    ):
        with pytest.raises(ValueError, match="expected"):
            core.build(*broken, *a.shape, *geometry, 1)


@pytest.mark.parametrize(
    ("geometry", "match"),
    [((0, 8, 8), "block_rows is 0"), ((65_537, 8, 8), "block_rows is 65537"),
     ((8, 0, 8), "block_cols is 0"), ((8, 2**31, 8), "block_cols is 2147483648"),
     ((8, -1, 8), "block_cols is -1"), ((8, 8, 7), "lanes is 7"), ((8, 8, 0), "lanes is 0")],
)  # fmt: skip
def test_geometry_out_of_range(geometry, match):
    a = one_case("dense").astype("float64")
    with pytest.raises(ValueError, match=match):
        core.build(a.indptr, a.indices, a.data, *a.shape, *geometry, 1)
