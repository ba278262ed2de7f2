"""Boundary maps of simplicial complexes: simplices x their faces, signs alternating."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array


def chessboard(rows: int, cols: int, dimension: int) -> Any:
    """Return a boundary map of the chessboard complex: sets of rooks that do not attack."""
    squares = [(1 << r) | (1 << (rows + c)) for r in range(rows) for c in range(cols)]
    return _boundary_of_disjoint(squares, dimension)


def matching(n: int, dimension: int) -> Any:
    """Return a boundary map of the matching complex of n points: sets of disjoint pairs."""
    pairs = [(1 << a) | (1 << b) for a, b in combinations(range(n), 2)]
    return _boundary_of_disjoint(pairs, dimension)


def not_connected(connectivity: int, n: int, dimension: int) -> Any:
    """Return a boundary map of the complex of graphs on n points that are not k-connected.

    A vertex of the complex is a pair of points, a simplex a set of pairs which is no
    `connectivity`-connected graph: removing connectivity - 1 of its points can part the others.
    """
    simplices = _parted_graphs(connectivity, n, dimension + 1)
    return boundary_matrix(simplices, _parted_graphs(connectivity, n, dimension))


def boundary_matrix(simplices: NDArray[Any], faces: NDArray[Any]) -> Any:
    """Return the boundary map from simplices to faces.

    Parameters
    ----------
    simplices : int array of shape (s, d + 1)
        Numbers of vertices, each row ascending.
    faces : int array of shape (f, d)
        All faces of the simplices, rows in lexical order.
    """
    size = simplices.shape[1]
    base = int(simplices.max(initial=0)) + 1
    codes = _codes(faces, base)
    columns = np.stack(
        [
            np.searchsorted(codes, _codes(np.delete(simplices, i, axis=1), base))
            for i in range(size)
        ],
        axis=1,
    )
    signs = np.where(np.arange(size) % 2 == 0, 1.0, -1.0)
    rows = np.repeat(np.arange(len(simplices)), size)
    values = np.tile(signs, len(simplices))
    shape = (len(simplices), len(faces))
    return csr_array(coo_array((values, (rows, columns.ravel())), shape=shape))


def disjoint_sets(masks: Sequence[int], size: int) -> NDArray[Any]:
    """Return all sets of `size` disjoint masks, as ascending rows in lexical order."""
    mask = np.array(masks, dtype=np.uint64)
    sets = np.arange(mask.size, dtype=np.int64)[:, None]
    taken = mask
    for _ in range(size - 1):
        grown, grown_taken = [], []
        for v in range(mask.size):
            fits = (sets[:, -1] < v) & ((taken & mask[v]) == 0)
            new = np.full((int(fits.sum()), 1), v)
            grown.append(np.hstack((sets[fits], new)))
            grown_taken.append(taken[fits] | mask[v])
        sets, taken = np.concatenate(grown), np.concatenate(grown_taken)
    return sets[np.lexsort(sets.T[::-1])]


def _boundary_of_disjoint(masks: Sequence[int], dimension: int) -> Any:
    return boundary_matrix(disjoint_sets(masks, dimension + 1), disjoint_sets(masks, dimension))


def _codes(faces: NDArray[Any], base: int) -> NDArray[np.int64]:
    """Return one integer per face that sorts as the face does."""
    codes = np.zeros(len(faces), dtype=np.int64)
    for column in faces.T:
        codes = codes * base + column
    return codes


def _parted_graphs(connectivity: int, n: int, n_edges: int) -> NDArray[np.int64]:
    """Return the graphs with that many edges that are not k-connected, as rows of edge numbers."""
    ends = list(combinations(range(n), 2))
    graphs = np.array(list(combinations(range(len(ends)), n_edges)), dtype=np.int64)
    adjacent = np.zeros((n, len(graphs)), dtype=np.int64)  # a mask of neighbours per point
    for edges in graphs.T:
        first, second = np.array(ends)[edges].T
        each = np.arange(len(graphs))
        adjacent[first, each] |= 1 << second
        adjacent[second, each] |= 1 << first
    parted = np.zeros(len(graphs), dtype=bool)
    for removed in combinations(range(n), connectivity - 1):
        left = [v for v in range(n) if v not in removed]
        all_left = sum(1 << v for v in left)
        reached = np.full(len(graphs), 1 << left[0])
        for _ in left:
            for v in left:
                reached |= np.where(reached >> v & 1, adjacent[v], 0) & all_left
        parted |= reached != all_left
    return graphs[parted]
