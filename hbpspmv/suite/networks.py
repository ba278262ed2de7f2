"""Graphs that are defined by a rule on their vertices' numbers, as adjacency matrices of ones."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import block_array, coo_array, csr_array


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


def undirected(n_vertices: int, *edges: tuple[NDArray[Any], NDArray[Any]]) -> Any:
    """Return the simple graph of the edges: loops dropped, repeated edges kept once.

    Parameters
    ----------
    n_vertices : int
        Number of vertices.
    *edges : tuple of two int arrays
        The two ends of each edge.
    """
    ends = np.concatenate([np.stack(pair) for pair in edges], axis=1)
    ends = ends[:, ends[0] != ends[1]]
    both = np.concatenate((ends, ends[::-1]), axis=1)
    graph = csr_array(coo_array((np.ones(both.shape[1]), both), shape=(n_vertices, n_vertices)))
    graph.data[:] = 1  # the conversion added repeated edges up
    return graph


def de_bruijn(bits: int) -> Any:
    """Return the graph that joins each word of `bits` bits to those one shift away."""
    word = np.arange(1 << bits)
    shifted = (2 * word) % word.size
    return undirected(word.size, (word, shifted), (word, shifted + 1))


def shuffle_exchange(bits: int) -> Any:
    """Return the graph that joins a word to its rotation and to that with another last bit."""
    word = np.arange(1 << bits)
    rotated = ((word << 1) & (word.size - 1)) | (word >> (bits - 1))
    return undirected(word.size, (word, rotated), (word, word ^ 1))


def _levels_and_words(levels: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    level, word = np.divmod(np.arange(levels << levels), 1 << levels)
    return level, word


def butterfly(levels: int) -> Any:
    """Return the wrapped butterfly: each level joined to the next, straight and across one bit."""
    level, word = _levels_and_words(levels)
    vertex = np.arange(level.size)
    above = ((level + 1) % levels) << levels
    return undirected(vertex.size, (vertex, above | word), (vertex, above | (word ^ (1 << level))))


def cube_connected(levels: int, wrap: bool) -> Any:
    """Return the cube whose corners are cycles, or paths without `wrap`, of one vertex per bit."""
    level, word = _levels_and_words(levels)
    vertex = np.arange(level.size)
    across = (level << levels) | (word ^ (1 << level))
    joined = vertex if wrap else vertex[level < levels - 1]
    above = (((level[joined] + 1) % levels) << levels) | word[joined]
    return undirected(vertex.size, (vertex, across), (joined, above))
