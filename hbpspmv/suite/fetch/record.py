"""What is recorded of a download, to be checked later: a small JSON file beside the matrix."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from hbpspmv.suite.output import write_atomically
from hbpspmv.suite.registry import Entry
from hbpspmv.suite.store import kept_path


@dataclass(frozen=True)
class Record:
    """Checksums of the first download.

    Attributes
    ----------
    url : str
        Where it came from.
    archive_sha256 : str
        Of the file that was downloaded; a later download must have the same.
    matrix_sha256 : str
        Of the matrix that was taken out of it and is kept.
    fetched : str
        When.
    """

    url: str
    archive_sha256: str
    matrix_sha256: str
    fetched: str


def record_path(entry: Entry) -> Path:
    """Return where a matrix's record is, or would be."""
    return kept_path(entry, ".json")


def new_record(url: str, archive_sha256: str, matrix: Path) -> Record:
    """Return the record of a matrix that was just fetched."""
    return Record(url, archive_sha256, sha256(matrix), datetime.now(UTC).isoformat("T", "seconds"))


def write_record(entry: Entry, record: Record) -> None:
    """Write a matrix's record in one step."""
    text = json.dumps(asdict(record), indent=1) + "\n"
    write_atomically(record_path(entry), text.encode())


def read_record(entry: Entry) -> Record | None:
    """Return what was recorded of a matrix, None if nothing was.

    Raises
    ------
    ValueError
        The file is damaged.
    """
    path = record_path(entry)
    try:
        return Record(**json.loads(path.read_text()))
    except FileNotFoundError:
        return None
    except (ValueError, TypeError) as error:
        text = f"{path}: not a record of a download; remove it to record the next one"
        raise ValueError(text) from error


def sha256(path: Path) -> str:
    """Return the checksum of a file's content."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
