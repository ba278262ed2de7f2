"""The large matrices: their number of nonzeros by formula, the memory that making them takes."""

from __future__ import annotations

import math
import pickle
import tracemalloc

import pytest

from hbpspmv.suite.generators import diffusion_3d, elasticity_3d, laplacian_3d, rmat
from hbpspmv.suite.large import large_sources

EDGES = 16  # per vertex, of rmat


def stencil_nnz(side):
    """Seven points, less one for every node on each of the six faces."""
    return 7 * side**3 - 6 * side**2


def elasticity_nnz(side):
    """A line of nodes has 3 side - 2 neighbours in all; each is a block of 3 x 3."""
    return 9 * (3 * side - 2) ** 3


def rmat_nnz(scale):
    """The expected number of distinct entries off the diagonal, after drawing N edges.

    A place of the matrix is `scale` choices of a quadrant; one with d choices of the last quadrant
    and o of the two off the diagonal is drawn with p = 0.57^(scale - d - o) 0.19^o 0.05^d, and so
    is its mirror image. It has an entry if either was drawn in N draws.
    """
    count, total = EDGES << scale, 0.0
    for o in range(1, scale + 1):
        for d in range(scale - o + 1):
            p = 0.57 ** (scale - d - o) * 0.19**o * 0.05**d
            places = math.comb(scale, o) * math.comb(scale - o, d) * 2**o
            total -= places * math.expm1(2 * count * math.log1p(-p))
    return total


@pytest.mark.parametrize(
    ("generator", "formula", "sizes", "tolerance"),
    [
        (laplacian_3d, stencil_nnz, (3, 10, 17), 0),
        (diffusion_3d, stencil_nnz, (3, 10, 17), 0),
        (elasticity_3d, elasticity_nnz, (7, 10, 13), 0),
        (rmat, rmat_nnz, (10, 12, 14), 0.01),
    ],
    ids=["stencil", "diffusion", "elasticity", "rmat"],
)
def test_formula_counts_what_the_generator_makes(generator, formula, sizes, tolerance):
    for size in sizes:
        assert generator(size).nnz == pytest.approx(formula(size), rel=tolerance)


def test_large_matrices_have_a_hundred_million_nonzeros_and_indices_of_32_bits():
    formulas = {
        rmat: rmat_nnz,
        elasticity_3d: elasticity_nnz,
        diffusion_3d: stencil_nnz,
        laplacian_3d: stencil_nnz,
    }
    sources = large_sources()
    assert [s.load.func for s in sources] == list(formulas)
    for source in sources:
        (size,) = source.load.args
        assert source.name.endswith(f"-{size}")
        assert 100_000_000 < formulas[source.load.func](size) < 2**31
        pickle.dumps(source)


@pytest.mark.parametrize(
    ("generator", "size"), [(laplacian_3d, 40), (diffusion_3d, 40), (elasticity_3d, 14), (rmat, 14)]
)
def test_making_a_matrix_takes_at_most_64_bytes_a_nonzero(generator, size):
    tracemalloc.start()
    try:
        nnz = generator(size).nnz
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 64 * nnz
