"""The real matrices that tests read: Matrix Market files in the directory HBPSPMV_MATRICES.

Files end in .mtx, .mtx.gz, .mtx.bz2 or .mtx.xz.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
from pathlib import Path

import numpy as np
import pytest
import scipy.io
import scipy.sparse
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


def read(path: Path) -> Csr:
    with OPEN[path.suffix](path, "rb") as stream:
        matrix = scipy.sparse.csr_array(scipy.io.mmread(stream))
    if matrix.data.dtype.kind not in "fc":
        matrix = matrix.astype(np.float64)
    return Csr(matrix.indptr, matrix.indices, matrix.data, matrix.shape)


def file_id(path: Path | None) -> str | None:
    """The name of a matrix, for the test's name."""
    return path and path.name.split(".")[0]
