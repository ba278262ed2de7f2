"""One geometry, one result: the same bits for every thread count, ISA and number of lanes."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from isa_worker import assert_same_bits
from matrices import CASES, DTYPES, one_case
from plans import THREADS, build, csr_product, default_geometry, digest, geometries, product
from recipes import Csr

from hbpspmv import _hbpspmv_core as core


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", CASES)
def test_bits_do_not_depend_on_threads_or_isa(name, dtype, isa_workers, tmp_path):
    a = one_case(name).astype(dtype)
    x = a.vector(dtype)
    assert_same_bits(a, x, geometries(a), THREADS, isa_workers, tmp_path / "case.npz")


def test_bits_of_decimals_of_many_powers_of_ten(isa_workers, tmp_path):
    """Stored as codes where there are enough values, as they take longer to decode."""
    n, per_row = 40_000, 66
    rng = np.random.default_rng(3)
    point = np.sort(rng.integers(0, n, (n // 2, per_row)), axis=1)
    columns = np.concatenate([np.repeat(point[::4], 4, axis=0), point])  # tiles, then other rows
    exponents = rng.integers(-9, 11, columns.size)
    integers = rng.integers(-999, 1000, columns.size) * 10.0 ** np.maximum(exponents, 0)
    values = integers / 10.0 ** np.maximum(-exponents, 0)
    a = Csr(np.arange(n + 1) * per_row, columns.ravel(), values, (n, n))
    shapes = {"default": default_geometry(a)}
    plan = build(a, shapes["default"])
    if core.isa() == "avx512":  # for which alone they are stored so
        assert plan.info()["encodings"]["decimal"] == plan.info()["blocks"]
    assert plan.to_csr()[2].tobytes() == values.tobytes()
    x = a.vector("float64")
    assert_same_bits(a, x, shapes, THREADS, isa_workers, tmp_path / "case.npz")


# Prints the hashes of y = A x, for one vector and for two, of a plan in arrays.
MULTIPLY = """
import hashlib, json, sys
import numpy as np
from hbpspmv import _hbpspmv_core as core

with np.load(sys.argv[1]) as arrays:
    plan = core.plan_from_arrays(dict(arrays), **json.loads(sys.argv[2]))
x = np.load(sys.argv[3])
y, Y = np.empty(plan.n_rows, x.dtype), np.empty((plan.n_rows, 2), x.dtype)
plan.spmv(x, y, 1.0, 0.0, 1)
plan.spmm(np.stack([x, x], axis=1), Y, 1.0, 0.0, 1)
print(*(hashlib.sha256(np.ascontiguousarray(part).tobytes()).hexdigest() for part in (y, *Y.T)))
"""


@pytest.mark.parametrize("isa", ["avx512", "avx2", "portable"])
@pytest.mark.parametrize(
    ("name", "dtype"),
    [
        ("short_decimals", "float64"),
        ("columns_in_windows", "float32"),
        ("columns_in_windows", "float64"),
        ("long_rows_of_runs", "float32"),
        ("long_rows_of_runs", "float64"),
    ],
)
def test_a_plan_has_the_same_bits_wherever_it_was_built(name, dtype, isa, tmp_path):
    """Plans built with AVX-512 have decimals and windows, and must be multiplied by all."""
    if isa not in core.available_isas():
        pytest.skip(f"this CPU has only {core.available_isas()}")
    a = one_case(name).astype(dtype)
    x = a.vector(dtype)
    plan = build(a, default_geometry(a))
    arrays, vector = tmp_path / "plan.npz", tmp_path / "x.npy"
    np.savez(arrays, **core.plan_arrays(plan))
    np.save(vector, x)
    done = subprocess.run(
        [sys.executable, "-P", "-c", MULTIPLY, arrays, json.dumps(core.plan_header(plan)), vector],
        env={**os.environ, "HBPSPMV_ISA": isa},
        capture_output=True,
        text=True,
        check=True,
    )
    assert set(done.stdout.split()) == {digest(product(plan, x, 2))}


@pytest.mark.parametrize("name", CASES)
def test_bits_do_not_depend_on_lanes(name):
    a = one_case(name).astype("float64")
    x = a.vector("float64")
    for geometry, (block_rows, block_cols, _) in geometries(a).items():
        found = {
            lanes: digest(product(build(a, (block_rows, block_cols, lanes)), x, 2))
            for lanes in (8, 16, 32)
        }
        assert len(set(found.values())) == 1, f"{geometry}: {found}"


@pytest.mark.parametrize("name", CASES)
def test_csr_kernel_has_the_bits_of_one_column_block(name):
    a = one_case(name).astype("float64")
    if a.shape[1] > 65_536:
        pytest.skip("needs more than one column block")
    x = a.vector("float64")
    plan = build(a, geometries(a)["whole"])
    assert digest(csr_product(a, x, 2)) == digest(product(plan, x, 2))


def test_encoding_does_not_change_bits():
    # The same values, once found to be constant and once, by one odd entry elsewhere, not.
    a = one_case("constant_values").astype("float64")
    x = a.vector("float64")
    values = a.data.copy()
    row = int(np.flatnonzero(a.row_lengths)[0])
    values[a.indptr[row]] = 7.0
    other = Csr(a.indptr, a.indices, values, a.shape)
    rest = np.arange(a.shape[0]) != row
    for geometry, shape in geometries(a).items():
        constant, raw = build(a, shape), build(other, shape)
        assert np.array_equal(product(constant, x, 1)[rest], product(raw, x, 1)[rest]), geometry
    whole = geometries(a)["whole"]
    assert build(a, whole).info()["encodings"] != build(other, whole).info()["encodings"]


def test_repeated_calls_give_the_same_bits():
    # The competitive part hands out blocks in a different order every time.
    a = one_case("power_law_scattered").astype("float64")
    x = a.vector("float64")
    plan = build(a, default_geometry(a))
    assert len({digest(product(plan, x, 7)) for _ in range(200)}) == 1


def test_alpha_and_beta_bits_do_not_depend_on_threads():
    a = one_case("power_law_scattered").astype("float32")
    x = a.vector("float32")
    y0 = np.random.default_rng(1).standard_normal(a.shape[0]).astype("float32")
    for shape in geometries(a).values():
        plan = build(a, shape)
        found = set()
        for threads in THREADS:
            y = y0.copy()
            plan.spmv(x, y, 0.3, -1.7, threads)
            found.add(digest(y))
        assert len(found) == 1
