"""Contenders: right on every kind of row, honest about what is missing, and released."""

from __future__ import annotations

import numpy as np
import pytest
from matrices import one_case
from scipy.sparse import csr_array

from hbpspmv.suite.measure import measure_matrix, prepare
from hbpspmv.suite.peers import OURS, PEERS, Contender
from hbpspmv.suite.peers.contender import load_packaged_library
from hbpspmv.suite.peers.scipy_csr import ScipyCsr
from hbpspmv.suite.reference import reference_product
from hbpspmv.suite.roster import assemble
from hbpspmv.suite.timing import Schedule
from hbpspmv.suite.vectors import aligned_empty, random_vector

FAST = Schedule(budget_seconds=0.0, min_rounds=2, max_rounds=2, max_products=4, pause_seconds=0)
DTYPES = ("float32", "float64", "complex64", "complex128")
SHAPES = ("power_law_scattered", "last_cell_only", "every_4th_row_empty", "wide", "tall")


def installed(contender: type[Contender]) -> type[Contender]:
    try:
        contender.version()
    except (ImportError, OSError) as error:
        pytest.skip(f"{contender.title} is not installed: {error}")
    return contender


def case(name: str, dtype: str = "float64"):
    a = one_case(name).astype(dtype)
    return prepare(csr_array((a.data, a.indices, a.indptr), shape=a.shape), dtype)


class Wrong(ScipyCsr):
    """Computes one row wrongly, and counts how often it is called and closed."""

    name = "wrong"
    title = "Wrong"
    calls = 0
    closed = 0

    def multiply(self, x, y):
        type(self).calls += 1
        result = super().multiply(x, y)
        result[7] *= 1 + 1e-12
        return result

    def close(self):
        type(self).closed += 1


class Failing(ScipyCsr):
    """Cannot be built."""

    name = "failing"
    title = "Failing"

    def __init__(self, matrix, num_threads):
        raise NotImplementedError("no such\nkernel")


class Missing(ScipyCsr):
    """Is not installed."""

    name = "missing"
    title = "Missing Library"
    install = "pip install missing-library"

    @classmethod
    def version(cls):
        raise ImportError("No module named 'missing_library'")


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("contender", [OURS, *PEERS], ids=lambda c: c.name)
def test_product_is_within_the_bound(contender, shape, dtype):
    matrix = case(shape, dtype)
    peer = installed(contender)(matrix, 2)
    x, y = random_vector(matrix.shape[1], dtype), aligned_empty(matrix.shape[0], dtype)
    y[:] = np.nan
    assert reference_product(matrix, x).error(peer.multiply(x, y)) == ""
    # A second product with other vectors: nothing may be left over from the first.
    x2, y2 = random_vector(matrix.shape[1], dtype, seed=3), aligned_empty(matrix.shape[0], dtype)
    y2[:] = np.nan
    assert reference_product(matrix, x2).error(peer.multiply(x2, y2)) == ""
    assert peer.storage(matrix).nbytes > 0
    peer.close()
    peer.close()


@pytest.mark.parametrize("contender", [OURS, *PEERS], ids=lambda c: c.name)
def test_contender_is_described(contender):
    assert contender.name.isidentifier()
    assert contender.title
    assert contender.install.startswith(("pip install ", "apt install "))
    assert installed(contender).version()


def test_reference_sees_a_wrong_row_and_a_missing_one():
    matrix = case("power_law_scattered")
    x = random_vector(matrix.shape[1], "float64")
    reference = reference_product(matrix, x)
    y = matrix @ x
    assert reference.error(y) == ""
    row = int(np.argmax(np.diff(matrix.indptr) == 1))
    for value in (y[row] * (1 + 1e-14), np.nan, np.inf):
        bad = y.copy()
        bad[row] = value
        assert f"1 of {len(y)} rows wrong, first row {row}" in reference.error(bad)


def test_reference_wants_zero_on_empty_rows():
    matrix = csr_array((3, 4))
    reference = reference_product(matrix, np.ones(4))
    assert reference.error(np.zeros(3)) == ""
    assert "row 1" in reference.error(np.array([0, 1e-300, 0]))


def test_reference_keeps_nan_and_infinity():
    matrix = csr_array(np.array([[np.nan, 0], [np.inf, 1], [0, 1.0]]))
    reference = reference_product(matrix, np.ones(2))
    assert reference.error(np.array([np.nan, np.inf, 1.0])) == ""
    assert "row 0" in reference.error(np.array([0.0, np.inf, 1.0]))


def test_reference_is_the_same_in_chunks(monkeypatch):
    matrix = case("power_law_scattered")
    x = random_vector(matrix.shape[1], "float64")
    whole = reference_product(matrix, x)
    monkeypatch.setattr("hbpspmv.suite.reference._CHUNK", 5)
    parts = reference_product(matrix, x)
    np.testing.assert_array_equal(whole.exact, parts.exact)
    np.testing.assert_array_equal(whole.bound, parts.bound)


def test_wrong_contender_is_reported_closed_and_not_timed():
    Wrong.calls = Wrong.closed = 0
    measured = measure_matrix(case("power_law_scattered"), [ScipyCsr, Wrong], 1, FAST)
    assert measured["scipy"].status == "ok"
    assert measured["scipy"].seconds > 0
    wrong = measured["wrong"]
    assert (wrong.status, wrong.seconds, wrong.gflops) == ("wrong", None, None)
    assert "first row 7" in wrong.message
    assert (Wrong.calls, Wrong.closed) == (1, 3)  # it is built three times


def test_failing_contender_costs_its_own_cell_only():
    measured = measure_matrix(case("wide"), [Failing, ScipyCsr], 1, FAST)
    assert measured["failing"].status == "failed"
    assert measured["failing"].message == "NotImplementedError: no such kernel"
    assert measured["scipy"].status == "ok"


def test_installed_peers_take_part_and_a_missing_one_is_one_line():
    roster = assemble(None, peers=(ScipyCsr, Missing))
    assert [c.name for c in roster.contenders] == ["hbp", "scipy"]
    line = "Missing Library is not installed; to compare with it: pip install missing-library"
    assert roster.missing == [line]


def test_peer_asked_for_by_name_must_be_there():
    with pytest.raises(ImportError, match="Missing Library is not installed"):
        assemble(["missing"], peers=(ScipyCsr, Missing))
    with pytest.raises(ValueError, match="unknown peer 'nonesuch', expected some of scipy"):
        assemble(["nonesuch"], peers=(ScipyCsr,))
    assert [c.name for c in assemble([], peers=(ScipyCsr,)).contenders] == ["hbp"]


def test_packaged_library_that_is_not_there():
    with pytest.raises(ImportError):
        load_packaged_library("no-such-distribution-anywhere", "x")
    with pytest.raises(ImportError, match="'scipy' holds no library 'nonesuch'"):
        load_packaged_library("scipy", "nonesuch")


def test_prepare_narrows_indices_and_keeps_complex_values():
    wide = csr_array((np.array([1.5]), np.array([1], np.int64), np.array([0, 1], np.int64)))
    ready = prepare(wide, "float32")
    assert (ready.dtype, ready.indices.dtype, ready.indptr.dtype) == (
        np.float32,
        np.int32,
        np.int32,
    )
    for asked, given in (("float32", "complex64"), ("float64", "complex128")):
        assert prepare(wide.astype(np.complex128), asked).dtype == given
    assert prepare(wide, "complex64").dtype == np.complex64


def test_prepare_keeps_order_duplicates_and_explicit_zeros():
    matrix = csr_array((np.array([1.0, 0.0, 2.0]), np.array([2, 0, 2]), np.array([0, 3])))
    ready = prepare(matrix, "float64")
    assert ready.indices.tolist() == [2, 0, 2]
    assert ready.data.tolist() == [1.0, 0.0, 2.0]
