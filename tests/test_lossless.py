"""CSR -> HBP -> CSR is bit for bit the same: order, explicit zeros, NaN payloads, signs of zero."""

import numpy as np
import pytest
from matrices import CASES, DTYPES, one_case
from plans import build, geometries, plans, product
from recipes import Csr, uniform


def bits(array: np.ndarray) -> bytes:
    return array.tobytes()


def random_bits(a: Csr, seed: int) -> Csr:
    """The same pattern with values of random bits: NaN payloads, signalling NaN, all of it."""
    raw = np.random.default_rng(seed).bytes(a.data.nbytes)
    return Csr(a.indptr, a.indices, np.frombuffer(raw, a.data.dtype), a.shape)


def assert_same(got, a: Csr, what: str) -> None:
    for name, array, expected in zip(
        ("indptr", "indices", "data"), got, (a.indptr, a.indices, a.data), strict=True
    ):
        assert array.dtype == expected.dtype, f"{what}: {name}"
        assert array.shape == expected.shape, f"{what}: {name}"
        assert bits(array) == bits(expected), f"{what}: {name}"


@pytest.mark.parametrize("index_dtype", ["int32", "int64"])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", CASES)
def test_round_trip(name, dtype, index_dtype):
    a = one_case(name).astype(dtype, index_dtype)
    for geometry, plan in plans(a):
        assert_same(plan.to_csr(), a, geometry)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    "name", ["power_law", "unsorted", "duplicates", "lengths_near_lanes", "few_very_long_rows"]
)
def test_round_trip_of_any_bits(name, dtype):
    a = random_bits(one_case(name).astype(dtype), seed=1)
    for geometry, plan in plans(a):
        assert_same(plan.to_csr(), a, geometry)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("bad", [np.nan, -0.0, np.inf])
def test_one_odd_value_among_equal_ones(dtype, bad):
    # An encoding that compares values with == would merge -0.0 with 0.0 and never match NaN.
    base = uniform(300, 300, 4000).astype(dtype)
    for rest in (0.0, 1.0, np.nan):
        values = np.full(base.nnz, rest, dtype)
        values[base.nnz // 2] = bad
        a = Csr(base.indptr, base.indices, values, base.shape)
        for geometry, plan in plans(a):
            assert_same(plan.to_csr(), a, f"{geometry}, {rest}")


def test_nan_payloads_of_equal_nans():
    base = uniform(300, 300, 4000).astype("float64")
    payloads = np.array([0x7FF8000000000000, 0x7FF8000000000001, 0xFFF8000000000000], np.uint64)
    values = np.resize(payloads, base.nnz).view(np.float64)
    a = Csr(base.indptr, base.indices, values, base.shape)
    for geometry, plan in plans(a):
        assert_same(plan.to_csr(), a, geometry)


@pytest.mark.parametrize("threads", [1, 2, 7])
@pytest.mark.parametrize("name", ["power_law_scattered", "unsorted", "hypersparse", "fem_3x3"])
def test_build_is_the_same_for_every_thread_count(name, threads):
    a = one_case(name).astype("float64")
    x = a.vector("float64")
    for geometry, shape in geometries(a).items():
        plan = build(a, shape, threads)
        assert_same(plan.to_csr(), a, geometry)
        reference = product(build(a, shape, 1), x, 1)
        assert bits(product(plan, x, 1)) == bits(reference), geometry


def test_plan_keeps_no_reference_to_the_callers_arrays():
    a = one_case("uniform_random").astype("float64")
    x = a.vector("float64")
    copy = Csr(a.indptr.copy(), a.indices.copy(), a.data.copy(), a.shape)
    plan = build(copy, geometries(a)["default"])
    for array in (copy.indptr, copy.indices, copy.data):
        array.fill(-1)
    assert_same(plan.to_csr(), a, "after the arrays were overwritten")
    assert bits(product(plan, x, 1)) == bits(product(build(a, geometries(a)["default"]), x, 1))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", CASES)
def test_update_equals_a_fresh_build(name, dtype):
    a = one_case(name).astype(dtype)
    new = Csr(a.indptr, a.indices, a.vector(dtype)[a.indices] + np.asarray(1, dtype), a.shape)
    x = a.vector(dtype, seed=2)
    for geometry, shape in geometries(a).items():
        plan = build(a, shape)
        plan.update(new.data)
        assert_same(plan.to_csr(), new, geometry)
        assert bits(product(plan, x, 2)) == bits(product(build(new, shape), x, 2)), geometry


@pytest.mark.parametrize("before", ["constant", "random"])
def test_update_between_constant_and_other_values(before):
    a = one_case("constant_values").astype("float64")
    other = Csr(a.indptr, a.indices, np.random.default_rng(1).standard_normal(a.nnz), a.shape)
    first, second = (a, other) if before == "constant" else (other, a)
    for geometry, shape in geometries(a).items():
        plan = build(first, shape)
        for current in (second, first, second):
            plan.update(current.data)
            assert_same(plan.to_csr(), current, geometry)
