"""Where downloaded and built matrices are kept: one file per matrix, ``Group/name`` and suffix."""

from __future__ import annotations

import os
from pathlib import Path

from hbpspmv.suite.registry import Entry

ENVIRONMENT = "HBPSPMV_CACHE"

# The collection's own file goes before one that was built, whose rows may be in another order.
DOWNLOADED, BUILT = ".mtx", ".npz"


def cache_folder() -> Path:
    """Return ``$HBPSPMV_CACHE``, or ``hbpspmv`` in the user's cache directory."""
    if chosen := os.environ.get(ENVIRONMENT):
        return Path(chosen).expanduser()
    base = os.environ.get("XDG_CACHE_HOME", "")
    # The XDG specification: a relative path is to be ignored.
    return (Path(base) if os.path.isabs(base) else Path.home() / ".cache") / "hbpspmv"


def kept_path(entry: Entry, suffix: str) -> Path:
    """Return where a matrix's file with that suffix is, or would be."""
    return cache_folder() / entry.group / f"{entry.name}{suffix}"


def find_kept(entry: Entry) -> Path | None:
    """Return the file of a matrix that was downloaded or built before, or None."""
    paths = (kept_path(entry, suffix) for suffix in (DOWNLOADED, BUILT))
    return next((path for path in paths if path.is_file()), None)
