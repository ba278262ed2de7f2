"""The matrices of a run: files, members of the registry, or the embedded ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from hbpspmv.suite import registry
from hbpspmv.suite.constructions import construct, is_constructible
from hbpspmv.suite.embedded import EMBEDDED
from hbpspmv.suite.files import find_files, matrix_name, read_matrix
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
        A path does not exist, or a directory holds no matrix.

    Examples
    --------
    >>> [source.name for source in resolve("mycielskian11")]
    ['mycielskian11']
    """
    path, word = Path(what), str(what)
    if path.suffix == ".toml" and path.is_file():
        return entry_sources(registry.set_in_file(path).members)
    if path.exists() or not looks_like_a_name(word):
        return file_sources([path])
    if word in (EMBEDDED_SET, EMBEDDED_QUICK_SET):
        return embedded_sources(quick=word == EMBEDDED_QUICK_SET)
    return entry_sources(registry.built_in().named(word))


def looks_like_a_name(word: str) -> bool:
    """Return whether a word can be a name of the registry, rather than a path."""
    suffix = Path(word).suffix.lower()
    return (
        word.count("/") < 2
        and word[:1] not in ("/", ".", "~", "")
        and (suffix not in (".mtx", ".npz", ".gz", ".bz2", ".xz", ".toml"))
    )


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


def entry_sources(entries: Sequence[Entry]) -> list[Source]:
    """Return members of the registry: the kept file, or else the construction."""
    return [
        Source(entry.name, entry.kind, _origin(entry), partial(load_entry, entry))
        for entry in entries
    ]


def load_entry(entry: Entry) -> Any:
    """Return a matrix of the registry: from the kept file, or else built.

    Raises
    ------
    FileNotFoundError
        It is neither kept nor constructible.
    """
    if path := find_kept(entry):
        return read_matrix(path)
    if is_constructible(entry.group, entry.name):
        return construct(entry.name)
    raise FileNotFoundError(f"{entry.key} is not downloaded; to get it: hbpspmv fetch {entry.key}")


def _origin(entry: Entry) -> str:
    if path := find_kept(entry):
        return str(path)
    built = is_constructible(entry.group, entry.name)
    return "built from its definition" if built else f"{entry.key}, not downloaded"


def _load_embedded(number: int, quick: bool) -> Any:
    embedded = EMBEDDED[number]
    return embedded.quick() if quick else embedded.full()
