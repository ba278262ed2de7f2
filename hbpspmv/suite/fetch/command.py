"""``hbpspmv fetch``: the arguments and what it does."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from hbpspmv.suite.arguments import memory_size

if TYPE_CHECKING:
    from hbpspmv.suite.registry import Entry

_INTERRUPTED = 130


def add_fetch(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.description = (
        "Bring matrices of the SuiteSparse Matrix Collection into the cache directory, from where"
        " bench and suite take them by name. Members that are defined by a construction are built"
        " and need no network. Without NAME: list the sets."
    )
    add = parser.add_argument
    add(
        "names",
        nargs="*",
        metavar="NAME|SET",
        help="a matrix (Group/name, or name), a set, or a .toml file that lists matrices",
    )
    add(
        "--max-size",
        type=memory_size,
        default="2G",
        metavar="SIZE",
        help="refuse larger downloads (default: %(default)s)",
    )
    add(
        "--download",
        action="store_true",
        help="download constructible members too: rows and columns in the collection's order",
    )
    add(
        "--matrices",
        type=Path,
        metavar="DIR",
        help="take archives (Group/name.tar.gz or name.tar.gz) from DIR where it has them",
    )


def run_fetch(options: argparse.Namespace) -> int:
    """Fetch what was asked for and return the exit status."""
    from hbpspmv.suite.fetch.get import Request, fetch
    from hbpspmv.suite.fetch.terminal import FetchTerminal

    if not options.names:
        print(*_list_of_sets(), sep="\n")
        return 0
    if options.matrices is not None and not options.matrices.is_dir():
        raise FileNotFoundError(f"{options.matrices}: no such directory")
    entries = _entries(options.names)
    terminal = FetchTerminal(len(entries))
    request = Request(options.max_size, options.download, options.matrices)
    try:
        with terminal.shown():
            outcome = fetch(entries, request, terminal)
    except KeyboardInterrupt:
        print("interrupted: what was fetched is kept, and the same command goes on from here")
        return _INTERRUPTED
    if outcome.no_download:
        print(*_local_choices(outcome.no_download), sep="\n")
    if outcome.failed:
        print(f"{len(outcome.failed)} of {len(entries)} matrices were not fetched")
    return 1 if outcome.failed else 0


def _entries(words: list[str]) -> list[Entry]:
    """Return what the words stand for, each matrix once."""
    from hbpspmv.suite import registry
    from hbpspmv.suite.sources import EMBEDDED_QUICK_SET, EMBEDDED_SET

    entries = {}
    for word in words:
        if word in (EMBEDDED_SET, EMBEDDED_QUICK_SET):
            print(f"{word}: generated when it is used, nothing to fetch")
        else:
            entries.update({entry.key: entry for entry in registry.entries_of(word)})
    return list(entries.values())


def _list_of_sets() -> list[str]:
    from hbpspmv.suite import registry
    from hbpspmv.suite.constructions import is_constructible
    from hbpspmv.suite.sources import EMBEDDED_QUICK_SET, EMBEDDED_SET
    from hbpspmv.suite.store import ENVIRONMENT, cache_folder, find_kept

    lines = [f"{'set':<15}{'matrices':>8}{'here':>6}{'built':>7}  "]
    for name, matrices in registry.built_in().sets.items():
        kept = [entry for entry in matrices.members if find_kept(entry)]
        built = [
            entry
            for entry in matrices.members
            if entry not in kept and is_constructible(entry.group, entry.name)
        ]
        lines.append(
            f"{name:<15}{len(matrices.members):>8}{len(kept):>6}{len(built):>7}"
            f"  {matrices.description}"
        )
    return [
        *lines,
        "here: in the cache directory; built: need no download",
        f"{EMBEDDED_SET}, {EMBEDDED_QUICK_SET}: generated, for bench and suite; nothing to fetch",
        f"cache directory: {cache_folder()} (${ENVIRONMENT} chooses another)",
    ]


def _local_choices(reason: str) -> list[str]:
    return [
        f"downloads do not work: {reason}",
        "without them:",
        "  hbpspmv fetch constructible         members that are built here",
        "  hbpspmv fetch NAME --matrices DIR   archives that were brought from elsewhere",
        "  hbpspmv bench DIR                   matrix files of your own",
        "  hbpspmv bench embedded              generated matrices",
    ]
