"""Geometry: how a matrix is cut into blocks and its rows into groups."""

from __future__ import annotations

from dataclasses import dataclass, fields

import hbpspmv._hbpspmv_core as core
from hbpspmv._validate import integer

#: Local row indices are stored in 16 bits, column indices in 16 or 32.
MAX_BLOCK_ROWS = 65_536
MAX_BLOCK_COLS = 2**31 - 1

#: The group sizes that the kernels are compiled for: whole vectors of every instruction set.
LANES = (8, 16, 32)


@dataclass(frozen=True, slots=True)
class Geometry:
    """Block size and group size of the HBP format.

    The bits of a product depend on the geometry and on nothing else: not on the number of
    threads and not on the instruction set.

    Parameters
    ----------
    block_rows : int
        Most rows of a block, 1 to 65,536. A row block that holds many entries is closed earlier,
        so that every thread finds work.
    block_cols : int
        Columns of a block, 1 to 2^31 - 1. In blocks of more than 65,536 columns a column index
        takes 32 bits in place of 16.
    lanes : {8, 16, 32}
        Rows of a group, which are multiplied together.

    Raises
    ------
    TypeError
        If a parameter is not an integer.
    ValueError
        If a parameter is out of range.

    See Also
    --------
    hbp_array.plan : Builds a plan with a given geometry; without one, a cost model chooses it.

    Examples
    --------
    >>> import hbpspmv
    >>> hbpspmv.Geometry(block_rows=4096, block_cols=65536, lanes=8)
    Geometry(block_rows=4096, block_cols=65536, lanes=8)
    >>> hbpspmv.Geometry.paper()
    Geometry(block_rows=512, block_cols=4096, lanes=32)
    """

    block_rows: int
    block_cols: int
    lanes: int

    def __post_init__(self) -> None:
        for field in fields(self):
            # NumPy integers are not kept: the repr is that of int.
            object.__setattr__(self, field.name, integer(getattr(self, field.name), field.name))
        for name, most in (("block_rows", MAX_BLOCK_ROWS), ("block_cols", MAX_BLOCK_COLS)):
            side = getattr(self, name)
            if not 1 <= side <= most:
                raise ValueError(f"{name} is {side}, expected 1 to {most}")
        if self.lanes not in LANES:
            raise ValueError(f"lanes is {self.lanes}, expected one of {', '.join(map(str, LANES))}")

    @classmethod
    def paper(cls) -> Geometry:
        """The published geometry: 512 rows, 4,096 columns, groups of 32 rows.

        It was chosen for a GPU; on a CPU its blocks are often too small.
        """
        return cls(block_rows=512, block_cols=4096, lanes=32)


def default_geometry(shape: tuple[int, int], itemsize: int) -> Geometry:
    """The geometry that needs no reason: what a shape and a size of values give by themselves."""
    return Geometry(*core.choose_geometry(*shape, itemsize))
