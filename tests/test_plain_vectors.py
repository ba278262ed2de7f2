"""The short way into the kernels, for vectors that need no conversion: taken, or left untouched."""

import numpy as np
import pytest
from matrices import one_case
from plans import build as core_plan
from plans import default_geometry

import hbpspmv

N = 40


def matrix(dtype):
    rng = np.random.default_rng(3)
    return rng.integers(-3, 4, (N, N)).astype(dtype)


def unaligned(dtype):
    bytes_ = np.zeros(N * np.dtype(dtype).itemsize + 1, np.uint8)
    return bytes_[1:].view(dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64", "complex128"])
def test_taken_by_plain_vectors(dtype):
    a = one_case("fem_3x3").astype(dtype)
    plan = core_plan(a, default_geometry(a))
    x = a.vector(dtype)
    x.flags.writeable = False
    expected = np.empty(a.shape[0], dtype)
    plan.spmv(x, expected, 1.0, 0.0, 1)
    y = np.full(a.shape[0], np.nan, dtype)
    assert plan.spmv_plain(x, y, 1.0, 0.0, 2)
    assert y.tobytes() == expected.tobytes()
    assert plan.spmv_plain(x, y, 2.0, -1.0, 1)
    assert np.array_equal(y, expected)


MISFITS = {
    "a longer x": lambda x, y: (np.zeros(N + 1), y),
    "a shorter y": lambda x, y: (x, y[:-1]),
    "x of two dimensions": lambda x, y: (x.reshape(N, 1), y),
    "y of another dtype": lambda x, y: (x, y.astype("float32")),
    "x of another dtype": lambda x, y: (x.astype("float32"), y),
    "integers of the same size": lambda x, y: (x, y.view("int64")),
    "y of the other byte order": lambda x, y: (x, y.astype(y.dtype.newbyteorder())),
    "a strided x": lambda x, y: (np.zeros(2 * N)[::2], y),
    "a reversed y": lambda x, y: (x, y[::-1]),
    "an unaligned x": lambda x, y: (unaligned("float64"), y),
    "an unaligned y": lambda x, y: (x, unaligned("float64")),
    "y is x": lambda x, y: (x, x),
}


@pytest.mark.parametrize("misfit", MISFITS)
@pytest.mark.parametrize("kernel", ["hbp", "csr"])
def test_left_to_the_long_way(kernel, misfit):
    plan = hbpspmv.hbp_array(matrix("float64")).plan(expected_calls=1000 if kernel == "hbp" else 1)
    assert plan.kernel == kernel
    x, y = MISFITS[misfit](np.ones(N), np.full(N, 7.0))
    before = y.copy()
    assert not plan.run_plain(x, y, 1.0, 0.0, 1)
    assert np.array_equal(y, before)


def test_read_only_y_is_left_to_the_long_way():
    A = hbpspmv.hbp_array(matrix("float64"))
    A.plan()
    y = np.full(N, 7.0)
    y.flags.writeable = False
    assert not A.plan().run_plain(np.ones(N), y, 1.0, 0.0, 1)
    with pytest.raises(ValueError, match="read-only"):
        hbpspmv.spmv(A, np.ones(N), out=y)
    assert (y == 7.0).all()


def test_overlapping_parts_of_one_array():
    a = matrix("float64")
    A = hbpspmv.hbp_array(a)
    plan = A.plan(expected_calls=1000)
    both = np.arange(2.0 * N)
    for first in (1, N // 2, N - 1):
        x, y = both[:N], both[first : first + N]
        expected = a @ x
        assert not plan.run_plain(x, y, 1.0, 0.0, 1)
        hbpspmv.spmv(A, x, out=y)
        np.testing.assert_allclose(y, expected)
        both[:] = np.arange(2.0 * N)
    x, y = both[:N], both[N:]
    expected = a @ x
    assert plan.run_plain(x, y, 1.0, 0.0, 1)
    np.testing.assert_allclose(y, expected)
