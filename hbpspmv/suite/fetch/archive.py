"""Taking the matrix out of a downloaded archive, which is not trusted."""

from __future__ import annotations

import gzip
import tarfile
import zlib
from pathlib import Path, PurePosixPath
from typing import IO

from hbpspmv.suite.fetch.errors import ArchiveError, DamagedArchiveError
from hbpspmv.suite.registry import Entry

# Text of matrices packs 3 to 30 times; a bomb packs 1,000 times.
_LARGEST_RATIO = 100
_ALWAYS_ALLOWED = 64 << 20
_MOST_MEMBERS = 10_000
_CHUNK = 1 << 20
_LONGEST_LINE = 1 << 16


class _BoundedReader:
    """Passes a stream on and stops when too much came out of it."""

    def __init__(self, stream: gzip.GzipFile, limit: int) -> None:
        self._stream, self._left, self._limit = stream, limit, limit

    def read(self, size: int) -> bytes:
        data = self._stream.read(size)
        self._left -= len(data)
        if self._left < 0:
            raise ArchiveError(f"unpacks to more than {self._limit:,} bytes")
        return data


def extract_matrix(archive: Path, entry: Entry, target: Path) -> None:
    """Copy ``name/name.mtx`` of a .tar.gz archive to a file; nothing else is ever written.

    Parameters
    ----------
    archive : Path
        As the collection publishes it.
    entry : Entry
        Whose it should be.
    target : Path
        Where the matrix goes. It is incomplete while this works, and gone when it fails.

    Raises
    ------
    DamagedArchiveError
        The archive is truncated or corrupt.
    ArchiveError
        It holds links, paths that lead out of it or far more than its size suggests, or another
        matrix.
    """
    limit = _ALWAYS_ALLOWED + _LARGEST_RATIO * archive.stat().st_size
    try:
        with open(target, "wb") as out:
            _copy_member(archive, f"{entry.name}/{entry.name}.mtx", out, limit)
        check_header(target, entry)
    except BaseException as error:
        target.unlink(missing_ok=True)
        if isinstance(error, (EOFError, gzip.BadGzipFile, zlib.error, tarfile.TarError)):
            text = f"{archive.name}: truncated or corrupt: {error}"
            raise DamagedArchiveError(text) from error
        if isinstance(error, ArchiveError):
            raise ArchiveError(f"{archive.name}: {error}") from error
        raise


def _copy_member(archive: Path, wanted: str, out: IO[bytes], limit: int) -> None:
    found = False
    with gzip.open(archive, "rb") as unpacked:
        bounded = _BoundedReader(unpacked, limit)
        with tarfile.open(fileobj=bounded, mode="r|") as tar:  # type: ignore[call-overload]
            for number, member in enumerate(tar):
                _refuse_hostile(member, number)
                if str(PurePosixPath(member.name)) != wanted or not member.isfile():
                    continue
                if found:
                    raise ArchiveError(f"holds {wanted} twice")
                found = True
                stream = tar.extractfile(member)
                while part := stream.read(_CHUNK):
                    out.write(part)
        # gzip proves its checksum only when it is read to the end.
        while bounded.read(_CHUNK):
            pass
    if not found:
        raise ArchiveError(f"holds no {wanted}")


def _refuse_hostile(member: tarfile.TarInfo, number: int) -> None:
    path = PurePosixPath(member.name)
    if path.is_absolute() or ".." in path.parts:
        raise ArchiveError(f"holds a path that leads out of it: {member.name!r}")
    if member.issparse() or not (member.isfile() or member.isdir()):
        raise ArchiveError(f"holds something that is no plain file: {member.name!r}")
    if number >= _MOST_MEMBERS:
        raise ArchiveError(f"holds more than {_MOST_MEMBERS:,} files")


def check_header(path: Path, entry: Entry) -> None:
    """Compare the first lines of a Matrix Market file with the registry.

    Raises
    ------
    ArchiveError
        It is no Matrix Market file, has another size, or too few entries.
    """
    with open(path, "rb") as stream:
        banner = stream.readline(_LONGEST_LINE).lower().split()
        line = stream.readline(_LONGEST_LINE)
        while line.startswith(b"%") or (line and not line.strip()):
            line = stream.readline(_LONGEST_LINE)
    sizes = line.split()
    if banner[:2] != [b"%%matrixmarket", b"matrix"] or len(banner) != 5:
        raise ArchiveError("holds no Matrix Market file")
    if len(sizes) not in (2, 3) or not all(size.isdigit() for size in sizes):
        raise ArchiveError("holds a Matrix Market file without a size")
    rows, cols = int(sizes[0]), int(sizes[1])
    if (entry.rows or rows, entry.cols or cols) != (rows, cols):
        raise ArchiveError(
            f"holds a matrix of {rows} x {cols}, the registry says {entry.rows} x {entry.cols}"
        )
    # A symmetric file holds about half; explicit zeros, which nnz leaves out, add to it.
    stored = int(sizes[2]) if len(sizes) == 3 else rows * cols
    most = stored if banner[4] == b"general" else 2 * stored
    if most < (entry.nnz or 0):
        raise ArchiveError(f"holds {stored:,} entries, the registry says {entry.nnz:,} nonzeros")
