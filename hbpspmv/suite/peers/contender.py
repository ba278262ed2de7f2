"""The interface that every contender of the benchmark implements."""

from __future__ import annotations

import ctypes
import ctypes.util
from abc import ABC, abstractmethod
from importlib import metadata
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from hbpspmv.suite.traffic import Storage, csr_storage


class Contender(ABC):
    """One way to multiply a CSR matrix by a vector; the constructor does all set-up.

    The constructor is timed as the contender's build, `multiply` as its product. Neither may
    modify `matrix`. Import what may be missing inside the methods, never at module level.

    Parameters
    ----------
    matrix : scipy.sparse.csr_array, shape (m, n)
        The matrix in the dtype of the run, as `upload` returns it; kept alive by the caller until
        `close`.
    num_threads : int
        Threads to use for the build and for every product.
    """

    name: ClassVar[str]
    """Key in ``--peers`` and in the result files."""
    title: ClassVar[str]
    """Heading in tables and charts."""
    install: ClassVar[str]
    """Command that installs what the contender needs."""
    has_build: ClassVar[bool] = False
    """Whether the set-up does work that a user should see as build time."""
    serial: ClassVar[bool] = False
    """Whether it uses one thread whatever it is told."""

    kernel: str = "csr"
    """Which storage the contender chose for this matrix."""
    remark: str = ""
    """Why it chose that storage, where it says so."""

    @abstractmethod
    def __init__(self, matrix: Any, num_threads: int) -> None: ...

    @classmethod
    @abstractmethod
    def version(cls) -> str:
        """Return the version in use; raise ImportError or OSError when it is not installed."""

    @classmethod
    def upload(cls, matrix: Any) -> Any:
        """Return what the constructor takes: `matrix`, or a copy in a device's memory.

        Not timed: a build is that of a matrix which lies where products are computed.
        """
        return matrix

    def place(self, x: NDArray[Any], y: NDArray[Any]) -> tuple[Any, Any]:
        """Return the operands of `multiply`: `x` and `y`, or copies in a device's memory."""
        return x, y

    def fetch(self, y: Any) -> NDArray[Any]:
        """Return what `multiply` has returned as a NumPy array, when a device has finished it."""
        result: NDArray[Any] = y
        return result

    @abstractmethod
    def multiply(self, x: NDArray[Any], y: NDArray[Any]) -> NDArray[Any]:
        """Return A @ x: `y` overwritten with it or, where the library insists, an array of its own.

        It has finished when this returns or, on a device, when the current stream has.

        Parameters
        ----------
        x : ndarray, shape (n,)
            As `place` returns them. C-contiguous, in the matrix's dtype.
        y : ndarray, shape (m,)
            C-contiguous, in the matrix's dtype, not overlapping `x`.
        """

    def storage(self, matrix: Any) -> Storage:
        """Return what one product reads of the matrix; CSR's arrays unless overridden."""
        return csr_storage(matrix)

    def close(self) -> None:
        """Free what the garbage collector does not."""
        return


def load_packaged_library(distribution: str, stem: str) -> ctypes.CDLL:
    """Load the shared library whose file name starts with `stem` from an installed distribution.

    Raises
    ------
    ImportError
        The distribution is not installed or holds no such file.
    OSError
        The file cannot be loaded.
    """
    for file in metadata.files(distribution) or ():
        if file.name.startswith((f"lib{stem}.", f"{stem}.")):
            return ctypes.CDLL(str(file.locate()), mode=ctypes.RTLD_GLOBAL)
    raise ImportError(f"the distribution {distribution!r} holds no library {stem!r}")


def load_system_library(stem: str) -> ctypes.CDLL:
    """Load a shared library that the system knows; ImportError when it does not."""
    if (file := ctypes.util.find_library(stem)) is None:
        raise ImportError(f"the system has no shared library {stem!r}")
    return ctypes.CDLL(file)


def pointer(array: np.ndarray[Any, Any], offset: int = 0) -> ctypes.c_void_p:
    """Return the address of an array's element number `offset`, for ctypes."""
    return ctypes.c_void_p(array.ctypes.data + offset * array.itemsize)
