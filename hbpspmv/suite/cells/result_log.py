"""The result file: JSON lines, appended one finished cell at a time, safe against any stop."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from hbpspmv.suite.output import write_atomically

RESULTS, LOCK = "results.jsonl", ".lock"
SCHEMA = 1
DISTURBED = 0.1  # share of all CPUs

Record = dict[str, Any]
Key = tuple[str, str]

_REQUIRED = ("schema", "matrix", "contender", "status")


def cell_key(record: Record) -> Key:
    """Return what a cell is known by: matrix and contender."""
    return record["matrix"], record["contender"]


def is_disturbed(record: Record) -> bool:
    """Return whether other processes used a noticeable part of the CPUs beside a cell."""
    return (record.get("other_load") or 0.0) > DISTURBED


def encode(record: Record) -> bytes:
    """Return a record as one line."""
    return json.dumps(record, allow_nan=False, separators=(",", ":")).encode() + b"\n"


def decode(line: bytes) -> Record:
    """Return the record of a line; ValueError when it is not one."""
    record = json.loads(line)
    if not isinstance(record, dict) or any(key not in record for key in _REQUIRED):
        raise ValueError(f"expected an object with {', '.join(_REQUIRED)}")
    if record["schema"] != SCHEMA:
        raise ValueError(f"schema {record['schema']!r}, expected {SCHEMA}")
    return record


def read_records(path: Path) -> list[Record]:
    """Read the finished cells of a result file.

    A last line that a stopped run left unfinished is not among them.

    Raises
    ------
    FileNotFoundError
        There is no such file.
    ValueError
        A line is damaged, or a cell is there twice; the message has its number.
    """
    content = path.read_bytes()
    records: list[Record] = []
    seen: dict[Key, int] = {}
    for number, line in enumerate(_lines(content), 1):
        try:
            record = decode(line)
        except ValueError as error:
            if not line.endswith(b"\n"):
                break
            raise ValueError(f"{path}: line {number} is damaged: {error}") from error
        first = seen.setdefault(cell_key(record), number)
        if first != number:
            raise ValueError(
                f"{path}: lines {first} and {number} are both {' by '.join(cell_key(record))}"
            )
        records.append(record)
    return records


def _lines(content: bytes) -> Iterator[bytes]:
    yield from content.splitlines(keepends=True)


class ResultLog:
    """The result file of a folder, held by one run at a time.

    Use it as a context: it takes the lock and repairs what a stopped run left behind.

    Parameters
    ----------
    folder : Path
        Made if it is not there.

    Attributes
    ----------
    records : list of dict
        The finished cells, in the order in which they were finished.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.path = folder, folder / RESULTS
        self.records: list[Record] = []
        self._lock = self._file = -1

    def __enter__(self) -> ResultLog:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._lock = os.open(self.folder / LOCK, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            try:
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise ValueError(f"{self.folder}: another run is writing there") from None
            self._open()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for handle in (self._file, self._lock):  # closing gives the lock back
            if handle >= 0:
                os.close(handle)
        self._file = self._lock = -1

    def _open(self) -> None:
        self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        _sync_folder(self.folder)
        self._repair()
        self.records = read_records(self.path)

    def _repair(self) -> None:
        """Cut off an unfinished last line, or finish one that lacks only its line end."""
        content = self.path.read_bytes()
        complete = content.rfind(b"\n") + 1
        if complete == len(content):
            return
        try:
            decode(content[complete:])
        except ValueError:
            os.ftruncate(self._file, complete)
        else:
            os.write(self._file, b"\n")
        os.fsync(self._file)

    @property
    def finished(self) -> set[Key]:
        """The cells that need no run."""
        return {cell_key(record) for record in self.records}

    def append(self, record: Record) -> None:
        """Write one cell; when this returns, it is on the disk.

        Raises
        ------
        ValueError
            The cell is there already.
        OSError
            It could not be written; the file is as it was before.
        """
        if cell_key(record) in self.finished:
            raise ValueError(f"the cell {' by '.join(cell_key(record))} is finished already")
        line = memoryview(encode(record))
        size = os.fstat(self._file).st_size
        try:
            while line:
                line = line[os.write(self._file, line) :]
            os.fsync(self._file)
        except BaseException:
            os.ftruncate(self._file, size)
            raise
        self.records.append(record)

    def drop(self, unwanted: Callable[[Record], bool]) -> int:
        """Forget the cells that `unwanted` is true of, and return how many there were."""
        kept = [record for record in self.records if not unwanted(record)]
        dropped = len(self.records) - len(kept)
        if dropped:
            write_atomically(self.path, b"".join(map(encode, kept)))
            os.close(self._file)
            self._file = -1
            self._open()
        return dropped


def _sync_folder(folder: Path) -> None:
    """Make the entry of a new file last."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
