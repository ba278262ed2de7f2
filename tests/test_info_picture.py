"""``hbpspmv info --out``: what is drawn of a plan agrees with what the plan says of itself."""

from __future__ import annotations

import builtins

import numpy as np
import pytest
from arrays import as_array
from matrices import CASES, one_case
from scipy.sparse import csr_array, save_npz

from hbpspmv import Geometry
from hbpspmv.cli import main
from hbpspmv.suite.generators import rmat
from hbpspmv.suite.plan_picture import plan_png
from hbpspmv.suite.plan_rows import plan_arrays, plan_rows, thread_loads
from hbpspmv.suite.spy import density_grid, levels

GEOMETRY = Geometry(block_rows=256, block_cols=1000, lanes=8)


def plan_of(name, geometry=GEOMETRY):
    matrix = as_array(one_case(name).astype("float64"))
    return matrix, matrix.plan(geometry=geometry)


@pytest.mark.parametrize("name", CASES)
def test_rows_of_a_plan_are_those_of_the_matrix(name):
    matrix, plan = plan_of(name)
    arrays = plan_arrays(plan)
    rows = plan_rows(arrays, plan.geometry.lanes)
    # Every entry is in one row of one block.
    first = arrays["row_block_ptr"][arrays["block_row_block"]][rows.block]
    lengths = np.bincount(first + rows.row, rows.length, minlength=matrix.shape[0])
    np.testing.assert_array_equal(lengths, np.diff(matrix.indptr))
    within = np.bincount(rows.block, rows.length, minlength=len(arrays["block_n_elements"]))
    np.testing.assert_array_equal(within, arrays["block_n_elements"])
    # What the core reports of the same rows, computed there in another way.
    info = plan.info(measure_break_even=False)
    assert int(rows.long.sum()) == info["long_rows"]
    for spreads, key in ((rows.spreads_before(), "before"), (rows.spreads_after(), "after")):
        mean = spreads.mean() if spreads.size else 0.0
        assert mean == pytest.approx(info[f"length_spread_{key}"], abs=1e-12)


def test_rows_of_one_block_are_cut_out():
    _, plan = plan_of("power_law")
    arrays = plan_arrays(plan)
    rows = plan_rows(arrays, 8)
    last = len(arrays["block_n_elements"]) - 1
    for block in (0, last):
        own = rows.of_block(block)
        assert own.length.sum() == arrays["block_n_elements"][block]
        assert set(own.block.tolist()) == {block}


@pytest.mark.parametrize("threads", [1, 2, 3, 7])
def test_loads_add_up_and_follow_the_cost(threads):
    even = np.arange(0, 4201)
    np.testing.assert_allclose(thread_loads(even, threads), 1, atol=0.01)
    skewed = np.array([0, 10, 10, 900, 1000])
    assert thread_loads(skewed, threads).sum() == pytest.approx(threads)
    one = thread_loads(np.array([0, 5]), threads)
    assert sorted(one.tolist()) == [0.0] * (threads - 1) + [threads]
    assert thread_loads(np.zeros(1, np.int64), threads).tolist() == [0.0] * threads


@pytest.mark.parametrize("size", [1, 7, 64, 700])
def test_grid_counts_every_entry_where_it_lies(size, monkeypatch):
    monkeypatch.setattr("hbpspmv.suite.spy._CHUNK", 1000)
    matrix = as_array(one_case("power_law_scattered").astype("float64"), csr_array)
    rows, cols = matrix.shape
    counts = density_grid(matrix, size)
    assert counts.sum() == matrix.nnz
    assert max(counts.shape) == min(size, max(rows, cols))
    coordinates = matrix.tocoo().coords
    height, width = counts.shape
    places = (coordinates[0] * height // rows, coordinates[1] * width // cols)
    expected = np.zeros_like(counts)
    np.add.at(expected, places, 1)
    np.testing.assert_array_equal(counts, expected)


@pytest.mark.parametrize("shape", [(0, 0), (0, 4), (4, 0), (1, 1000), (1000, 1)])
def test_grid_of_odd_shapes(shape):
    counts = density_grid(csr_array(shape), 16)
    assert counts.sum() == 0
    assert counts.shape == tuple(min(n, 16 if n == max(shape) else 4) for n in shape)


def test_levels_tell_one_entry_from_none_and_rise_with_the_count():
    counts = np.array([[0, 1, 10], [100, 1000, 100_000]])
    shown = levels(counts).ravel()
    assert (shown[0], shown[-1]) == (0, 9)
    assert shown[1] >= 1
    assert np.all(np.diff(shown.astype(int)) >= 0)
    assert levels(np.zeros((2, 2), np.int64)).tolist() == [[0, 0], [0, 0]]


# ---- the picture -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["no_rows_no_columns", "all_rows_empty", "one_by_one", "one_row", "wide", "power_law"]
)
def test_every_plan_can_be_drawn(name):
    pytest.importorskip("matplotlib")
    matrix, plan = plan_of(name)
    assert plan.kernel == "hbp"
    assert plan_png(matrix, plan, name).startswith(b"\x89PNG\r\n\x1a\n")


def test_command_writes_one_picture_a_matrix(tmp_path, capsys):
    pytest.importorskip("matplotlib")
    save_npz(tmp_path / "graph.npz", rmat(10))
    save_npz(tmp_path / "tiny.npz", csr_array(np.eye(3)))
    for name, size in (("graph", 1500), ("tiny", 1000)):
        assert (
            main(["info", str(tmp_path / f"{name}.npz"), "--out", str(tmp_path / "deep/out")]) == 0
        )
        path = tmp_path / "deep" / "out" / f"{name}.png"
        assert f"written: {path}" in capsys.readouterr().out
        width = int.from_bytes(path.read_bytes()[16:20], "big")
        assert width >= size


def test_command_takes_a_matrix_by_its_name(capsys):
    assert main(["info", "mycielskian5"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("mycielskian5\n")
    assert "times an equal share" in out or "kernel          csr" in out


def test_missing_matplotlib_is_one_line_that_says_how_to_get_it(tmp_path, monkeypatch, capsys):
    save_npz(tmp_path / "tiny.npz", csr_array(np.eye(3)))
    original = builtins.__import__

    def without(name, *args, **kwargs):
        if name.startswith("matplotlib"):
            raise ImportError("No module named 'matplotlib'")
        return original(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    assert main(["info", str(tmp_path / "tiny.npz"), "--out", str(tmp_path / "out")]) == 1
    message = "hbpspmv: error: matplotlib is not installed; to get it: pip install matplotlib\n"
    assert capsys.readouterr().err == message
    assert not (tmp_path / "out").exists()
