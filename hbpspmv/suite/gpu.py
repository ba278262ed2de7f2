"""What the clock of the benchmark asks of a CUDA device; the answer is CuPy's."""

from __future__ import annotations

from typing import Any, Protocol

from hbpspmv.suite.arguments import UsageError


class Gpu(Protocol):
    """One device and its current stream. Tests have one that is made up."""

    l2_bytes: int

    def describe(self) -> dict[str, Any]:
        """Return the facts that a reader needs to compare results, as JSON can hold them."""

    def free_bytes(self) -> int:
        """Return how much memory is free."""

    def empty(self, nbytes: int) -> Any:
        """Return a buffer in its memory."""

    def read(self, buffer: Any) -> None:
        """Queue a read of a whole buffer."""

    def copy(self, source: Any, target: Any) -> None:
        """Queue a copy of a whole buffer."""

    def record(self) -> Any:
        """Queue an event, which takes the time when the device gets there."""

    def seconds(self, start: Any, end: Any) -> float:
        """Return the seconds between two events that the device has reached."""

    def synchronize(self) -> None:
        """Wait for all that was queued."""


class CupyGpu:
    """CuPy's current device."""

    def __init__(self) -> None:
        from hbpspmv.cuda._device import require_cupy

        self._cupy = require_cupy()
        self._device = self._cupy.cuda.Device()
        self._sum = self._cupy.zeros((), self._cupy.float32)
        self.l2_bytes = int(self._device.attributes["L2CacheSize"])

    def describe(self) -> dict[str, Any]:
        runtime = self._cupy.cuda.runtime
        return {
            "name": runtime.getDeviceProperties(self._device.id)["name"].decode(),
            "compute_capability": str(self._device.compute_capability),
            "multiprocessors": int(self._device.attributes["MultiProcessorCount"]),
            "l2_bytes": self.l2_bytes,
            "memory_bytes": int(self._device.mem_info[1]),
            "driver": int(runtime.driverGetVersion()),
            "runtime": int(runtime.runtimeGetVersion()),
        }

    def free_bytes(self) -> int:
        self._cupy.get_default_memory_pool().free_all_blocks()
        return int(self._device.mem_info[0])

    def empty(self, nbytes: int) -> Any:
        return self._cupy.zeros(nbytes // 4, self._cupy.float32)

    def read(self, buffer: Any) -> None:
        buffer.sum(out=self._sum)

    def copy(self, source: Any, target: Any) -> None:
        target.data.copy_from_device_async(source.data, source.nbytes)

    def record(self) -> Any:
        event = self._cupy.cuda.Event()
        event.record()
        return event

    def seconds(self, start: Any, end: Any) -> float:
        return float(self._cupy.cuda.get_elapsed_time(start, end)) / 1e3

    def synchronize(self) -> None:
        self._cupy.cuda.get_current_stream().synchronize()


def require_sparse() -> None:
    """Raise ImportError where CuPy's sparse matrices lack the library of cuSPARSE."""
    try:
        import cupyx.cusparse  # noqa: F401
    except ImportError as error:
        how = "it is in the CUDA toolkit, or: pip install 'cupy-cuda12x[ctk]'"
        raise ImportError(f"CuPy lacks cuSPARSE; {how} ({error})") from error


def current_gpu() -> Gpu:
    """Return the device that CuPy uses now.

    Raises
    ------
    UsageError
        CuPy or the library of cuSPARSE is not installed, or there is no device.
    """
    try:
        gpu = CupyGpu()
        require_sparse()
        return gpu
    except (ImportError, RuntimeError) as error:
        line = " ".join(str(error).split())
        raise UsageError(f"--device cuda: {line}") from error
