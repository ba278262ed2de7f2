"""Modules that take the place of CuPy's in tests: arrays on a "device", cuSPARSE by SciPy."""

from __future__ import annotations

import itertools
import sys
from types import ModuleType, SimpleNamespace

import numpy as np
import scipy.sparse

HANDLE = 77
DATA_TYPES = {"float32": 0, "float64": 1, "complex64": 4, "complex128": 5}


class DeviceArray:
    """An array that NumPy does not take for one of its own."""

    def __init__(self, host) -> None:
        self.host = np.array(host)
        self.data = SimpleNamespace(ptr=self.host.ctypes.data)

    dtype = property(lambda self: self.host.dtype)
    size = property(lambda self: self.host.size)
    itemsize = property(lambda self: self.host.itemsize)

    def get(self):
        return self.host.copy()

    def __getitem__(self, key):
        return DeviceArray(self.host[key])

    def __setitem__(self, key, value) -> None:
        self.host[key] = value.host


class DeviceMatrix:
    """A CSR or COO matrix on the device."""

    def __init__(self, host, format="csr") -> None:
        self.host, self.format = scipy.sparse.csr_array(host), format
        self.shape, self.nnz, self.dtype = host.shape, host.nnz, host.dtype
        self.data, self.indices, self.indptr = map(
            DeviceArray, (self.host.data, self.host.indices, self.host.indptr)
        )

    def tocoo(self):
        return DeviceMatrix(self.host, "coo")

    def __matmul__(self, x):
        return DeviceArray(self.host @ x.host)


class Cusparse:
    """The generic SpMV: knows matrices and vectors by numbers, and refuses wrong arguments."""

    def __init__(self) -> None:
        self.known = {}
        self.numbers = itertools.count(1000)
        self.algorithms = []
        self.workspaces = set()

    def describe(self, what):
        number = next(self.numbers)
        self.known[number] = what
        return SimpleNamespace(desc=number)

    def check(self, handle, operation, alpha, matrix, x, beta, y, data_type, algorithm):
        A = self.known[matrix]
        assert (handle, operation) == (HANDLE, 0)
        assert alpha != beta
        assert (self.known[x].size, self.known[y].size) == A.shape[::-1]
        assert data_type == DATA_TYPES[A.dtype.name]
        assert A.format == {1: "coo", 2: "csr", 3: "csr"}[algorithm]

    def buffer_size(self, *arguments):
        self.check(*arguments)
        return 64

    def spmv(self, *arguments):
        *rest, workspace = arguments
        self.check(*rest)
        _, _, _, matrix, x, _, y, _, algorithm = rest
        self.algorithms.append(algorithm)
        self.workspaces.add(workspace)
        self.known[y].host[:] = self.known[matrix].host @ self.known[x].host


def install(monkeypatch) -> Cusparse:
    """Put the modules where imports find them."""
    cusparse = Cusparse()
    cub = SimpleNamespace(
        get_build_version=lambda: 200200,
        device_csrmv=lambda rows, cols, nnz, data, indptr, indices, x: DeviceArray(
            scipy.sparse.csr_array((data.host, indices.host, indptr.host), shape=(rows, cols))
            @ x.host
        ),
    )
    contents = {
        "cupy": {
            "__version__": "0.fake",
            "array": lambda a: DeviceArray(a.host if isinstance(a, DeviceArray) else a),
            "zeros": lambda n, dtype: DeviceArray(np.zeros(n, dtype)),
            "empty": lambda n, dtype: DeviceArray(np.zeros(n, dtype)),
            "int8": np.int8,
        },
        "cupy.cuda": {
            "cub": cub,
            "device": SimpleNamespace(get_cusparse_handle=lambda: HANDLE),
        },
        "cupyx": {},
        "cupyx.cusparse": {
            "SpMatDescriptor": SimpleNamespace(create=cusparse.describe),
            "DnVecDescriptor": SimpleNamespace(create=cusparse.describe),
        },
        "cupyx.scipy": {},
        "cupyx.scipy.sparse": {"csr_matrix": DeviceMatrix},
        "cupy_backends": {},
        "cupy_backends.cuda": {},
        "cupy_backends.cuda.libs": {
            "cusparse": SimpleNamespace(
                spMV=cusparse.spmv,
                spMV_bufferSize=cusparse.buffer_size,
                getVersion=lambda handle: 12503,
            )
        },
    }
    for name, attributes in contents.items():
        module = ModuleType(name)
        vars(module).update(attributes)
        monkeypatch.setitem(sys.modules, name, module)
    sys.modules["cupy"].cuda = sys.modules["cupy.cuda"]
    return cusparse


class FakeGpu:
    """A device whose clock advances by what is queued: a microsecond a step, a second a GB."""

    def __init__(self, l2_bytes=40 << 20, free=8 << 30) -> None:
        self.l2_bytes = l2_bytes
        self.now = 0.0
        self.log = []
        self._free = free

    def describe(self):
        return {"name": "Made-up GPU", "l2_bytes": self.l2_bytes, "memory_bytes": 8 << 30}

    def free_bytes(self):
        return self._free

    def empty(self, nbytes):
        return nbytes

    def read(self, buffer):
        self.log.append(("read", buffer))
        self.now += buffer / 1e9

    def copy(self, source, target):
        assert source == target
        self.log.append(("copy", source))
        self.now += 2 * source / 1e9

    def record(self):
        self.now += 1e-6
        self.log.append("event")
        return self.now

    def seconds(self, start, end):
        return end - start

    def synchronize(self):
        self.log.append("wait")

    def product(self, name, seconds):
        """A product that takes so long on the device and no time on the host."""

        def run():
            self.log.append(name)
            self.now += seconds

        return run
