"""The table of embedded matrices: what ``hbpspmv bench`` measures when it is given no file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hbpspmv.suite import generators as g
from hbpspmv.suite.constructions import construct

Recipe = Callable[[], Any]


@dataclass(frozen=True)
class Embedded:
    """A matrix that is built on the spot, in a full and in a small size."""

    name: str
    kind: str
    full: Recipe
    quick_name: str
    quick: Recipe


def _member(kind: str, full: str, quick: str) -> Embedded:
    return Embedded(full, kind, lambda: construct(full), quick, lambda: construct(quick))


EMBEDDED: tuple[Embedded, ...] = (
    Embedded("rmat-20", "power-law graph", lambda: g.rmat(20), "rmat-15", lambda: g.rmat(15)),
    Embedded(
        "laplace2d-1000",
        "2D stencil, 5 points",
        lambda: g.laplacian_2d(1000),
        "laplace2d-300",
        lambda: g.laplacian_2d(300),
    ),
    Embedded(
        "laplace3d-100",
        "3D stencil, 7 points",
        lambda: g.laplacian_3d(100),
        "laplace3d-40",
        lambda: g.laplacian_3d(40),
    ),
    Embedded(
        "hpcg-64",
        "3D stencil, 27 points",
        lambda: g.box_stencil_3d(64),
        "hpcg-24",
        lambda: g.box_stencil_3d(24),
    ),
    Embedded(
        "elasticity-36",
        "FEM, dense 3 x 3 blocks",
        lambda: g.elasticity_3d(36),
        "elasticity-14",
        lambda: g.elasticity_3d(14),
    ),
    Embedded(
        "circuit-300k",
        "circuit, dense rows",
        lambda: g.circuit(300_000),
        "circuit-60k",
        lambda: g.circuit(60_000),
    ),
    Embedded(
        "uniform-1m",
        "uniform random",
        lambda: g.uniform(1_000_000, 8),
        "uniform-100k",
        lambda: g.uniform(100_000, 8),
    ),
    Embedded(
        "hypersparse-4m",
        "fewer nonzeros than rows",
        lambda: g.hypersparse(4_000_000, 2_000_000),
        "hypersparse-400k",
        lambda: g.hypersparse(400_000, 200_000),
    ),
    Embedded(
        "banded-200k",
        "banded",
        lambda: g.banded(200_000, 15),
        "banded-20k",
        lambda: g.banded(20_000, 15),
    ),
    Embedded("dense-2000", "dense", lambda: g.dense(2000), "dense-600", lambda: g.dense(600)),
    Embedded(
        "lp-staircase-600k",
        "linear program, wide",
        lambda: g.staircase_lp(75, 1000),
        "lp-staircase-64k",
        lambda: g.staircase_lp(16, 500),
    ),
    Embedded(
        "long-rows-40",
        "few, very long rows",
        lambda: g.long_rows(40, 100_000, 0.4),
        "long-rows-25",
        lambda: g.long_rows(25, 20_000, 0.4),
    ),
    Embedded(
        "ratings-1m",
        "least squares, tall",
        lambda: g.least_squares(1_000_000, 30_000),
        "ratings-100k",
        lambda: g.least_squares(100_000, 3_000),
    ),
    _member("SuiteSparse: Mycielskian graph", "mycielskian15", "mycielskian11"),
    _member("SuiteSparse: chessboard complex", "ch8-8-b4", "ch7-8-b3"),
    _member("SuiteSparse: matching complex", "mk13-b5", "mk12-b4"),
    _member("SuiteSparse: block design", "bibd_20_10", "bibd_18_9"),
    _member("SuiteSparse: Trefethen", "Trefethen_20000", "Trefethen_20000"),
)
