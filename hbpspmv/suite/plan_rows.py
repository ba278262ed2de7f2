"""The rows of a plan's blocks: how long they are, in natural order and as they are stored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

import hbpspmv._hbpspmv_core as core

Array = NDArray[np.int64]

# Kinds of runs, as csrc/hbp_view.h numbers them.
_RAGGED, _ALONG, _ALONG_WINDOWED = 2, 3, 5
_BITS_FOR = 1024  # entries of a long row that a word of bits for chunks with windows tells of


@dataclass(frozen=True)
class PlanRows:
    """Every non-empty row of every block, in stored order.

    Attributes
    ----------
    block : ndarray
        Number of its block, ascending.
    row : ndarray
        Counted from the first row of the block's row block.
    length : ndarray
        Its entries within the block.
    long : ndarray of bool
        Whether it is multiplied along the row, in no group.
    lanes : int
        Rows of a group.
    """

    block: Array
    row: Array
    length: Array
    long: NDArray[np.bool_]
    lanes: int

    def spreads_before(self) -> Array:
        """Return longest minus shortest of `lanes` consecutive rows in natural order."""
        order = np.lexsort((self.row, self.block))
        return self._spreads(self.block[order], self.length[order])

    def spreads_after(self) -> Array:
        """Return longest minus shortest of `lanes` consecutive rows as they are stored."""
        grouped = ~self.long
        return self._spreads(self.block[grouped], self.length[grouped])

    def _spreads(self, block: Array, length: Array) -> Array:
        if length.size == 0:
            return np.zeros(0, dtype=np.int64)
        first = np.searchsorted(block, block)  # where each row's block begins
        starts = np.flatnonzero((np.arange(block.size) - first) % self.lanes == 0)
        longest = np.maximum.reduceat(length, starts)
        return np.asarray(longest - np.minimum.reduceat(length, starts))

    def of_block(self, block: int) -> PlanRows:
        """Return the rows of one block."""
        i, j = np.searchsorted(self.block, (block, block + 1))
        return PlanRows(
            self.block[i:j], self.row[i:j], self.length[i:j], self.long[i:j], self.lanes
        )


def plan_arrays(plan: Any) -> dict[str, NDArray[Any]]:
    """Return copies of the arrays of a plan with the "hbp" kernel, by the names of the format."""
    arrays: dict[str, NDArray[Any]] = core.plan_arrays(plan._core)
    return arrays


def plan_rows(arrays: dict[str, NDArray[Any]], lanes: int) -> PlanRows:
    """Return the rows of all blocks.

    Parameters
    ----------
    arrays : dict of str to ndarray
        As `plan_arrays` returns them.
    lanes : int
        Of the plan's geometry.
    """
    kind = arrays["run_kind"]
    along = (kind == _ALONG) | (kind == _ALONG_WINDOWED)
    grouped = ~along & (kind != _RAGGED)
    slots = np.where(grouped, arrays["run_n"].astype(np.int64) * lanes, arrays["run_n"])
    run = np.repeat(np.arange(kind.size), slots)
    length = arrays["run_length"].astype(np.int64)[run]
    own = ~grouped[run]  # these slots have a length of their own: all of it, or a tail
    lengths = _own_lengths(arrays["slot_length"], (kind == _ALONG_WINDOWED)[run][own])
    length[own] = np.where(along[run][own], 0, length[own]) + lengths
    height = arrays["run_height"].astype(np.int64)[run]
    block = np.repeat(np.arange(arrays["block_n_slots"].size), arrays["block_n_slots"])
    # A slot is a tile of `height` consecutive rows of one length.
    rows = np.repeat(np.arange(run.size), height)
    within = np.arange(rows.size) - np.repeat(np.cumsum(height) - height, height)
    return PlanRows(
        block[rows],
        arrays["slot_row"].astype(np.int64)[rows] + within,
        length[rows],
        along[run][rows],
        lanes,
    )


def _own_lengths(stored: NDArray[Any], has_bits: NDArray[np.bool_]) -> NDArray[Any]:
    """Return the lengths of slots among which those that `has_bits` are followed by bits."""
    if not has_bits.any():
        return stored
    lengths = np.empty(has_bits.size, stored.dtype)
    at = 0
    for i, bits in enumerate(has_bits.tolist()):
        lengths[i] = stored[at]
        at += 2 + int(stored[at]) // _BITS_FOR if bits else 1
    return lengths


def thread_loads(cost_ptr: Array, num_threads: int) -> NDArray[np.float64]:
    """Return what each thread is dealt of the work, where 1 is an equal share.

    Parameters
    ----------
    cost_ptr : ndarray, shape (n_row_blocks + 1,)
        Running cost of the row blocks; threads get contiguous runs of them. What is left of a
        share when its thread is late goes to others, so the true loads are more even.
    num_threads : int
        How many threads.
    """
    total = int(cost_ptr[-1])
    if total == 0:
        return np.zeros(num_threads)
    wanted = [total * t // num_threads for t in range(1, num_threads)]
    cuts = np.searchsorted(cost_ptr[:-1], wanted)
    ends = np.concatenate(([0], cuts, [cost_ptr.size - 1]))
    return np.asarray(np.diff(cost_ptr[ends]) * num_threads / total, dtype=np.float64)
