"""Products with several vectors: each column has the bits of a product with one."""

from functools import partial

import numpy as np
import pytest
from isa_worker import assert_same_bits
from matrices import DTYPES, one_case
from plans import THREADS, build, csr_product, digest, geometries, product
from recipes import from_triplets, random_values

# Two, four and eight may fill part of a vector of the CPU, or all of it; 33 are many, and one more.
COUNTS = (1, 2, 3, 4, 5, 7, 8, 16, 33)

# Of CSR, where tiles are widest: all widths of tiles, and a rest, in vectors of up to 16 columns.
WIDE_COUNTS = (63, 64, 128, 255)


def assert_columns_have_the_bits_of_one(a, dtype):
    products = {name: partial(product, build(a, g)) for name, g in geometries(a).items()}
    products["csr"] = partial(csr_product, a)
    assert_products_have_the_bits_of_one(products, COUNTS, a, dtype)


def assert_products_have_the_bits_of_one(products, counts, a, dtype):
    for k in counts:
        x = random_values(np.random.default_rng(k), (a.shape[1], k), dtype)
        for name, times in products.items():
            columns = [times(np.ascontiguousarray(x[:, j]), 1) for j in range(k)]
            assert digest(times(x, 2)) == digest(np.stack(columns, axis=1)), (k, name)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    "name",
    [
        "dense",
        "fem_3x3",
        "lengths_near_long_row",
        "one_dense_row",
        "power_law",
        "rows_near_lanes",
        "short_decimals",
        "tridiagonal",
        "two_values",
    ],
)
def test_each_column_has_the_bits_of_one(name, dtype):
    assert_columns_have_the_bits_of_one(one_case(name).astype(dtype), dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("height", [2, 3, 4])
def test_each_column_has_the_bits_of_one_in_tiles(height, dtype):
    """Rows of equal columns, whose values are multiplied with the same rows of X."""
    rng = np.random.default_rng(height)
    tiles, n_cols = 90, 700
    columns = [
        np.sort(rng.choice(n_cols, (3, 5, 8, 140)[i % 4], replace=False)) for i in range(tiles)
    ]
    lengths = np.repeat([c.size for c in columns], height)
    rows = np.repeat(np.arange(height * tiles), lengths)
    all_columns = np.concatenate([np.tile(c, height) for c in columns])
    a = from_triplets(rows, all_columns, (height * tiles, n_cols)).astype(dtype)
    assert build(a, geometries(a)["whole"]).info()["tiled_elements"] > a.nnz // 2
    assert_columns_have_the_bits_of_one(a, dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ["fem_3x3", "power_law"])
def test_each_of_many_columns_has_the_bits_of_one_in_csr(name, dtype):
    a = one_case(name).astype(dtype)
    products = {"csr": partial(csr_product, a)}
    assert_products_have_the_bits_of_one(products, WIDE_COUNTS, a, dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("k", COUNTS)
@pytest.mark.parametrize("name", ["fem_3x3", "one_dense_row", "power_law"])
def test_bits_do_not_depend_on_threads_or_isa(name, k, dtype, isa_workers, tmp_path):
    a = one_case(name).astype(dtype)
    x = random_values(np.random.default_rng(k), (a.shape[1], k), dtype)
    assert_same_bits(a, x, geometries(a), THREADS, isa_workers, tmp_path / "case.npz")
