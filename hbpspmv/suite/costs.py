"""What our format costs to build, against the products and the builds of the peers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hbpspmv.suite.mean import geometric_mean

if TYPE_CHECKING:
    from hbpspmv.suite.results import Run

BASE = "scipy"


@dataclass(frozen=True)
class BuildCosts:
    """Geometric means over the matrices of a run.

    Attributes
    ----------
    in_products : float or None
        Our build time in products of SciPy.
    break_even : float or None
        Products after which our build has paid against SciPy, where it ever does.
    never : int
        Matrices where it never does.
    against_builds : dict of str to float
        Our build time over that of each peer that has one.
    """

    in_products: float | None
    break_even: float | None
    never: int
    against_builds: dict[str, float]


def build_costs(run: Run) -> BuildCosts:
    """Return what the builds cost."""
    products, calls, never = [], [], 0
    builds: dict[str, list[float]] = {}
    for m in run.matrices:
        ours = m.measurements[run.ours]
        if ours.build_seconds is None or ours.seconds is None:
            continue
        for name, peer in m.measurements.items():
            if name != run.ours and run.contenders[name]["has_build"] and peer.build_seconds:
                builds.setdefault(name, []).append(ours.build_seconds / peer.build_seconds)
        base = m.measurements.get(BASE)
        if base is None or base.seconds is None:
            continue
        products.append(ours.build_seconds / base.seconds)
        if base.seconds > ours.seconds:
            calls.append(ours.build_seconds / (base.seconds - ours.seconds))
        else:
            never += 1
    against = {name: mean for name, r in builds.items() if (mean := geometric_mean(r)) is not None}
    return BuildCosts(geometric_mean(products), geometric_mean(calls), never, against)


def costs_line(run: Run) -> str:
    """Return one line about the builds for people, or "" when nothing is known."""
    costs = build_costs(run)
    parts = []
    if costs.in_products is not None:
        parts.append(f"{costs.in_products:.2f} SciPy products")
    if costs.break_even is not None:
        never = f" (never on {costs.never} matrices)" if costs.never else ""
        parts.append(f"paid against SciPy after {costs.break_even:.2f} calls{never}")
    parts += [f"{r:.2f} {run.title(name)} builds" for name, r in costs.against_builds.items()]
    return f"HBP build, geometric means: {', '.join(parts)}" if parts else ""
