"""A changed array forgets its plans; what cannot be seen has refresh and a check."""

import threading

import numpy as np
import pytest
import scipy.sparse
from arrays import record_builds, sample

from hbpspmv import hbp_array

pytestmark = pytest.mark.filterwarnings("ignore::scipy.sparse.SparseEfficiencyWarning")


def messy():
    """Unsorted rows, duplicates and explicit zeros."""
    rng = np.random.default_rng(7)
    n = 4000
    indptr = np.arange(0, n + 1, 20)
    data = rng.standard_normal(n)
    data[::5] = 0.0
    return scipy.sparse.csr_array((data, rng.integers(0, 200, n), indptr), shape=(200, 200))


def assign(name, value):
    def change(A):
        setattr(A, name, value(getattr(A, name)))

    return change


def change_dtype(A):
    A.dtype = np.dtype("int64")
    A.data = A.data % 100


def multiply_in_place(A):
    A *= 2


def divide_in_place(A):
    A /= 2


def multiply_data(A):
    A.data *= 2


def set_item(A):
    A[3, 4] = 5


def set_slice(A):
    A[3:9] = 1.5


def set_mask(A):
    A[A > 0.5] = -1.0


MUTATORS = {
    "data": assign("data", lambda data: data * 2),
    "indices": assign("indices", lambda indices: indices[::-1].copy()),
    "indptr": assign("indptr", lambda indptr: np.append(0, indptr[1:] // 2 * 2)),
    "dtype": change_dtype,
    "__setitem__": set_item,
    "__setitem__ with a slice": set_slice,
    "__setitem__ with a mask": set_mask,
    "*=": multiply_in_place,
    "/=": divide_in_place,
    "data *=": multiply_data,
    "setdiag": lambda A: A.setdiag(3.0),
    "sum_duplicates": lambda A: A.sum_duplicates(),
    "sort_indices": lambda A: A.sort_indices(),
    "eliminate_zeros": lambda A: A.eliminate_zeros(),
    "prune": lambda A: A.prune(),
    "resize": lambda A: A.resize(200, 200),
    "resize, fewer rows and columns": lambda A: A.resize(150, 120),
    "resize, more rows": lambda A: A.resize(250, 200),
}


@pytest.mark.parametrize("mutator", MUTATORS)
def test_mutators_are_noticed(mutator):
    A, S = hbp_array(messy()), messy()
    rng = np.random.default_rng(0)
    x = rng.standard_normal(200)
    A @ x
    A.T @ x
    for B in (A, S):
        MUTATORS[mutator](B)
    assert A.dtype == S.dtype
    x, z = rng.standard_normal(A.shape[1]), rng.standard_normal(A.shape[0])
    np.testing.assert_allclose(A @ x, S @ x, rtol=1e-11, atol=1e-11)
    np.testing.assert_allclose(A.T @ z, S.T @ z, rtol=1e-11, atol=1e-11)
    np.testing.assert_allclose(z @ A, z @ S, rtol=1e-11, atol=1e-11)


IN_PLACE = ("__setitem__", "*=", "/=", "data *=")


@pytest.mark.parametrize("mutator", IN_PLACE)
def test_a_transposed_view_notices_changes_of_its_array(mutator):
    A, S = hbp_array(sample()), sample()
    S[3, 4] = A[3, 4] = 1.0  # an entry that exists can be set without new arrays
    T, U = A.T, S.T
    z = np.random.default_rng(0).standard_normal(300)
    T @ z
    MUTATORS[mutator](A)
    MUTATORS[mutator](S)
    np.testing.assert_allclose(T @ z, U @ z, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("mutator", IN_PLACE)
def test_an_array_notices_changes_of_its_transposed_view(mutator):
    A, S = hbp_array(sample()), sample()
    S[4, 3] = A[4, 3] = S[3, 4] = A[3, 4] = 1.0
    x = np.random.default_rng(0).standard_normal(200)
    A @ x
    MUTATORS[mutator](A.T)
    MUTATORS[mutator](S.T)
    np.testing.assert_allclose(A @ x, S @ x, rtol=1e-12, atol=1e-12)


def test_a_view_keeps_the_old_arrays_when_its_array_gets_new_ones():
    A = hbp_array(sample())
    T = A.T
    z = np.random.default_rng(0).standard_normal(300)
    before = T @ z
    A.data = A.data * 2
    np.testing.assert_array_equal(T @ z, before)
    np.testing.assert_array_equal(A.T @ z, 2 * before)


READERS = {
    "A * 2": lambda A: A * 2,
    "abs": abs,
    "sum": lambda A: (A.sum(), A.sum(axis=0), A.sum(axis=1), A.T.sum(axis=0)),
    "mean": lambda A: A.mean(axis=0),
    "max": lambda A: A.max(),
    "argmax": lambda A: A.argmax(),
    "getitem": lambda A: A[3, 4],
    "toarray": lambda A: A.toarray(),
    "tocsc": lambda A: A.tocsc(),
    "tolil": lambda A: A.tolil(),
    "A + A": lambda A: A + A,
    "A @ A.T": lambda A: A @ A.T,
    "copy": lambda A: A.copy(),
    "count_nonzero": lambda A: A.count_nonzero(),
    "sum_duplicates of a canonical array": lambda A: A.sum_duplicates(),
    "sort_indices of a sorted array": lambda A: A.sort_indices(),
    "T": lambda A: A.T,
}


@pytest.mark.parametrize("reader", READERS)
def test_reading_keeps_the_plan(reader, monkeypatch):
    builds = record_builds(monkeypatch)
    A = hbp_array(sample())
    A @ np.ones(200)
    assert len(builds) == 1
    READERS[reader](A)
    A @ np.ones(200)
    assert len(builds) == 1


@pytest.mark.parametrize("kernel", ["hbp", "csr"])
def test_refresh_after_writing_into_data(kernel, monkeypatch):
    builds = record_builds(monkeypatch)
    A = hbp_array(sample(dtype="float32"))
    A.plan(expected_calls=1 if kernel == "csr" else 10**6)
    A.T.plan(expected_calls=1 if kernel == "csr" else 10**6)
    assert A.plan().kernel == A.T.plan().kernel == kernel
    x, z = np.random.default_rng(0).standard_normal(200), np.ones(300, "float32")
    products = [
        lambda: A @ x.astype("float32"),
        lambda: A @ x,
        lambda: A @ (x + 1j),
        lambda: A.T @ z,
    ]
    before = [product() for product in products]
    n_plans = len(builds)
    A.data[...] = A.data * 2
    A.refresh()
    for product, old in zip(products, before, strict=True):
        np.testing.assert_array_equal(product(), 2 * old)
    assert len(builds) == n_plans


def test_refresh_through_the_view():
    A = hbp_array(sample())
    T = A.T
    x, z = np.random.default_rng(0).standard_normal(200), np.ones(300)
    y, w = A @ x, T @ z
    A.data[...] = A.data * 2
    T.refresh()
    np.testing.assert_array_equal(A @ x, 2 * y)
    np.testing.assert_array_equal(T @ z, 2 * w)


def test_refresh_of_the_pattern():
    A, S = hbp_array(sample()), sample()
    x = np.random.default_rng(0).standard_normal(200)
    A @ x
    for B in (A, S):
        B.indices[...] = 199 - B.indices
    A.refresh(pattern=True)
    np.testing.assert_allclose(A @ x, S @ x, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("kernel", ["hbp", "csr"])
def test_refresh_with_another_number_of_entries(kernel):
    A = hbp_array(sample())
    y = A.plan(expected_calls=1 if kernel == "csr" else None) and A @ np.ones(200)
    A.indptr[-1] -= 5
    with pytest.raises(ValueError, match="data has length 8995, expected 9000"):
        A.refresh()
    np.testing.assert_array_equal(A @ np.ones(200), y)


def test_views_of_arrays_with_wide_indices_share_one_plan(monkeypatch):
    # SciPy narrows the indices of every transposed view anew.
    builds = record_builds(monkeypatch)
    A, S = hbp_array(sample()), sample()
    for B in (A, S):
        B.indptr, B.indices = B.indptr.astype("int64"), B.indices.astype("int64")
    z = np.random.default_rng(0).standard_normal(300)
    for _ in range(3):
        np.testing.assert_allclose(A.T @ z, S.T @ z, rtol=1e-12, atol=1e-12)
    assert len(builds) == 1
    T = A.T
    A[:, 5] = S[:, 5] = 0
    A.eliminate_zeros()
    S.eliminate_zeros()
    x = np.random.default_rng(0).standard_normal(200)
    np.testing.assert_allclose(T.T @ x, S @ x, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(A @ x, S @ x, rtol=1e-12, atol=1e-12)


def test_refresh_without_a_plan_does_nothing(monkeypatch):
    builds = record_builds(monkeypatch)
    hbp_array(sample()).refresh()
    assert builds == []


@pytest.mark.parametrize("kernel", ["hbp", "csr"])
def test_writing_into_the_arrays_changes_no_product(kernel):
    # The plan owns its copy: garbage in the arrays cannot lead a kernel astray.
    A = hbp_array(sample())
    A.plan(expected_calls=1 if kernel == "csr" else None)
    x = np.random.default_rng(0).standard_normal(200)
    before = A @ x
    A.indices[...] = 2**31 - 1
    A.indptr[...] = -5
    A.data[...] = np.nan
    np.testing.assert_array_equal(A @ x, before)


@pytest.mark.parametrize("how", ["argument", "environment"])
@pytest.mark.parametrize("name", ["data", "indices", "indptr"])
def test_check_finds_silent_changes(name, how, monkeypatch):
    A = hbp_array(sample())
    if how == "argument":
        A.plan(check=True)
    else:
        monkeypatch.setenv("HBPSPMV_CHECK", "1")
    x, z = np.ones(200), np.ones(300)
    A @ x
    array = getattr(A, name)
    old = array[5]
    array[5] = old + 1 if array[5] == 0 else array[5] - 1
    with pytest.raises(RuntimeError, match="changed in place"):
        A @ x
    with pytest.raises(RuntimeError, match="changed in place"):
        A @ np.ones((200, 2))
    array[5] = old
    A @ x
    if how == "environment":
        A.T @ z
        A.data[0] += 1
        with pytest.raises(RuntimeError, match="changed in place"):
            z @ A
        A.refresh()
        z @ A
        A @ x


@pytest.mark.parametrize("value", ["", "0"])
def test_check_is_off_by_default(value, monkeypatch):
    monkeypatch.setenv("HBPSPMV_CHECK", value)
    A = hbp_array(sample())
    y = A @ np.ones(200)
    A.data[...] = 0
    np.testing.assert_array_equal(A @ np.ones(200), y)
    A.plan(check=True)
    np.testing.assert_array_equal(A @ np.ones(200), np.zeros(300))


def test_threads_that_multiply_and_one_that_changes():
    """Every product is one of the values that the array had, or an error; nothing crashes."""
    A = hbp_array(sample())
    x = np.random.default_rng(0).standard_normal(200)
    y = A @ x
    stop = threading.Event()
    wrong = []

    def multiply():
        while not stop.is_set():
            z = A @ x
            if not any(np.array_equal(z, k * y) for k in (1, 2)):
                wrong.append(z)

    workers = [threading.Thread(target=multiply) for _ in range(3)]
    for worker in workers:
        worker.start()
    single, double = A.data, A.data * 2
    for k in range(300):
        A.data = double if k % 2 else single
    stop.set()
    for worker in workers:
        worker.join()
    assert wrong == []


def test_a_build_under_way_does_not_outlive_a_change(monkeypatch):
    A = hbp_array(sample())
    x = np.random.default_rng(0).standard_normal(200)
    source = type(A)._csr
    changed = threading.Event()

    def slow_source(self):
        csr = source(self)
        copied = csr[0]._replace(data=csr[0].data.copy())
        monkeypatch.undo()
        other = threading.Thread(target=lambda: (setattr(A, "data", A.data * 2), changed.set()))
        other.start()
        other.join()
        return copied, False

    monkeypatch.setattr(type(A), "_csr", slow_source)
    before = A @ x
    assert changed.is_set()
    np.testing.assert_array_equal(A @ x, 2 * before)
