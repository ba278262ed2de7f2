"""Bad input: a clear error or the right answer."""

import re

import numpy as np
import pytest
import scipy.sparse
from arrays import sample

import hbpspmv
from hbpspmv import Geometry, HbpOperator, hbp_array, spmv

FORMAT = Geometry(block_rows=64, block_cols=128, lanes=8)


def corrupt(field, position, value):
    S = sample()
    getattr(S, field)[position] = value
    return S


CORRUPT = {
    "index too large": (corrupt("indices", 77, 200), ("200 is", "200 columns")),
    "index far too large": (corrupt("indices", -1, 2**31 - 1), ("2147483647", "200")),
    "index negative": (corrupt("indices", 0, -1), ("-1", "200")),
    "indptr falls": (corrupt("indptr", 5, 1), ("1", "indptr")),
    "indptr jumps past the end": (corrupt("indptr", 5, 10**6), ("1000000", "indptr")),
    "indptr negative": (corrupt("indptr", 5, -3), ("-3", "indptr")),
    "indptr does not start at 0": (corrupt("indptr", 0, 2), ("2", "0")),
    "indptr ends too late": (corrupt("indptr", -1, 9500), ("9500", "9000")),
    "indptr ends below zero": (corrupt("indptr", -1, -1), ("-1", "9000")),
}


def raw(S):
    """An hbp_array with the arrays of S, past the checks of SciPy's constructor."""
    A = hbp_array(S.shape)
    A.indptr, A.indices, A.data = S.indptr.copy(), S.indices.copy(), S.data.copy()
    return A


@pytest.mark.parametrize("options", [{}, {"expected_calls": 1}, {"geometry": FORMAT}], ids=str)
@pytest.mark.parametrize("case", CORRUPT)
def test_corrupt_csr(case, options):
    S, numbers = CORRUPT[case]
    with pytest.raises(ValueError, match="ind") as error:
        raw(S).plan(**options)
    for number in numbers:
        assert re.search(rf"(?<![\d-]){re.escape(number)}", str(error.value)), str(error.value)


@pytest.mark.parametrize("case", CORRUPT)
def test_corrupt_csr_in_products(case):
    S, _ = CORRUPT[case]
    for product in (
        lambda A: A @ np.ones(200),
        lambda A: A @ np.ones((200, 3)),
        lambda A: A.T @ np.ones(300),
        lambda A: np.ones(300) @ A,
        lambda A: spmv(A, np.ones(200)),
        lambda A: HbpOperator(A),
    ):
        with pytest.raises(ValueError, match="ind"):
            product(raw(S))


def test_arrays_of_wrong_kind():
    A = raw(sample())
    A.indices = A.indices.astype("float64")
    with pytest.raises(TypeError, match="indices has dtype float64, expected integers"):
        A @ np.ones(200)
    A = raw(sample())
    A.indptr = A.indptr[:-1]
    with pytest.raises(ValueError, match="indptr has length 300, expected 301"):
        A @ np.ones(200)
    A = raw(sample())
    A.data = A.data[:10]
    with pytest.raises(ValueError, match="indptr ends at 9000, but data has length 10"):
        A @ np.ones(200)
    A = raw(sample())
    A.indices = A.indices.reshape(-1, 1)
    with pytest.raises(ValueError, match="indices has 2 dimensions, expected 1"):
        A @ np.ones(200)


def test_arrays_in_other_layouts():
    S = sample()
    x = np.random.default_rng(0).standard_normal(200)
    A = raw(S)
    A.data = np.repeat(S.data, 2)[::2]
    A.indices = np.repeat(S.indices, 2)[::2].astype(">i4")
    A.indptr = S.indptr.astype("uint32")
    for array in (A.data, A.indices, A.indptr):
        array.flags.writeable = False
    np.testing.assert_allclose(A @ x, S @ x, rtol=1e-12, atol=1e-12)
    A.data = S.data.astype(">f8")
    assert not A.dtype.isnative
    np.testing.assert_allclose(A @ x, S @ x, rtol=1e-12, atol=1e-12)


# ---- spmv ----------------------------------------------------------------------------------------


def reference(S, x, alpha, beta, out):
    return alpha * (S @ x) + (0 if beta == 0 else beta * out)


@pytest.mark.parametrize("beta", [0.0, 1.0, -2.5, 2, np.float32(0.5)])
@pytest.mark.parametrize("alpha", [1.0, 0.0, -1.5, 3, np.int8(2)])
@pytest.mark.parametrize("shape", [(), (4,)], ids=["vector", "matrix"])
def test_alpha_and_beta(shape, alpha, beta):
    S = sample()
    A = hbp_array(S)
    rng = np.random.default_rng(0)
    x, out = rng.standard_normal((200, *shape)), rng.standard_normal((300, *shape))
    expected = reference(S, x, float(alpha), float(beta), out)
    assert spmv(A, x, out=out, alpha=alpha, beta=beta) is out
    np.testing.assert_allclose(out, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("a_dtype", ["float64", "complex128"])
@pytest.mark.parametrize(("alpha", "beta"), [(2j, 0.0), (1.0, 1 - 1j), (1 + 1j, 2j), (2.0, 3.0)])
@pytest.mark.parametrize("shape", [(), (3,)], ids=["vector", "matrix"])
def test_complex_alpha_and_beta(shape, alpha, beta, a_dtype):
    S = sample(dtype=a_dtype)
    rng = np.random.default_rng(0)
    x = rng.standard_normal((200, *shape)) + 1j * rng.standard_normal((200, *shape))
    out = rng.standard_normal((300, *shape)) * (1 + 2j)
    expected = reference(S, x, alpha, beta, out)
    spmv(hbp_array(S), x, out=out, alpha=alpha, beta=beta)
    np.testing.assert_allclose(out, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("x_dtype", ["float64", "complex128"])
@pytest.mark.parametrize("alpha", [1.0, 2.0])
def test_beta_zero_does_not_read_out(alpha, x_dtype):
    S = sample()
    x = np.ones(200, x_dtype)
    for scale in (alpha, alpha + 0j if x_dtype == "complex128" else alpha):
        for out in (np.full(300, np.nan, x_dtype), np.full(600, np.nan, x_dtype)[::2]):
            spmv(hbp_array(S), x, out=out, alpha=scale)
            np.testing.assert_allclose(out, alpha * (S @ x), rtol=1e-12, atol=1e-12)


OUT_LAYOUTS = {
    "strided": lambda m, k: np.zeros((2 * m, *k))[::2],
    "reversed": lambda m, k: np.zeros((m, *k))[::-1],
    "Fortran": lambda m, k: np.zeros((m, *k), order="F"),
    "column": lambda m, k: np.zeros((m, *k, 3))[..., 1],
    "misaligned": lambda m, k: (
        np.zeros(m * np.prod((1, *k), dtype=int) * 8 + 1, np.uint8)[1:].view(float).reshape(m, *k)
    ),
}


@pytest.mark.parametrize("beta", [0.0, 2.0])
@pytest.mark.parametrize("shape", [(), (4,)], ids=["vector", "matrix"])
@pytest.mark.parametrize("layout", OUT_LAYOUTS)
def test_layouts_of_out(layout, shape, beta):
    S = sample()
    rng = np.random.default_rng(0)
    x = rng.standard_normal((200, *shape))
    out = OUT_LAYOUTS[layout](300, shape)
    out[...] = rng.standard_normal(out.shape)
    expected = reference(S, x, 1.0, beta, out.copy())
    assert spmv(hbp_array(S), x, out=out, beta=beta) is out
    np.testing.assert_allclose(out, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("beta", [0.0, 1.0])
@pytest.mark.parametrize("stride", [1, 2, -1])
@pytest.mark.parametrize("shift", [0, 1, 50])
def test_x_and_out_may_overlap(shift, stride, beta):
    S = sample((200, 200))
    A = hbp_array(S)
    for _ in range(2):  # once while the plan is built, once by the shortest way
        buffer = np.random.default_rng(0).standard_normal(500)
        x, out = buffer[:200], buffer[shift : shift + 200 * abs(stride)][::stride]
        expected = reference(S, x.copy(), 1.0, beta, out.copy())
        spmv(A, x, out=out, beta=beta)
        np.testing.assert_allclose(out, expected, rtol=1e-12, atol=1e-12)


def test_out_may_be_the_data_of_the_array():
    S = sample((200, 200), density=0.5)
    A = hbp_array(S)
    x = np.random.default_rng(0).standard_normal(200)
    expected = S @ x
    assert np.shares_memory(A.data, S.data)
    np.testing.assert_allclose(spmv(A, x, out=A.data[:200]), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("threads", [None, 1, 2, 7])
def test_num_threads(threads):
    A = hbp_array(sample((2000, 2000), 0.01))
    x = np.random.default_rng(0).standard_normal(2000)
    for _ in range(2):
        np.testing.assert_array_equal(spmv(A, x, num_threads=threads), A @ x)
        out = np.empty(2000)
        np.testing.assert_array_equal(spmv(A, x, out=out, num_threads=threads), A @ x)


def good():
    return hbp_array(sample())


VALUE_ERRORS = {
    "x too short": (
        lambda: spmv(good(), np.ones(4)),
        r"x has shape \(4,\), expected \(200,\) for A of shape \(300, 200\)",
    ),
    "x of three dimensions": (lambda: spmv(good(), np.ones((200, 2, 2))), r"\(200, 2, 2\)"),
    "x scalar": (lambda: spmv(good(), 3.0), r"x has shape \(\), expected \(200,\)"),
    "x matrix too short": (
        lambda: spmv(good(), np.ones((4, 2))),
        r"x has shape \(4, 2\), expected \(200, 2\)",
    ),
    "out too long": (
        lambda: spmv(good(), np.ones(200), out=np.ones(301)),
        r"out has shape \(301,\), expected \(300,\) for A of shape \(300, 200\)",
    ),
    "out of another rank": (
        lambda: spmv(good(), np.ones(200), out=np.ones((300, 1))),
        r"out has shape \(300, 1\), expected \(300,\)",
    ),
    "out read-only": (
        lambda: spmv(good(), np.ones(200), out=np.broadcast_to(np.zeros(1), 300)),
        "out is read-only",
    ),
    "beta without out": (lambda: spmv(good(), np.ones(200), beta=2.0), "beta is 2.0"),
    "no threads": (
        lambda: spmv(good(), np.ones(200), num_threads=0),
        "num_threads is 0, expected at least 1",
    ),
    "too many threads": (
        lambda: spmv(good(), np.ones(200), num_threads=10**9),
        "num_threads is 1000000000, expected at most",
    ),
}

TYPE_ERRORS = {
    "A of SciPy": (
        lambda: spmv(sample(), np.ones(200)),
        r"not csr_array; convert it once with hbpspmv.hbp_array\(A\)",
    ),
    "A dense": (lambda: spmv(np.ones((3, 3)), np.ones(3)), "not ndarray"),
    "x sparse": (lambda: spmv(good(), sample()), "x is sparse"),
    "x of strings": (lambda: spmv(good(), np.array(["1"] * 200)), "x has dtype <U1"),
    "x of objects": (lambda: spmv(good(), np.array([None] * 200)), "x has dtype object"),
    "x of dates": (lambda: spmv(good(), np.zeros(200, "M8[s]")), "x has dtype datetime64"),
    "out a list": (lambda: spmv(good(), np.ones(200), out=[0.0] * 300), "not list"),
    "out of a lower dtype": (
        lambda: spmv(good(), np.ones(200), out=np.ones(300, "float32")),
        "out has dtype float32, expected float64",
    ),
    "out of a higher dtype": (
        lambda: spmv(good(), np.ones(200), out=np.ones(300, "complex128")),
        "out has dtype complex128, expected float64",
    ),
    "out big-endian": (
        lambda: spmv(good(), np.ones(200), out=np.ones(300, ">f8")),
        "out has dtype >f8, expected float64",
    ),
    "alpha complex": (lambda: spmv(good(), np.ones(200), alpha=1j), "alpha is complex"),
    "beta complex": (
        lambda: spmv(good(), np.ones(200), out=np.ones(300), beta=1j),
        "beta is complex",
    ),
    "alpha an array": (
        lambda: spmv(good(), np.ones(200), alpha=np.ones(300)),
        "alpha must be a number, not ndarray",
    ),
    "alpha a string": (lambda: spmv(good(), np.ones(200), alpha="2"), "not str"),
    "threads a float": (
        lambda: spmv(good(), np.ones(200), num_threads=2.0),
        "num_threads must be an integer, not float",
    ),
    "plan of another dtype": (
        lambda: spmv(hbp_array(sample(dtype="float32")).plan(), np.ones(200)),
        "x has dtype float64 and needs a plan in float64, A is in float32",
    ),
}


@pytest.mark.parametrize("case", VALUE_ERRORS)
def test_wrong_values(case):
    call, message = VALUE_ERRORS[case]
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize("case", TYPE_ERRORS)
def test_wrong_types(case):
    call, message = TYPE_ERRORS[case]
    with pytest.raises(TypeError, match=message):
        call()


@pytest.mark.parametrize("warm", [False, True])
def test_errors_are_the_same_once_there_is_a_plan(warm):
    A = good()
    if warm:
        A @ np.ones(200)
    for x, out in ((np.ones(199), np.ones(300)), (np.ones(200), np.ones(299))):
        with pytest.raises(ValueError, match="expected"):
            spmv(A, x, out=out)
    frozen = np.ones(300)
    frozen.flags.writeable = False
    with pytest.raises(ValueError, match="read-only"):
        spmv(A, np.ones(200), out=frozen)


def test_spmv_on_scipys_kernels():
    S = (sample() * 5).astype("int64")
    A = hbp_array(S)
    x, out = np.arange(200), np.arange(300)
    expected = 3 * (S @ x) + 2 * out
    np.testing.assert_array_equal(spmv(A, x, out=out, alpha=3, beta=2), expected)
    np.testing.assert_array_equal(spmv(A, x), S @ x)
    with pytest.raises(TypeError, match="Cannot cast"):
        spmv(A, x, out=out, alpha=0.5)
    with pytest.raises(TypeError, match="out has dtype float64, expected int64"):
        spmv(A, x, out=np.ones(300))


@pytest.mark.parametrize("threads", [-1, 0])
def test_thread_counts_below_one(threads):
    with pytest.raises(ValueError, match=f"num_threads is {threads}, expected at least 1"):
        hbpspmv.set_num_threads(threads)


def test_show_config(capsys):
    config = hbpspmv.show_config(mode="dicts")
    assert hbpspmv.show_config() is None
    printed = capsys.readouterr().out
    assert config["version"] == hbpspmv.__version__
    for value in (config["version"], config["isa"], config["compiler"], config["cpu"]):
        assert value in printed
    assert f"{config['l2_bytes'] // 1024} KiB" in printed
    with pytest.raises(ValueError, match="mode is 'json', expected 'stdout' or 'dicts'"):
        hbpspmv.show_config("json")


def test_unknown_attribute():
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        hbpspmv.nothing  # noqa: B018


def test_scipy_is_not_changed():
    # The classes of SciPy itself multiply as before.
    assert scipy.sparse.csr_array((2, 2)).T.__class__ is scipy.sparse.csc_array
