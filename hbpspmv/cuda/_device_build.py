"""Plans that are built on the device from a CSR matrix that is there."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from hbpspmv._validate import Array, CsrArrays
from hbpspmv.cuda import _launch
from hbpspmv.cuda._device import Device
from hbpspmv.cuda._device_plan import Layout
from hbpspmv.cuda._source import Kernel

#: struct Build of build_view.h.
BUILD: Final = np.dtype(
    [
        (name, np.uint64)
        for name in (
            *("indptr", "indices", "data", "n_blocks", "n_pieces", "n_slots", "piece"),
            *("piece_cost", "block", "slot_row", "slot_length", "column", "value"),
        )
    ]
    + [("n_rows", np.int64), ("block_cols", np.int64)]
    + [("block_rows", np.uint32), ("n_column_blocks", np.uint32)],
    align=True,
)

#: struct Piece, DeviceBlock and Task of plan_view.h. A run is 3 bits of kind, 5 of height and 24 of
#: n, then its length.
PIECE: Final = np.dtype(
    [(name, np.int64) for name in ("value", "column", "slot", "length")]
    + [("run", np.uint32), ("run_length", np.uint32), ("row", np.uint16), ("rest", np.uint8, 6)]
)
BLOCK: Final = np.dtype(
    [(name, np.int64) for name in ("first_piece", "first_partial", "first_column")]
    + [(name, np.uint32) for name in ("n_pieces", "window_first", "window_n", "unused")]
)
TASK: Final = np.dtype(
    [("row_block", np.int64), ("block", np.int64)]
    + [(name, np.uint32) for name in ("first_piece", "n_pieces", "n_parts", "arrivals")]
)

#: most_column_blocks of build_view.h.
_MOST_COLUMN_BLOCKS: Final = 1024

_FULL, _ALONG = 0, 3


def can_build(csr: CsrArrays, block_cols: int) -> bool:
    """Whether a matrix on the device can be laid out there."""
    n_column_blocks = -(-csr.shape[1] // block_cols)
    return n_column_blocks <= _MOST_COLUMN_BLOCKS and csr.nnz < 2**32


def build_on_device(csr: CsrArrays, block_cols: int, device: Device) -> Layout:
    """Lay out a matrix on the device; `csr` has its arrays there, the columns of rows ascending.

    The layout is a simple one: no tiles, no shifted groups, all values stored. Its products have
    the bits of any other with the same block_cols.
    """
    n_rows, n_cols = csr.shape
    block_rows = _launch.device_geometry(n_rows, block_cols, device.multiprocessors).block_rows
    n_row_blocks = -(-n_rows // block_rows)
    row_block_ptr = np.minimum(np.arange(n_row_blocks + 1, dtype=np.int64) * block_rows, n_rows)
    build = np.zeros((), BUILD)
    build["n_rows"], build["block_cols"] = n_rows, block_cols
    build["block_rows"] = block_rows
    build["n_column_blocks"] = -(-n_cols // block_cols)
    run = _Runner(csr, build, n_row_blocks, device)

    counts = [device.zeros(n_row_blocks + 1, np.int64) for _ in range(3)]
    run("hbp_count", n_blocks=counts[0], n_pieces=counts[1], n_slots=counts[2])
    block_ptr, piece_ptr, slot_ptr = (_before(device.download(count)) for count in counts)
    blocks, pieces, slots = (int(ptr[-1]) for ptr in (block_ptr, piece_ptr, slot_ptr))
    dtype = csr.data.dtype
    needed = (
        (PIECE.itemsize + 8) * pieces
        + BLOCK.itemsize * blocks
        + 6 * slots
        + (2 + dtype.itemsize) * csr.nnz
    )
    try:
        arrays = {
            "piece": device.empty((pieces * PIECE.itemsize,), np.uint8),
            "block": device.empty((blocks * BLOCK.itemsize,), np.uint8),
            "slot_row": device.empty((slots,), np.uint16),
            "slot_length": device.empty((slots,), np.uint32),
            "column": device.empty((csr.nnz,), np.uint16),
            "value": device.empty((csr.nnz,), dtype),
            "row_block_ptr": device.upload(row_block_ptr),
            "block_ptr": device.upload(block_ptr),
        }
        piece_cost = device.empty((pieces,), np.int64)
    except MemoryError as error:
        raise MemoryError(
            f"the matrix needs {needed:,} bytes on the device in the HBP format: {error}"
        ) from error
    run(
        "hbp_fill",
        **{name: arrays[name] for name in ("piece", "block", "slot_row", "slot_length")},
        column=arrays["column"],
        value=arrays["value"],
        piece_cost=piece_cost,
        n_blocks=arrays["block_ptr"],
        n_pieces=device.upload(piece_ptr),
        n_slots=device.upload(slot_ptr),
    )
    tasks = _Tasks(
        device.download(piece_cost),
        piece_ptr,
        _launch.part_cost(csr.nnz, n_rows, device.multiprocessors),
    )
    if len(tasks.heavy) > 0:
        host_blocks = device.download(arrays["block"]).view(BLOCK)
        tasks.split(host_blocks, block_ptr, slot_ptr, device.download(arrays["piece"]).view(PIECE))
        arrays["block"] = device.upload(host_blocks.view(np.uint8))
    arrays["task"] = device.upload(tasks.sorted().view(np.uint8))
    index_dtype = np.dtype(csr.indices.dtype)

    def to_csr() -> CsrArrays:
        names = ("piece", "block", "slot_row", "slot_length", "column", "value")
        host = {name: device.download(arrays[name]) for name in names}
        return _restore(host, row_block_ptr, piece_ptr, (n_rows, n_cols), index_dtype)

    return Layout(
        arrays,
        len(tasks.tasks),
        tasks.n_partials,
        tasks.n_split,
        int(np.diff(row_block_ptr).max(initial=0)),
        0,
        to_csr,
    )


class _Runner:
    """Launches the builders, one thread block a row block."""

    def __init__(self, csr: CsrArrays, build: Array, n_row_blocks: int, device: Device) -> None:
        self._csr, self._build, self._device = csr, build, device
        self._n_row_blocks = n_row_blocks
        self._types = (np.dtype(csr.indices.dtype).name, np.dtype(csr.data.dtype).name)
        self._shared = _launch.build_shared_bytes(
            int(build["n_column_blocks"]), int(build["block_rows"])
        )

    def __call__(self, name: str, **arrays: Any) -> None:
        if self._n_row_blocks == 0:
            return
        build = self._build.copy()
        csr = self._csr
        for field, array in (
            ("indptr", csr.indptr),
            ("indices", csr.indices),
            ("data", csr.data),
            *arrays.items(),
        ):
            build[field] = self._device.address(array)
        kernel = Kernel(name, *self._types)
        self._device.launch(kernel, self._n_row_blocks, self._shared, build)


def _before(counts: Array) -> Array:
    """Running sums: [n + 1] from [n + 1] counts, the last of which is 0."""
    return np.concatenate([[0], np.cumsum(counts[:-1])]).astype(np.int64)


class _Tasks:
    """The tasks of a plan: row blocks, and parts of those that are too heavy for one."""

    def __init__(self, piece_cost: Array, piece_ptr: Array, part_cost: int) -> None:
        self._piece_cost = piece_cost
        self._part_cost = part_cost
        running = np.concatenate([[0], np.cumsum(piece_cost)])
        cost = running[piece_ptr[1:]] - running[piece_ptr[:-1]]
        self.tasks = np.zeros(len(cost), TASK)
        self.tasks["row_block"] = np.arange(len(cost))
        self.tasks["n_parts"] = 1
        self._cost = cost
        #: Row blocks to be split.
        self.heavy = np.flatnonzero((cost > part_cost) & (np.diff(piece_ptr) > 1))
        self.n_partials = 0
        self.n_split = 0

    def split(self, block: Array, block_ptr: Array, slot_ptr: Array, piece: Array) -> None:
        """Cut the heavy row blocks into parts; their blocks get room for partial results."""
        parts, costs, split = [], [], []
        for rb in self.heavy:
            blocks = range(int(block_ptr[rb]), int(block_ptr[rb + 1]))
            found = [part for b in blocks for part in self._cut(block, int(rb), b)]
            if len(found) < 2:
                continue
            for row_block, b, first, n, cost in found:
                parts.append((row_block, b, first, n, len(found), self.n_split))
                costs.append(cost)
            for b in blocks:
                # All slots are single rows: as many partial results as slots.
                slot = int(piece["slot"][block["first_piece"][b]])
                block["first_partial"][b] = self.n_partials + slot - int(slot_ptr[rb])
            self.n_partials += int(slot_ptr[rb + 1] - slot_ptr[rb])
            self.n_split += 1
            split.append(rb)
        kept = np.ones(len(self.tasks), bool)
        kept[split] = False
        self.tasks = np.concatenate([self.tasks[kept], np.array(parts, TASK)])
        self._cost = np.concatenate([self._cost[kept], np.array(costs, np.int64)])

    def _cut(self, block: Array, rb: int, b: int) -> list[tuple[int, int, int, int, int]]:
        first_piece, n_pieces = int(block["first_piece"][b]), int(block["n_pieces"][b])
        cost = np.cumsum(self._piece_cost[first_piece : first_piece + n_pieces])
        parts = []
        first = done = 0
        while first < n_pieces:
            end = min(int(np.searchsorted(cost, done + self._part_cost)) + 1, n_pieces)
            parts.append((rb, b, first, end - first, int(cost[end - 1]) - done))
            first, done = end, int(cost[end - 1])
        return parts

    def sorted(self) -> Array:
        """The tasks by falling cost: one taken late would keep all other thread blocks waiting."""
        order = np.argsort(-self._cost, kind="stable")
        return np.ascontiguousarray(self.tasks[order])


def _restore(
    host: dict[str, Array],
    row_block_ptr: Array,
    piece_ptr: Array,
    shape: tuple[int, int],
    index_dtype: np.dtype[Any],
) -> CsrArrays:
    """The CSR matrix of a plan that was built on the device."""
    piece, block = host["piece"].view(PIECE), host["block"].view(BLOCK)
    kind = piece["run"] & 7
    is_long = kind == _ALONG
    group = np.where(kind == _FULL, 32, piece["run"] >> 8).astype(np.int64)  # slots of each piece
    # Of every slot: its piece, its place there, its length.
    of = np.repeat(np.arange(len(piece)), group)
    lane = np.arange(len(of)) - np.repeat(np.cumsum(group) - group, group)
    slot_length = host["slot_length"].astype(np.int64)
    common = np.where(is_long, 0, piece["run_length"].astype(np.int64))[of]
    length = common + slot_length
    tail = slot_length.cumsum() - slot_length
    tail = tail - tail[np.repeat(np.cumsum(group) - group, group)]
    tail_at = piece["value"][of] + common * group[of]
    row_block = np.searchsorted(piece_ptr, of, side="right") - 1
    row = row_block_ptr[row_block] + host["slot_row"]
    first_column = np.repeat(block["first_column"], block["n_pieces"])[of]

    # Slots come by row block, then by column block; rows get theirs in that order.
    order = np.argsort(row, kind="stable")
    n = length[order]
    k = np.arange(int(n.sum())) - np.repeat(np.cumsum(n) - n, n)
    slot = np.repeat(order, n)
    in_common = k < common[slot]
    at = np.where(
        in_common,
        piece["value"][of[slot]] + k * group[of[slot]] + lane[slot],
        tail_at[slot] + tail[slot] + k - common[slot],
    )
    indptr = np.zeros(shape[0] + 1, index_dtype)
    np.cumsum(np.bincount(row, length, shape[0]).astype(np.int64), out=indptr[1:])
    indices = (host["column"][at] + first_column[slot]).astype(index_dtype)
    return CsrArrays(indptr, indices, host["value"][at], shape)
