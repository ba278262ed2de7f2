"""The geometries under test, and the core's plans and products for a case."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import numpy as np
from recipes import Csr

from hbpspmv import _hbpspmv_core as core

THREADS = (1, 2, 7)

Geometry = tuple[int, int, int]


def default_geometry(a: Csr) -> Geometry:
    """What the shape and the dtype give by themselves."""
    return core.choose_geometry(*a.shape, a.data.itemsize)


def geometries(a: Csr) -> dict[str, Geometry]:
    """Name -> (block_rows, block_cols, lanes): the default, the paper's, and awkward ones."""
    chosen = default_geometry(a)
    side = [min(65_536, max(1, n)) for n in a.shape]
    named = {
        "default": chosen,
        "paper": (512, 4096, 32),
        "whole": (*side, chosen[2]),
        "wide": (min(side[0], 1000), 70_000, chosen[2]),  # 32-bit columns
        "tiny": (8, 8, chosen[2]),
        "odd": (7, 13, chosen[2]),
    }
    # Tiny blocks of a large matrix only cost time: what they could break is in the small ones.
    if a.nnz > 100_000 or max(a.shape) > 10_000:
        named["tiny"] = (800, 800, chosen[2])
        named["odd"] = (701, 1301, chosen[2])
    return named


def build(a: Csr, geometry: Geometry, num_threads: int = 0):
    """A plan of the core."""
    return core.build(a.indptr, a.indices, a.data, *a.shape, *geometry, num_threads)


def plans(a: Csr) -> Iterator[tuple[str, object]]:
    """(name of the geometry, plan) for every geometry under test."""
    for name, geometry in geometries(a).items():
        yield name, build(a, geometry)


def product(plan, x: np.ndarray, num_threads: int) -> np.ndarray:
    """A x by the plan, into a y full of NaN: every element must be written."""
    y = np.full((plan.n_rows, *x.shape[1:]), np.nan, x.dtype)
    (plan.spmv if x.ndim == 1 else plan.spmm)(x, y, 1.0, 0.0, num_threads)
    return y


def csr_product(a: Csr, x: np.ndarray, num_threads: int) -> np.ndarray:
    """A x by the core's CSR kernel, into a y full of NaN."""
    y = np.full((a.shape[0], *x.shape[1:]), np.nan, x.dtype)
    kernel = core.csr_spmv if x.ndim == 1 else core.csr_spmm
    kernel(a.indptr, a.indices, a.data, a.shape[1], x, y, 1.0, 0.0, num_threads)
    return y


def digest(y: np.ndarray) -> str:
    """A hash of the bits of y."""
    return hashlib.sha256(np.ascontiguousarray(y).tobytes()).hexdigest()
