"""One matrix in one geometry: the orders of all methods, checked, rated, timed."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from block_rows import BlockRows, rows_of_blocks
from device_clock import Call, time_in_rounds
from order_quality import check_order, rate
from sorted_orders import Argsort, DynamicProgram, length_keys, packed_keys

#: Name, rows and columns of a block, lanes.
Geometry = tuple[str, int, int, int]

PAPER: Geometry = ("paper", 512, 4096, 32)


class Transfers:
    """How arrays get to the device and back.

    Parameters
    ----------
    xp : module
        cupy, or numpy, whose arrays are copied all the same.
    """

    def __init__(self, xp: Any) -> None:
        self._xp = xp

    def to_device(self, array: Any) -> Any:
        """Return a copy on the device."""
        return self._xp.array(array)

    def to_host(self, array: Any) -> Any:
        """Return a copy on the host."""
        return array.copy() if self._xp is np else self._xp.asnumpy(array)


def measure_orders(
    matrix: Any,
    geometry: Geometry,
    most_rows: int,
    xp: Any,
    hash_kernel: Callable[[Any], Callable[[], Any]],
    clock: Callable[[Call, Call], float],
    rounds: int,
) -> dict[str, Any] | None:
    """Check, rate and time the ways of ordering the rows of a matrix's blocks.

    Parameters
    ----------
    matrix : scipy.sparse.csr_array
        The matrix.
    geometry : tuple
        Its name, rows and columns of a block, rows of a group.
    most_rows : int
        Rows beyond which blocks are left out.
    xp : module
        cupy, or numpy for tests.
    hash_kernel : callable
        Takes the lengths of the rows of all blocks on the device, (blocks, block_rows); returns
        what orders them, as `order_kernel.OrderKernel` does.
    clock : callable
        Takes a call and what to do before it; returns seconds.
    rounds : int
        Rounds of turns.

    Returns
    -------
    dict or None
        The experiment as results.json has it; None for a matrix without entries.

    Raises
    ------
    ValueError
        If an order is wrong; the message names the method.
    """
    name, block_rows, block_cols, lanes = geometry
    rows = rows_of_blocks(matrix, block_rows, block_cols, most_rows)
    if rows.n_blocks == 0:
        return None
    transfers = Transfers(xp)
    calls, ratings = {}, {}
    for method, (call, inputs, order_of) in _methods(rows, lanes, xp, hash_kernel).items():
        order, cuts = order_of(call())
        check_order(rows, order, by_hash=method == "hash", name=f"{name}: {method}")
        ratings[method] = rate(rows, order, lanes, cuts)
        calls[method] = call, _restore(xp, inputs, transfers.to_device(inputs))
    seconds = time_in_rounds(calls, clock, rounds)
    return {
        "geometry": name,
        "block_rows": block_rows,
        "block_cols": block_cols,
        "lanes": lanes,
        "blocks": rows.n_all,
        "measured_blocks": rows.n_blocks,
        "rows": len(rows.row),
        "natural": rate(rows, np.arange(len(rows.row)), lanes),
        "methods": {m: {**ratings[m], "seconds": seconds[m]} for m in calls},
    }


def _methods(
    rows: BlockRows, lanes: int, xp: Any, hash_kernel: Callable[[Any], Callable[[], Any]]
) -> dict[str, tuple[Callable[[], Any], Any, Callable[[Any], tuple[Any, Any]]]]:
    """By name: the call, its input on the device, what makes its result an order with cuts."""
    transfers = Transfers(xp)
    length = transfers.to_device(rows.padded)
    key, shift = length_keys(rows)
    key = transfers.to_device(key)
    methods: dict[str, Any] = {
        "hash": (
            hash_kernel(length),
            length,
            lambda found: (rows.slot_of(transfers.to_host(found)), None),
        ),
        "argsort": (Argsort(xp, key), key, lambda found: (transfers.to_host(found), None)),
    }
    if (packed := packed_keys(rows)) is not None:
        packed_key, index_bits = transfers.to_device(packed[0]), packed[1]
        low = np.uint64((1 << index_bits) - 1)
        methods["packed-sort"] = (
            partial(xp.sort, packed_key),  # the row is in the key: no second array is moved
            packed_key,
            lambda found: ((transfers.to_host(found) & low).astype(np.int64), None),
        )
    methods["dynamic-program"] = (
        DynamicProgram(xp, key, shift, lanes, transfers.to_host, transfers.to_device),
        key,
        lambda found: (transfers.to_host(found[0]), transfers.to_host(found[1])),
    )
    return methods


def _restore(xp: Any, inputs: Any, source: Any) -> Call:
    """What writes the input again, as if the step before had just done so."""
    return lambda: xp.copyto(inputs, source)
