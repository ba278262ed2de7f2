"""Constructed members of the collection: the sizes that it publishes, and what defines them."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from scipy.sparse.csgraph import connected_components

from hbpspmv.suite import registry
from hbpspmv.suite.complexes import disjoint_sets
from hbpspmv.suite.constructions import construct, is_constructible
from hbpspmv.suite.files import read_matrix
from hbpspmv.suite.networks import (
    butterfly,
    cube_connected,
    de_bruijn,
    shuffle_exchange,
    undirected,
)

# Larger ones are compared with the registry whenever they are built: see sources.load_entry.
TESTED_NNZ = 400_000
ENTRIES = [
    entry
    for entry in registry.built_in().entries.values()
    if is_constructible(entry.group, entry.name) and entry.nnz <= TESTED_NNZ
]


def test_every_construction_is_among_the_tested():
    starts = (
        "myc",
        "ch",
        "mk",
        "n2c6",
        "n3c",
        "bibd",
        "Tref",
        "bfly",
        "ccc",
        "cca",
        "se",
        "gr",
        "lap",
    )
    assert {s for s in starts if any(e.name.startswith(s) for e in ENTRIES)} == set(starts)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda e: e.name)
def test_construction_has_the_size_that_the_collection_gives(entry):
    matrix = construct(entry.name)
    assert (*matrix.shape, matrix.nnz) == (entry.rows, entry.cols, entry.nnz)
    assert matrix.has_canonical_format
    assert matrix.dtype == np.float64


@pytest.mark.parametrize(
    ("name", "norm", "rank"),
    [
        ("gr_30_30", 11.95906, 900),
        ("lap_25", 7.464102, 16),
        ("n3c6-b10", 3.872983, 615),
        ("ch5-5-b2", 3.872983, 176),
        ("mk9-b2", 4.242641, 343),
        ("bibd_12_5", 34.64102, 66),
        ("Trefethen_200b", 1223.372, 199),
    ],
)
def test_construction_has_the_norm_and_the_rank_that_the_collection_gives(name, norm, rank):
    matrix = construct(name)
    wide = matrix.T if matrix.shape[0] > matrix.shape[1] else matrix
    squares = np.linalg.eigvalsh((wide @ wide.T).toarray())
    assert squares[-1] ** 0.5 == pytest.approx(norm, rel=1e-6)
    assert (squares > 1e-9 * squares[-1]).sum() == rank


def test_mycielskian_graph_has_no_triangle():
    graph = construct("mycielskian6")
    assert (graph != graph.T).nnz == 0
    assert graph.multiply(graph @ graph).nnz == 0


@pytest.mark.parametrize(
    ("higher", "lower"),
    [
        ("ch5-5-b3", "ch5-5-b2"),
        ("mk9-b3", "mk9-b2"),
        ("n2c6-b7", "n2c6-b6"),
        ("n3c5-b3", "n3c5-b2"),
    ],
)
def test_the_boundary_of_a_boundary_is_zero(higher, lower):
    twice = construct(higher) @ construct(lower)
    twice.eliminate_zeros()
    assert twice.nnz == 0


def test_block_design_meets_every_pair_equally_often():
    design = construct("bibd_9_3")
    assert set(np.diff(design.indptr)) == {7}
    assert set(np.diff(design.tocsc().indptr)) == {3}


def test_trefethen_has_primes_on_its_diagonal():
    matrix = construct("Trefethen_20")
    np.testing.assert_array_equal(matrix.diagonal()[:8], [2, 3, 5, 7, 11, 13, 17, 19])
    off = matrix.tocoo()
    distance = np.abs(off.row - off.col)
    assert set(distance.tolist()) == {0, 1, 2, 4, 8, 16}


@pytest.mark.parametrize("name", ["mycielskian1", "nonesuch", "ch5-5", "xmk9-b2"])
def test_name_without_construction_is_an_error(name):
    with pytest.raises(ValueError, match=r"no construction|at least 2"):
        construct(name)


def test_disjoint_sets_are_all_of_them():
    # The six pairs of four points: three ways to take two that share no point.
    edges = [0b0011, 0b0101, 0b1001, 0b0110, 0b1010, 0b1100]
    faces = disjoint_sets(edges, 2)
    assert faces.tolist() == [[0, 5], [1, 4], [2, 3]]


@pytest.mark.skipif("HBPSPMV_MATRICES" not in os.environ, reason="HBPSPMV_MATRICES is not set")
@pytest.mark.parametrize("name", ["mycielskian15", "ch8-8-b4"])
def test_construction_matches_the_shared_file_up_to_order(name):
    path = Path(os.environ["HBPSPMV_MATRICES"]) / f"{name}.mtx.xz"
    if not path.exists():
        pytest.skip(f"{path.name} is not among the shared matrices")
    ours, theirs = construct(name), read_matrix(path)
    assert ours.shape == theirs.shape
    for one, other in ((ours, theirs), (ours.tocsc(), theirs.tocsc())):
        lengths = [np.sort(np.diff(matrix.indptr)) for matrix in (one, other)]
        np.testing.assert_array_equal(*lengths)
    np.testing.assert_array_equal(np.sort(ours.data), np.sort(theirs.data))


@pytest.mark.parametrize(
    ("graph", "degrees"),
    [
        (butterfly(4), {4}),
        (cube_connected(4, wrap=True), {3}),
        (cube_connected(4, wrap=False), {2, 3}),
        (de_bruijn(5), {2, 3, 4}),
        (shuffle_exchange(5), {1, 3}),
    ],
    ids=["butterfly", "cube-connected cycles", "cube-connected paths", "de Bruijn", "shuffle"],
)
def test_network_is_a_connected_simple_graph(graph, degrees):
    assert set(np.diff(graph.indptr).tolist()) == degrees
    assert (graph != graph.T).nnz == 0
    assert not graph.diagonal().any()
    assert set(graph.data) == {1.0}
    assert connected_components(graph)[0] == 1


def test_cube_connected_paths_have_the_published_number_of_edges():
    edges = [cube_connected(levels, wrap=False).nnz // 2 for levels in range(3, 9)]
    assert edges == [28, 80, 208, 512, 1216, 2816]


def test_repeated_edges_and_loops_are_dropped():
    first, second = np.array([0, 1, 1, 2]), np.array([1, 0, 1, 1])
    np.testing.assert_array_equal(
        undirected(3, (first, second)).toarray(), [[0, 1, 0], [1, 0, 1], [0, 1, 0]]
    )
