"""What must hold for every real matrix. Needs HBPSPMV_MATRICES."""

import numpy as np
import pytest
import scipy.sparse
from arrays import as_array
from closeness import assert_close, exact_product
from isa_worker import assert_same_bits
from plans import THREADS, build, default_geometry, digest, product
from recipes import Csr
from shared_matrices import FILES, file_id, read

from hbpspmv import HbpOperator
from hbpspmv.suite.traffic import csr_nbytes


@pytest.fixture(scope="module", params=FILES, ids=file_id)
def matrix(request) -> Csr:
    """Each of them; read once for all tests, as the scope groups these by it."""
    return read(request.param)


def in_kind_of(matrix: Csr, dtype: str) -> np.dtype:
    """`dtype`, or the complex type of its precision for a complex matrix."""
    return np.result_type(dtype, 1j) if matrix.data.dtype.kind == "c" else np.dtype(dtype)


def named_geometries(a: Csr) -> dict[str, tuple[int, int, int]]:
    return {"default": default_geometry(a), "paper": (512, 4096, 32)}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_products_and_round_trip(matrix, dtype, isa_workers, tmp_path):
    dtype = in_kind_of(matrix, dtype)
    a = Csr(matrix.indptr, matrix.indices, matrix.data.astype(dtype), matrix.shape)
    x = a.vector(dtype)
    exact = exact_product(a, x)
    shapes = named_geometries(a)

    here = assert_same_bits(a, x, shapes, THREADS, isa_workers, tmp_path / "case.npz")
    for name, shape in shapes.items():
        plan = build(a, shape)
        y = product(plan, x, 2)
        assert digest(y) == here[f"{name}/2"], "two plans of one matrix differ"
        assert_close(y, a, x, exact=exact, what=name)
        for got, expected in zip(plan.to_csr(), (a.indptr, a.indices, a.data), strict=True):
            assert got.dtype == expected.dtype
            assert got.tobytes() == expected.tobytes(), f"{name}: round trip"


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_operator_needs_fewer_bytes_than_csr(matrix, dtype):
    S = as_array(matrix, scipy.sparse.csr_array).astype(in_kind_of(matrix, dtype))
    assert S.indices.dtype == np.int32, "64-bit indices would flatter the comparison"
    op = HbpOperator(S)
    assert op.nbytes < csr_nbytes(S)
    op.rmatvec(np.ones(S.shape[0], S.dtype))  # now with what products of the transpose need
    assert op.nbytes < csr_nbytes(S) + csr_nbytes(S.T.tocsr())
