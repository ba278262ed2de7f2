"""How good an order of a block's rows is: checks, padding, spread."""

from __future__ import annotations

from typing import Any

import numpy as np
from block_rows import BlockRows

#: Rows of at least so many entries are multiplied one by one (csrc/tuning.h, long_row).
LONG_ROW = 128

Quality = dict[str, int]


def check_order(rows: BlockRows, order: Any, by_hash: bool, name: str) -> None:
    """Check that an order has each non-empty row of each block once, in the blocks' places.

    Parameters
    ----------
    rows : BlockRows
        The rows.
    order : ndarray, shape (n,)
        Indices of the rows.
    by_hash : bool
        Whether rows are ordered by our hash, which tells lengths below LONG_ROW only, or by length.
    name : str
        Of the method, for the message.

    Raises
    ------
    ValueError
        If the order is not that.
    """
    n = len(rows.row)
    order = np.asarray(order)
    if order.shape != (n,):
        raise ValueError(f"{name}: {order.shape} rows in the order, expected {(n,)}")
    if not np.array_equal(np.sort(order), np.arange(n)):
        raise ValueError(f"{name}: not each non-empty row once")
    if not np.array_equal(rows.block[order], rows.block):
        raise ValueError(f"{name}: rows are not in their block's place")
    key = np.minimum(rows.length, LONG_ROW) if by_hash else rows.length
    key = key[order].astype(np.int64)
    same_block = rows.block[1:] == rows.block[:-1]
    if np.any((key[1:] < key[:-1]) & same_block):
        raise ValueError(f"{name}: a longer row comes before a shorter one")
    equal = same_block & (key[1:] == key[:-1])
    if np.any(equal & (order[1:] < order[:-1])):
        raise ValueError(f"{name}: rows of one key are not in the order of the rows")


def group_quality(length: Any, first: Any) -> Quality:
    """Rate groups of consecutive rows.

    Parameters
    ----------
    length : ndarray, shape (n,)
        Lengths of the rows in their order.
    first : ndarray
        Index of the first row of each group, ascending from 0.

    Returns
    -------
    dict
        elements; padded, the sum over the groups of rows times longest row; groups; spread, the sum
        of longest minus shortest row.
    """
    if len(length) == 0:
        return {"elements": 0, "padded": 0, "groups": 0, "spread": 0}
    length = np.asarray(length, np.int64)
    longest = np.maximum.reduceat(length, first)
    shortest = np.minimum.reduceat(length, first)
    n = np.diff(np.append(first, len(length)))
    return {
        "elements": int(length.sum()),
        "padded": int((n * longest).sum()),
        "groups": len(first),
        "spread": int((longest - shortest).sum()),
    }


def rate(rows: BlockRows, order: Any, lanes: int, cuts: Any = None) -> dict[str, Quality]:
    """Rate an order as benchmarks/regroup does.

    Parameters
    ----------
    rows : BlockRows
        The rows.
    order : ndarray, shape (n,)
        Indices of the rows, block by block.
    lanes : int
        Rows of a group.
    cuts : ndarray, optional
        Index of the first row of each group that a method has chosen itself.

    Returns
    -------
    dict
        ``all``: all rows in groups of `lanes`; ``grouped``: without the rows of LONG_ROW and more
        entries; ``own``: all rows in the groups of `cuts`.
    """
    length, block = rows.length[order], rows.block[order]
    short = length < LONG_ROW
    return {
        "all": group_quality(length, _groups_of(block, lanes)),
        "grouped": group_quality(length[short], _groups_of(block[short], lanes)),
        "own": group_quality(length, cuts) if cuts is not None else group_quality([], []),
    }


def _groups_of(block: Any, lanes: int) -> Any:
    """The first row of each group of `lanes`, the last one of a block being the rest."""
    n = np.bincount(block) if len(block) else np.zeros(0, np.int64)
    place = np.arange(len(block)) - np.repeat(np.cumsum(n) - n, n)
    return np.flatnonzero(place % lanes == 0)
