"""What can go wrong with one matrix."""

from __future__ import annotations


class OfflineError(OSError):
    """The server cannot be reached."""


class DownloadError(OSError):
    """The server answered, but the file could not be had."""


class ChecksumError(DownloadError):
    """The file is not the one that was downloaded first."""


class ArchiveError(ValueError):
    """The archive is not what the collection publishes: hostile, too large or another matrix."""


class DamagedArchiveError(ArchiveError):
    """The archive is truncated or corrupt, which another download may mend."""
