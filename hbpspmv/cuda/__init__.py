"""HBP matrices on CUDA devices: the format, the products and the bits of the CPU.

CuPy is imported when the first matrix is made, not before.
"""

from __future__ import annotations

from hbpspmv.cuda._array import hbp_array, spmv

__all__ = ["hbp_array", "spmv"]
