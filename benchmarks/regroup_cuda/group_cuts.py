"""Groups of sorted rows by dynamic programming: the cuts that cost least, in NumPy.

The program is that of benchmarks/regroup/dynamic_program.h, solved directly: over the distinct
lengths L_1 < L_2 < ... of a block, with N_k rows up to length L_k,

    f(k) = min over i < k of f(i) + (N_k - N_i) L_k + cost,   f(0) = 0.
"""

from __future__ import annotations

from typing import Any

import numpy as np

_TABLE = 1 << 22  # most entries of a table of the program: blocks times distinct lengths


def group_cuts(block: Any, length: Any, cost: int) -> Any:
    """Return where the groups of each block begin.

    Parameters
    ----------
    block, length : ndarray, shape (n,)
        Blocks and lengths of the rows, sorted by both.
    cost : int
        Cost of a group, in elements.

    Returns
    -------
    ndarray, int64
        Index of the first row of each group, ascending.

    Notes
    -----
    The blocks take each step of the program together, those with most distinct lengths first: a
    block with d of them costs O(d^2).
    """
    n = len(length)
    if n == 0:
        return np.zeros(0, np.int64)
    new = np.ones(n, bool)
    new[1:] = (block[1:] != block[:-1]) | (length[1:] != length[:-1])
    run = np.flatnonzero(new)  # the first row of each distinct length of each block
    run_end = np.append(run[1:], n)
    of_block = np.ones(len(run), bool)
    of_block[1:] = block[run[1:]] != block[run[:-1]]
    first_run = np.flatnonzero(of_block)
    n_runs = np.diff(np.append(first_run, len(run)))
    run_length = length[run].astype(np.int64)

    by_size = np.argsort(-n_runs, kind="stable")
    cuts = []
    done = 0
    while done < len(by_size):
        width = int(n_runs[by_size[done]]) + 1
        these = by_size[done : done + max(_TABLE // width, 1)]
        done += len(these)
        d = n_runs[these]
        at = np.minimum(first_run[these, None] + np.arange(width - 1), len(run) - 1)
        begin = run[first_run[these]]
        zero = np.zeros((len(these), 1), np.int64)
        lengths = np.hstack([zero, run_length[at]])
        upto = np.hstack([zero, run_end[at] - begin[:, None]])
        cuts.append(_cut(lengths, upto, d, begin, cost))
    return np.sort(np.concatenate(cuts))


def _cut(length: Any, upto: Any, d: Any, begin: Any, cost: int) -> Any:
    """The first row of each group of some blocks, sorted by falling d.

    length and upto: [blocks, 1 + most distinct lengths], L_k and N_k, of which a block has d.
    """
    best, before = np.zeros_like(length), np.zeros_like(length)
    for k in range(1, length.shape[1]):
        n = int(np.searchsorted(-d, -k, side="right"))  # blocks with d >= k
        value = best[:n, :k] + (upto[:n, k, None] - upto[:n, :k]) * length[:n, k, None]
        before[:n, k] = np.argmin(value, axis=1)
        best[:n, k] = np.take_along_axis(value, before[:n, k, None], axis=1)[:, 0] + cost
    cuts = []
    which, at = np.arange(len(d)), d.copy()
    while len(which):
        at = before[which, at]
        cuts.append(begin[which] + upto[which, at])
        which, at = which[at > 0], at[at > 0]
    return np.concatenate(cuts)
