"""Real matrices: bound, bits over threads and ISAs, round trip. Needs HBPSPMV_MATRICES."""

import pytest
from closeness import assert_close, exact_product
from isa_worker import assert_same_bits
from plans import THREADS, build, default_geometry, digest, product
from recipes import Csr
from shared_matrices import FILES, file_id, read


def named_geometries(a: Csr) -> dict[str, tuple[int, int, int]]:
    return {"default": default_geometry(a), "paper": (512, 4096, 32)}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("path", FILES, ids=file_id)
def test_real_matrix(path, dtype, isa_workers, tmp_path):
    base = read(path)
    if base.data.dtype.kind == "c":
        dtype = {"float32": "complex64", "float64": "complex128"}[dtype]
    a = Csr(base.indptr, base.indices, base.data.astype(dtype), base.shape)
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
