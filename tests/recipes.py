"""CSR test matrices as raw arrays, the ways to make them, and the register of named ones."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

DTYPES = ("float32", "float64", "complex64", "complex128")


@dataclass(frozen=True)
class Csr:
    """A matrix in CSR form: indptr[n_rows + 1], indices[nnz], data[nnz]."""

    indptr: np.ndarray
    indices: np.ndarray
    data: np.ndarray
    shape: tuple[int, int]

    @property
    def nnz(self) -> int:
        return len(self.indices)

    @property
    def row_lengths(self) -> np.ndarray:
        return np.diff(self.indptr)

    def astype(self, dtype: str, index_dtype: str = "int32") -> Csr:
        """The same pattern with values of `dtype`; complex values get an imaginary part."""
        data = self.data
        if np.dtype(dtype).kind == "c":
            imaginary = np.random.default_rng(len(data)).permutation(data)
            real, data = data, np.empty(len(data), dtype)
            data.real = real
            data.imag = imaginary
        else:
            data = data.astype(dtype)
        return Csr(
            self.indptr.astype(index_dtype), self.indices.astype(index_dtype), data, self.shape
        )

    def vector(self, dtype: str, seed: int = 1) -> np.ndarray:
        """A random x: a vector of ones cannot see a wrong column."""
        return random_values(np.random.default_rng(seed), self.shape[1], dtype)


def random_values(rng: np.random.Generator, size: int | tuple[int, ...], dtype: str) -> np.ndarray:
    """Normal values of a real or complex dtype."""
    values = rng.standard_normal(size)
    if np.dtype(dtype).kind == "c":
        values = values + 1j * rng.standard_normal(size)
    return values.astype(dtype)


def from_triplets(rows, cols, shape, values=None, seed=0) -> Csr:
    """CSR from triplets; entries of a row stay in the order given, duplicates stay apart."""
    rows, cols = np.asarray(rows, np.int64), np.asarray(cols, np.int64)
    if values is None:
        values = np.random.default_rng(seed).standard_normal(len(rows))
    order = np.argsort(rows, kind="stable")
    indptr = np.zeros(shape[0] + 1, np.int64)
    np.cumsum(np.bincount(rows, minlength=shape[0]), out=indptr[1:])
    return Csr(indptr, cols[order], np.asarray(values, np.float64)[order], shape)


def from_lengths(lengths, n_cols, seed=0, sort=True) -> Csr:
    """Row i has lengths[i] entries in distinct random columns."""
    rng = np.random.default_rng(seed)
    picked = [rng.choice(n_cols, length, replace=False) for length in lengths]
    if sort:
        picked = [np.sort(columns) for columns in picked]
    cols = np.concatenate([np.empty(0, np.int64), *picked])
    rows = np.repeat(np.arange(len(lengths)), lengths)
    return from_triplets(rows, cols, (len(lengths), n_cols), seed=seed)


def uniform(n_rows, n_cols, nnz, seed=0) -> Csr:
    """nnz distinct cells, uniformly random."""
    rng = np.random.default_rng(seed)
    cells = np.unique(rng.integers(0, n_rows * n_cols, nnz))
    return from_triplets(cells // n_cols, cells % n_cols, (n_rows, n_cols), seed=seed)


Recipe = Callable[[], Csr]
CASES: dict[str, Recipe] = {}


def case(recipe: Recipe) -> Recipe:
    """Register a recipe under its own name, built once per session."""
    CASES[recipe.__name__] = functools.lru_cache(maxsize=None)(recipe)
    return recipe


def one_case(name: str) -> Csr:
    """The case of that name, shared: do not write into its arrays."""
    return CASES[name]()
