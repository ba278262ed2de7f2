"""What changes a SciPy array, and how its plans hear of it."""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from hbpspmv._cache import PlanPair

if TYPE_CHECKING:
    from hbpspmv._validate import Array

#: What ``__setattr__`` does without us; SciPy's constructor sets ten attributes.
set_attribute = object.__setattr__

#: The attributes that hold the matrix.
FIELDS = frozenset(("data", "indices", "indptr", "_shape"))


class PlanInvalidation:
    """Mixin: every method and attribute that changes the array makes it forget its plans.

    The class it is mixed into has the slot ``_pair`` and the method ``_adopt``.

    Not seen is what writes into the arrays themselves, such as ``A.data[...] = v``: see
    `hbp_array.refresh` and the environment variable ``HBPSPMV_CHECK``.
    """

    __slots__ = ()

    _pair: PlanPair | None

    def _adopt(self, pair: PlanPair) -> None:
        raise NotImplementedError

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in FIELDS:
            set_attribute(self, name, value)
            return
        before = self._pair
        # `A.data *= 2` assigns the array that was there, which transposed views hold, too.
        in_place = before is not None and self.__dict__.get(name) is value
        # First the change, then the look at the plans: a build in another thread that this misses
        # begins later, and so reads the new value.
        set_attribute(self, name, value)
        pair = self._pair
        if pair is not None:
            if in_place or pair is not before:
                pair.forget()
            self._adopt(pair.successor())

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """Forget the plans after the values or the pattern have been changed in place."""
        before = self._pair
        try:
            yield
        finally:
            # Rebinding a field has replaced the pair, and transposed views still hold the old one.
            for pair in (before, self._pair):
                if pair is not None:
                    pair.forget()

    def __setitem__(self, key: Any, value: Any) -> None:
        with self._changing():
            super().__setitem__(key, value)  # type: ignore[misc]

    def setdiag(self, values: Any, k: int = 0) -> None:
        with self._changing():
            super().setdiag(values, k)  # type: ignore[misc]

    def eliminate_zeros(self) -> None:
        with self._changing():
            super().eliminate_zeros()  # type: ignore[misc]

    def resize(self, *shape: Any) -> None:
        with self._changing():
            super().resize(*shape)  # type: ignore[misc]

    # SciPy calls the next two before many operations that only read: nothing is to be forgotten
    # where they have nothing to do.

    def sum_duplicates(self) -> None:
        if not self.has_canonical_format:  # type: ignore[attr-defined]
            with self._changing():
                super().sum_duplicates()  # type: ignore[misc]

    def sort_indices(self) -> None:
        if not self.has_sorted_indices:  # type: ignore[attr-defined]
            with self._changing():
                super().sort_indices()  # type: ignore[misc]


def checks_wanted(argument: bool | None) -> bool:
    """Whether silent changes are to be looked for: as asked for, or by ``HBPSPMV_CHECK``."""
    if argument is not None:
        return argument
    return os.environ.get("HBPSPMV_CHECK", "0") not in ("", "0")


def fingerprint(*arrays: Array) -> int:
    """A checksum of the contents of arrays, at about 1 GB/s."""
    value = 0
    for array in arrays:
        value = zlib.crc32(np.ascontiguousarray(array).view(np.uint8).data, value)
    return value
