"""The bytes that one product moves: the model behind every GB/s that the bench prints."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import DTypeLike


@dataclass(frozen=True)
class Storage:
    """What a contender keeps of a matrix, as far as one product reads it.

    Attributes
    ----------
    nbytes : int
        Bytes of all arrays that a product reads, x and y left out.
    gathers : int
        Elements whose x is loaded on its own, through an index of its own.
    encodings : dict of str to int
        Blocks by how their values are stored; empty for formats without blocks.
    padding : float or None
        Stored elements that are padding, over the nonzeros; None where the library does not say.
    """

    nbytes: int
    gathers: int
    encodings: dict[str, int] = field(default_factory=dict)
    padding: float | None = None


def csr_storage(matrix: Any) -> Storage:
    """Return what a CSR product reads: all of the three arrays, one x for each element."""
    return Storage(csr_nbytes(matrix), int(matrix.nnz), padding=0.0)


def csr_nbytes(matrix: Any) -> int:
    """Return the bytes of a CSR matrix: values, column indices and row pointers.

    Parameters
    ----------
    matrix : scipy.sparse.csr_array
        The arrays are counted as they are stored, so int64 indices count double.

    Examples
    --------
    >>> from scipy.sparse import eye_array
    >>> csr_nbytes(eye_array(10, format="csr"))     # 10 x (8 + 4) + 11 x 4
    164
    """
    return int(matrix.data.nbytes + matrix.indices.nbytes + matrix.indptr.nbytes)


def product_nbytes(matrix_nbytes: int, shape: tuple[int, int], itemsize: int) -> int:
    """Return the bytes that y = A @ x moves when every array is read or written exactly once.

    The model counts the stored matrix, x once and y once. Repeated reads of x are not counted:
    they hit a cache or they are the cost of the format, and either way the time shows it.

    Examples
    --------
    >>> product_nbytes(164, (10, 10), 8)
    324
    """
    return matrix_nbytes + (shape[0] + shape[1]) * itemsize


def flops(nnz: int, dtype: DTypeLike) -> int:
    """Return the floating-point operations of one product: 2 per nonzero, 8 when complex.

    Examples
    --------
    >>> flops(100, "float64"), flops(100, "complex64")
    (200, 800)
    """
    return nnz * (8 if np.dtype(dtype).kind == "c" else 2)
