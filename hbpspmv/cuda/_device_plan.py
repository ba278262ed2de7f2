"""A plan in the memory of a device, and its products."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np

from hbpspmv._validate import Array, CsrArrays, DType
from hbpspmv.cuda import _launch
from hbpspmv.cuda._device import Device
from hbpspmv.cuda._source import Kernel

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

#: n_fixed_counters of plan_view.h.
_FIXED_COUNTERS: Final = 2


@dataclass(frozen=True, slots=True)
class Layout:
    """A matrix laid out on a device: what a builder makes."""

    #: On the device, by their names in PRODUCT.
    arrays: dict[str, Any]
    n_tasks: int
    n_partials: int
    n_split: int
    max_rows: int
    max_window: int
    #: Gives the matrix back, on the host.
    to_csr: Callable[[], CsrArrays]


class _Prepared(NamedTuple):
    """All of a launch but the operands; `partial` is what the product's address points to."""

    kernel: Kernel
    launch: _launch.Configuration
    product: Array
    partial: Any


class DevicePlan:
    """An HBP plan on a device. Products of one plan in several streams do not disturb each other.

    Attributes
    ----------
    shape : tuple of int
        The matrix's.
    dtype : numpy.dtype
        Of x, y and the sums.
    stored : str
        What the values are stored in: the name of `dtype`, "float16" or "bfloat16".
    nbytes : int
        Memory that the layout takes on the device.
    """

    def __init__(
        self, layout: Layout, shape: tuple[int, int], dtype: DType, stored: str, device: Device
    ) -> None:
        self.shape = shape
        self.dtype = dtype
        self.stored = stored
        self.nbytes = sum(int(array.nbytes) for array in layout.arrays.values())
        self._layout = layout
        self._device = device
        self._counters: dict[int, Any] = {}
        self._prepared: dict[tuple[int, int], _Prepared] = {}
        # What was uploaded or built went to the present stream, but products may go to others.
        device.synchronize()

    def to_csr(self) -> CsrArrays:
        """The matrix as fresh CSR arrays on the host, bit for bit as it came."""
        return self._layout.to_csr()

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
        device.launch(prepared.kernel, launch.thread_blocks, launch.shared_bytes, product)

    def _prepare(self, stream: int, n_vectors: int) -> _Prepared:
        device, layout, itemsize = self._device, self._layout, self.dtype.itemsize
        name = "hbp_spmv" if n_vectors == 1 else "hbp_spmm"
        kernel = Kernel(name, self.stored, self.dtype.name)
        slice_ = _launch.slice_of(n_vectors, layout.max_rows, itemsize)
        shared = _launch.shared_bytes(
            layout.max_rows, slice_, layout.max_window if n_vectors == 1 else 0, itemsize
        )
        launch = _launch.configuration(
            layout.n_tasks,
            slice_,
            shared,
            device.multiprocessors,
            device.resident(kernel, shared),
        )
        # Kernels leave the counters at zero, so they are cleared only once.
        if stream not in self._counters:
            self._counters[stream] = device.zeros(_FIXED_COUNTERS + layout.n_split, np.uint32)
        partial = device.empty((layout.n_partials * n_vectors,), self.dtype)
        product = np.zeros((), PRODUCT)
        for array_name, array in layout.arrays.items():
            product[array_name] = device.address(array)
        product["counter"] = device.address(self._counters[stream])
        product["partial"] = device.address(partial)
        product["n_vectors"] = n_vectors
        product["n_tasks"] = layout.n_tasks
        product["n_fixed"] = launch.n_fixed
        product["max_rows"] = layout.max_rows
        product["slice"] = launch.slice
        return _Prepared(kernel, launch, product, partial)
