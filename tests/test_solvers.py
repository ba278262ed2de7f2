"""SciPy's solvers: each reaches our kernels, and gets SciPy's answer."""

import numpy as np
import pytest
import scipy.sparse
import scipy.sparse.linalg as sla
from arrays import sample

from hbpspmv import HbpOperator, hbp_array
from hbpspmv._plan import Plan


def laplacian(n=40):
    """The 5-point stencil of an n x n grid: symmetric and positive definite."""
    line = scipy.sparse.diags_array([-1.0, 2.0, -1.0], offsets=[-1, 0, 1], shape=(n, n))
    eye = scipy.sparse.eye_array(n)
    return (scipy.sparse.kron(line, eye) + scipy.sparse.kron(eye, line)).tocsr()


def square(dtype="float64"):
    """Unsymmetric and diagonally dominant."""
    S = sample((400, 400), 0.05, dtype)
    return (S + 30 * scipy.sparse.eye_array(400)).tocsr().astype(dtype)


@pytest.fixture
def calls(monkeypatch):
    """The plan of every product that a kernel makes."""
    counts = []
    create = Plan.__init__

    def record(self, *args, **kwargs):
        create(self, *args, **kwargs)
        for name in ("run", "run_many"):
            kernel = getattr(self, name)

            def counted(*arguments, kernel=kernel, plan=self):
                counts.append(plan)
                return kernel(*arguments)

            setattr(self, name, counted)

    monkeypatch.setattr(Plan, "__init__", record)
    return counts


def solve_cg(A, b):
    x, status = sla.cg(A, b, rtol=1e-10)
    assert status == 0
    return x


def solve_gmres(A, b):
    x, status = sla.gmres(A, b, rtol=1e-10)
    assert status == 0
    return x


def solve_bicg(A, b):
    x, status = sla.bicg(A, b, rtol=1e-10)
    assert status == 0
    return x


SQUARE = {
    "cg": (laplacian, solve_cg, 20),
    "gmres": (square, solve_gmres, 5),
    "bicg": (square, solve_bicg, 10),
    "bicgstab": (square, lambda A, b: sla.bicgstab(A, b, rtol=1e-10)[0], 5),
    "minres": (laplacian, lambda A, b: sla.minres(A, b, rtol=1e-12)[0], 20),
}


@pytest.mark.parametrize("make", [hbp_array, HbpOperator])
@pytest.mark.parametrize("solver", SQUARE)
def test_linear_solvers(solver, make, calls):
    matrix, solve, least_calls = SQUARE[solver]
    S = matrix()
    expected = np.random.default_rng(0).standard_normal(S.shape[0])
    x = solve(make(S), S @ expected)
    np.testing.assert_allclose(x, expected, rtol=1e-6, atol=1e-6)
    assert len(calls) >= least_calls
    assert {plan.kernel for plan in calls} == {"hbp"}


@pytest.mark.parametrize("make", [hbp_array, HbpOperator])
@pytest.mark.parametrize("solver", ["lsqr", "lsmr"])
def test_least_squares(solver, make, calls):
    S = sample()
    expected = np.random.default_rng(0).standard_normal(200)
    x = getattr(sla, solver)(make(S), S @ expected, atol=1e-12, btol=1e-12)[0]
    np.testing.assert_allclose(x, expected, rtol=1e-6, atol=1e-6)
    # Both the matrix and its adjoint are multiplied in every step.
    shapes = [plan.shape for plan in calls]
    assert shapes.count((300, 200)) >= 20
    assert shapes.count((200, 300)) >= 20
    assert {plan.kernel for plan in calls} == {"hbp"}


@pytest.mark.parametrize("make", [hbp_array, HbpOperator])
def test_eigsh(make, calls):
    S = laplacian()
    v0 = np.random.default_rng(0).standard_normal(S.shape[0])
    values = sla.eigsh(make(S), k=4, which="LM", v0=v0, return_eigenvectors=False)
    n_calls = len(calls)
    expected = sla.eigsh(S, k=4, which="LM", v0=v0, return_eigenvectors=False)
    np.testing.assert_allclose(np.sort(values), np.sort(expected), rtol=1e-9)
    assert n_calls == len(calls) >= 20
    assert {plan.kernel for plan in calls} == {"hbp"}


@pytest.mark.parametrize("make", [hbp_array, HbpOperator])
@pytest.mark.parametrize("dtype", ["float64", "complex128"])
def test_svds(dtype, make, calls):
    S = sample(dtype=dtype)
    v0 = np.random.default_rng(0).standard_normal(200)
    values = sla.svds(make(S), k=4, v0=v0, return_singular_vectors=False)
    n_calls = len(calls)
    expected = sla.svds(S, k=4, v0=v0, return_singular_vectors=False)
    np.testing.assert_allclose(np.sort(values), np.sort(expected), rtol=1e-9)
    shapes = [plan.shape for plan in calls]
    assert n_calls == len(calls)
    assert shapes.count((300, 200)) >= 10
    assert shapes.count((200, 300)) >= 10


@pytest.mark.parametrize("dtype", ["complex64", "complex128"])
def test_complex_systems(dtype, calls):
    S = square(dtype)
    A = hbp_array(S)
    rng = np.random.default_rng(0)
    expected = (rng.standard_normal(400) + 1j * rng.standard_normal(400)).astype(dtype)
    single = dtype == "complex64"
    x, status = sla.gmres(A, S @ expected, rtol=1e-5 if single else 1e-10)
    assert status == 0
    np.testing.assert_allclose(x, expected, atol=1e-3 if single else 1e-6)
    assert len(calls) >= 5


def test_single_precision_matrix_and_double_precision_side(calls):
    S = laplacian().astype("float32")
    A = hbp_array(S)
    b = np.random.default_rng(0).standard_normal(S.shape[0])
    x, status = sla.cg(A, b, rtol=1e-10)
    assert status == 0
    np.testing.assert_allclose(S.astype("float64") @ x, b, atol=1e-7)
    # One plan in double precision, made once: the values are not converted in each product.
    assert len({id(plan) for plan in calls}) == 1


def test_power_iteration_and_expm_multiply(calls):
    S = laplacian(20) * 0.1
    A = hbp_array(S)
    x = np.random.default_rng(0).standard_normal(400)
    np.testing.assert_allclose(
        sla.expm_multiply(-A, x, traceA=-S.trace()), sla.expm_multiply(-S, x, traceA=-S.trace())
    )
    assert len(calls) >= 5


def test_direct_solvers_still_work():
    S = square()
    expected = np.random.default_rng(0).standard_normal(400)
    b = S @ expected
    for A in (hbp_array(S), hbp_array(S).T.T, hbp_array(S).tocsc()):
        with np.errstate(all="ignore"):
            np.testing.assert_allclose(sla.spsolve(A.tocsc(), b), expected, rtol=1e-8)
    np.testing.assert_allclose(sla.splu(hbp_array(S).tocsc()).solve(b), expected, rtol=1e-8)
    assert sla.norm(hbp_array(S)) == pytest.approx(sla.norm(S))
