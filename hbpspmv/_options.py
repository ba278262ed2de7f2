"""What a plan is asked to be, and the kernel that follows from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hbpspmv._cost_model import Layout
from hbpspmv._geometry import Geometry
from hbpspmv._validate import positive_integer, thread_count

#: Building the format costs about as much as this many products of our CSR kernel save: with
#: fewer expected calls the CSR kernel is used. Measured on nine real matrices of 0.1 to 3 million
#: entries with two threads: 4 to 36, median 14.
FEW_CALLS = 16


@dataclass(frozen=True, slots=True)
class Tuning:
    """What a search by measured times has found."""

    #: Of the fastest layout; None for CSR.
    geometry: Geometry | None
    #: (layout, seconds of one product) for all that were measured.
    seconds: tuple[tuple[Geometry | None, float], ...] = ()
    #: Columns of the X of these products.
    n_vectors: int = 1

    @property
    def times(self) -> dict[Geometry | str, float]:
        return {geometry or "csr": seconds for geometry, seconds in self.seconds}

    @property
    def reason(self) -> str:
        vectors = f" with {self.n_vectors} vectors" if self.n_vectors > 1 else ""
        return f"it was measured to be the fastest of {len(self.seconds)} layouts{vectors}"


@dataclass(frozen=True, slots=True)
class Options:
    """What `plan()` was asked for; kept so that a rebuilt plan follows it too."""

    expected_calls: int | None = None
    geometry: Geometry | None = None
    num_threads: int = 0
    check: bool | None = None
    tuning: Tuning | None = None

    @property
    def given_geometry(self) -> Geometry | None:
        """The geometry that is asked for; None where the cost model is to choose it."""
        return self.tuning.geometry if self.tuning is not None else self.geometry

    @classmethod
    def checked(
        cls, expected_calls: Any, geometry: Any, num_threads: Any, check: bool | None = None
    ) -> Options:
        """Options from the arguments of a user."""
        if geometry is not None and not isinstance(geometry, Geometry):
            raise TypeError(f"geometry must be a Geometry, not {type(geometry).__name__}")
        if expected_calls is not None:
            expected_calls = positive_integer(expected_calls, "expected_calls")
        return cls(expected_calls, geometry, thread_count(num_threads), check)


def choose_kernel(layout: Layout, options: Options) -> tuple[str, str]:
    """("hbp" or "csr", the reason in words); `layout` is what the cost model recommends."""
    if options.tuning is not None:
        return "csr" if options.tuning.geometry is None else "hbp", options.tuning.reason
    if options.geometry is not None:
        return "hbp", "a geometry was given"
    if layout.prefer_csr:
        return "csr", layout.prefer_csr
    calls = options.expected_calls
    if calls is not None and calls < FEW_CALLS:
        return "csr", f"building the format does not pay for {calls} expected calls"
    return "hbp", layout.reason
