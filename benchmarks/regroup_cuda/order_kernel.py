"""The kernel that orders the rows of blocks by our hash: its source, its arguments, its launch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from hbpspmv.cuda._launch import THREADS, build_shared_bytes
from hbpspmv.cuda._source import kernel_source

NAME = "hbp_order"
OPTIONS = ("-std=c++17", "--fmad=false", "-default-device")

#: struct OrderRows of order.cu.
ARGUMENTS = np.dtype(
    [("length", np.uint64), ("order", np.uint64), ("block_rows", np.uint32), ("unused", np.uint32)]
)


def order_source() -> str:
    """Return the source of the kernel in one text, as a CUDA compiler gets it.

    Notes
    -----
    The ordering is a private member of the builder. It is made public in the text, so that what is
    timed is the builder's own code rather than a copy of it.

    Raises
    ------
    RuntimeError
        If the builder's source is no longer what this expects.
    """
    text = kernel_source(str(Path(__file__).resolve().with_name("order.cu")))
    before, found, builder = text.partition("class RowBlockBuilder {")
    if not found or "\n  private:\n" not in builder:
        raise RuntimeError("build.cuh has no class RowBlockBuilder with private members")
    return before + found + builder.replace("\n  private:\n", "\n  public:\n", 1)


def arguments(length: int, order: int, block_rows: int) -> Any:
    """Return the kernel's argument, from the addresses of its arrays on the device."""
    record = np.zeros((), ARGUMENTS)
    record["length"], record["order"], record["block_rows"] = length, order, block_rows
    return record


def shared_bytes(block_rows: int) -> int:
    """Return the shared memory of a thread block: the builder's, without column blocks."""
    return build_shared_bytes(0, block_rows)


class OrderKernel:
    """The kernel on CuPy's current device.

    Parameters
    ----------
    cupy : module
        CuPy.
    length : cupy.ndarray, uint32, shape (blocks, block_rows)
        Lengths of the rows of blocks; 0 is an empty row. Not copied.
    """

    def __init__(self, cupy: Any, length: Any) -> None:
        module = cupy.RawModule(code=order_source(), options=OPTIONS, backend="nvrtc")
        self._function = module.get_function(NAME)
        self._length = length
        self.order = cupy.empty(length.shape, np.uint16)
        self._arguments = arguments(length.data.ptr, self.order.data.ptr, length.shape[1])

    def __call__(self) -> Any:
        """Order the rows: (blocks, block_rows) row numbers, the non-empty ones of each block."""
        n_blocks, block_rows = self._length.shape
        self._function(
            (n_blocks,), (THREADS,), (self._arguments,), shared_mem=shared_bytes(block_rows)
        )
        return self.order
