"""A plan in the memory of a device, and its products."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np

import hbpspmv._hbpspmv_core as core
from hbpspmv._validate import Array, CsrArrays, DType
from hbpspmv.cuda import _launch
from hbpspmv.cuda._device import Device

#: struct Product of plan_view.h.
PRODUCT: Final = np.dtype(
    [
        (name, np.uint64)
        for name in (
            *("piece", "block", "task", "row_block_ptr", "block_ptr", "slot_row", "slot_length"),
            *("column", "value", "constant", "table", "partial", "counter", "x", "y"),
        )
    ]
    + [(name, np.float64) for name in ("alpha_re", "alpha_im", "beta_re", "beta_im")]
    + [("n_vectors", np.int64)]
    + [(name, np.uint32) for name in ("n_tasks", "n_fixed", "max_rows", "slice")],
    align=True,
)

#: Arrays that are on the device as they are in a plan.
_STREAMS: Final = ("slot_row", "slot_length", "column")
_SHARED: Final = ("row_block_ptr", "block_ptr", "table")

#: n_fixed_counters of plan_view.h.
_FIXED_COUNTERS: Final = 2


class _Prepared(NamedTuple):
    """All of a launch but the operands; `partial` is what the product's address points to."""

    kernel: str
    launch: _launch.Configuration
    product: Array
    partial: Any


class DevicePlan:
    """An HBP plan on a device. Products of one plan in several streams do not disturb each other.

    Attributes
    ----------
    shape, nnz : the matrix's.
    dtype : numpy.dtype
        Of x, y and the sums.
    stored : str
        What the values are stored in: the name of `dtype`, "float16" or "bfloat16".
    nbytes : int
        Memory that the plan holds on the device.
    """

    def __init__(
        self, csr: CsrArrays, dtype: DType, stored: str, block_cols: int, device: Device
    ) -> None:
        n_rows, n_cols = csr.shape
        geometry = _launch.device_geometry(n_rows, block_cols, device.multiprocessors)
        data = np.ascontiguousarray(csr.data, dtype)
        plan = core.build(
            csr.indptr,
            csr.indices,
            data,
            n_rows,
            n_cols,
            geometry.block_rows,
            geometry.block_cols,
            geometry.lanes,
            0,
        )
        self.shape = csr.shape
        self.nnz = csr.nnz
        self.dtype = dtype
        self.stored = stored
        self.block_cols = block_cols
        self._device = device
        self._upload(plan)

    def _upload(self, plan: Any) -> None:
        device, itemsize = self._device, self.dtype.itemsize
        derived = core.device_plan(
            plan,
            _launch.part_cost(self.nnz, self.shape[0], device.multiprocessors),
            _launch.most_window(itemsize),
            self.stored,
        )
        self._host = core.plan_arrays(plan)
        self._header = core.plan_header(plan)
        self._n_tasks = int(derived["n_tasks"])
        self._n_partials = int(derived["n_partials"])
        self._n_counters = _FIXED_COUNTERS + int(derived["n_split"])
        self._max_rows = int(derived["max_rows"])
        self._max_window = int(derived["max_window"])
        arrays = {name: derived[name] for name in ("piece", "block", "task", "constant")}
        arrays |= {name: self._host[name] for name in (*_STREAMS, *_SHARED)}
        narrowed = derived["narrowed"]
        arrays["value"] = self._host["value"] if narrowed is None else narrowed
        needed = sum(array.nbytes for array in arrays.values())
        try:
            self._arrays = {name: device.upload(array) for name, array in arrays.items()}
        except MemoryError as error:
            raise MemoryError(
                f"the matrix needs {needed:,} bytes on the device in the HBP format: {error}"
            ) from error
        self.nbytes = needed
        # What is on the device needs no copy on the host; values in 16 bits are not those that
        # the matrix came with.
        for name in (*_STREAMS, *(() if narrowed is not None else ("value",))):
            del self._host[name]
        self._counters: dict[int, Any] = {}
        self._prepared: dict[tuple[int, int], _Prepared] = {}
        # Uploads go to the present stream, but products may go to others.
        device.synchronize()

    def to_csr(self) -> CsrArrays:
        """The matrix as fresh CSR arrays on the host, bit for bit as it came."""
        arrays = dict(self._host)
        for name in (*_STREAMS, "value"):
            if name not in arrays:
                arrays[name] = self._device.download(self._arrays[name])
        plan = core.plan_from_arrays(arrays, **self._header)
        indptr, indices, data = plan.to_csr()
        return CsrArrays(indptr, indices, data, self.shape)

    def multiply(self, x: Any, y: Any, alpha: complex, beta: complex) -> None:
        """y = alpha A x + beta y, for contiguous x and y of the plan's dtype on the device.

        Asynchronous, in the present stream. Nothing is allocated if a product with as many vectors
        has been made in this stream before.
        """
        if self.shape[0] == 0 or y.size == 0:
            return
        device = self._device
        n_vectors = 1 if x.ndim == 1 else int(x.shape[1])
        key = (device.stream(), n_vectors)
        prepared = self._prepared.get(key)
        if prepared is None:
            prepared = self._prepared[key] = self._prepare(*key)
        launch = prepared.launch
        product = prepared.product.copy()  # another thread may be here, too
        product["x"] = device.address(x)
        product["y"] = device.address(y)
        product["alpha_re"], product["alpha_im"] = alpha.real, alpha.imag
        product["beta_re"], product["beta_im"] = beta.real, beta.imag
        device.launch(
            prepared.kernel,
            self.stored,
            self.dtype.name,
            launch.thread_blocks,
            launch.shared_bytes,
            product,
        )

    def _prepare(self, stream: int, n_vectors: int) -> _Prepared:
        device, itemsize = self._device, self.dtype.itemsize
        kernel = "hbp_spmv" if n_vectors == 1 else "hbp_spmm"
        slice_ = _launch.slice_of(n_vectors, self._max_rows, itemsize)
        shared = _launch.shared_bytes(
            self._max_rows, slice_, self._max_window if n_vectors == 1 else 0, itemsize
        )
        launch = _launch.configuration(
            self._n_tasks,
            slice_,
            shared,
            device.multiprocessors,
            device.resident(kernel, self.stored, self.dtype.name, shared),
        )
        # Kernels leave the counters at zero, so they are cleared only once.
        if stream not in self._counters:
            self._counters[stream] = device.zeros(self._n_counters, np.uint32)
        partial = device.empty((self._n_partials * n_vectors,), self.dtype)
        product = np.zeros((), PRODUCT)
        for name, array in self._arrays.items():
            product[name] = device.address(array)
        product["counter"] = device.address(self._counters[stream])
        product["partial"] = device.address(partial)
        product["n_vectors"] = n_vectors
        product["n_tasks"] = self._n_tasks
        product["n_fixed"] = launch.n_fixed
        product["max_rows"] = self._max_rows
        product["slice"] = launch.slice
        return _Prepared(kernel, launch, product, partial)
