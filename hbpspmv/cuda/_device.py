"""What the CUDA layer asks of a device, and CuPy's answer to it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from hbpspmv._validate import Array, CsrArrays, DType
from hbpspmv.cuda._launch import SHARED_BYTES, THREADS
from hbpspmv.cuda._source import Kernel, kernel_source

if TYPE_CHECKING:
    from numpy.typing import DTypeLike

_INSTALL = (
    "install it with `pip install 'hbpspmv[cuda12]'` for CUDA 12, or `pip install "
    "'hbpspmv[cuda13]'` for CUDA 13"
)


class Device(Protocol):
    """Memory and launches of one device. Tests have one that is emulated."""

    multiprocessors: int

    def upload(self, host: Array) -> Any:
        """A copy on the device, an array of the same dtype and shape."""

    def download(self, array: Any) -> Array:
        """A copy on the host."""

    def empty(self, shape: tuple[int, ...], dtype: DTypeLike) -> Any:
        """An array on the device whose contents are not defined."""

    def zeros(self, n: int, dtype: DTypeLike) -> Any:
        """An array on the device of zeros."""

    def synchronize(self) -> None:
        """Wait for all that the present stream has to do."""

    def address(self, array: Any) -> int:
        """Where an array lies on the device."""

    def operand(self, x: Any, dtype: DType | None) -> Any:
        """x as a contiguous array on the device, in a dtype if one is given: itself where it is."""

    def is_array(self, x: Any) -> bool:
        """Whether x is an array of the device."""

    def share_memory(self, a: Any, b: Any) -> bool:
        """Whether two arrays on the device may overlap."""

    def stream(self) -> int:
        """What tells the stream that launches go to now from others."""

    def resident(self, kernel: Kernel, shared_bytes: int) -> int:
        """Thread blocks of a kernel that a multiprocessor runs at once."""

    def launch(
        self, kernel: Kernel, thread_blocks: int, shared_bytes: int, arguments: Array
    ) -> None:
        """Run a kernel in the present stream."""

    def csr(self, A: Any) -> CsrArrays | None:
        """The arrays of a CSR matrix on the device whose columns ascend in every row.

        None if A is not on the device, or not such a matrix. The arrays are checked.
        """


def require_cupy() -> Any:
    """The module cupy.

    Raises
    ------
    ImportError
        If it cannot be imported.
    RuntimeError
        If there is no device.
    """
    try:
        import cupy
    except ImportError as error:
        raise ImportError(f"products on a GPU need CuPy; {_INSTALL} ({error})") from error
    try:
        n = cupy.cuda.runtime.getDeviceCount()
    except cupy.cuda.runtime.CUDARuntimeError as error:
        raise RuntimeError(
            f"there is no CUDA device to be used: {error}. CuPy {cupy.__version__} is installed; "
            f"it needs an NVIDIA GPU and its driver. For another version of CUDA, {_INSTALL}"
        ) from error
    if n == 0:
        raise RuntimeError("there is no CUDA device: CuPy finds none")
    return cupy


class CupyDevice:
    """The device that is CuPy's current one when this is made."""

    def __init__(self) -> None:
        self._cupy = require_cupy()
        self._device = self._cupy.cuda.Device()
        self.multiprocessors = int(self._device.attributes["MultiProcessorCount"])
        self._functions: dict[Kernel, Any] = {}

    def upload(self, host: Array) -> Any:
        with self._device:
            try:
                return self._cupy.asarray(host)
            except self._cupy.cuda.memory.OutOfMemoryError as error:
                raise MemoryError(self._out_of_memory(host.nbytes)) from error

    def download(self, array: Any) -> Array:
        return np.asarray(self._cupy.asnumpy(array))

    def empty(self, shape: tuple[int, ...], dtype: DTypeLike) -> Any:
        with self._device:
            try:
                return self._cupy.empty(shape, dtype)
            except self._cupy.cuda.memory.OutOfMemoryError as error:
                n_bytes = int(np.prod(shape)) * np.dtype(dtype).itemsize
                raise MemoryError(self._out_of_memory(n_bytes)) from error

    def zeros(self, n: int, dtype: DTypeLike) -> Any:
        array = self.empty((n,), dtype)
        array.fill(0)
        return array

    def _out_of_memory(self, n_bytes: int) -> str:
        free, total = self._cupy.cuda.runtime.memGetInfo()
        return (
            f"the device has no room for an array of {n_bytes:,} bytes: {free:,} of {total:,} "
            "bytes are free"
        )

    def synchronize(self) -> None:
        with self._device:
            self._cupy.cuda.get_current_stream().synchronize()

    def address(self, array: Any) -> int:
        return int(array.data.ptr)

    def operand(self, x: Any, dtype: DType | None) -> Any:
        if not self.is_array(x) and hasattr(x, "__dlpack__") and not isinstance(x, np.ndarray):
            x = self._cupy.from_dlpack(x)
        if not self.is_array(x):
            raise TypeError(
                f"x must be an array on the device, not {type(x).__name__}; copy it there with "
                "cupy.asarray(x)"
            )
        if x.device != self._device:
            raise ValueError(f"x is on CUDA device {x.device.id}, A on device {self._device.id}")
        x = self._cupy.ascontiguousarray(x, dtype)
        # Kernels load elements as a whole: a view from elsewhere may begin within one.
        return x if x.data.ptr % x.itemsize == 0 else x.copy()

    def is_array(self, x: Any) -> bool:
        return isinstance(x, self._cupy.ndarray)

    def share_memory(self, a: Any, b: Any) -> bool:
        return bool(self._cupy.may_share_memory(a, b))

    def stream(self) -> int:
        stream = int(self._cupy.cuda.get_current_stream().ptr)
        # One name for the default streams of all threads, which do not wait for each other.
        return -threading.get_ident() if stream == self._cupy.cuda.Stream.ptds.ptr else stream

    def _function(self, kernel: Kernel) -> Any:
        function = self._functions.get(kernel)
        if function is None:
            module = self._cupy.RawModule(
                code=kernel_source(kernel.file), options=kernel.options, backend="nvrtc"
            )
            function = self._functions[kernel] = module.get_function(kernel.name)
        return function

    def resident(self, kernel: Kernel, shared_bytes: int) -> int:
        assert shared_bytes <= SHARED_BYTES
        with self._device:
            return int(
                self._cupy.cuda.driver.occupancyMaxActiveBlocksPerMultiprocessor(
                    self._function(kernel).kernel.ptr, THREADS, shared_bytes
                )
            )

    def launch(
        self, kernel: Kernel, thread_blocks: int, shared_bytes: int, arguments: Array
    ) -> None:
        with self._device:
            self._function(kernel)(
                (thread_blocks,), (THREADS,), (arguments,), shared_mem=shared_bytes
            )

    def csr(self, A: Any) -> CsrArrays | None:
        if not type(A).__module__.startswith("cupyx."):
            return None
        A = A.tocsr()
        n_rows, n_cols = A.shape
        cupy, indptr, indices = self._cupy, A.indptr, A.indices
        if A.data.device != self._device or not A.has_sorted_indices:
            return None
        # The kernels trust the structure. One transfer brings what tells whether they may.
        least = cupy.zeros(6, cupy.int64)
        least[0], least[1] = indptr[0], indptr[-1]
        if n_rows > 0:
            least[2] = (indptr[1:] - indptr[:-1]).min()
        if len(indices) > 0:
            least[3], least[4] = indices.min(), indices.max()
        first, last, shortest, low, high, _ = map(int, least.get())
        if first != 0 or last != len(indices) or shortest < 0 or len(A.data) != last:
            raise ValueError("A has a corrupt indptr")
        if last > 0 and (low < 0 or high >= n_cols):
            raise ValueError(
                f"A has column indices from {low} to {high}, expected 0 to {n_cols - 1}"
            )
        return CsrArrays(indptr, indices, A.data, (int(n_rows), int(n_cols)))
