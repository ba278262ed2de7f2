"""How wide blocks are unless the caller chooses: what fixes the bits of a product."""

from __future__ import annotations

from hbpspmv._cost_model import choose_layout
from hbpspmv._validate import CsrArrays

#: The device kernels read columns of 16 bits.
MAX_BLOCK_COLS = 65_536


def default_block_cols(csr: CsrArrays) -> int:
    """The width that a plan on the host gets, so that products have its bits, if it can be had."""
    return min(choose_layout(csr, csr.data.dtype).geometry.block_cols, MAX_BLOCK_COLS)


def widest_block_cols(shape: tuple[int, int]) -> int:
    """The width for a matrix whose arrays are not on the host."""
    return min(max(shape[1], 1), MAX_BLOCK_COLS)
