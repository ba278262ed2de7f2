"""Contenders with a memory of their own: placed before the clock runs, fetched for the check."""

from __future__ import annotations

import pytest
from scipy.sparse import csr_array
from suite_contenders import write_matrices

from hbpspmv.cli import main
from hbpspmv.suite.cells.settings import CellSettings
from hbpspmv.suite.cells.tasks import measure_machine
from hbpspmv.suite.generators import rmat
from hbpspmv.suite.measure import measure_matrix, prepare
from hbpspmv.suite.peers.cusparse import Cusparse
from hbpspmv.suite.peers.scipy_csr import ScipyCsr
from hbpspmv.suite.roster import assemble
from hbpspmv.suite.timing import Schedule

FAST = Schedule(budget_seconds=0.0, min_rounds=2, max_rounds=2, max_products=4, pause_seconds=0)


class OnDevice(ScipyCsr):
    """Multiplies only what it has placed, in lists that NumPy does not take for arrays."""

    name, title = "on_device", "On a device"
    placed = fetched = 0

    def place(self, x, y):
        type(self).placed += 1
        return {"x": x.copy()}, {"y": y.copy()}

    def multiply(self, x, y):
        y["y"][:] = self._matrix @ x["x"]
        return y

    def fetch(self, y):
        type(self).fetched += 1
        return y["y"]


class Forgetful(OnDevice):
    """Leaves what was in y."""

    name = "forgetful"

    def multiply(self, x, y):
        return y


def test_products_on_a_device_are_checked_and_timed_without_transfers():
    OnDevice.placed = OnDevice.fetched = 0
    matrix = prepare(rmat(9), "float64")
    measured = measure_matrix(matrix, [OnDevice, ScipyCsr], 1, FAST)
    assert measured["on_device"].status == measured["scipy"].status == "ok"
    assert measured["on_device"].n_samples >= 8
    # Once for the check and once for all timed products.
    assert (OnDevice.placed, OnDevice.fetched) == (2, 1)


def test_a_row_that_a_device_did_not_write_shows():
    measured = measure_matrix(prepare(rmat(9), "float64"), [Forgetful], 1, FAST)
    assert measured["forgetful"].status == "wrong"


def test_no_bandwidth_of_the_processor_is_taken_for_that_of_a_device():
    assert measure_machine({}, CellSettings(device="cuda")) == []


def test_a_device_without_any_contender_is_an_error(tmp_path, monkeypatch, capsys):
    def missing(cls):
        raise ImportError("No module named 'cupy'")

    monkeypatch.setattr(Cusparse, "version", classmethod(missing))
    write_matrices(tmp_path / "m", 1)
    out = tmp_path / "out"
    assert main(["suite", "run", str(tmp_path / "m"), "--device", "cuda", "--out", str(out)]) == 1
    text = capsys.readouterr()
    assert "cuSPARSE is not installed; to compare with it: pip install cupy-cuda12x" in text.out
    assert text.err == "hbpspmv: error: no contender for the device cuda\n"
    assert not out.exists()


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64", "complex128"])
def test_cusparse_is_within_the_bound(dtype):
    try:
        Cusparse.version()
    except ImportError as error:
        pytest.skip(f"no CuPy with a CUDA device: {error}")
    matrix = prepare(csr_array(rmat(9)), dtype)
    measured = measure_matrix(matrix, [Cusparse], 1, FAST)["cusparse"]
    assert (measured.status, measured.message) == ("ok", "")


def test_contenders_of_a_device_do_not_mix_with_the_others():
    with pytest.raises(ValueError, match="unknown peer 'mkl', expected some of cusparse"):
        assemble(["mkl"], (Cusparse,), None)
    with pytest.raises(ValueError, match="unknown peer 'cusparse', expected some of mkl"):
        assemble(["cusparse"])
