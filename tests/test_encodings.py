"""Plans built without one of the encodings: the same matrix and, but for one, the same bits."""

import numpy as np
import pytest
from closeness import assert_close
from matrices import CASES, one_case
from plans import THREADS, build, default_geometry, digest, geometries, product
from scipy.sparse import csr_array

from hbpspmv import _hbpspmv_core as core
from hbpspmv import hbp_array

ENCODINGS = ("tiles", "shifted", "windows", "along", "constant", "few", "decimal")
OF_AVX512 = ("windows", "decimal")  # other kernels are slow with them: their builds have none

# Matrices that use an encoding, and what info() says where it is used.
USERS = {
    "tiles": ("fem_3x3", lambda info: info["tiled_elements"]),
    "shifted": ("tridiagonal", lambda info: info["shifted_elements"]),
    "windows": ("columns_in_windows", lambda info: info["windowed_elements"]),
    "along": ("one_dense_row", lambda info: info["long_rows"]),
    "constant": ("constant_values", lambda info: info["encodings"]["constant"]),
    "few": ("two_values", lambda info: info["encodings"]["few"]),
    "decimal": ("short_decimals", lambda info: info["encodings"]["decimal"]),
}


def build_without(a, geometry, *without):
    return core.build(a.indptr, a.indices, a.data, *a.shape, *geometry, 2, without=without)


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("name", CASES)
def test_products_and_round_trip_without(name, encoding):
    a = one_case(name).astype("float64")
    x = a.vector("float64")
    for geometry, shape in geometries(a).items():
        plan = build_without(a, shape, encoding)
        y = product(plan, x, 1)
        assert_close(y, a, x, what=geometry)
        assert {digest(product(plan, x, threads)) for threads in THREADS} == {digest(y)}, geometry
        # Long rows in groups are another order of additions; all else is the same arithmetic.
        if encoding != "along":
            assert digest(y) == digest(product(build(a, shape), x, 1)), geometry
        for got, expected in zip(plan.to_csr(), (a.indptr, a.indices, a.data), strict=True):
            assert got.dtype == expected.dtype, geometry
            assert got.tobytes() == expected.tobytes(), geometry


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_encoding_is_used_unless_left_out(encoding):
    if encoding in OF_AVX512 and core.isa() != "avx512":
        pytest.skip(f"{encoding}: stored for AVX-512 only")
    name, use = USERS[encoding]
    a = one_case(name).astype("float64")
    shape = geometries(a)["whole"]
    with_it, without_it = build(a, shape), build_without(a, shape, encoding)
    assert use(with_it.info()) > 0
    assert use(without_it.info()) == 0
    if encoding != "along":  # which is for speed
        assert with_it.nbytes < without_it.nbytes


@pytest.mark.parametrize("length", [40, 200], ids=["groups", "long rows"])
def test_entries_in_tiles_are_counted(length):
    rows = 96  # whole groups of tiles of two, three or four rows
    matrix = csr_array(np.ones((rows, length)))
    info = hbp_array(matrix).plan(expected_calls=1000).info(measure_break_even=False)
    assert info["long_rows"] == (rows if length >= 128 else 0)
    assert info["tiled_elements"] == matrix.nnz


@pytest.mark.parametrize("dtype", ["float32", "complex128"])
def test_without_all(dtype):
    for name, _ in USERS.values():
        a = one_case(name).astype(dtype)
        x = a.vector(dtype)
        shape = default_geometry(a)
        plan = build_without(a, shape, *ENCODINGS)
        info = plan.info()
        assert not any(use(info) for _, use in USERS.values())
        assert info["encodings"]["raw"] == info["blocks"]
        assert_close(product(plan, x, 2), a, x, what=name)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_new_values(encoding):
    for name, _ in USERS.values():
        a = one_case(name).astype("float64")
        x = a.vector("float64")
        plan = build_without(a, default_geometry(a), encoding)
        before = product(plan, x, 1)
        plan.update(-a.data)
        assert np.array_equal(product(plan, x, 1), -before), name


# Saved plans are checked against the format, which has long rows along the row.
@pytest.mark.parametrize("encoding", [e for e in ENCODINGS if e != "along"])
def test_plans_can_be_saved(encoding):
    for name, _ in USERS.values():
        a = one_case(name).astype("float64")
        x = a.vector("float64")
        plan = build_without(a, default_geometry(a), encoding)
        restored = core.plan_from_arrays(core.plan_arrays(plan), **core.plan_header(plan))
        assert digest(product(restored, x, 1)) == digest(product(plan, x, 1)), name


def test_unknown_encoding():
    a = one_case("dense").astype("float64")
    with pytest.raises(ValueError, match="without has 'diagonal', expected tiles, shifted"):
        build_without(a, default_geometry(a), "tiles", "diagonal")
    with pytest.raises(TypeError):
        core.build(a.indptr, a.indices, a.data, *a.shape, 8, 8, 8, 1, ["tiles"])
