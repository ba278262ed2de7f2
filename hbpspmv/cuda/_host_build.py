"""Plans that are built on the host and copied to the device."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

import hbpspmv._hbpspmv_core as core
from hbpspmv._validate import Array, CsrArrays, DType
from hbpspmv.cuda import _launch
from hbpspmv.cuda._device import Device
from hbpspmv.cuda._device_plan import Layout

#: Arrays that are on the device as they are in a plan: some are needed on the host, too.
_STREAMS: Final = ("slot_row", "slot_length", "column")
_SHARED: Final = ("row_block_ptr", "block_ptr", "table")


def build_on_host(
    csr: CsrArrays, dtype: DType, stored: str, block_cols: int, device: Device
) -> Layout:
    """Lay out a matrix in `dtype`, its values stored as `stored`."""
    shape = n_rows, n_cols = csr.shape  # `csr` itself is not kept
    geometry = _launch.device_geometry(n_rows, block_cols, device.multiprocessors)
    plan = core.build(
        csr.indptr,
        csr.indices,
        np.ascontiguousarray(csr.data, dtype),
        n_rows,
        n_cols,
        geometry.block_rows,
        geometry.block_cols,
        geometry.lanes,
        0,
    )
    derived = core.device_plan(
        plan,
        _launch.part_cost(csr.nnz, n_rows, device.multiprocessors),
        _launch.most_window(dtype.itemsize),
        stored,
    )
    header, host = core.plan_header(plan), core.plan_arrays(plan)
    arrays = {name: derived[name] for name in ("piece", "block", "task", "constant")}
    arrays |= {name: host[name] for name in (*_STREAMS, *_SHARED)}
    narrowed = derived["narrowed"]
    arrays["value"] = host["value"] if narrowed is None else narrowed
    on_device = _upload(arrays, device)
    # What is on the device needs no copy on the host; values in 16 bits are not those that the
    # matrix is built from.
    for name in (*_STREAMS, *(() if narrowed is not None else ("value",))):
        del host[name]

    def to_csr() -> CsrArrays:
        missing = {
            name: device.download(on_device[name])
            for name in (*_STREAMS, "value")
            if name not in host
        }
        restored = core.plan_from_arrays({**host, **missing}, **header)
        indptr, indices, data = restored.to_csr()
        return CsrArrays(indptr, indices, data, shape)

    return Layout(
        on_device,
        int(derived["n_tasks"]),
        int(derived["n_partials"]),
        int(derived["n_split"]),
        int(derived["max_rows"]),
        int(derived["max_window"]),
        to_csr,
    )


def _upload(arrays: dict[str, Array], device: Device) -> dict[str, Any]:
    needed = sum(array.nbytes for array in arrays.values())
    try:
        return {name: device.upload(array) for name, array in arrays.items()}
    except MemoryError as error:
        raise MemoryError(
            f"the matrix needs {needed:,} bytes on the device in the HBP format: {error}"
        ) from error
