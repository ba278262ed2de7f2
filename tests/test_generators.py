"""The embedded matrices: well formed, the same every time, and what their names say."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_array

from hbpspmv.suite import generators
from hbpspmv.suite.embedded import EMBEDDED


@pytest.mark.parametrize("embedded", EMBEDDED, ids=lambda e: e.quick_name)
def test_embedded_matrix_is_canonical_csr_and_reproducible(embedded):
    matrix, again = embedded.quick(), embedded.quick()
    matrix.check_format(full_check=True)
    assert matrix.has_canonical_format
    assert matrix.dtype == np.float64
    assert matrix.nnz > 10_000
    for name in ("indptr", "indices", "data"):
        np.testing.assert_array_equal(getattr(matrix, name), getattr(again, name))


def test_embedded_names_are_unique():
    names = [e.name for e in EMBEDDED]
    assert len(set(names)) == len(names)


def test_rmat_is_a_symmetric_graph_without_loops_and_skewed():
    graph = generators.rmat(11)
    pattern = csr_array((np.ones(graph.nnz), graph.indices, graph.indptr), shape=graph.shape)
    assert (pattern != pattern.T).nnz == 0
    assert not graph.diagonal().any()
    lengths = np.diff(graph.indptr)
    assert lengths.max() > 20 * lengths.mean()


@pytest.mark.parametrize(
    ("matrix", "longest"),
    [
        (generators.laplacian_2d(9), 5),
        (generators.laplacian_3d(6), 7),
        (generators.box_stencil_3d(6), 27),
    ],
    ids=["5-point", "7-point", "27-point"],
)
def test_stencil_is_symmetric_and_kills_constants_inside(matrix, longest):
    lengths = np.diff(matrix.indptr)
    assert lengths.max() == longest
    assert (matrix != matrix.T).nnz == 0
    inside = matrix @ np.ones(matrix.shape[1])
    np.testing.assert_array_equal(inside[lengths == longest], 0)


def test_diffusion_has_the_pattern_of_its_stencil_and_loses_the_same_everywhere():
    matrix = generators.diffusion_3d(6)
    assert (matrix != matrix.T).nnz == 0
    np.testing.assert_array_equal(matrix.indices, generators.laplacian_3d(6).indices)
    np.testing.assert_allclose(matrix @ np.ones(matrix.shape[1]), 1)
    flows = -matrix.data[matrix.data < 0]
    assert 0.5 < flows.min() < flows.max() < 1.5
    assert np.unique(flows).size == flows.size // 2  # each once in either direction


def test_elasticity_is_made_of_full_3_by_3_blocks():
    matrix = generators.elasticity_3d(4)
    assert matrix.tobsr(blocksize=(3, 3)).nnz == matrix.nnz


def test_circuit_has_a_full_diagonal_and_a_dense_row_and_column():
    matrix = generators.circuit(2000)
    assert matrix.diagonal().all()
    assert np.diff(matrix.indptr).max() >= 200
    assert np.bincount(matrix.indices).max() >= 200
    assert np.median(np.diff(matrix.indptr)) < 10


def test_banded_fills_its_band_and_nothing_else():
    matrix = generators.banded(50, 3).tocoo()
    assert matrix.nnz == 7 * 50 - 2 * (1 + 2 + 3)
    assert np.abs(matrix.row - matrix.col).max() == 3


def test_staircase_links_all_periods_in_its_last_rows():
    matrix = generators.staircase_lp(5, 20)
    assert matrix.shape == (104, 800)
    lengths = np.diff(matrix.indptr)
    assert lengths[-4:].min() > 3 * lengths[:-4].max()


def test_hypersparse_has_empty_rows():
    matrix = generators.hypersparse(1000, 500)
    assert (np.diff(matrix.indptr) == 0).sum() > 500


def test_other_shapes():
    assert generators.least_squares(300, 20).shape == (300, 20)
    assert generators.dense(7).nnz == 49
    rows = np.diff(generators.long_rows(5, 1000, 0.4).indptr)
    assert rows.size == 5
    assert rows.min() > 300
    assert np.diff(generators.uniform(1000, 8).indptr).mean() == pytest.approx(8, abs=0.2)
