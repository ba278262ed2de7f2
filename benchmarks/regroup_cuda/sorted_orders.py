"""Orders of rows by sorting on the device: radix sorts by length, alone or with group cuts.

The array module is a parameter: CuPy on a device, NumPy in the tests.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from block_rows import BlockRows
from group_cuts import group_cuts


def length_keys(rows: BlockRows) -> tuple[Any, int]:
    """Return the sort keys of the rows and by how many bits the block is shifted in them.

    Returns
    -------
    key : ndarray, uint32 where it fits, or uint64, shape (n,)
        The block in the high bits, the length in the low ones.
    shift : int
        Bits of the length.
    """
    shift = int(rows.length.max(initial=0)).bit_length()
    bits = shift + max(rows.n_blocks - 1, 0).bit_length()
    dtype = np.uint32 if bits <= 32 else np.uint64
    return (rows.block.astype(dtype) << dtype(shift)) | rows.length.astype(dtype), shift


def packed_keys(rows: BlockRows) -> tuple[Any, int] | None:
    """Return sort keys that carry the row, and the bits of the row; None if 64 are too few.

    Returns
    -------
    key : ndarray, uint64, shape (n,)
        Block, length and index of the row, from the highest bits to the lowest.
    shift : int
        Bits of the index.
    """
    key, shift = length_keys(rows)
    index_bits = max(len(key) - 1, 0).bit_length()
    if shift + max(rows.n_blocks - 1, 0).bit_length() + index_bits > 64:
        return None
    index = np.arange(len(key), dtype=np.uint64)
    return (key.astype(np.uint64) << np.uint64(index_bits)) | index, index_bits


class Argsort:
    """A stable radix sort of indices by the key.

    Parameters
    ----------
    xp : module
        cupy or numpy.
    key : array
        From `length_keys`, on the device.
    """

    def __init__(self, xp: Any, key: Any) -> None:
        self._xp, self._key = xp, key

    def __call__(self) -> Any:
        """Return the indices of the rows in their order."""
        if self._xp is np:
            return np.argsort(self._key, kind="stable")
        return self._xp.argsort(self._key)  # stable, but takes no `kind` in older versions


class DynamicProgram:
    """Indices sorted on the device, group cuts found on the host: both transfers are counted.

    Parameters
    ----------
    xp : module
        cupy or numpy.
    key : array
        From `length_keys`, on the device.
    shift, lanes : int
        Bits of the length in the key; the cost of a group.
    to_host, to_device : callable
        Copy an array from the device, and back.
    """

    def __init__(
        self,
        xp: Any,
        key: Any,
        shift: int,
        lanes: int,
        to_host: Callable[[Any], Any],
        to_device: Callable[[Any], Any],
    ) -> None:
        self._sort, self._key = Argsort(xp, key), key
        self._shift, self._lanes = shift, lanes
        self._to_host, self._to_device = to_host, to_device

    def __call__(self) -> tuple[Any, Any]:
        """Return the order and the first row of each group, both on the device."""
        order = self._sort()
        key = self._to_host(self._key[order])
        length = key & key.dtype.type((1 << self._shift) - 1)
        cuts = group_cuts(key >> key.dtype.type(self._shift), length, self._lanes)
        return order, self._to_device(cuts)
