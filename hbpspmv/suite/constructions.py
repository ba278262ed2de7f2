"""Members of the SuiteSparse collection that are defined by a construction, built exactly.

Rows and columns follow the order of the construction, which need not be the order in the
collection's files; sizes and numbers of nonzeros are the collection's.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from itertools import combinations
from typing import Any

import numpy as np
from scipy.sparse import coo_array, csc_array, csr_array, diags_array, kron

from hbpspmv.suite.complexes import chessboard, matching, not_connected
from hbpspmv.suite.networks import (
    butterfly,
    cube_connected,
    de_bruijn,
    mycielskian,
    shuffle_exchange,
)


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


def trefethen_without_first(n: int) -> Any:
    """Return Trefethen's matrix without its first row and column."""
    return csr_array(trefethen(n)[1:, 1:])


def nine_points(n: int, diagonal: float, neighbour: float) -> Any:
    """Return the nine-point stencil on an n x n grid."""
    line = diags_array([1.0, 1.0, 1.0], offsets=[-1, 0, 1], shape=(n, n))
    grid = csr_array(kron(line, line, format="csr"))
    grid.data[:] = neighbour
    grid.setdiag(diagonal)
    return grid


# Group, pattern of the name, what builds it from the numbers in the name. The AG-Monien members
# are sequences of graphs, of which the collection's matrix is the largest.
_NAMES: tuple[tuple[str, re.Pattern[str], Callable[..., Any]], ...] = (
    ("Mycielski", re.compile(r"mycielskian(\d+)"), mycielskian),
    ("JGD_Homology", re.compile(r"ch(\d+)-(\d+)-b(\d+)"), chessboard),
    ("JGD_Homology", re.compile(r"mk(\d+)-b(\d+)"), matching),
    ("JGD_Homology", re.compile(r"n(2)c(6)-b(\d+)"), not_connected),
    # The collection's file of n3c6-b1 has 90 empty columns more.
    ("JGD_Homology", re.compile(r"n(3)c(?!6-b1$)([456])-b(\d+)"), not_connected),
    ("JGD_BIBD", re.compile(r"bibd_(\d+)_(\d+)"), block_design),
    ("JGD_Trefethen", re.compile(r"Trefethen_(\d+)"), trefethen),
    ("JGD_Trefethen", re.compile(r"Trefethen_(\d+)b"), trefethen_without_first),
    ("AG-Monien", re.compile("debr"), partial(de_bruijn, 20)),
    ("AG-Monien", re.compile("bfly"), partial(butterfly, 12)),
    ("AG-Monien", re.compile("ccc"), partial(cube_connected, 12, wrap=True)),
    ("AG-Monien", re.compile("cca"), partial(cube_connected, 12, wrap=False)),
    ("AG-Monien", re.compile("se"), partial(shuffle_exchange, 15)),
    ("HB", re.compile("gr_30_30"), partial(nine_points, 30, 8.0, -1.0)),
    ("HB", re.compile("lap_25"), partial(nine_points, 5, 1.0, 1.0)),
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
