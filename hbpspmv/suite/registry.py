"""The registry: what is known of matrices of the SuiteSparse collection, and the named sets."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).with_name("matrices")

_TEXTS = ("group", "name", "kind")
_COUNTS = ("rows", "cols", "nnz")


@dataclass(frozen=True)
class Entry:
    """What is known of one matrix of the collection.

    Attributes
    ----------
    group, name, kind : str
        The collection's words.
    rows, cols, nnz : int or None
        Its size; ``nnz`` counts both triangles of a symmetric matrix and no explicit zero. None
        where it is not known.
    verified : bool
        True when all of it was read from the collection's own index.
    """

    group: str
    name: str
    kind: str
    rows: int | None = None
    cols: int | None = None
    nnz: int | None = None
    verified: bool = True

    @property
    def key(self) -> str:
        """The name that is unique: ``Group/name``."""
        return f"{self.group}/{self.name}"


@dataclass(frozen=True)
class MatrixSet:
    """A named list of matrices."""

    name: str
    description: str
    members: tuple[Entry, ...]


@dataclass
class Registry:
    """All entries by ``Group/name``, and all sets by name."""

    entries: dict[str, Entry] = field(default_factory=dict)
    sets: dict[str, MatrixSet] = field(default_factory=dict)

    def named(self, name: str) -> tuple[Entry, ...]:
        """Return the members of a set, or the matrix called ``Group/name`` or ``name``.

        Raises
        ------
        ValueError
            Nothing is called that, or matrices of several groups are.
        """
        if name in self.sets:
            return self.sets[name].members
        if name in self.entries:
            return (self.entries[name],)
        found = [entry for entry in self.entries.values() if entry.name == name]
        if len(found) > 1:
            keys = ", ".join(entry.key for entry in found)
            raise ValueError(f"{name!r} is the name of several matrices: {keys}")
        if not found:
            raise ValueError(self._unknown(name))
        return (found[0],)

    def _unknown(self, name: str) -> str:
        known = {n.casefold(): n for n in (*self.sets, *self.entries)}
        known |= {entry.name.casefold(): entry.name for entry in self.entries.values()}
        close = [known[n] for n in get_close_matches(name.casefold(), known, n=3)]
        hint = f"did you mean {' or '.join(close)}?" if close else "the sets are: "
        if not close:
            hint += ", ".join(self.sets)
        return f"no matrix or set is called {name!r}; {hint}"


@cache
def built_in() -> Registry:
    """Return the registry that comes with the package."""
    return read_registry(sorted(FOLDER.glob("*.toml")))


def entries_of(word: str) -> tuple[Entry, ...]:
    """Return the members of the ``.toml`` file of that path, or what `Registry.named` returns.

    Raises
    ------
    ValueError
        Nothing is called that, or the file is wrong.
    FileNotFoundError
        The file does not exist.
    """
    path = Path(word)
    return set_in_file(path).members if path.suffix == ".toml" else built_in().named(word)


def set_in_file(path: Path) -> MatrixSet:
    """Return the set in a file of the user's, whose members may be entries of the registry.

    Raises
    ------
    ValueError
        The file is wrong or has no members.
    """
    registry = read_registry([*sorted(FOLDER.glob("*.toml")), path])
    if path.stem not in registry.sets or "members" not in _document(path):
        raise ValueError(f"{path}: has no members")
    return registry.sets[path.stem]


def read_registry(paths: list[Path]) -> Registry:
    """Read data files; each may hold entries, and a set that is called as the file.

    Parameters
    ----------
    paths : list of Path
        TOML files. ``matrices`` is a list of entries (the attributes of `Entry`); ``members`` is a
        list of ``Group/name`` of entries in any of the files, ``description`` says what unites
        them.

    Raises
    ------
    ValueError
        A file is wrong; the message begins with its path.
    """
    registry = Registry()
    documents = {path: _document(path) for path in paths}
    for path, document in documents.items():
        for number, row in enumerate(document.get("matrices", []), 1):
            entry = _entry(row, f"{path}: matrix {number}")
            if entry.key in registry.entries:
                raise ValueError(f"{path}: {entry.key} is described twice")
            registry.entries[entry.key] = entry
    for path, document in documents.items():
        if "members" in document:
            registry.sets[path.stem] = _matrix_set(path, document, registry.entries)
    return registry


def _document(path: Path) -> dict[str, Any]:
    try:
        with open(path, "rb") as stream:
            document = tomllib.load(stream)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: not a TOML file: {error}") from error
    _known_only(document, ("description", "members", "matrices"), str(path))
    for key in ("members", "matrices"):
        if not isinstance(document.get(key, []), list):
            raise ValueError(f"{path}: {key} must be a list")
    return document


def _known_only(table: dict[str, Any], known: tuple[str, ...], where: str) -> None:
    if unknown := sorted(table.keys() - set(known)):
        raise ValueError(
            f"{where}: unknown key {unknown[0]!r}, expected some of {', '.join(known)}"
        )


def _entry(row: Any, where: str) -> Entry:
    if not isinstance(row, dict):
        raise ValueError(f"{where}: expected a table, got {row!r}")
    _known_only(row, (*_TEXTS, *_COUNTS, "verified"), where)
    for key in _TEXTS:
        if not isinstance(row.get(key), str) or not row[key]:
            raise ValueError(f"{where}: {key} must be a text, got {row.get(key)!r}")
    for key in ("group", "name"):
        # They become parts of an address and of a path.
        if not all(c.isascii() and (c.isalnum() or c in "_-+.") for c in row[key]) or set(
            row[key]
        ) <= {"."}:
            raise ValueError(f"{where}: {key} may have letters, digits and _-+. only")
    verified = row.get("verified", True)
    if not isinstance(verified, bool):
        raise ValueError(f"{where}: verified must be true or false, got {verified!r}")
    for key in _COUNTS:
        count = row.get(key)
        if count is None and not verified:
            continue
        if not isinstance(count, int) or isinstance(count, bool) or count < 0:
            raise ValueError(f"{where}: {key} must be a whole number, got {count!r}")
    return Entry(**row)


def _matrix_set(path: Path, document: dict[str, Any], entries: dict[str, Entry]) -> MatrixSet:
    description = document.get("description")
    if not isinstance(description, str) or not description:
        raise ValueError(f"{path}: a set needs a description")
    members = document["members"]
    for key in members:
        if key not in entries:
            raise ValueError(f"{path}: no file describes the member {key!r}")
    if len(set(members)) != len(members):
        twice = next(key for key in members if members.count(key) > 1)
        raise ValueError(f"{path}: {twice} is a member twice")
    return MatrixSet(path.stem, description, tuple(entries[key] for key in members))
