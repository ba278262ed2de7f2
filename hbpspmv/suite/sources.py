"""The matrices of a run: files, members of the registry, or the embedded ones."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from hbpspmv.suite import registry
from hbpspmv.suite.constructions import construct, is_constructible
from hbpspmv.suite.embedded import EMBEDDED
from hbpspmv.suite.files import find_files, matrix_name, matrix_suffix, read_matrix
from hbpspmv.suite.registry import Entry
from hbpspmv.suite.store import find_kept

EMBEDDED_SET, EMBEDDED_QUICK_SET = "embedded", "embedded-quick"


@dataclass(frozen=True)
class Source:
    """A matrix that is not loaded yet.

    Attributes
    ----------
    name, kind : str
        What it is called, and what it is.
    origin : str
        A path, or how it comes into being.
    load : callable
        Returns the matrix; can be pickled.
    """

    name: str
    kind: str
    origin: str
    load: Callable[[], Any]


def resolve(what: str | Path) -> list[Source]:
    """Return the matrices that a user's word stands for.

    Parameters
    ----------
    what : str or Path
        In this order: a file or directory that exists; a ``.toml`` file that describes a set; the
        words ``embedded`` and ``embedded-quick``; a set of the registry; a matrix of the
        registry, ``Group/name`` or ``name``.

    Returns
    -------
    list of Source
        In a fixed order. The members of a set that are neither kept nor constructible are
        among them: their ``load`` raises FileNotFoundError and says how to get them.

    Raises
    ------
    ValueError
        Nothing is called that.
    FileNotFoundError
        A path does not exist, a directory holds no matrix, or no member of a set can be loaded.

    Examples
    --------
    >>> [source.name for source in resolve("mycielskian11")]
    ['mycielskian11']
    """
    path, word = Path(what), str(what)
    if path.suffix != ".toml" and (path.exists() or not looks_like_a_name(word)):
        return file_sources([path])
    if word in (EMBEDDED_SET, EMBEDDED_QUICK_SET):
        return embedded_sources(quick=word == EMBEDDED_QUICK_SET)
    entries = registry.entries_of(word)
    if not any(is_available(entry) for entry in entries):
        raise FileNotFoundError(f"{word} is not downloaded; to get it: hbpspmv fetch {word}")
    return entry_sources(entries)


def looks_like_a_name(word: str) -> bool:
    """Return whether a word can be a name of the registry, rather than a path.

    Examples
    --------
    >>> [looks_like_a_name(word) for word in ("lp", "HB/west0479", "./lp", "a.mtx", "a/b/c")]
    [True, True, False, False, False]
    """
    starts_a_path = word[:1] in ("", "/", ".", "~")
    return not (starts_a_path or word.count("/") > 1 or matrix_suffix(Path(word)))


def embedded_sources(quick: bool) -> list[Source]:
    """Return the embedded matrices, in full size or in the small one."""
    return [
        Source(
            e.quick_name if quick else e.name, e.kind, "embedded", partial(_load_embedded, i, quick)
        )
        for i, e in enumerate(EMBEDDED)
    ]


def file_sources(paths: Sequence[Path]) -> list[Source]:
    """Return the matrices in files and in directories.

    Raises
    ------
    FileNotFoundError
        A path does not exist or a directory holds no matrix.
    """
    return [
        Source(matrix_name(path), "file", str(path), partial(read_matrix, path))
        for path in find_files(paths)
    ]


def given_sources(quick: bool) -> list[Source]:
    """Return the files of the directory HBPSPMV_MATRICES; without it the embedded matrices."""
    directory = os.environ.get("HBPSPMV_MATRICES")
    return file_sources([Path(directory)]) if directory else embedded_sources(quick)


def entry_sources(entries: Sequence[Entry]) -> list[Source]:
    """Return members of the registry: the kept file, or else the construction."""
    return [
        Source(entry.name, entry.kind, _origin(entry), partial(load_entry, entry))
        for entry in entries
    ]


def is_available(entry: Entry) -> bool:
    """Return whether `load_entry` can load a matrix without a network."""
    return find_kept(entry) is not None or is_constructible(entry.group, entry.name)


def load_entry(entry: Entry) -> Any:
    """Return a matrix of the registry: from the kept file, or else built.

    Raises
    ------
    FileNotFoundError
        It is neither kept nor constructible.
    ValueError
        The file is no matrix, or what was built has another size than the registry says.
    """
    if path := find_kept(entry):
        return read_matrix(path)
    if is_constructible(entry.group, entry.name):
        return build_entry(entry)
    raise FileNotFoundError(f"{entry.key} is not downloaded; to get it: hbpspmv fetch {entry.key}")


def build_entry(entry: Entry) -> Any:
    """Return a constructible matrix of the registry.

    Raises
    ------
    ValueError
        It has another size than the registry says.
    """
    matrix = construct(entry.name)
    built, published = (*matrix.shape, matrix.nnz), (entry.rows, entry.cols, entry.nnz)
    if any(b != p for b, p in zip(built, published, strict=True) if p is not None):
        raise ValueError(
            f"{entry.key}: the construction has rows, columns and nonzeros {built},"
            f" but the registry says {published}"
        )
    return matrix


def _origin(entry: Entry) -> str:
    if path := find_kept(entry):
        return str(path)
    return "built from its definition" if is_available(entry) else f"{entry.key}, not downloaded"


def _load_embedded(number: int, quick: bool) -> Any:
    embedded = EMBEDDED[number]
    return embedded.quick() if quick else embedded.full()
