"""HbpOperator holds fewer bytes than CSR: on every real matrix, and where not, why not."""

import numpy as np
import pytest
import scipy.sparse
from arrays import as_array
from matrices import CASES, one_case
from shared_matrices import FILES, file_id, read

from hbpspmv import Geometry, HbpOperator


def csr_nbytes(S) -> int:
    return S.data.nbytes + S.indices.nbytes + S.indptr.nbytes


def operator_nbytes(S) -> tuple[int, int]:
    """What an operator holds for its products, and with those of the transpose."""
    op = HbpOperator(S)
    forward = op.nbytes
    op.rmatvec(np.ones(S.shape[0], S.dtype))
    return forward, op.nbytes


@pytest.mark.parametrize("path", FILES, ids=file_id)
def test_real_matrices_need_fewer_bytes_than_csr(path):
    a = as_array(read(path), scipy.sparse.csr_array)
    for dtype in ("float32", "float64"):
        S = a.astype(np.result_type(dtype, 1j) if a.dtype.kind == "c" else dtype)
        assert S.indices.dtype == np.int32, "64-bit indices would flatter the comparison"
        forward, both = operator_nbytes(S)
        assert forward < csr_nbytes(S), dtype
        assert both < csr_nbytes(S) + csr_nbytes(S.T.tocsr()), dtype


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
