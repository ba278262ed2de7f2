"""Fetching matrices one after the other: what is kept already, built, or downloaded."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from scipy.sparse import save_npz

from hbpspmv.suite.constructions import is_constructible
from hbpspmv.suite.fetch.archive import check_header, extract_matrix
from hbpspmv.suite.fetch.download import Patience, ResumingDownloader, retrieve
from hbpspmv.suite.fetch.errors import (
    ArchiveError,
    ChecksumError,
    DamagedArchiveError,
    DownloadError,
    OfflineError,
)
from hbpspmv.suite.fetch.listener import Listener
from hbpspmv.suite.fetch.record import new_record, read_record, sha256, write_record
from hbpspmv.suite.files import read_matrix
from hbpspmv.suite.registry import Entry
from hbpspmv.suite.sources import build_entry
from hbpspmv.suite.store import BUILT, DOWNLOADED, cache_folder, kept_path

URL_ENVIRONMENT = "HBPSPMV_SUITESPARSE_URL"
DEFAULT_URL = "https://sparse.tamu.edu/MM"
DEFAULT_MAX_BYTES = 2 << 30

_DAMAGED_TRIES = 2


def base_url() -> str:
    """Return where the archives are: ``$HBPSPMV_SUITESPARSE_URL``, or the collection itself."""
    return os.environ.get(URL_ENVIRONMENT) or DEFAULT_URL


@dataclass(frozen=True)
class Request:
    """How to fetch.

    Attributes
    ----------
    max_bytes : int
        Larger archives are refused.
    download : bool
        Download the constructible ones too.
    folder : Path or None
        Archives that are here, ``Group/name.tar.gz`` or ``name.tar.gz``, are not downloaded.
    patience : Patience
        When to give up on the server.
    """

    max_bytes: int = DEFAULT_MAX_BYTES
    download: bool = False
    folder: Path | None = None
    patience: Patience = field(default_factory=Patience)


@dataclass
class Outcome:
    """What became of a fetch: the matrices that are there now, and why the others are not."""

    fetched: list[Entry] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    no_download: str = ""


def fetch(entries: Sequence[Entry], request: Request, listener: Listener) -> Outcome:
    """Bring matrices into the cache.

    One that cannot be had does not keep the others from being fetched; when the server cannot be
    reached, or pooch is missing, no further download is tried. What is fetched when it is
    interrupted stays, and a later call goes on with what is missing.
    """
    outcome = Outcome()
    for entry in entries:
        try:
            text = _Fetch(entry, request, listener).run(may_download=not outcome.no_download)
        except _NotTriedError as error:
            outcome.failed[entry.key] = str(error)
            continue
        except (OfflineError, ImportError) as error:
            outcome.no_download = text = str(error)
            outcome.failed[entry.key] = text
        except (ValueError, OSError) as error:
            text = str(error) or type(error).__name__
            outcome.failed[entry.key] = text
        else:
            outcome.fetched.append(entry)
        listener.end(entry.key, f"failed: {text}" if entry.key in outcome.failed else text)
    return outcome


class _Fetch:
    """One matrix."""

    def __init__(self, entry: Entry, request: Request, listener: Listener) -> None:
        self._entry, self._request, self._listener = entry, request, listener
        self._target = kept_path(entry, DOWNLOADED)
        self._url = f"{base_url().rstrip('/')}/{entry.group}/{entry.name}.tar.gz"

    def run(self, may_download: bool) -> str:
        """Fetch it and say how."""
        entry = self._entry
        with _locked(entry):
            if self._is_intact():
                return f"kept in {self._target}"
            if is_constructible(entry.group, entry.name) and not self._request.download:
                return self._build()
            if archive := self._local_archive():
                self._listener.begin(entry.key, "unpack")
                record = read_record(entry)
                checksum = sha256(archive)
                if record and record.archive_sha256 != checksum:
                    raise ChecksumError(f"{archive}: has another checksum than the first download")
                self._unpack(archive, str(archive), checksum)
                return f"taken from {archive}"
            if not may_download:
                raise _NotTriedError("not tried")
            return self._download()

    def _is_intact(self) -> bool:
        """Return whether the file is there and, where that is recorded, has its checksum."""
        if not self._target.exists():
            return False
        self._listener.begin(self._entry.key, "check")
        record = read_record(self._entry)
        if record and record.matrix_sha256 != sha256(self._target):
            reason = "has changed since it was downloaded"
        else:
            try:
                check_header(self._target, self._entry)
                return True
            except ArchiveError as error:
                reason = str(error)
        self._listener.note(self._entry.key, f"the kept file {reason}: it is removed")
        self._target.unlink()
        return False

    def _build(self) -> str:
        path = kept_path(self._entry, BUILT)
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and self._is_as_built(path):
            return f"kept in {path}"
        self._listener.begin(self._entry.key, "build")
        with _complete_or_not_there(path) as unfinished, open(unfinished, "wb") as stream:
            save_npz(stream, build_entry(self._entry))
        return f"built in {path}"

    def _is_as_built(self, path: Path) -> bool:
        self._listener.begin(self._entry.key, "check")
        try:
            matrix = read_matrix(path)
        except ValueError:
            return False
        size = (*matrix.shape, matrix.nnz)
        return size == (self._entry.rows, self._entry.cols, self._entry.nnz)

    def _local_archive(self) -> Path | None:
        if self._request.folder is None:
            return None
        name = f"{self._entry.name}.tar.gz"
        places = (self._request.folder / self._entry.group / name, self._request.folder / name)
        return next((path for path in places if path.is_file()), None)

    def _download(self) -> str:
        entry, listener = self._entry, self._listener
        self._target.parent.mkdir(parents=True, exist_ok=True)
        archive = self._target.with_name(f".{entry.name}.tar.gz")
        downloader = ResumingDownloader(
            archive.with_name(f"{archive.name}.part"),
            self._request.max_bytes,
            self._request.patience,
            listener.bytes_done,
            lambda text: listener.note(entry.key, text),
        )
        record = read_record(entry)
        known = record.archive_sha256 if record else None
        for tries_left in reversed(range(_DAMAGED_TRIES)):
            listener.begin(entry.key, "download")
            try:
                checksum = retrieve(self._url, archive, known, downloader)
                n_bytes = archive.stat().st_size
                listener.begin(entry.key, "unpack")
                self._unpack(archive, self._url, checksum)
                break
            except (DamagedArchiveError, ChecksumError) as error:
                if not tries_left:
                    raise
                listener.note(entry.key, f"{error}; downloading it again")
            finally:
                archive.unlink(missing_ok=True)
        return f"downloaded {n_bytes:,} bytes to {self._target}"

    def _unpack(self, archive: Path, origin: str, checksum: str) -> None:
        self._target.parent.mkdir(parents=True, exist_ok=True)
        with _complete_or_not_there(self._target) as unfinished:
            extract_matrix(archive, self._entry, unfinished)
            # First the record: a matrix must not be there without it.
            write_record(self._entry, new_record(origin, checksum, unfinished))


class _NotTriedError(Exception):
    """No download was tried, because one before it found the server out of reach."""


@contextmanager
def _complete_or_not_there(path: Path) -> Iterator[Path]:
    """Give a path to write to, which becomes `path` when all went well."""
    # A leading dot and another suffix: nobody takes it for a matrix meanwhile.
    unfinished = path.with_name(f".{path.name}.unfinished")
    try:
        yield unfinished
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)


@contextmanager
def _locked(entry: Entry) -> Iterator[None]:
    """Hold a matrix's lock, so that two fetches do not write it at once."""
    path = cache_folder() / ".locks" / f"{entry.group}.{entry.name}"
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise DownloadError("another fetch is at work on it") from error
        yield
