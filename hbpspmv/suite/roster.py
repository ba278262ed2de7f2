"""Who takes part in a run: the contenders asked for, less those that are not installed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from hbpspmv.suite.peers import OURS, PEERS, Contender


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


def assemble(names: Sequence[str] | None, peers: Sequence[type[Contender]] = PEERS) -> Roster:
    """Return the roster for the peers called `names`.

    Parameters
    ----------
    names : sequence of str or None
        Peers that must take part; None for all that are installed.

    Raises
    ------
    ValueError
        No peer has that name.
    ImportError
        A peer asked for by name is not installed.
    """
    known = {peer.name: peer for peer in peers}
    for name in names or ():
        if name not in known:
            raise ValueError(f"unknown peer {name!r}, expected some of {', '.join(known)}")
    roster = Roster([OURS], {OURS.name: OURS.version()})
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
