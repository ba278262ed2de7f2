"""Contenders with a memory of their own: placed before the clock runs, fetched for the check."""

from __future__ import annotations

import pytest
from scipy.sparse import csr_array

from hbpspmv.suite.arguments import UsageError
from hbpspmv.suite.cells.settings import CellSettings
from hbpspmv.suite.cells.tasks import measure_machine
from hbpspmv.suite.device_clock import DeviceClock, measure_device
from hbpspmv.suite.generators import rmat
from hbpspmv.suite.gpu import current_gpu
from hbpspmv.suite.measure import measure_matrix, prepare
from hbpspmv.suite.peers import CONTENDERS, CUDA_OURS, CUDA_PEERS
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


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64", "complex128"])
@pytest.mark.parametrize("contender", [CUDA_OURS, *CUDA_PEERS], ids=lambda c: c.name)
@pytest.mark.gpu
def test_contender_on_a_real_device_is_within_the_bound(contender, dtype):
    try:
        clock = DeviceClock(current_gpu())
        contender.version()
    except (UsageError, ImportError, OSError) as error:
        pytest.skip(str(error))
    matrix = prepare(csr_array(rmat(9)), dtype)
    measured = measure_matrix(matrix, [contender], 1, FAST, flush=clock.flush, clock=clock)
    result = measured[contender.name]
    assert (result.status, result.message) == ("ok", "")
    assert result.seconds > 0


@pytest.mark.gpu
def test_the_copy_of_a_real_device_is_measured():
    try:
        gpu = current_gpu()
    except UsageError as error:
        pytest.skip(str(error))
    facts = measure_device(gpu)
    assert facts["l2_bytes"] > 0
    assert 1e10 < facts["copy_bandwidth"] < 2e13


def test_contenders_of_a_device_do_not_mix_with_the_others():
    with pytest.raises(ValueError, match="unknown peer 'mkl', expected some of cusparse_alg1"):
        assemble(["mkl"], *CONTENDERS["cuda"])
    with pytest.raises(ValueError, match="unknown peer 'cusparse_coo', expected some of mkl"):
        assemble(["cusparse_coo"])
