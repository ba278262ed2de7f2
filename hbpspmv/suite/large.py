"""The table of large matrices: a hundred million nonzeros and more, which no cache holds."""

from __future__ import annotations

from functools import partial

from hbpspmv.suite import generators as g
from hbpspmv.suite.sources import Source


def large_sources() -> list[Source]:
    """Return the large matrices: a power-law graph, finite elements, two stencils."""
    return [
        Source("rmat-22", "power-law graph", "generated", partial(g.rmat, 22)),
        Source(
            "elasticity-76", "FEM, dense 3 x 3 blocks", "generated", partial(g.elasticity_3d, 76)
        ),
        Source(
            "diffusion3d-256",
            "3D stencil, 7 points, random coefficients",
            "generated",
            partial(g.diffusion_3d, 256),
        ),
        Source("laplace3d-256", "3D stencil, 7 points", "generated", partial(g.laplacian_3d, 256)),
    ]
