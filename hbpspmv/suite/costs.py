"""What our format costs to build, against the products and the builds of the peers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hbpspmv.suite.mean import geometric_mean

if TYPE_CHECKING:
    from hbpspmv.suite.results import Run

# The product that everyone has: on the CPU, on a CUDA device.
BASES = ("scipy", "cusparse_alg1")


@dataclass(frozen=True)
class BuildCosts:
    """Geometric means over the matrices of a run.

    Attributes
    ----------
    in_products : float or None
        Our build time in products of SciPy, on a device of cuSPARSE's CSR ALG1.
    break_even : float or None
        Products after which our build has paid against these, where it ever does.
    never : int
        Matrices where it never does.
    against_builds : dict of str to float
        Our build time over that of each peer that has one.
    """

    in_products: float | None
    break_even: float | None
    never: int
    against_builds: dict[str, float]


def base(run: Run) -> str | None:
    """Return the name of the contender that builds are weighed against, if it takes part."""
    return next((name for name in BASES if name in run.contenders), None)


def build_costs(run: Run) -> BuildCosts:
    """Return what the builds cost."""
    products, calls, never = [], [], 0
    base_name = base(run) or ""
    builds: dict[str, list[float]] = {}
    for m in run.matrices:
        ours = m.measurements[run.ours]
        if ours.build_seconds is None or ours.seconds is None:
            continue
        for name, peer in m.measurements.items():
            if name != run.ours and run.contenders[name]["has_build"] and peer.build_seconds:
                builds.setdefault(name, []).append(ours.build_seconds / peer.build_seconds)
        other = m.measurements.get(base_name)
        if other is None or other.seconds is None:
            continue
        products.append(ours.build_seconds / other.seconds)
        if other.seconds > ours.seconds:
            calls.append(ours.build_seconds / (other.seconds - ours.seconds))
        else:
            never += 1
    against = {name: mean for name, r in builds.items() if (mean := geometric_mean(r)) is not None}
    return BuildCosts(geometric_mean(products), geometric_mean(calls), never, against)


def costs_line(run: Run) -> str:
    """Return one line about the builds for people, or "" when nothing is known."""
    costs = build_costs(run)
    name = base(run)
    title = run.title(name) if name else ""
    parts = []
    if costs.in_products is not None:
        parts.append(f"{costs.in_products:.2f} {title} products")
    if costs.break_even is not None:
        never = f" (never on {costs.never} matrices)" if costs.never else ""
        parts.append(f"paid against {title} after {costs.break_even:.2f} calls{never}")
    parts += [f"{r:.2f} {run.title(name)} builds" for name, r in costs.against_builds.items()]
    return f"HBP build, geometric means: {', '.join(parts)}" if parts else ""
