"""The rows of a matrix's blocks with their lengths: what every method of ordering starts from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class BlockRows:
    """Rows of some blocks of a matrix.

    Attributes
    ----------
    block_rows, n_all : int
        Rows of a block, and how many non-empty blocks the matrix has.
    padded : ndarray, uint32, shape (blocks, block_rows)
        Length of every row in every block; 0 for empty rows and for those behind the matrix.
    block, row, length : ndarray, shape (n,)
        The non-empty rows, by block and by row: block, row in the block, number of entries there.
    """

    block_rows: int
    n_all: int
    padded: Any
    block: Any
    row: Any
    length: Any

    @property
    def n_blocks(self) -> int:
        """Number of blocks."""
        return len(self.padded)

    def slot_of(self, padded_order: Any) -> Any:
        """Return an order as indices of the non-empty rows.

        Parameters
        ----------
        padded_order : ndarray, shape (blocks, block_rows)
            Row numbers of each block, those of its non-empty rows first.

        Returns
        -------
        ndarray, int64, shape (n,)
            Indices into `block`, `row` and `length`; -1 where the row is empty or there is none.
        """
        used = np.bincount(self.block, minlength=self.n_blocks)
        index = np.full(self.padded.shape, -1, np.int64)
        index[self.block, self.row] = np.arange(len(self.row))
        place = np.arange(len(self.row)) - np.repeat(np.cumsum(used) - used, used)
        row = padded_order[self.block, place].astype(np.int64)
        known = row < self.block_rows
        return np.where(known, index[self.block, np.where(known, row, 0)], -1)


def rows_of_blocks(matrix: Any, block_rows: int, block_cols: int, most_rows: int) -> BlockRows:
    """Return the rows of the non-empty blocks of a matrix, or of some of them, evenly spaced.

    Parameters
    ----------
    matrix : scipy.sparse.csr_array
        The matrix.
    block_rows, block_cols : int
        Size of a block.
    most_rows : int
        Rows, empty ones counted, beyond which blocks are left out.
    """
    n_rows, n_cols = matrix.shape
    n_column_blocks = max(-(-n_cols // block_cols), 1)
    row = np.repeat(np.arange(n_rows, dtype=np.int64), np.diff(matrix.indptr))
    key, length = np.unique(
        row * n_column_blocks + matrix.indices.astype(np.int64) // block_cols, return_counts=True
    )
    row, column_block = key // n_column_blocks, key % n_column_blocks
    blocks, block = np.unique(
        row // block_rows * n_column_blocks + column_block, return_inverse=True
    )
    n_all = len(blocks)
    n = min(n_all, max(most_rows // block_rows, 1))
    kept = np.arange(n) * n_all // max(n, 1)
    number = np.full(n_all, -1, np.int64)
    number[kept] = np.arange(n)
    chosen = number[block] >= 0
    block, row, length = number[block][chosen], (row % block_rows)[chosen], length[chosen]
    by_block = np.lexsort((row, block))
    block, row, length = block[by_block], row[by_block], length[by_block]
    padded = np.zeros((n, block_rows), np.uint32)
    padded[block, row] = length
    return BlockRows(block_rows, n_all, padded, block, row, length)
