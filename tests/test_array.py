"""hbp_array: products of every kind against SciPy, in every dtype and layout."""

import copy
import pickle

import numpy as np
import pytest
import scipy.sparse
from arrays import as_array, record_builds, sample, transposed
from closeness import assert_close
from matrices import CASES, DTYPES, one_case
from recipes import random_values

import hbpspmv
from hbpspmv import Geometry, hbp_array
from hbpspmv._array import hbp_csc_array
from hbpspmv._plan import Plan

SMALL_BLOCKS = Geometry(block_rows=100, block_cols=130, lanes=8)


@pytest.mark.parametrize("geometry", [None, SMALL_BLOCKS], ids=["default", "small blocks"])
@pytest.mark.parametrize("name", CASES)
def test_products_of_the_battery(name, geometry):
    a = one_case(name).astype("float64")
    t = transposed(a)
    A = as_array(a)
    if geometry is not None:
        A.plan(geometry=geometry)
        A.T.plan(geometry=geometry)
    rng = np.random.default_rng(0)
    x, X = rng.standard_normal(a.shape[1]), rng.standard_normal((a.shape[1], 3))
    z, Z = rng.standard_normal(a.shape[0]), rng.standard_normal((a.shape[0], 3))
    assert_close(A @ x, a, x, what="A @ x")
    assert_close(A @ X, a, X, what="A @ X")
    assert_close(A.T @ z, t, z, what="A.T @ z")
    assert_close(A.T @ Z, t, Z, what="A.T @ Z")
    assert_close(z @ A, t, z, what="z @ A")
    assert_close((Z.T @ A).T, t, Z, what="Z.T @ A")
    if geometry is not None:
        assert A.plan().kernel == A.T.plan().kernel == "hbp"


@pytest.mark.parametrize("dtype", DTYPES)
def test_products_in_every_dtype(dtype):
    a = one_case("power_law").astype(dtype)
    A = as_array(a)
    x, X = a.vector(dtype), random_values(np.random.default_rng(3), (a.shape[1], 4), dtype)
    assert_close(A @ x, a, x)
    assert_close(A @ X, a, X)
    assert A.plan().kernel == "hbp"


@pytest.mark.parametrize("index_dtype", ["int32", "int64"])
def test_index_dtypes(index_dtype):
    a = one_case("power_law").astype("float64", index_dtype)
    A = as_array(a)
    # SciPy narrows int64 arrays in its constructor; assignment keeps them.
    A.indptr, A.indices = a.indptr, a.indices
    assert A.indices.dtype == index_dtype
    x = a.vector("float64")
    assert_close(A @ x, a, x)
    z = np.random.default_rng(0).standard_normal(a.shape[0])
    assert_close(A.T @ z, transposed(a), z)


def test_mixed_index_dtypes():
    S = sample()
    A = hbp_array(S)
    A.indptr = A.indptr.astype("int64")
    np.testing.assert_allclose(A @ np.ones(200), S @ np.ones(200))


ALL_DTYPES = ["?", "b", "H", "i", "q", "f", "d", "g", "F", "D"]


@pytest.mark.parametrize("x_dtype", ALL_DTYPES)
@pytest.mark.parametrize("a_dtype", ALL_DTYPES)
def test_result_dtype_and_value_are_scipys(a_dtype, x_dtype):
    rng = np.random.default_rng(1)
    S = (sample(density=0.3) * 4).astype(a_dtype)
    A = hbp_array(S)
    for shape in ((200,), (200, 1), (200, 3)):
        x = (rng.standard_normal(shape) * 4).astype(x_dtype)
        if x_dtype in "FD":
            x = x + (1j * rng.standard_normal(shape)).astype(x_dtype)
        with np.errstate(over="ignore"):
            got, expected = A @ x, S @ x
        assert got.dtype == expected.dtype
        single = np.finfo(got.dtype).eps > 1e-10 if got.dtype.kind in "fc" else False
        np.testing.assert_allclose(got, expected, rtol=1e-4 if single else 1e-12, atol=1e-3)


@pytest.mark.parametrize("dtype", ["int8", "int64", "bool", "longdouble"])
def test_other_matrices_use_scipys_kernels(dtype, monkeypatch):
    builds = record_builds(monkeypatch)
    S = (sample() * 4).astype(dtype)
    A = hbp_array(S)
    x = np.arange(200)
    np.testing.assert_array_equal(A @ x, S @ x)
    np.testing.assert_array_equal(A.T @ np.arange(300), S.T @ np.arange(300))
    np.testing.assert_array_equal(A @ x.astype("float64"), S @ x.astype("float64"))
    assert builds == []


def test_one_plan_serves_all_products_of_a_result_dtype(monkeypatch):
    builds = record_builds(monkeypatch)
    A = hbp_array(sample(dtype="float32"))
    for _ in range(3):
        A @ np.ones(200)
        A @ np.ones((200, 2))
        A @ np.ones(200, int)
    # The values are converted once, for the plan, and not in every call.
    assert [plan.dtype for plan in builds] == [np.dtype("float64")]
    A @ np.ones(200, "float32")
    assert [plan.dtype for plan in builds] == [np.dtype("float64"), np.dtype("float32")]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_real_matrix_stays_real_for_complex_vectors(dtype, monkeypatch):
    builds = record_builds(monkeypatch)
    S = sample(dtype=dtype)
    A = hbp_array(S)
    rng = np.random.default_rng(0)
    x = (rng.standard_normal(200) + 1j * rng.standard_normal(200)).astype(
        np.result_type(dtype, "complex64")
    )
    y = A @ x
    assert [plan.dtype for plan in builds] == [np.dtype(dtype)]
    # Bit for bit the real products of the two parts.
    np.testing.assert_array_equal(y.real, (A @ np.stack([x.real, x.imag], axis=1))[:, 0])
    np.testing.assert_array_equal(y.imag, (A @ np.stack([x.real, x.imag], axis=1))[:, 1])


def test_transposed_views_share_one_plan(monkeypatch):
    builds = record_builds(monkeypatch)
    A = hbp_array(sample())
    z = np.ones(300)
    for _ in range(3):
        A.T @ z
        z @ A
        A.T.T.T @ z
    assert len(builds) == 1
    A @ np.ones(200)
    A.T.T @ np.ones(200)
    assert len(builds) == 2


def read_only(x):
    x = x.copy()
    x.flags.writeable = False
    return x


def misaligned(x):
    buffer = np.empty(x.nbytes + 1, np.uint8)
    view = buffer[1:].view(x.dtype).reshape(x.shape)
    view[...] = x
    assert not view.flags.aligned
    return view


LAYOUTS = {
    "read-only": read_only,
    "strided": lambda x: np.repeat(x, 2, axis=0)[::2],
    "reversed": lambda x: x[::-1].copy()[::-1],
    "Fortran": np.asfortranarray,
    "column slice": lambda x: np.repeat(x[..., None], 2, axis=-1)[..., 0],
    "big-endian": lambda x: x.astype(x.dtype.newbyteorder(">")),
    "misaligned": misaligned,
    "broadcast": lambda x: np.broadcast_to(x[:1], x.shape),
    "list": lambda x: x.tolist(),
    "subclass": lambda x: x.view(np.ma.MaskedArray),
}


@pytest.mark.parametrize("shape", [(200,), (200, 1), (200, 4)], ids=str)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts_of_x(layout, shape):
    S = sample()
    A = hbp_array(S)
    x = LAYOUTS[layout](np.random.default_rng(0).standard_normal(shape))
    before = copy.deepcopy(x)
    for _ in range(2):
        got = A @ x
        assert type(got) is np.ndarray
        np.testing.assert_allclose(got, S @ np.asarray(before, "float64"), rtol=1e-12, atol=1e-12)
    np.testing.assert_array_equal(x, before)


@pytest.mark.parametrize("shape", [(0, 0), (0, 5), (5, 0)], ids=str)
def test_empty_shapes(shape):
    A = hbp_array(shape)
    m, n = shape
    np.testing.assert_array_equal(A @ np.ones(n), np.zeros(m))
    np.testing.assert_array_equal(A @ np.ones((n, 3)), np.zeros((m, 3)))
    np.testing.assert_array_equal(A.T @ np.ones(m), np.zeros(n))
    np.testing.assert_array_equal(np.ones(m) @ A, np.zeros(n))
    np.testing.assert_array_equal(A @ np.ones(n, complex), np.zeros(m, complex))


def test_no_columns_of_x():
    A = hbp_array(sample())
    assert (A @ np.empty((200, 0))).shape == (300, 0)
    assert (A @ np.empty((200, 0), complex)).shape == (300, 0)


def test_wrong_shapes_raise_as_in_scipy():
    A = hbp_array(sample())
    for x in (np.ones(199), np.ones((199, 2)), np.ones((1, 200)), np.ones((200, 2, 2))):
        with pytest.raises(ValueError, match="dimension"):
            A @ x


def test_nan_and_infinity():
    S = sample()
    S.data[::7] = np.nan
    S.data[3::7] = np.inf
    A = hbp_array(S)
    x = np.random.default_rng(0).standard_normal(200)
    x[5], x[9] = np.inf, np.nan
    with np.errstate(invalid="ignore"):
        np.testing.assert_allclose(A @ x, S @ x, rtol=1e-12, atol=1e-12)


@pytest.mark.skipif(
    not hasattr(scipy.sparse.csr_array, "_allow_nd"), reason="this SciPy has no 1-D csr_array"
)
def test_one_dimensional_arrays_are_scipys():
    row = hbp_array(np.arange(5.0))
    assert row.shape == (5,)
    assert row @ np.arange(5.0) == 30.0
    np.testing.assert_array_equal(row @ np.ones((5, 2)), [10.0, 10.0])
    row[2] = 0.0
    assert row @ np.arange(5.0) == 26.0
    with pytest.raises(ValueError, match="1 dimension, expected 2"):
        row.plan()
    with pytest.raises(ValueError, match="expected two dimensions"):
        hbpspmv.spmv(row, np.ones(5))


def test_class_survives_scipys_operations():
    A = hbp_array(sample())
    same = {
        "A * 2": A * 2,
        "A + A": A + A,
        "-A": -A,
        "abs": abs(A),
        "copy": A.copy(),
        "astype": A.astype("float32"),
        "rows": A[10:20],
        "columns": A[:, 10:20],
        "A @ A.T": A @ A.T,
        "multiply": A.multiply(A),
        "A.T.T": A.T.T,
        "A.T.tocsr()": A.T.tocsr(),
        "tocsc().tocsr()": A.tocsc().tocsr(),
        "power": A.power(2),
    }
    assert {name for name, B in same.items() if type(B) is not hbp_array} == set()
    for twin in (A.T, A.tocsc(), A.T.conj(), A.T * 2, A.T.copy()):
        assert type(twin) is hbp_csc_array


def test_pickle_and_copies_leave_the_plan_behind(monkeypatch):
    builds = record_builds(monkeypatch)
    A = hbp_array(sample())
    x = np.random.default_rng(0).standard_normal(200)
    y = A @ x
    copies = [pickle.loads(pickle.dumps(A, protocol)) for protocol in range(6)]
    for B in (*copies, copy.copy(A), copy.deepcopy(A), A.copy()):
        assert type(B) is hbp_array
        np.testing.assert_array_equal(B @ x, y)
    assert len(builds) == 10
    assert set(A.__dict__) == set(scipy.sparse.csr_array(A).__dict__) | set(A.__dict__)
    assert not any(isinstance(value, Plan) for value in A.__dict__.values())


def test_npz_round_trip(tmp_path):
    A = hbp_array(sample())
    scipy.sparse.save_npz(tmp_path / "a.npz", A)
    B = hbp_array(scipy.sparse.load_npz(tmp_path / "a.npz"))
    x = np.random.default_rng(0).standard_normal(200)
    np.testing.assert_array_equal(A @ x, B @ x)


@pytest.mark.parametrize("make", [list, scipy.sparse.coo_array, scipy.sparse.csc_array])
def test_whatever_csr_array_accepts(make):
    dense = sample().toarray()
    S = make(dense.tolist() if make is list else dense)
    np.testing.assert_allclose(hbp_array(S) @ np.ones(200), dense.sum(axis=1), atol=1e-12)


def test_spmatrix_is_accepted():
    dense = sample().toarray()
    A = hbp_array(scipy.sparse.csr_matrix(dense))
    np.testing.assert_allclose(A @ np.ones(200), dense.sum(axis=1), atol=1e-12)


def test_unpruned_arrays():
    # indices and data longer than indptr[-1]: the rest is spare room, not entries.
    S = sample()
    A = hbp_array(S)
    A.indices = np.append(S.indices, [10**6] * 5).astype(S.indices.dtype)
    A.data = np.append(S.data, [np.nan] * 5)
    x = np.random.default_rng(0).standard_normal(200)
    np.testing.assert_allclose(A @ x, S @ x, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(A.T @ np.ones(300), S.T @ np.ones(300), rtol=1e-12, atol=1e-12)


def test_spmv_is_the_same_product():
    A = hbp_array(sample())
    x = np.random.default_rng(0).standard_normal(200)
    np.testing.assert_array_equal(hbpspmv.spmv(A, x), A @ x)
    np.testing.assert_array_equal(hbpspmv.spmv(A.plan(), x), A @ x)
    np.testing.assert_array_equal(hbpspmv.spmv(A.T.T, x), A @ x)
