"""The call of cusparseSpMV_preprocess, which CuPy does not bind."""

from __future__ import annotations

import ctypes
from pathlib import Path

_POINTER, _INT = ctypes.c_void_p, ctypes.c_int
_ARGUMENTS = [
    *(_POINTER, _INT, _POINTER, _POINTER),  # handle, opA, alpha, matA
    *(_POINTER, _POINTER, _POINTER),  # vecX, beta, vecY
    *(_INT, _INT, _POINTER),  # computeType, alg, externalBuffer
]


def preprocess(*arguments: int) -> str:
    """Have cuSPARSE analyse a matrix for further products with the same workspace.

    Parameters
    ----------
    *arguments : int
        Those of ``cusparseSpMV``: handle, operation, alpha, matrix, x, beta, y, data type,
        algorithm and workspace.

    Returns
    -------
    str
        Why there is no analysis, or "" after one.

    Raises
    ------
    RuntimeError
        cuSPARSE refuses.
    """
    path = loaded_library("libcusparse.so")
    function = path and getattr(ctypes.CDLL(path), "cusparseSpMV_preprocess", None)
    if not function:
        return "without cusparseSpMV_preprocess, which this cuSPARSE lacks (CUDA 12.4 has it)"
    function.argtypes, function.restype = _ARGUMENTS, _INT
    status = function(*arguments)
    if status != 0:
        raise RuntimeError(f"cusparseSpMV_preprocess: cuSPARSE status {status}")
    return ""


def loaded_library(stem: str) -> str | None:
    """Return the file of a shared library of this process whose name starts so, if there is one.

    Handles and descriptors belong to the one copy that CuPy has loaded: none may be opened beside.
    """
    for line in Path("/proc/self/maps").read_text().splitlines():
        path = line[line.find("/") :] if "/" in line else ""
        if Path(path).name.startswith(stem):
            return path
    return None
