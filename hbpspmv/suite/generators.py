"""Seeded generators: one synthetic matrix family per kind of sparsity that matters."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array, diags_array, eye_array, kron


def _from_coordinates(
    rows: NDArray[Any], cols: NDArray[Any], shape: tuple[int, int], rng: np.random.Generator
) -> Any:
    """Return a csr_array with normally distributed values where (rows, cols) name entries."""
    keys = rows.astype(np.int64) * shape[1] + cols
    keys.sort()  # np.unique hashes integers, ten times slower than this vectorised sort
    keys = keys[np.diff(keys, prepend=-1) > 0]
    indptr = np.searchsorted(keys, np.arange(shape[0] + 1, dtype=np.int64) * shape[1])
    indices = (keys % shape[1]).astype(np.int32)
    data = rng.standard_normal(keys.size)
    return csr_array((data, indices, indptr.astype(np.int32)), shape=shape)


def rmat(scale: int, edges_per_vertex: int = 16, seed: int = 1) -> Any:
    """Return an undirected R-MAT graph with Graph500's parameters and random weights.

    Parameters
    ----------
    scale : int
        log2 of the number of vertices.
    edges_per_vertex : int
        Edges drawn per vertex, before duplicates and loops are dropped.

    Notes
    -----
    Quadrant probabilities 0.57, 0.19, 0.19, 0.05; vertices are relabelled at random, so the few
    very long rows lie anywhere.
    """
    rng = np.random.default_rng(seed)
    n, count = 1 << scale, edges_per_vertex << scale
    rows = np.zeros(count, dtype=np.int32)
    cols = np.zeros(count, dtype=np.int32)
    for _ in range(scale):
        draw = rng.random(count, dtype=np.float32)
        rows = (rows << 1) | (draw >= 0.76)
        cols = (cols << 1) | (((draw >= 0.57) & (draw < 0.76)) | (draw >= 0.95))
    label = rng.permutation(n).astype(np.int32)
    rows, cols = label[rows], label[cols]
    proper = rows != cols
    rows, cols = rows[proper], cols[proper]
    both = np.concatenate((rows, cols)), np.concatenate((cols, rows))
    return _from_coordinates(*both, (n, n), rng)


def laplacian_2d(side: int) -> Any:
    """Return the 5-point Laplacian of a side x side grid."""
    line = diags_array([-1.0, 2.0, -1.0], offsets=[-1, 0, 1], shape=(side, side))
    one = eye_array(side)
    return csr_array(kron(line, one) + kron(one, line))


def laplacian_3d(side: int) -> Any:
    """Return the 7-point Laplacian of a side x side x side grid."""
    line = diags_array([-1.0, 2.0, -1.0], offsets=[-1, 0, 1], shape=(side, side))
    one, plane = eye_array(side), eye_array(side * side)
    return csr_array(kron(laplacian_2d(side), one) + kron(plane, line))


def diffusion_3d(side: int, seed: int = 11) -> Any:
    """Return a 7-point diffusion operator with random conductivities on a cube.

    The flow between two neighbours is proportional to the mean of their conductivities, 0.5 to
    1.5, and every cell loses another 1 to the outside.
    """
    matrix = laplacian_3d(side)
    conductivity = np.random.default_rng(seed).random(side**3) + 0.5
    lengths = np.diff(matrix.indptr)
    inside = matrix.data < 0
    matrix.data[:] = conductivity[matrix.indices]
    matrix.data += np.repeat(conductivity, lengths)
    matrix.data *= np.where(inside, -0.5, 0)
    loss = np.add.reduceat(matrix.data, matrix.indptr[:-1])
    matrix.data[~inside] = 1 - loss
    return matrix


def _box_pattern(side: int) -> Any:
    """Return the 27-point pattern of a cube, all ones."""
    line = diags_array([1.0, 1.0, 1.0], offsets=[-1, 0, 1], shape=(side, side))
    return csr_array(kron(kron(line, line), line))


def box_stencil_3d(side: int) -> Any:
    """Return the 27-point operator of the HPCG benchmark on a cube: 26 and -1."""
    n = side**3
    return csr_array(27.0 * eye_array(n) - _box_pattern(side))


def elasticity_3d(side: int, seed: int = 2) -> Any:
    """Return a matrix with the structure of trilinear hexahedra, three unknowns per node.

    Every node couples with its 27 neighbours through a dense 3 x 3 block of random values.
    """
    rng = np.random.default_rng(seed)
    blocks = kron(_box_pattern(side), np.ones((3, 3)), format="csr")
    return csr_array(
        (rng.standard_normal(blocks.nnz), blocks.indices, blocks.indptr), shape=blocks.shape
    )


def circuit(n: int, nets: int = 12, seed: int = 3) -> Any:
    """Return a nodal matrix of a circuit: short local rows, a diagonal and a few supply nets.

    Parameters
    ----------
    n : int
        Nodes.
    nets : int
        Supply and clock nets; the k-th touches n / (10 k) nodes, in its row and in its column.
    """
    rng = np.random.default_rng(seed)
    node = np.repeat(np.arange(n), 2)
    # Most wires are short: the distance between two ends falls off geometrically.
    other = np.clip(
        node + rng.geometric(0.02, node.size) * rng.choice((-1, 1), node.size), 0, n - 1
    )
    parts = [(node, other), (other, node), (np.arange(n), np.arange(n))]
    for k, net in enumerate(rng.choice(n, nets, replace=False), start=1):
        touched = rng.choice(n, n // (10 * k), replace=False)
        centre = np.full(touched.size, net)
        parts += [(centre, touched), (touched, centre)]
    rows, cols = (np.concatenate(side) for side in zip(*parts, strict=True))
    return _from_coordinates(rows, cols, (n, n), rng)


def uniform(n: int, row_length: int, seed: int = 4) -> Any:
    """Return a square matrix whose rows hold about `row_length` entries anywhere."""
    rng = np.random.default_rng(seed)
    rows = np.repeat(np.arange(n), row_length)
    return _from_coordinates(rows, rng.integers(0, n, rows.size), (n, n), rng)


def hypersparse(n: int, nnz: int, seed: int = 5) -> Any:
    """Return a square matrix with fewer entries than rows, anywhere."""
    rng = np.random.default_rng(seed)
    return _from_coordinates(rng.integers(0, n, nnz), rng.integers(0, n, nnz), (n, n), rng)


def banded(n: int, half_width: int, seed: int = 6) -> Any:
    """Return a matrix whose 2 half_width + 1 central diagonals are full of random values."""
    rng = np.random.default_rng(seed)
    offsets = np.arange(-half_width, half_width + 1)
    return csr_array(
        diags_array(rng.standard_normal((offsets.size, n)), offsets=offsets, shape=(n, n))
    )


def dense(n: int, seed: int = 7) -> Any:
    """Return a full n x n matrix: the upper bound of what a sparse format can reach."""
    return csr_array(np.random.default_rng(seed).standard_normal((n, n)))


def staircase_lp(periods: int, rows_per_period: int, seed: int = 8) -> Any:
    """Return a wide constraint matrix of a multi-period linear program.

    Each period has eight columns per row; a column meets three rows of its period and one of the
    next. Four linking rows at the bottom run through a third of all columns.
    """
    rng = np.random.default_rng(seed)
    cols_per_period = 8 * rows_per_period
    n_rows, n_cols = periods * rows_per_period + 4, periods * cols_per_period
    cols = np.arange(n_cols)
    first = cols // cols_per_period * rows_per_period
    parts = [(first + rng.integers(0, rows_per_period, n_cols), cols) for _ in range(3)]
    following = first + rows_per_period + rng.integers(0, rows_per_period, n_cols)
    inside = following < n_rows - 4
    parts.append((following[inside], cols[inside]))
    for link in range(n_rows - 4, n_rows):
        linked = np.flatnonzero(rng.random(n_cols) < 1 / 3)
        parts.append((np.full(linked.size, link), linked))
    rows, columns = (np.concatenate(side) for side in zip(*parts, strict=True))
    return _from_coordinates(rows, columns, (n_rows, n_cols), rng)


def least_squares(n_rows: int, n_cols: int, seed: int = 9) -> Any:
    """Return a tall observation matrix: six entries a row, popular columns as in ratings."""
    rng = np.random.default_rng(seed)
    rows = np.repeat(np.arange(n_rows), 6)
    cols = np.floor(n_cols * rng.random(rows.size) ** 3).astype(np.int64)
    return _from_coordinates(rows, cols, (n_rows, n_cols), rng)


def long_rows(n_rows: int, n_cols: int, density: float, seed: int = 10) -> Any:
    """Return a matrix of few, very long rows, as set-partitioning and curve-fitting models have."""
    rng = np.random.default_rng(seed)
    rows, cols = np.nonzero(rng.random((n_rows, n_cols), dtype=np.float32) < density)
    return csr_array(
        coo_array((rng.standard_normal(rows.size), (rows, cols)), shape=(n_rows, n_cols))
    )
