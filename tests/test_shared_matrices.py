"""Real matrices: bound, bits over threads and ISAs, round trip. Needs HBPSPMV_MATRICES.

HBPSPMV_MATRICES names a directory of Matrix Market files (.mtx, .mtx.gz, .mtx.bz2, .mtx.xz).
"""

import bz2
import functools
import gzip
import lzma
import os
from pathlib import Path

import numpy as np
import pytest
import scipy.io
import scipy.sparse
from closeness import assert_close, exact_product
from isa_worker import assert_same_bits
from plans import THREADS, build, default_geometry, digest, product
from recipes import Csr

OPEN = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open, ".mtx": open}


def matrix_files() -> list[Path]:
    directory = os.environ.get("HBPSPMV_MATRICES")
    if not directory:
        return []
    found = [path for path in Path(directory).iterdir() if ".mtx" in path.suffixes]
    assert found, f"HBPSPMV_MATRICES={directory} holds no Matrix Market file"
    return sorted(found)


FILES = matrix_files() or [
    pytest.param(None, marks=pytest.mark.skip(reason="HBPSPMV_MATRICES is not set"))
]


@functools.lru_cache(maxsize=1)
def read(path: Path) -> Csr:
    with OPEN[path.suffix](path, "rb") as stream:
        matrix = scipy.sparse.csr_array(scipy.io.mmread(stream))
    if matrix.data.dtype.kind not in "fc":
        matrix = matrix.astype(np.float64)
    return Csr(matrix.indptr, matrix.indices, matrix.data, matrix.shape)


def named_geometries(a: Csr) -> dict[str, tuple[int, int, int]]:
    return {"default": default_geometry(a), "paper": (512, 4096, 32)}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("path", FILES, ids=lambda path: path and path.name.split(".")[0])
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
