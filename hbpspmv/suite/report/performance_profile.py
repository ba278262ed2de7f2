"""Dolan and More's performance profile: how often each contender is how near to the best."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence


def performance_profile(
    times: Sequence[Mapping[str, float | None]],
) -> dict[str, list[tuple[float, float]]]:
    """Return the steps of each contender's profile.

    Parameters
    ----------
    times : sequence of mapping
        For each matrix the time of every contender, or None where it has none: such a matrix
        counts as never solved. Matrices that nobody solved are left out.

    Returns
    -------
    dict of str to list of (float, float)
        For each contender the points (tau, rho): on a share rho of the matrices its time was at
        most tau times the best. The first point is at tau = 1.

    References
    ----------
    E. D. Dolan and J. J. More, Benchmarking optimization software with performance profiles,
    Mathematical Programming 91 (2002), 201-213.

    Examples
    --------
    >>> performance_profile([{"a": 1.0, "b": 2.0}, {"a": 3.0, "b": None}])
    {'a': [(1.0, 1.0)], 'b': [(1.0, 0.0), (2.0, 0.5)]}
    """
    solved = [row for row in times if any(t is not None for t in row.values())]
    names = list(dict.fromkeys(name for row in times for name in row))
    profile: dict[str, list[tuple[float, float]]] = {}
    for name in names:
        ratios = sorted(_ratio(row, name) for row in solved)
        steps: dict[float, float] = {1.0: 0.0}
        for count, ratio in enumerate(ratios, 1):
            if math.isfinite(ratio):
                steps[ratio] = count / len(solved)
        profile[name] = list(steps.items())
    return profile


def _ratio(row: Mapping[str, float | None], name: str) -> float:
    best = min(t for t in row.values() if t is not None)
    own = row.get(name)
    return math.inf if own is None else own / best
