"""The whole conversion of a CuPy matrix, next to a product of cuSPARSE."""

from __future__ import annotations

from typing import Any

from device_clock import DeviceClock, time_in_rounds

from hbpspmv import cuda
from hbpspmv.cuda._block_cols import widest_block_cols
from hbpspmv.cuda._device import CupyDevice
from hbpspmv.cuda._device_build import can_build


def measure_builds(matrix: Any, clock: DeviceClock, rounds: int) -> dict[str, Any]:
    """Time the conversion on the device, that by way of the host, a product of cuSPARSE.

    Parameters
    ----------
    matrix : scipy.sparse.csr_array
        The matrix, the columns of its rows ascending.
    clock : DeviceClock
        The clock.
    rounds : int
        Rounds of turns.

    Returns
    -------
    dict
        ``on_device``: whether the matrix can be laid out there (else both ways are by the host);
        ``seconds`` of ``product``, ``device`` and ``host`` by round.

    Raises
    ------
    ValueError
        If what was built is another matrix.
    """
    import cupy
    import cupyx.cusparse
    import scipy.sparse
    from cupyx.scipy.sparse import csr_matrix

    A = csr_matrix(scipy.sparse.csr_matrix(matrix))
    x, y = cupy.ones(A.shape[1], A.dtype), cupy.empty(A.shape[0], A.dtype)
    arrays = CupyDevice().csr(A)
    built = cuda.hbp_array(A).get()
    for name in ("indptr", "indices", "data"):
        found, expected = getattr(built, name), getattr(matrix, name)
        if found.astype(expected.dtype).tobytes() != expected.tobytes():
            raise ValueError(f"the matrix built on the device has another {name}")
    calls = {
        "product": lambda: cupyx.cusparse.spmv(A, x, y),
        "device": lambda: cuda.hbp_array(A),
        "host": lambda: cuda.hbp_array(A.get()),
    }
    # A product before each time: what fits into the caches is there.
    warm = calls["product"]
    seconds = time_in_rounds({name: (call, warm) for name, call in calls.items()}, clock, rounds)
    return {
        "on_device": arrays is not None and can_build(arrays, widest_block_cols(arrays.shape)),
        "seconds": seconds,
    }
