"""HbpOperator holds fewer bytes than CSR, and where not, why not."""

import numpy as np
import pytest
import scipy.sparse
from arrays import as_array
from matrices import CASES, one_case

from hbpspmv import Geometry, HbpOperator
from hbpspmv.suite.traffic import csr_nbytes


@pytest.mark.parametrize("name", CASES)
def test_battery_needs_fewer_bytes_than_csr(name):
    S = as_array(one_case(name).astype("float64", "int32"), scipy.sparse.csr_array)
    op = HbpOperator(S)
    if op.plan.kernel == "hbp":
        assert op.nbytes < csr_nbytes(S)
    else:  # nothing is gained for so few entries, and nothing lost
        assert S.nnz < 100
        assert op.nbytes == csr_nbytes(S)


# The exceptions.


def test_blocks_of_one_entry_need_more_bytes_than_csr():
    # A block is described by about 100 bytes, a CSR entry by 12: more than a dozen entries a block
    # repay them. Here are 500 blocks of one entry, with a geometry that is given: the cost model
    # does not cut rows into such pieces.
    cols = 65_536 * np.arange(500)
    S = scipy.sparse.csr_array((np.arange(500.0), (np.zeros(500, int), cols)), (1, cols[-1] + 1))
    op = HbpOperator(S, geometry=Geometry(65_536, 65_536, 8))
    assert op.plan.info(measure_break_even=False)["blocks"] == 500
    assert op.nbytes > csr_nbytes(S)
    assert HbpOperator(S).nbytes < csr_nbytes(S)


def test_rows_in_no_order_of_their_blocks_need_more_bytes_than_csr():
    # What comes out of tocsr must be in the order of what came in, and blocks do not have it: it is
    # kept, 8 bytes an entry.
    cols = np.random.default_rng(0).permutation(100_000)[:5000]
    S = scipy.sparse.csr_array((np.arange(5000.0), cols, [0, 5000]), (1, 100_000))
    unsorted = HbpOperator(S).nbytes
    assert unsorted > csr_nbytes(S)
    S.sort_indices()
    assert HbpOperator(S).nbytes < min(csr_nbytes(S), unsorted - 8 * 5000)
