"""The battery: every named test matrix, each with the bug that it catches.

A case is raw CSR arrays rather than a SciPy object: SciPy would sort, sum or drop some of what is
tested here. `CASES` maps a name to its recipe; recipes are seeded and build in milliseconds.
"""

from __future__ import annotations

import numpy as np
from recipes import CASES, DTYPES, Csr, case, from_lengths, from_triplets, one_case, uniform

__all__ = ["CASES", "DTYPES", "one_case"]

# ---- shapes at the edge ----------------------------------------------------------------------


@case
def no_rows_no_columns():  # a division by the block count, which is 0
    return from_triplets([], [], (0, 0))


@case
def no_rows():  # y of length 0 is still written to
    return from_triplets([], [], (0, 5))


@case
def no_columns():  # y is left unwritten when there is no block
    return from_triplets([], [], (5, 0))


@case
def one_by_one():  # the smallest block, far smaller than a vector
    return from_triplets([0], [0], (1, 1))


@case
def last_cell_only():  # the last block is forgotten, or read past its end
    return from_triplets([999], [776], (1000, 777))


@case
def all_rows_empty():  # y keeps what it held before
    return from_triplets([], [], (700, 600))


@case
def wide():  # more block columns than row blocks: one row block cannot feed the threads
    return uniform(40, 30_000, 20_000)


@case
def tall():  # many row blocks of one block column
    return uniform(30_000, 40, 20_000)


@case
def one_row():  # one lane used; the rest of the group must not be read
    return from_lengths([500], 3000)


@case
def one_column():  # every gather reads the same x
    return from_triplets(np.arange(900), np.zeros(900), (900, 1))


@case
def block_boundary_minus_one():  # the paper's block, one row and one column short
    return uniform(511, 4095, 9000)


@case
def block_boundary():  # exactly one block: the count of blocks rounds up to two
    return uniform(512, 4096, 9000)


@case
def block_boundary_plus_one():  # a second block of one row and one column
    return uniform(513, 4097, 9000)


@case
def two_blocks_each_way():  # rows a multiple of 512 broke the example program
    return uniform(1024, 8192, 30_000)


@case
def index_width_boundary():  # local index 65,535 fits 16 bits, 65,536 does not
    n = 65_537
    edge = np.array([0, 1, n - 3, n - 2, n - 1])
    rows, cols = np.repeat(edge, len(edge)), np.tile(edge, len(edge))
    return from_triplets(rows, cols, (n, n))


# ---- row lengths -----------------------------------------------------------------------------


@case
def every_4th_row_empty():  # an empty row takes a slot, or shifts its neighbours
    lengths = np.random.default_rng(4).integers(1, 9, 1200)
    lengths[::4] = 0
    return from_lengths(lengths, 800)


@case
def mostly_empty_rows():  # runs of empty rows longer than a group and than a block
    lengths = np.zeros(5000, int)
    lengths[[0, 1, 70, 2047, 2048, 4999]] = [3, 1, 40, 2, 9, 5]
    return from_lengths(lengths, 600)


@case
def lengths_near_lanes():  # lanes - 1, lanes, lanes + 1 for every group width in use
    near = [lanes + step for lanes in (4, 8, 16, 32, 64) for step in (-1, 0, 1)]
    return from_lengths(np.tile(near, 20), 500)


@case
def lengths_near_long_row():  # 127 entries in a block are summed across rows, 128 along the row
    return from_lengths(np.tile(np.arange(120, 137), 9), 200)


@case
def rows_near_lanes():  # as many rows of a length as fill a group, one fewer, one more
    counts = [count for lanes in (4, 8, 16, 32) for count in (lanes - 1, lanes, lanes + 1)]
    return from_lengths(np.repeat(np.arange(1, len(counts) + 1), counts), 400)


@case
def equal_lengths():  # one hash class takes every row
    return from_lengths(np.full(1000, 7), 1000)


@case
def distinct_lengths():  # every hash class holds one row: no group is ever full of equals
    return from_lengths(np.random.default_rng(5).permutation(300), 300)


@case
def alternating_lengths():  # neighbours always differ: only the grouping can pair equals
    return from_lengths(np.tile([1, 40], 600), 300)


@case
def one_dense_row():  # one row longer than all others together
    lengths = np.full(400, 2)
    lengths[137] = 9000
    return from_lengths(lengths, 9000)


@case
def one_dense_column():  # every row reads one x, and every block of a block column is occupied
    rows = np.concatenate([np.arange(3000), np.arange(3000)])
    cols = np.concatenate([np.full(3000, 77), np.arange(3000) % 500])
    return from_triplets(rows, cols, (3000, 500))


@case
def few_very_long_rows():  # cut points: as many elements per row as a block has columns, and more
    return from_lengths([20_000, 1, 19_999, 20_000, 4096, 4097, 4095, 0, 8192], 20_000)


@case
def long_rows_of_every_remainder():  # the remainder of a cut, for each count modulo a vector
    return from_lengths(np.arange(250, 330), 3000)


@case
def long_row_in_one_block_of_many():  # a row long in one block and short in the others
    lengths = np.full(2000, 1)
    base = from_lengths(lengths, 50_000)
    rows = np.repeat(np.arange(2000), lengths)
    rows = np.concatenate([rows, np.full(4000, 1500)])
    cols = np.concatenate([base.indices, 8192 + np.arange(4000)])
    return from_triplets(rows, cols, (2000, 50_000))


@case
def more_entries_than_index_width():  # duplicates: 70,000 entries in one block row pass 65,535
    cols = np.random.default_rng(6).integers(0, 100, 70_000)
    return from_triplets(np.full(70_000, 3), cols, (9, 100))


@case
def exactly_index_width_entries():  # a block row length of 65,536 wraps to 0 in 16 bits
    n = 65_536
    rows = np.concatenate([np.zeros(n), np.ones(n - 1), [2]])
    cols = np.concatenate([np.arange(n), np.arange(n - 1), [n - 1]])
    return from_triplets(rows, cols, (3, n))


@case
def power_law():  # skewed rows and columns: load balance, and every length class at once
    rng = np.random.default_rng(7)
    rows = (4000 * rng.random(60_000) ** 4).astype(int)
    cols = (4000 * rng.random(60_000) ** 3).astype(int)
    cells = np.unique(rows * 4000 + cols)
    return from_triplets(cells // 4000, cells % 4000, (4000, 4000))


@case
def power_law_scattered():  # the same with hubs anywhere, and enough work for every thread
    n = 60_000
    rng = np.random.default_rng(8)
    rows = rng.permutation(n)[(n * rng.random(700_000) ** 3).astype(int)]
    cols = rng.permutation(n)[(n * rng.random(700_000) ** 2).astype(int)]
    cells = np.unique(rows * n + cols)
    return from_triplets(cells // n, cells % n, (n, n))


# ---- structure -------------------------------------------------------------------------------


@case
def identity():  # one entry per row, consecutive columns, one value
    return from_triplets(np.arange(1000), np.arange(1000), (1000, 1000), np.ones(1000))


@case
def permutation():  # one entry per row, no two rows alike
    cols = np.random.default_rng(9).permutation(1500)
    return from_triplets(np.arange(1500), cols, (1500, 1500))


@case
def antidiagonal():  # only blocks far from the diagonal are occupied
    return from_triplets(np.arange(1500), np.arange(1500)[::-1], (1500, 1500))


@case
def tridiagonal():  # runs of consecutive columns, cut at block boundaries
    n = 5000
    rows = np.repeat(np.arange(n), 3)
    cols = rows + np.tile([-1, 0, 1], n)
    inside = (cols >= 0) & (cols < n)
    return from_triplets(rows[inside], cols[inside], (n, n))


@case
def columns_in_windows():  # whole vectors of x serve 16 rows, up to the last column
    n_rows, n_cols = 3000, 4000
    row = np.arange(n_rows)
    lengths = 3 + row // 48 % 4
    rows = np.repeat(row, lengths)
    nth = np.arange(rows.size) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    cols = nth * 600 + rows // 16 * 13 % 500 + (rows + nth) % 2 * 20 + rows * 5 % 8
    last = nth == lengths[rows] - 1
    cols[last] = n_cols - 12 + rows[last] % 12
    return from_triplets(rows, cols, (n_rows, n_cols))


@case
def long_rows_of_runs():  # vectors of x for entries of one row; 32 chunks fill a word of bits
    lengths = np.concatenate([np.arange(990, 1100, 10), np.arange(128, 180), [2048, 2079, 3000]])
    n_cols = 9000
    rows = np.repeat(np.arange(lengths.size), lengths)
    nth = np.arange(rows.size) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    run, place = nth // 11, nth % 11
    cols = n_cols - 1 - (run * 31 + place + rows) % 8900
    scattered = nth // 32 % 4 == (rows + 1) % 5
    cols[scattered] = 40 + 3 * nth[scattered] % 8000
    return from_triplets(rows, cols, (lengths.size, n_cols))


@case
def stencil_2d():  # five diagonals of two values: diagonal and dictionary encodings
    side = 150
    node = np.arange(side * side)
    row, col = node // side, node % side
    rows, cols, values = [node], [node], [np.full(len(node), 4.0)]
    for step_row, step_col in ((-1, 0), (1, 0), (0, -1), (0, 1)):
        near_row, near_col = row + step_row, col + step_col
        inside = (near_row >= 0) & (near_row < side) & (near_col >= 0) & (near_col < side)
        rows.append(node[inside])
        cols.append(near_row[inside] * side + near_col[inside])
        values.append(np.full(inside.sum(), -1.0))
    rows, cols, values = map(np.concatenate, (rows, cols, values))
    order = np.lexsort((cols, rows))
    return from_triplets(rows[order], cols[order], (len(node), len(node)), values[order])


@case
def fem_3x3():  # dense 3 x 3 blocks, not aligned with the blocks of the partition
    nodes = 4000
    rng = np.random.default_rng(10)
    node_rows = np.repeat(np.arange(nodes), 9)
    node_cols = np.clip(node_rows + rng.integers(-60, 61, 9 * nodes), 0, nodes - 1)
    cells = np.unique(node_rows * nodes + node_cols)
    rows = (cells // nodes * 3)[:, None] + np.repeat([0, 1, 2], 3)
    cols = (cells % nodes * 3)[:, None] + np.tile([0, 1, 2], 3)
    order = np.lexsort((cols.ravel(), rows.ravel()))
    return from_triplets(rows.ravel()[order], cols.ravel()[order], (3 * nodes, 3 * nodes))


@case
def dense():  # every cell present: nothing is sparse about it
    rows, cols = np.divmod(np.arange(90 * 110), 110)
    return from_triplets(rows, cols, (90, 110))


@case
def dense_blocks_on_diagonal():  # full blocks beside empty ones
    block, inner = np.divmod(np.arange(20 * 32 * 32), 32 * 32)
    return from_triplets(block * 32 + inner // 32, block * 32 + inner % 32, (640, 640))


@case
def lower_triangle():  # cost falls on the last row blocks only
    rows, cols = np.tril_indices(400)
    return from_triplets(rows, cols, (400, 400))


@case
def one_entry_per_block():  # metadata outweighs the entries: hypersparse blocks
    rows = 512 * np.arange(40)[:, None] + 11
    cols = 4096 * np.arange(30)[None, :] + 4095
    rows, cols = np.broadcast_arrays(rows, cols)
    return from_triplets(rows.ravel(), cols.ravel(), (512 * 40, 4096 * 30))


@case
def one_row_block_holds_all():  # other row blocks are empty: the work units must be split by column
    base = uniform(60, 40_000, 60_000)
    rows = np.repeat(np.arange(60), base.row_lengths)
    return from_triplets(rows, base.indices, (30_000, 40_000), base.data)


@case
def one_block_column_holds_all():  # fewer occupied block columns than threads
    base = uniform(30_000, 50, 60_000)
    rows = np.repeat(np.arange(30_000), base.row_lengths)
    return from_triplets(rows, base.indices + 12_345, (30_000, 40_000), base.data)


@case
def uniform_random():  # no structure at all: mean 20 a row
    return uniform(3000, 3000, 60_000)


@case
def hypersparse():  # most rows and most blocks are empty
    return uniform(300_000, 200_000, 3000)


# ---- entries ---------------------------------------------------------------------------------


@case
def unsorted():  # columns of a row in any order, so its blocks are visited back and forth
    return from_lengths(np.random.default_rng(11).integers(0, 60, 900), 9000, sort=False)


@case
def duplicates():  # two entries of one cell are two entries
    rng = np.random.default_rng(12)
    return from_triplets(rng.integers(0, 500, 9000), rng.integers(0, 12, 9000), (500, 12))


@case
def one_cell_many_times():  # all entries in one cell
    return from_triplets(np.full(500, 2), np.full(500, 3), (5, 5))


@case
def exact_cancellation():  # rows that sum to exactly 0 only if every entry is used once
    base = from_lengths(np.full(300, 10), 200)
    rows = np.repeat(np.arange(300), 10)
    return from_triplets(
        np.concatenate([rows, rows]),
        np.concatenate([base.indices, base.indices]),
        base.shape,
        np.concatenate([base.data, -base.data]),
    )


@case
def explicit_zeros():  # a stored zero is an entry: 0 * inf is NaN
    base = uniform(500, 500, 5000)
    return Csr(base.indptr, base.indices, np.where(base.data > 0, base.data, 0.0), base.shape)


@case
def negative_zeros():  # -0.0 is not +0.0 to a value dictionary that compares by ==
    base = uniform(500, 500, 5000)
    return Csr(base.indptr, base.indices, np.where(base.data > 0, 0.0, -0.0), base.shape)


@case
def constant_values():  # one value everywhere: no value stream need be stored
    base = power_law()
    return Csr(base.indptr, base.indices, np.full(base.nnz, 0.1), base.shape)


@case
def two_values():  # a value dictionary of two
    base = uniform(2000, 2000, 30_000)
    return Csr(base.indptr, base.indices, np.where(base.data > 0, 0.1, -3.7), base.shape)


@case
def table_boundary():  # 7, 8 and 9 distinct values: as many as a block's table holds, or not
    base = from_lengths(np.full(3 * 512, 10), 3000)
    counts = np.repeat([7, 8, 9], 5120)
    values = np.arange(base.nnz) % counts - 3.3
    return Csr(base.indptr, base.indices, values, base.shape)


@case
def dictionary_boundary():  # 255, 256 and 257 distinct values, one row band each
    base = from_lengths(np.full(3 * 512, 10), 3000)
    counts = np.repeat([255, 256, 257], 5120)
    values = np.arange(base.nnz) % counts + 0.1
    return Csr(base.indptr, base.indices, values, base.shape)


@case
def short_decimals():  # 16-bit codes, of which there are enough to pay; in rows of all kinds
    n_rows, n_cols = 15_000, 20_000
    row = np.arange(n_rows)
    of = np.where(row < 6000, row // 3 * 3, row)  # threes of equal rows, then others
    lengths = np.where(of % 51 == 0, 200, 10 + of * 7 % 60)
    rows = np.repeat(row, lengths)
    nth = np.arange(rows.size) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    cols = (np.random.default_rng(19).integers(0, n_cols - 600, n_rows)[of][rows]) + 3 * nth
    values = np.round(np.random.default_rng(20).standard_normal(rows.size), 2) + 0.0
    return from_triplets(rows, cols, (n_rows, n_cols), values)


@case
def wide_range_of_magnitudes():  # an error that a norm-wise tolerance would hide
    base = uniform(800, 800, 8000)
    powers = np.random.default_rng(13).integers(-12, 13, base.nnz)
    return Csr(base.indptr, base.indices, base.data * 10.0**powers, base.shape)


@case
def subnormal_values():  # flush-to-zero set by some kernel
    base = uniform(500, 500, 5000)
    return Csr(base.indptr, base.indices, base.data * 1e-41, base.shape)
