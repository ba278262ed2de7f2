"""Plans and geometries: what is chosen, what can be asked for, what info() tells."""

import math
import weakref

import numpy as np
import pytest
import scipy.sparse
from arrays import as_array, record_builds, sample
from matrices import one_case

from hbpspmv import Geometry, hbp_array
from hbpspmv._break_even import BreakEven
from hbpspmv._options import FEW_CALLS

BLOCKS = Geometry(block_rows=64, block_cols=128, lanes=16)


def test_geometry_holds_integers():
    g = Geometry(np.int64(3), block_cols=np.uint8(4), lanes=8)
    assert g == Geometry(3, 4, 8)
    assert repr(g) == "Geometry(block_rows=3, block_cols=4, lanes=8)"
    assert {g: 1}[Geometry(3, 4, 8)] == 1
    with pytest.raises(AttributeError):
        g.lanes = 16


def test_geometry_of_the_paper():
    assert Geometry.paper() == Geometry(block_rows=512, block_cols=4096, lanes=32)


@pytest.mark.parametrize(
    ("sizes", "error", "message"),
    [
        ((0, 1, 8), ValueError, "block_rows is 0, expected 1 to 65536"),
        ((1, -5, 8), ValueError, "block_cols is -5, expected 1 to 2147483647"),
        ((65_537, 1, 8), ValueError, "block_rows is 65537, expected 1 to 65536"),
        ((1, 10**30, 8), ValueError, "expected 1 to 2147483647"),
        ((1, 1, 7), ValueError, "lanes is 7, expected one of 8, 16, 32"),
        ((1.5, 1, 8), TypeError, "block_rows must be an integer, not float"),
        ((1, "2", 8), TypeError, "block_cols must be an integer, not str"),
        ((1, 1, None), TypeError, "lanes must be an integer, not NoneType"),
    ],
)
def test_wrong_geometries(sizes, error, message):
    with pytest.raises(error, match=message):
        Geometry(*sizes)


def test_first_product_builds_the_plan_that_plan_returns(monkeypatch):
    builds = record_builds(monkeypatch)
    A = hbp_array(sample())
    A @ np.ones(200)
    assert A.plan() is A.plan() is builds[0]
    assert len(builds) == 1


def test_plan_before_the_first_product_is_used(monkeypatch):
    builds = record_builds(monkeypatch)
    A = hbp_array(sample())
    p = A.plan(expected_calls=1000)
    A @ np.ones(200)
    assert builds == [p]
    assert A.plan() is p


@pytest.mark.parametrize("geometry", [BLOCKS, Geometry.paper(), Geometry(1, 1, 8)], ids=str)
def test_geometry_is_used(geometry):
    S = sample()
    A = hbp_array(S)
    p = A.plan(geometry=geometry)
    assert p.kernel == "hbp"
    assert p.geometry == geometry
    assert p.info()["geometry"] == geometry
    x = np.random.default_rng(0).standard_normal(200)
    np.testing.assert_allclose(A @ x, S @ x, rtol=1e-12, atol=1e-12)


def test_a_geometry_forces_the_format():
    tiny = hbp_array([[1.0, 2.0], [0.0, 3.0]])
    assert tiny.plan().kernel == "csr"
    assert tiny.plan(geometry=BLOCKS, expected_calls=1).kernel == "hbp"
    assert tiny.plan().reason == "a geometry was given"
    np.testing.assert_array_equal(tiny @ np.ones(2), [3.0, 3.0])


def test_few_expected_calls_use_csr():
    A = hbp_array(sample())
    few = A.plan(expected_calls=FEW_CALLS - 1)
    assert few.kernel == "csr"
    assert f"{FEW_CALLS - 1} expected calls" in few.reason
    assert few.geometry is None
    many = A.plan(expected_calls=FEW_CALLS)
    assert many.kernel == "hbp"
    assert A.plan() is many


def test_a_plan_is_kept_if_it_follows_new_options(monkeypatch):
    builds = record_builds(monkeypatch)
    A = hbp_array(sample())
    A @ np.ones(200)
    p = A.plan(expected_calls=1000, num_threads=1)
    assert builds == [p]
    assert p.num_threads == 1
    assert A.plan(geometry=p.geometry) is p
    q = A.plan(geometry=BLOCKS)
    assert q is not p
    assert A.plan() is q
    r = A.plan(expected_calls=1000)
    assert r.geometry == p.geometry
    assert len(builds) == 3


def test_options_stay_in_force_when_the_array_changes():
    A = hbp_array(sample())
    A.plan(geometry=BLOCKS, num_threads=1)
    A.T.plan(geometry=Geometry.paper())
    A.data = A.data * 2
    assert A.plan().geometry == BLOCKS
    assert A.plan().num_threads == 1
    assert A.T.plan().geometry == Geometry.paper()
    # They hold for the plans in other dtypes, too.
    A @ np.ones(200, complex)
    assert {plan.geometry for plan in A._side.plans.values()} == {BLOCKS}


@pytest.mark.parametrize("kernel", ["hbp", "csr"])
def test_info(kernel):
    A = hbp_array(sample(dtype="float32"))
    p = A.plan(expected_calls=1 if kernel == "csr" else None)
    info = p.info()
    assert info["kernel"] == p.kernel == kernel
    assert info["reason"] == p.reason != ""
    assert info["shape"] == (300, 200)
    assert info["nnz"] == A.nnz == 9000
    assert info["dtype"] == "float32"
    assert info["num_threads"] >= 1
    assert info["nbytes"] == p.nbytes > 0
    assert info["csr_nbytes"] == A.data.nbytes + A.indices.nbytes + A.indptr.nbytes
    assert info["build_seconds"] == p.build_seconds > 0
    assert info["scipy_seconds"] > 0
    assert info["product_seconds"] > 0
    assert info["break_even_calls"] >= 1
    counts = ("n_row_blocks", "n_col_blocks", "blocks", "slots", "groups", "units")
    if kernel == "hbp":
        assert isinstance(info["geometry"], Geometry)
        assert all(info[name] >= 1 for name in counts)
        assert info["slots"] >= 300
        assert 0 <= info["padding"] <= 1
        assert 0 <= info["length_spread_after"] <= info["length_spread_before"]
        assert sum(info["encodings"].values()) == info["blocks"]
        assert info["tail_elements"] >= 0
        assert info["long_rows"] >= 0
    else:
        assert info["geometry"] is None
        assert all(info[name] is None for name in counts)
    assert set(info) >= set(hbp_array([[1.0]]).plan().info())


def test_info_measures_once_and_only_when_asked(monkeypatch):
    p = hbp_array(sample()).plan()
    info = p.info(measure_break_even=False)
    assert info["break_even_calls"] is info["scipy_seconds"] is info["product_seconds"] is None
    first = p.info()
    assert p.info(measure_break_even=False) == first == p.info()


def test_break_even_calls():
    assert BreakEven(scipy_seconds=3.0, product_seconds=1.0).calls(build_seconds=5.0) == 3
    assert BreakEven(scipy_seconds=3.0, product_seconds=1.0).calls(build_seconds=4.0) == 2
    assert BreakEven(scipy_seconds=1.0, product_seconds=1.0).calls(build_seconds=1.0) == math.inf
    assert BreakEven(scipy_seconds=1.0, product_seconds=2.0).calls(build_seconds=1.0) == math.inf


@pytest.mark.parametrize("shape", [(0, 0), (0, 3), (3, 0), (3, 3)], ids=str)
@pytest.mark.parametrize("geometry", [None, BLOCKS], ids=["default", "given"])
def test_info_of_empty_arrays(shape, geometry):
    p = hbp_array(shape).plan(geometry=geometry)
    assert p.info()["nnz"] == 0
    assert p.info()["blocks"] in (0, None)


def test_repr():
    A = hbp_array(sample())
    assert repr(A.plan(geometry=BLOCKS)) == (
        "<Plan for 300 x 200, 9000 entries, float64: "
        "hbp, Geometry(block_rows=64, block_cols=128, lanes=16)>"
    )
    assert repr(A.plan(expected_calls=1)) == "<Plan for 300 x 200, 9000 entries, float64: csr>"


@pytest.mark.parametrize("kernel", ["hbp", "csr"])
@pytest.mark.parametrize("name", ["unsorted", "duplicates", "explicit_zeros", "negative_zeros"])
def test_to_csr_is_bit_exact(name, kernel):
    a = one_case(name).astype("float64")
    p = as_array(a).plan(geometry=BLOCKS if kernel == "hbp" else None, expected_calls=1)
    assert p.kernel == kernel
    indptr, indices, data, shape = p.to_csr()
    np.testing.assert_array_equal(indptr, a.indptr)
    np.testing.assert_array_equal(indices, a.indices)
    np.testing.assert_array_equal(data.view(np.int64), a.data.view(np.int64))
    assert shape == a.shape
    # What it gives is the caller's: the plan is not reached through it.
    before = p.to_csr().data
    data[...] = 7.0
    np.testing.assert_array_equal(p.to_csr().data, before)


@pytest.mark.parametrize("kernel", ["hbp", "csr"])
def test_bits_do_not_depend_on_the_number_of_threads(kernel):
    a = one_case("power_law_scattered").astype("float64")
    x = a.vector("float64")
    results = []
    for threads in (1, 2, 7):
        A = as_array(a)
        assert A.plan(1 if kernel == "csr" else None, num_threads=threads).kernel == kernel
        results.append((A @ x).tobytes())
    assert len(set(results)) == 1


def test_plans_of_the_transpose():
    S = sample()
    A = hbp_array(S)
    p = A.T.plan(geometry=BLOCKS)
    assert p.shape == (200, 300)
    assert p is A.T.plan()
    z = np.random.default_rng(0).standard_normal(300)
    np.testing.assert_allclose(A.T @ z, S.T @ z, rtol=1e-12, atol=1e-12)
    t = scipy.sparse.csr_array(S.T)
    indptr, indices, data, shape = p.to_csr()
    np.testing.assert_array_equal(indptr, t.indptr)
    np.testing.assert_array_equal(indices, t.indices)
    np.testing.assert_array_equal(data, t.data)
    assert shape == (200, 300)


def test_a_plan_without_its_array():
    # The plan holds all that it needs.
    S = sample()
    p = hbp_array(S).plan()
    y = np.empty(300)
    p.run(np.ones(200), y, 1.0, 0.0, 0)
    np.testing.assert_allclose(y, S @ np.ones(200), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"expected_calls": 0}, ValueError, "expected_calls is 0, expected at least 1"),
        ({"expected_calls": 2.5}, TypeError, "expected_calls must be an integer, not float"),
        ({"geometry": (8, 8, 8)}, TypeError, "geometry must be a Geometry, not tuple"),
        ({"num_threads": 0}, ValueError, "num_threads is 0, expected at least 1"),
        ({"num_threads": "2"}, TypeError, "num_threads must be an integer, not str"),
        ({"num_threads": 10**6}, ValueError, "num_threads is 1000000, expected at most"),
    ],
)
def test_wrong_arguments(arguments, error, message):
    with pytest.raises(error, match=message):
        hbp_array(sample()).plan(**arguments)


@pytest.mark.parametrize("dtype", ["int64", "bool", "longdouble"])
def test_no_plan_for_other_dtypes(dtype):
    with pytest.raises(TypeError, match="multiplied by SciPy's kernels"):
        hbp_array(sample().astype(dtype)).plan()


def test_an_interrupted_build_leaves_the_array_usable(monkeypatch):
    S = sample()
    A = hbp_array(S)

    def interrupt(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("hbpspmv._plan.core.build", interrupt)
        for _ in range(2):
            with pytest.raises(KeyboardInterrupt):
                A @ np.ones(200)
    np.testing.assert_allclose(A @ np.ones(200), S @ np.ones(200), rtol=1e-12, atol=1e-12)


def test_plans_are_freed_at_once():
    # No reference cycle: a plan may hold gigabytes, and the cycle collector comes late.
    A = hbp_array(sample())
    A @ np.ones(200)
    forward, transposed = weakref.ref(A.plan()), weakref.ref(A.T.plan())
    A.data = A.data * 2
    assert forward() is transposed() is None
    forward, transposed = weakref.ref(A.plan()), weakref.ref(A.T.plan())
    del A
    assert forward() is transposed() is None
