"""HbpOperator: a LinearOperator that holds the plan only."""

import gc
import weakref

import numpy as np
import pytest
import scipy.sparse
from arrays import as_array, record_builds, sample, transposed
from closeness import assert_close
from matrices import CASES, DTYPES, one_case
from recipes import random_values
from scipy.sparse.linalg import LinearOperator, aslinearoperator

import hbpspmv
from hbpspmv import Geometry, HbpOperator

BLOCKS = Geometry(block_rows=64, block_cols=128, lanes=8)


@pytest.mark.parametrize("name", CASES)
def test_products_of_the_battery(name):
    a = one_case(name).astype("float64")
    t = transposed(a)
    op = HbpOperator(as_array(a, scipy.sparse.csr_array), geometry=BLOCKS)
    rng = np.random.default_rng(0)
    x, X = rng.standard_normal(a.shape[1]), rng.standard_normal((a.shape[1], 3))
    z, Z = rng.standard_normal(a.shape[0]), rng.standard_normal((a.shape[0], 3))
    assert_close(op.matvec(x), a, x)
    assert_close(op.matmat(X), a, X)
    assert_close(op.rmatvec(z), t, z)
    assert_close(op.rmatmat(Z), t, Z)


@pytest.mark.parametrize("dtype", DTYPES)
def test_adjoint_and_transpose(dtype):
    S = sample(dtype=dtype)
    op = HbpOperator(S)
    assert isinstance(op, LinearOperator)
    assert aslinearoperator(op) is op
    assert op.dtype == dtype
    assert op.shape == S.shape
    rng = np.random.default_rng(0)
    x, z = random_values(rng, 200, dtype), random_values(rng, 300, dtype)
    Z = random_values(rng, (300, 3), dtype)
    close = {"rtol": 1e-4, "atol": 1e-4} if np.finfo(dtype).eps > 1e-10 else {"rtol": 1e-12}
    np.testing.assert_allclose(op @ x, S @ x, **close)
    np.testing.assert_allclose(op @ x[:, None], (S @ x)[:, None], **close)
    np.testing.assert_allclose(op.rmatvec(z), S.conj().T @ z, **close)
    np.testing.assert_allclose(op.rmatmat(Z), S.conj().T @ Z, **close)
    np.testing.assert_allclose(op.H @ z, S.conj().T @ z, **close)
    np.testing.assert_allclose(op.T @ z, S.T @ z, **close)
    assert (op.rmatvec(z)).dtype == dtype


@pytest.mark.parametrize("x_dtype", ["int8", "float32", "float64", "complex64", "complex128"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_result_dtypes_are_scipys(dtype, x_dtype):
    S = sample(dtype=dtype)
    op = HbpOperator(S)
    x, z = np.ones(200, x_dtype), np.ones(300, x_dtype)
    for got, expected in ((op @ x, S @ x), (op.rmatvec(z), S.conj().T @ z)):
        assert got.dtype == expected.dtype
        np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("index_dtype", ["int32", "int64"])
@pytest.mark.parametrize("geometry", [None, BLOCKS], ids=["default", "given"])
@pytest.mark.parametrize("name", CASES)
def test_tocsr_is_bit_exact(name, geometry, index_dtype):
    a = one_case(name).astype("float64", index_dtype)
    S = scipy.sparse.csr_array(a.shape)
    S.indptr, S.indices, S.data = a.indptr, a.indices, a.data
    B = HbpOperator(S, geometry=geometry).tocsr()
    assert type(B) is scipy.sparse.csr_array
    assert B.shape == a.shape
    for got, expected in ((B.indptr, a.indptr), (B.indices, a.indices), (B.data, a.data)):
        assert got.dtype == expected.dtype
        assert got.tobytes() == expected.tobytes()


def test_keeps_nothing_of_the_matrix():
    S = sample()
    references = [weakref.ref(array) for array in (S.data, S.indices, S.indptr)]
    op = HbpOperator(S)
    matrix = S.copy()
    del S
    gc.collect()
    assert [reference() for reference in references] == [None, None, None]
    np.testing.assert_allclose(op @ np.ones(200), matrix @ np.ones(200))


def test_nbytes_counts_the_plans():
    op = HbpOperator(sample())
    forward = op.nbytes
    assert forward == op.plan.nbytes == op.plan.info()["nbytes"] > 0
    op.rmatvec(np.ones(300))
    assert op.nbytes > forward


def test_plans_are_built_once(monkeypatch):
    builds = record_builds(monkeypatch)
    op = HbpOperator(sample(), geometry=BLOCKS, num_threads=1)
    for _ in range(3):
        op @ np.ones(200)
        op.rmatvec(np.ones(300))
        op @ np.ones(200, complex)
    assert [plan.shape for plan in builds] == [(300, 200), (200, 300)]
    assert {plan.geometry for plan in builds} == {BLOCKS}
    assert {plan.num_threads for plan in builds} == {1}


def test_spmv_with_an_operator():
    S = sample()
    op = HbpOperator(S)
    y = np.ones(300)
    assert hbpspmv.spmv(op, np.ones(200), out=y, alpha=2.0, beta=3.0) is y
    np.testing.assert_allclose(y, 2 * (S @ np.ones(200)) + 3, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("make", ["coo_array", "csc_array", "csr_matrix", "lil_array"])
def test_any_sparse_format(make):
    S = sample()
    op = HbpOperator(getattr(scipy.sparse, make)(S))
    np.testing.assert_allclose(op @ np.ones(200), S @ np.ones(200), rtol=1e-12, atol=1e-12)


def test_dense_input():
    D = sample().toarray()
    np.testing.assert_allclose(HbpOperator(D) @ np.ones(200), D @ np.ones(200), atol=1e-12)


@pytest.mark.parametrize("dtype", ["int64", "bool", "longdouble"])
def test_other_dtypes_are_refused(dtype):
    with pytest.raises(TypeError, match=r"convert it with S.astype\(numpy.float64\)"):
        HbpOperator(sample().astype(dtype))


def test_wrong_input():
    op = HbpOperator(sample())
    with pytest.raises(ValueError, match=r"199|dimension mismatch"):
        op.matvec(np.ones(199))
    with pytest.raises(TypeError, match="x has dtype object"):
        op.matvec(np.array([None] * 200))
    with pytest.raises(TypeError, match="geometry must be a Geometry"):
        HbpOperator(sample(), geometry=(8, 8, 8))
    with pytest.raises(ValueError, match="expected_calls is 0"):
        HbpOperator(sample(), expected_calls=0)
