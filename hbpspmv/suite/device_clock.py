"""The clock of a CUDA device: events around each product, whose inputs are not in the L2 cache."""

from __future__ import annotations

import statistics
import time
from typing import Any

from hbpspmv.suite.gpu import Gpu
from hbpspmv.suite.machine import size
from hbpspmv.suite.timing import Clock, Product

# Read between two products: several times the L2, as it need not evict what is oldest, and so much
# that the device is busy with it (67 us at 8 TB/s) while Python queues the product.
_FLUSH_L2, _FLUSH_BYTES = 4, 512 << 20
_MOST_COPIES = 8
_COPY_BYTES, _COPIES = 1 << 30, 9

MODEL = (
    "Times are those between two CUDA events around a product; before each one a buffer larger "
    "than the L2 cache is read, so that matrix and vectors come from memory. % of bw is GB/s over "
    "what a device-to-device copy reaches, bytes read plus bytes written."
)


class DeviceClock(Clock):
    """Times products that are queued in the current stream of a device.

    Parameters
    ----------
    gpu : Gpu
        The device; a buffer of `flush_bytes` is kept there.
    """

    def __init__(self, gpu: Gpu) -> None:
        self._gpu = gpu
        self.flush_bytes = max(_FLUSH_L2 * gpu.l2_bytes, _FLUSH_BYTES)
        self._buffer = gpu.empty(self.flush_bytes)

    def flush(self) -> None:
        """Queue a read that fills the L2 cache with other data, none of which is to be written."""
        self._gpu.read(self._buffer)

    def now(self) -> float:
        """Return seconds of which differences count, when the device has finished all work."""
        self._gpu.synchronize()
        return time.perf_counter()

    def copies(self, nbytes: int) -> int:
        """Return how many copies of vectors exceed the L2 cache: 2 to 8."""
        return min(max(self._gpu.l2_bytes // max(nbytes, 1) + 1, 2), _MOST_COPIES)

    def turn(self, product: Product, count: int, flush: Product | None) -> list[int]:
        """Return the nanoseconds of `count` products of one turn, by events.

        One untimed call comes first: it wakes the device. Nothing waits until all is queued.
        """
        product()
        events = []
        for _ in range(count):
            if flush is not None:
                flush()
            start = self._gpu.record()
            product()
            events.append((start, self._gpu.record()))
        self._gpu.synchronize()
        return [round(self._gpu.seconds(start, end) * 1e9) for start, end in events]


def measure_device(gpu: Gpu) -> dict[str, Any]:
    """Return the facts of a device and how fast it copies.

    Returns
    -------
    dict
        As `Gpu.describe` has it, with copy_nbytes, the size of the copied buffer, and
        copy_bandwidth, the bytes read and written a second: the median of 9 copies.
    """
    nbytes = min(_COPY_BYTES, gpu.free_bytes() // 4)
    source, target = gpu.empty(nbytes), gpu.empty(nbytes)
    gpu.copy(source, target)
    events = []
    for _ in range(_COPIES):
        start = gpu.record()
        gpu.copy(source, target)
        events.append((start, gpu.record()))
    gpu.synchronize()
    seconds = statistics.median(gpu.seconds(start, end) for start, end in events)
    return {
        **gpu.describe(),
        "copy_nbytes": nbytes,
        "copy_bandwidth": 2 * nbytes / seconds,
    }


def device_line(device: dict[str, Any]) -> str:
    """Return one line about a measured device for people.

    Examples
    --------
    >>> facts = {"name": "A", "memory_bytes": 80 << 30, "l2_bytes": 50 << 20,
    ...          "copy_nbytes": 1 << 30, "copy_bandwidth": 2.5e12}
    >>> device_line(facts)
    'A, 80 GiB memory, L2 50 MiB; a copy of 1 GiB reads and writes 2500.0 GB/s'
    """
    return (
        f"{device['name']}, {size(device['memory_bytes'])} memory, L2 {size(device['l2_bytes'])};"
        f" a copy of {size(device['copy_nbytes'])} reads and writes"
        f" {device['copy_bandwidth'] / 1e9:.1f} GB/s"
    )
