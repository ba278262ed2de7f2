"""One download: resumed, retried with back-off, bounded; pooch checks and places the file."""

from __future__ import annotations

import logging
import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from hbpspmv.suite.fetch.errors import ChecksumError, DownloadError, OfflineError

MISSING = "pooch is not installed; to get it: pip install 'hbpspmv[suite]'"

_CHUNK = 1 << 16
_CONNECTION = re.compile(r"^(<.*>|HTTPS?Connection(Pool)?\([^)]*\)): ")
_TRY_AGAIN_LATER = (408, 425, 429, 500, 502, 503, 504)
_LONGEST_WAIT = 60.0
_OFFLINE_WAITS = 2  # a machine without a network should say so soon


@dataclass(frozen=True)
class Patience:
    """When to give up.

    Attributes
    ----------
    waits : tuple of float
        Seconds before each further try.
    timeout : float
        Seconds without a byte that end a try.
    """

    waits: tuple[float, ...] = (1.0, 2.0, 4.0, 8.0)
    timeout: float = 30.0


class _Again(Exception):
    """A try failed in a way that another one may not."""

    def __init__(self, reason: str, wait: float = 0.0, offline: bool = False) -> None:
        super().__init__(reason)
        self.wait, self.offline = wait, offline


class ResumingDownloader:
    """A downloader for pooch that goes on where an earlier try, or an earlier run, stopped.

    What has come so far is kept in `part`, with the server's mark of the version (an entity tag or
    a date) beside it: parts of two versions are never joined.
    """

    def __init__(
        self,
        part: Path,
        max_bytes: int,
        patience: Patience,
        progress: Callable[[int, int | None], object] = lambda done, total: None,
        note: Callable[[str], object] = lambda text: None,
    ) -> None:
        self._part, self._mark = part, part.with_name(f"{part.name}.mark")
        self._max_bytes, self._patience = max_bytes, patience
        self._progress, self._note = progress, note

    def __call__(self, url: str, output_file: str, pooch: Any, check_only: bool = False) -> None:
        """Download `url` into `output_file`; pooch calls this."""
        waits = self._patience.waits
        for number in range(len(waits) + 1):
            try:
                self._try(url)
                break
            except _Again as failure:
                if failure.offline and number >= min(_OFFLINE_WAITS, len(waits)):
                    raise OfflineError(f"{url}: {failure}") from failure
                if number == len(waits):
                    raise DownloadError(f"{url}: {failure}") from failure
                wait = max(waits[number], failure.wait)
                self._note(f"{failure}; trying again in {wait:g} s")
                time.sleep(wait)
        os.replace(self._part, output_file)
        self._mark.unlink(missing_ok=True)

    def forget(self) -> None:
        """Drop what has come so far."""
        self._part.unlink(missing_ok=True)
        self._mark.unlink(missing_ok=True)

    def _try(self, url: str) -> None:
        import requests

        # identity: the bytes of the file as they are stored, which is what checksums are about.
        headers = {"Accept-Encoding": "identity", "User-Agent": "hbpspmv"}
        done = self._resumable()
        if done:
            headers["Range"] = f"bytes={done}-"
            headers["If-Range"] = self._mark.read_text()
        try:
            with requests.get(
                url, headers=headers, stream=True, timeout=self._patience.timeout
            ) as response:
                _refuse_downgrade(url, [r.url for r in (*response.history, response)])
                self._read_answer(response, url, done)
        except requests.exceptions.SSLError as error:
            raise DownloadError(f"{url}: {_reason(error)}") from error
        except requests.exceptions.ConnectionError as error:
            raise _Again(f"no connection ({_reason(error)})", offline=True) from error
        except requests.exceptions.Timeout as error:
            raise _Again(f"no answer within {self._patience.timeout:g} s") from error
        except requests.exceptions.RequestException as error:
            raise DownloadError(f"{url}: {_reason(error)}") from error

    def _resumable(self) -> int:
        """Return how many bytes are there that can be gone on from."""
        if self._part.exists() and self._mark.exists():
            return self._part.stat().st_size
        self.forget()
        return 0

    def _read_answer(self, response: Any, url: str, done: int) -> None:
        status = response.status_code
        if status in _TRY_AGAIN_LATER:
            raise _Again(f"HTTP {status} {response.reason}", _retry_after(response.headers))
        if status == 416:
            self.forget()
            raise _Again("the server does not have the rest of what came before")
        if status not in (200, 206):
            raise DownloadError(f"{url}: HTTP {status} {response.reason}")
        total = _whole_number(response.headers.get("Content-Length"))
        if status == 206:
            begin, total = _content_range(response.headers.get("Content-Range", ""))
            if begin != done:
                self.forget()
                raise _Again("the server sent another part than the rest")
        else:
            self.forget()
            done = 0
        self._refuse_too_large(url, total or 0)
        self._write(response, url, done, total)

    def _write(self, response: Any, url: str, done: int, total: int | None) -> None:
        import urllib3

        if mark := _version_mark(response.headers):
            self._mark.write_text(mark)
        with open(self._part, "ab" if done else "wb") as stream:
            try:
                self._progress(done, total)
                for chunk in response.raw.stream(_CHUNK, decode_content=False):
                    done += len(chunk)
                    self._refuse_too_large(url, done)
                    stream.write(chunk)
                    self._progress(done, total)
            except urllib3.exceptions.ReadTimeoutError as error:
                text = f"nothing came for {self._patience.timeout:g} s after {done:,} bytes"
                raise _Again(text) from error
            except urllib3.exceptions.HTTPError as error:
                raise _Again(f"the connection broke after {done:,} bytes") from error
        if total is not None and done != total:
            if done > total:
                self.forget()
            raise _Again(f"the connection closed after {done:,} of {total:,} bytes")

    def _refuse_too_large(self, url: str, n_bytes: int) -> None:
        if n_bytes > self._max_bytes:
            self.forget()
            raise DownloadError(
                f"{url}: has {n_bytes:,} bytes or more, and --max-size allows {self._max_bytes:,}"
            )


def retrieve(
    url: str, archive: Path, known_sha256: str | None, downloader: ResumingDownloader
) -> str:
    """Download a file with pooch and return its SHA-256.

    Parameters
    ----------
    url : str
        Where it is.
    archive : Path
        Where it goes; complete and checked, or not there at all.
    known_sha256 : str or None
        What an earlier download had.
    downloader : ResumingDownloader
        Does the work.

    Raises
    ------
    ImportError
        pooch is not installed.
    OfflineError, DownloadError
        The file cannot be had.
    ChecksumError
        It is not the one of before.
    """
    try:
        import pooch
    except ImportError as error:
        raise ImportError(MISSING) from error
    with _quiet(pooch.get_logger()):
        try:
            pooch.retrieve(
                url=url,
                known_hash=known_sha256 and f"sha256:{known_sha256}",
                fname=archive.name,
                path=archive.parent,
                downloader=downloader,
            )
        except ValueError as error:
            raise ChecksumError(
                f"{url}: has another checksum than when it was first downloaded ({known_sha256})"
            ) from error
    return str(pooch.file_hash(str(archive), alg="sha256"))


@contextmanager
def _quiet(logger: logging.Logger) -> Iterator[None]:
    """Keep pooch's own messages off the terminal."""
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


def _refuse_downgrade(url: str, visited: list[str]) -> None:
    schemes = [urlsplit(address).scheme for address in (url, *visited)]
    if "https" in schemes and "http" in schemes[schemes.index("https") :]:
        raise DownloadError(f"{url}: redirects from https to http")


def _version_mark(headers: Any) -> str | None:
    """Return what If-Range may name: a strong entity tag, or a date."""
    tag: str = headers.get("ETag", "")
    date: str | None = headers.get("Last-Modified")
    return tag if tag.startswith('"') else date


def _retry_after(headers: Any) -> float:
    return min(float(_whole_number(headers.get("Retry-After")) or 0), _LONGEST_WAIT)


def _content_range(text: str) -> tuple[int, int | None]:
    """Return the first byte and the total of ``bytes first-last/total``; -1 when it is neither."""
    span, _, total = text.removeprefix("bytes ").partition("/")
    begin = _whole_number(span.partition("-")[0])
    return (-1 if begin is None else begin), _whole_number(total)


def _whole_number(text: str | None) -> int | None:
    return int(text) if text is not None and text.isascii() and text.isdecimal() else None


def _reason(error: Exception) -> str:
    """Return the innermost cause in one line: requests wraps it several times."""
    cause: Any = error
    while True:
        inner = cause.args[0] if cause.args else None
        inner = getattr(inner, "reason", None) or inner
        if not isinstance(inner, Exception):
            break
        cause = inner
    text = " ".join(str(cause).split()) or type(error).__name__
    return _CONNECTION.sub("", text)
