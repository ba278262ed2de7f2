"""How products are launched: the one place that chooses sizes for a device.

None of this changes a bit of a result. The constants follow from what all devices since compute
capability 7.5 have; they are not yet tuned by measurements.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from hbpspmv._geometry import Geometry

#: Threads of a thread block: the kernels are compiled for it.
THREADS: Final = 128

#: Thread blocks that a multiprocessor has registers for: the kernels are compiled for it.
RESIDENT: Final = 4

#: Shared memory that a thread block may have on every device without asking.
SHARED_BYTES: Final = 48 * 1024

#: Of it for the window of x that a block reads. With the sums of a row block (16 KiB) four thread
#: blocks still fit into the 100 KiB of most devices.
WINDOW_BYTES: Final = 8 * 1024

#: Of it for the sums of several vectors.
SUMS_BYTES: Final = 24 * 1024

#: Bytes of shared memory before the sums (ticket_bytes in plan_view.h).
TICKET_BYTES: Final = 16

#: Row blocks per multiprocessor that a matrix is to have, if it has the rows: so many that the
#: thread blocks end at about the same time.
ROW_BLOCKS: Final = 16

#: Bounds of the rows of a row block. Below, groups of 32 are mostly ragged; above, there is no more
#: to gain, and the sums take shared memory from other thread blocks.
LEAST_ROWS: Final = 128
MOST_ROWS: Final = 1024

#: Cost (tuning.h) below which a part of a row block is not worth a thread block: 2,048 elements.
LEAST_PART_COST: Final = 8192

#: Share of the tasks that are dealt out beforehand, in percent; tickets give out the rest.
FIXED_PERCENT: Final = 60


@dataclass(frozen=True, slots=True)
class Configuration:
    """One launch."""

    thread_blocks: int
    shared_bytes: int
    n_fixed: int
    #: Vectors whose sums shared memory has room for at a time.
    slice: int


def device_geometry(n_rows: int, block_cols: int, multiprocessors: int) -> Geometry:
    """The geometry of a plan for the device that gives the bits of one with `block_cols`."""
    rows = n_rows // (ROW_BLOCKS * multiprocessors)
    rows = min(max(rows // 32 * 32, LEAST_ROWS), MOST_ROWS)
    return Geometry(rows, block_cols, 32)


def part_cost(nnz: int, n_rows: int, multiprocessors: int) -> int:
    """The cost above which a row block is split: half of what a thread block has to do."""
    cost = 4 * nnz + 8 * n_rows
    return max(cost // (2 * RESIDENT * multiprocessors), LEAST_PART_COST)


def most_window(itemsize: int) -> int:
    """Most entries of a window of x."""
    return WINDOW_BYTES // itemsize


def slice_of(n_vectors: int, max_rows: int, itemsize: int) -> int:
    """Vectors at a time, a multiple of the four that a lane has where there is room."""
    room = SUMS_BYTES // (max(max_rows, 1) * itemsize)
    return min(n_vectors, max(room // 4 * 4, 1), 64)


def shared_bytes(max_rows: int, slice_: int, window: int, itemsize: int) -> int:
    """Shared memory of a thread block."""
    return TICKET_BYTES + (max_rows * slice_ + window) * itemsize


def build_shared_bytes(n_column_blocks: int, block_rows: int) -> int:
    """Shared memory of a thread block that builds a row block (build_view.h)."""
    return 4 * (4 + 3 * n_column_blocks + 3 * block_rows + 32 + THREADS // 32 * 129)


def configuration(
    n_tasks: int, slice_: int, shared: int, multiprocessors: int, resident: int
) -> Configuration:
    """A launch with as many thread blocks as the device runs at once, if there is work for them."""
    thread_blocks = max(min(n_tasks, multiprocessors * max(resident, 1)), 1)
    rounds = n_tasks * FIXED_PERCENT // 100 // thread_blocks
    n_fixed = n_tasks if n_tasks <= thread_blocks else rounds * thread_blocks
    return Configuration(thread_blocks, shared, n_fixed, slice_)
