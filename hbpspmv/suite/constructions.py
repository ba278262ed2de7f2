"""Members of the SuiteSparse collection that are defined by a construction, built exactly.

Rows and columns follow the order of the construction, which need not be the order in the
collection's files; sizes and numbers of nonzeros are the collection's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import block_array, coo_array, csc_array, csr_array


def mycielskian(order: int) -> Any:
    """Return the adjacency matrix of the Mycielskian graph of chromatic number `order`.

    Starts from one edge (order 2); each step copies every vertex, joins the copy to the original's
    neighbours, and joins all copies to one new vertex.
    """
    if order < 2:
        raise ValueError(f"order is {order}, expected at least 2")
    graph = csr_array(np.array([[0.0, 1.0], [1.0, 0.0]]))
    for _ in range(order - 2):
        ones = csr_array(np.ones((graph.shape[0], 1)))
        graph = block_array(
            [[graph, graph, None], [graph, None, ones], [None, ones.T, None]], format="csr"
        )
    return graph


def _simplices(vertices: Sequence[int], size: int) -> NDArray[Any]:
    """Return all sets of `size` vertices with disjoint masks, as sorted rows in lexical order.

    Parameters
    ----------
    vertices : sequence of int
        One bit mask per vertex: two vertices may stand together when their masks are disjoint.
    """
    masks = np.array(vertices, dtype=np.uint64)
    faces = np.arange(masks.size, dtype=np.int64)[:, None]
    taken = masks
    for _ in range(size - 1):
        grown, grown_taken = [], []
        for v in range(masks.size):
            fits = (faces[:, -1] < v) & ((taken & masks[v]) == 0)
            new = np.full((int(fits.sum()), 1), v)
            grown.append(np.hstack((faces[fits], new)))
            grown_taken.append(taken[fits] | masks[v])
        faces, taken = np.concatenate(grown), np.concatenate(grown_taken)
    return faces[np.lexsort(faces.T[::-1])]


def _codes(faces: NDArray[Any], base: int) -> NDArray[np.int64]:
    """Return one integer per face that sorts as the face does."""
    codes = np.zeros(len(faces), dtype=np.int64)
    for column in faces.T:
        codes = codes * base + column
    return codes


def boundary_matrix(vertices: Sequence[int], dimension: int) -> Any:
    """Return the boundary map of a simplicial complex: simplices x their faces, signs alternating.

    Parameters
    ----------
    vertices : sequence of int
        The bit masks of `_simplices`.
    dimension : int
        Dimension of the simplices, at least 1; a simplex has dimension + 1 vertices.
    """
    simplices = _simplices(vertices, dimension + 1)
    faces = _codes(_simplices(vertices, dimension), len(vertices))
    columns = np.stack(
        [
            np.searchsorted(faces, _codes(np.delete(simplices, i, axis=1), len(vertices)))
            for i in range(dimension + 1)
        ],
        axis=1,
    )
    signs = np.where(np.arange(dimension + 1) % 2 == 0, 1.0, -1.0)
    rows = np.repeat(np.arange(len(simplices)), dimension + 1)
    values = np.tile(signs, len(simplices))
    return csr_array(
        coo_array((values, (rows, columns.ravel())), shape=(len(simplices), len(faces)))
    )


def chessboard(rows: int, cols: int, dimension: int) -> Any:
    """Return a boundary map of the chessboard complex: sets of rooks that do not attack."""
    squares = [(1 << r) | (1 << (rows + c)) for r in range(rows) for c in range(cols)]
    return boundary_matrix(squares, dimension)


def matching(n: int, dimension: int) -> Any:
    """Return a boundary map of the matching complex of n points: sets of disjoint pairs."""
    return boundary_matrix([(1 << a) | (1 << b) for a, b in combinations(range(n), 2)], dimension)


def block_design(points: int, size: int) -> Any:
    """Return the incidence of all pairs of `points` points with all their `size`-subsets."""
    subsets = np.array(list(combinations(range(points), size)), dtype=np.int32)
    pair_number = np.zeros((points, points), dtype=np.int32)
    first, second = np.triu_indices(points, 1)
    pair_number[first, second] = np.arange(first.size)
    inside = np.triu_indices(size, 1)
    rows = np.sort(pair_number[subsets[:, inside[0]], subsets[:, inside[1]]], axis=1)
    starts = np.arange(len(subsets) + 1, dtype=np.int32) * rows.shape[1]
    incidence = csc_array(
        (np.ones(rows.size), rows.ravel(), starts), shape=(first.size, len(subsets))
    )
    return csr_array(incidence)


def trefethen(n: int) -> Any:
    """Return Trefethen's matrix: primes on the diagonal, ones at distances that are powers of 2."""
    limit = max(20, int(n * (np.log(n) + np.log(np.log(n) + 1)) * 1.2) + 20)
    sieve = np.ones(limit, dtype=bool)
    sieve[:2] = False
    for p in range(2, int(limit**0.5) + 1):
        if sieve[p]:
            sieve[p * p :: p] = False
    node = np.arange(n)
    rows, cols, values = [node], [node], [np.flatnonzero(sieve)[:n].astype(np.float64)]
    distance = 1
    while distance < n:
        low, high = node[:-distance], node[distance:]
        rows += [low, high]
        cols += [high, low]
        values += [np.ones(low.size), np.ones(low.size)]
        distance *= 2
    coordinates = (np.concatenate(rows), np.concatenate(cols))
    return csr_array(coo_array((np.concatenate(values), coordinates), shape=(n, n)))


@dataclass(frozen=True)
class Member:
    """What the collection says of one of its members.

    Attributes
    ----------
    group, name : str
        The collection's names.
    rows, cols, nnz : int
        Its size, which a test compares with the construction.
    checked : bool
        True when the three numbers were read from the collection's own index, False when they
        are what its definition gives.
    """

    group: str
    name: str
    rows: int
    cols: int
    nnz: int
    checked: bool = False


MEMBERS: tuple[Member, ...] = (
    Member("Mycielski", "mycielskian4", 11, 11, 40),
    Member("Mycielski", "mycielskian11", 1535, 1535, 134_710),
    Member("Mycielski", "mycielskian13", 6143, 6143, 1_227_742),
    Member("Mycielski", "mycielskian15", 24575, 24575, 11_111_110, checked=True),
    Member("JGD_Homology", "ch5-5-b2", 600, 200, 1800),
    Member("JGD_Homology", "ch7-8-b3", 58_800, 11_760, 235_200),
    Member("JGD_Homology", "ch8-8-b4", 376_320, 117_600, 1_881_600, checked=True),
    Member("JGD_Homology", "mk9-b2", 1260, 378, 3780),
    Member("JGD_Homology", "mk12-b4", 62_370, 51_975, 311_850),
    Member("JGD_Homology", "mk13-b5", 135_135, 270_270, 810_810),
    Member("JGD_BIBD", "bibd_9_3", 36, 84, 252),
    Member("JGD_BIBD", "bibd_18_9", 153, 48_620, 1_750_320),
    Member("JGD_BIBD", "bibd_20_10", 190, 184_756, 8_314_020),
    Member("JGD_Trefethen", "Trefethen_20", 20, 20, 158),
    Member("JGD_Trefethen", "Trefethen_20000", 20_000, 20_000, 554_466),
)

# Group, pattern of the name, what builds it from the numbers in the name.
_NAMES: tuple[tuple[str, re.Pattern[str], Callable[..., Any]], ...] = (
    ("Mycielski", re.compile(r"mycielskian(\d+)"), mycielskian),
    ("JGD_Homology", re.compile(r"ch(\d+)-(\d+)-b(\d+)"), chessboard),
    ("JGD_Homology", re.compile(r"mk(\d+)-b(\d+)"), matching),
    ("JGD_BIBD", re.compile(r"bibd_(\d+)_(\d+)"), block_design),
    ("JGD_Trefethen", re.compile(r"Trefethen_(\d+)"), trefethen),
)


def is_constructible(group: str, name: str) -> bool:
    """Return whether `construct` builds the member ``group/name`` of the collection."""
    return any(group == g and pattern.fullmatch(name) for g, pattern, _ in _NAMES)


def construct(name: str) -> Any:
    """Build the member of the collection that is called `name`.

    Returns
    -------
    scipy.sparse.csr_array
        float64, rows sorted.

    Raises
    ------
    ValueError
        No construction has that name.

    Examples
    --------
    >>> construct("mycielskian4").nnz     # the Groetzsch graph: 20 edges
    40
    """
    for _, pattern, build in _NAMES:
        if match := pattern.fullmatch(name):
            return build(*map(int, match.groups()))
    raise ValueError(f"no construction is known for {name!r}")
