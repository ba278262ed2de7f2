"""A device for the CUDA layer whose kernels run on the CPU: arrays are NumPy's, accesses checked.

The kernels are those of the device, compiled for the CPU (cpp/cuda_emulation).
"""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
from pathlib import Path

import numpy as np

from hbpspmv._validate import CsrArrays
from hbpspmv.cuda._launch import THREADS

_ROOT = Path(__file__).resolve().parent.parent
_EMULATION = _ROOT / "tests" / "cpp" / "cuda_emulation"


def compiler() -> str | None:
    """The C++ compiler of this machine, if there is one."""
    return shutil.which(os.environ.get("CXX", "c++"))


def build_library(folder: Path) -> ctypes.CDLL:
    """Compile the kernels and the emulation into a shared library."""
    path = folder / "libemulated_kernels.so"
    sources = [_EMULATION / f"{name}.cpp" for name in ("library", "launch", "memory", "fiber")]
    command = [
        str(compiler()),
        *("-std=c++20", "-O1", "-shared", "-fPIC", "-fvisibility=hidden"),
        *("-ffp-contract=off", "-Wno-unknown-pragmas"),
        f"-I{_ROOT / 'csrc' / 'cuda'}",
        f"-I{_EMULATION}",
        *map(str, sources),
        *("-o", str(path)),
    ]
    subprocess.run(command, check=True)
    library = ctypes.CDLL(str(path))
    library.emulated_product_bytes.restype = ctypes.c_size_t
    library.emulated_build_bytes.restype = ctypes.c_size_t
    library.emulated_build_shared_bytes.restype = ctypes.c_size_t
    library.emulated_build_shared_bytes.argtypes = [ctypes.c_uint32] * 3
    library.emulated_map.restype = ctypes.c_void_p
    library.emulated_map.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
    library.emulated_unmap.argtypes = [ctypes.c_void_p]
    library.emulated_launch.argtypes = [
        *(ctypes.c_char_p, ctypes.c_char_p, ctypes.c_char_p),
        *(ctypes.c_uint32, ctypes.c_uint32, ctypes.c_uint32, ctypes.c_uint32),
        *(ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t),
    ]
    return library


class EmulatedDevice:
    """What hbpspmv.cuda._device.Device asks for."""

    def __init__(self, library: ctypes.CDLL, room: int = 1 << 40) -> None:
        self.multiprocessors = 2
        self.room = room  # bytes left
        self.launches: list[str] = []
        self.allocations = 0
        self.stream_now = 0
        self._library = library
        # Address in memory -> address on the device, and the array.
        self._mapped: dict[int, tuple[int, np.ndarray]] = {}

    def _take(self, n_bytes: int) -> None:
        if n_bytes > self.room:
            raise MemoryError(f"the device has no room for an array of {n_bytes:,} bytes")
        self.room -= n_bytes
        self.allocations += 1

    def upload(self, host):
        self._take(host.nbytes)
        return host.copy()

    def download(self, array):
        return array.copy()

    def empty(self, shape, dtype):
        array = np.empty(shape, dtype)
        self._take(array.nbytes)
        array.view(np.uint8)[...] = 0xFF  # NaN, so that what is not written shows
        return array

    def zeros(self, n, dtype):
        self._take(n * np.dtype(dtype).itemsize)
        return np.zeros(n, dtype)

    def address(self, array) -> int:
        assert array.flags.c_contiguous
        # The array is kept, so that its memory is not that of another one meanwhile.
        at = array.ctypes.data
        known = self._mapped.get(at)
        if known is None or known[1].nbytes != array.nbytes:
            address = self._library.emulated_map(at, array.nbytes)
            known = self._mapped[at] = (address, array)
        return known[0]

    def synchronize(self):
        pass

    def operand(self, x, dtype):
        if not self.is_array(x):
            raise TypeError(f"x must be an array on the device, not {type(x).__name__}")
        return np.ascontiguousarray(x, dtype)

    def is_array(self, x) -> bool:
        return isinstance(x, np.ndarray)

    def share_memory(self, a, b) -> bool:
        return np.may_share_memory(a, b)

    def stream(self) -> int:
        return self.stream_now

    def resident(self, kernel, shared_bytes) -> int:
        return 2

    def csr(self, A):
        return A.arrays if isinstance(A, DeviceCsr) else None

    def launch(self, kernel, thread_blocks, shared_bytes, arguments) -> None:
        self.launches.append(kernel.name)
        error = ctypes.create_string_buffer(1000)
        failed = self._library.emulated_launch(
            *(part.encode() for part in kernel),
            thread_blocks,
            THREADS,
            shared_bytes,
            len(self.launches),
            arguments.ctypes.data,
            error,
            len(error),
        )
        if failed:
            raise RuntimeError(error.value.decode())


class DeviceCsr:
    """A CSR matrix "on the device", in place of one of CuPy."""

    def __init__(self, A) -> None:
        self.arrays = CsrArrays(A.indptr, A.indices, A.data, A.shape)
        self._host = A

    def tocsr(self):
        return self._host
