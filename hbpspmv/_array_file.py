"""A file of named arrays under a JSON header: versioned, checksummed, whole or not there at all."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import struct
import zlib
from collections.abc import Mapping
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from hbpspmv._validate import Array

#: magic, version, checksum of the header, length of the header.
_PREFIX = struct.Struct("<8sIIQ")
_MAGIC = b"hbpspmv\n"

#: A header lists about 30 arrays: far more is not one of ours, and would only take memory.
_MOST_HEADER_BYTES = 1 << 20

_DTYPES = frozenset(
    ("uint8", "uint16", "uint32", "int32", "int64", "float32", "float64", "complex64", "complex128")
)

Path = str | os.PathLike[str]


class Contents(NamedTuple):
    """What a file holds."""

    header: dict[str, Any]
    arrays: dict[str, Array]


def write(path: Path, version: int, header: Mapping[str, Any], arrays: Mapping[str, Array]) -> None:
    """Write a file, little-endian; one that is there is replaced at once or, on failure, kept."""
    little = {name: a.astype(a.dtype.newbyteorder("<"), copy=False) for name, a in arrays.items()}
    listed = [
        {"name": name, "dtype": arrays[name].dtype.name, "length": len(a), "crc32": _checksum(a)}
        for name, a in little.items()
    ]
    text = json.dumps({**header, "arrays": listed}).encode()
    prefix = _PREFIX.pack(_MAGIC, version, zlib.crc32(text), len(text))
    path = os.fspath(path)
    # In the same directory, as renaming across file systems is copying. open() gives the mode
    # that the process's mask asks for; tempfile would give 0600.
    temporary = f"{path}.{secrets.token_hex(8)}.tmp"
    try:
        with open(temporary, "xb") as file:
            file.write(prefix)
            file.write(text)
            for array in little.values():
                file.write(_bytes(array))
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


def read(path: Path, version: int) -> Contents:
    """The contents of a file of this version.

    Raises ValueError if it is of another version, damaged, cut short or no such file at all.
    Nothing is allocated beyond the size of the file.
    """
    with open(path, "rb") as file:
        try:
            return _read(file, version)
        except ValueError as error:
            raise ValueError(f"cannot load {os.fspath(path)}: {error}") from None


def _read(file: BinaryIO, version: int) -> Contents:
    size = os.fstat(file.fileno()).st_size
    start = file.read(_PREFIX.size)
    if len(start) < _PREFIX.size or not start.startswith(_MAGIC):
        raise ValueError(f"it begins with {start[:8]!r}, expected {_MAGIC!r}, as plan files do")
    _, found, checksum, length = _PREFIX.unpack(start)
    if found != version:
        raise ValueError(f"its format version is {found}, expected {version}")
    if length > min(size - _PREFIX.size, _MOST_HEADER_BYTES):
        raise ValueError(f"its header has {length} bytes, but the file has {size}")
    text = file.read(length)
    _require("the checksum of its header", zlib.crc32(text), checksum)
    try:
        header = json.loads(text)
        listed = [
            (str(a["name"]), str(a["dtype"]), int(a["length"]), int(a["crc32"]))
            for a in header.pop("arrays")
        ]
    except (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError):
        raise ValueError("its header is not the JSON of a plan file") from None
    arrays: dict[str, Array] = {}
    for name, dtype, n, crc32 in listed:
        if dtype not in _DTYPES:
            raise ValueError(f"array {name} has dtype {dtype}, which no plan has")
        at = file.tell()
        kind = np.dtype(dtype).newbyteorder("<")
        if not 0 <= n * kind.itemsize <= size - at:
            raise ValueError(
                f"array {name} has {n * kind.itemsize} bytes at {at}, but the file has {size}"
            )
        array = np.empty(n, kind)
        if file.readinto(_bytes(array)) != array.nbytes:  # type: ignore[attr-defined]
            raise ValueError(f"it ends within array {name}")
        _require(f"the checksum of array {name}", _checksum(array), crc32)
        arrays[name] = array.astype(array.dtype.newbyteorder("="), copy=False)
    _require("its size", size, file.tell())
    return Contents(header, arrays)


def _require(what: str, found: int, expected: int) -> None:
    if found != expected:
        raise ValueError(f"{what} is {found}, expected {expected}: the file is damaged")


def _bytes(array: Array) -> memoryview:
    return array.view(np.uint8).data


def _checksum(array: Array) -> int:
    return zlib.crc32(_bytes(array))
