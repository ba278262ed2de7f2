"""Who takes part in a run: the contenders asked for, less those that are not installed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hbpspmv.suite.peers import OURS, PEERS, Contender
from hbpspmv.suite.peers.from_file import load_peer


@dataclass
class Roster:
    """The contenders of a run, ours first, and one line about each that is missing."""

    contenders: list[type[Contender]]
    versions: dict[str, str]
    missing: list[str] = field(default_factory=list)

    def describe(self) -> dict[str, dict[str, Any]]:
        """Return title, version and doc line of every contender, for the result files."""
        return {
            c.name: {
                "title": c.title,
                "version": self.versions[c.name],
                "method": (c.__doc__ or "").strip().splitlines()[0],
                "has_build": c.has_build,
            }
            for c in self.contenders
        }


def assemble(
    names: Sequence[str] | None,
    peers: Sequence[type[Contender]] = PEERS,
    ours: type[Contender] | None = OURS,
) -> Roster:
    """Return the roster for the peers called `names`.

    Parameters
    ----------
    names : sequence of str or None
        Peers that must take part; None for all that are installed. What ends in ``.py`` is a file
        that defines a peer.
    peers : sequence of Contender classes, optional
        Whom the names are looked up in.
    ours : Contender class or None, optional
        Who takes part in any case, first.

    Raises
    ------
    ValueError
        No peer has that name, or two have the same.
    ImportError
        A peer asked for by name is not installed.
    """
    if names is not None:
        own = [load_peer(Path(name)) for name in names if name.endswith(".py")]
        peers = (*peers, *own)
        names = [*(name for name in names if not name.endswith(".py")), *(p.name for p in own)]
    known = {peer.name: peer for peer in peers}
    if len(known) < len(peers) or (ours is not None and ours.name in known):
        raise ValueError(f"two contenders have the same name: {', '.join(p.name for p in peers)}")
    for name in names or ():
        if name not in known:
            raise ValueError(f"unknown peer {name!r}, expected some of {', '.join(known)}")
    roster = Roster([ours], {ours.name: ours.version()}) if ours else Roster([], {})
    for peer in peers:
        if names is not None and peer.name not in names:
            continue
        try:
            roster.versions[peer.name] = peer.version()
        except (ImportError, OSError) as error:
            line = f"{peer.title} is not installed; to compare with it: {peer.install}"
            if names is not None:
                raise ImportError(f"{line} ({error})") from error
            roster.missing.append(line)
        else:
            roster.contenders.append(peer)
    return roster
