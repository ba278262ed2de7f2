"""The cost model: predictions in clear cases, what it reads, that it depends on nothing else."""

import numpy as np
import pytest
import scipy.sparse

import hbpspmv
from hbpspmv import _hbpspmv_core as core
from hbpspmv import hbp_array
from hbpspmv._cost_model import choose_layout, sample
from hbpspmv._validate import csr_arrays

WHOLE = (65_536, 65_536, 8)


def arrays(S):
    S = scipy.sparse.csr_array(S)
    return csr_arrays(S.indptr, S.indices, S.data, S.shape)


def random_rows(n_rows, n_cols, per_row, seed=0):
    """Rows of `per_row` entries at random columns."""
    rng = np.random.default_rng(seed)
    indices = np.sort(rng.integers(n_cols, size=(n_rows, per_row)), axis=1).ravel()
    indptr = np.arange(n_rows + 1) * per_row
    return scipy.sparse.csr_array(
        (rng.random(indices.size), indices.astype(np.int32), indptr.astype(np.int32)),
        shape=(n_rows, n_cols),
    )


def sampled(S, dtype="float64"):
    return sample(arrays(S), np.dtype(dtype))


def seconds(S, geometry=WHOLE, threads=1, machine=None, dtype="float64"):
    return core.predict_seconds(sampled(S, dtype), geometry, threads, machine or {})


@pytest.mark.parametrize("geometry", [WHOLE, (512, 4096, 32), None], ids=["hbp", "paper", "csr"])
@pytest.mark.parametrize("threads", [1, 2, 7])
def test_more_entries_take_longer(geometry, threads):
    times = [
        seconds(random_rows(20_000, 20_000, n), geometry, threads) for n in (1, 2, 4, 16, 64, 200)
    ]
    assert times == sorted(times)
    assert times[-1] > 10 * times[0] > 0


def test_more_threads_are_faster_where_there_is_work():
    S = random_rows(20_000, 20_000, 20)
    for geometry in (WHOLE, None):
        assert seconds(S, geometry, 2) < 0.7 * seconds(S, geometry, 1)
    tiny = random_rows(100, 100, 3)
    assert seconds(tiny, WHOLE, 8) == seconds(tiny, WHOLE, 1)


def test_hbp_beats_csr_on_a_graph_and_on_a_stencil():
    stencil = scipy.sparse.diags_array(
        [np.ones(50_000)] * 3, offsets=[-1, 0, 1], shape=(50_000,) * 2
    )
    for S in (random_rows(100_000, 100_000, 10), stencil):
        assert seconds(S, WHOLE) < 0.7 * seconds(S, None)


def test_csr_beats_small_blocks_of_hypersparse_rows():
    S = random_rows(200_000, 1_000_000, 4)
    assert seconds(S, None) < seconds(S, (64, 256, 8))


def test_narrow_blocks_pay_where_long_random_rows_miss_l1():
    S = random_rows(18_000, 18_000, 85)
    assert seconds(S, (65_536, 4096, 8)) < 0.9 * seconds(S, WHOLE)
    plan = hbp_array(S).plan()
    assert plan.geometry == hbpspmv.Geometry(18_000, 4096, 8)


@pytest.mark.parametrize(
    "S",
    [
        random_rows(60_000, 60_000, 3),
        random_rows(3000, 3000, 40),
        scipy.sparse.diags_array(
            [np.ones(80_000)] * 5, offsets=[-300, -1, 0, 1, 300], shape=(80_000,) * 2
        ),
    ],
    ids=["short rows", "small", "stencil"],
)
def test_the_default_geometry_stays_without_a_clear_gain(S):
    layout = choose_layout(arrays(S), np.dtype("float64"))
    assert layout.geometry == hbpspmv.Geometry(*core.choose_geometry(*S.shape, 8))
    assert layout.prefer_csr == ""


@pytest.mark.parametrize(("per_row", "far", "wide"), [(5, 1, True), (5, 0, False), (12, 4, False)])
def test_short_rows_are_not_cut_into_many_more_slots(per_row, far, wide):
    # Of each row `far` entries lie in another column block than the others.
    n = 200_000
    rows = np.repeat(np.arange(n), per_row)
    columns = (rows // 32 * 32 + np.tile(np.arange(per_row), n)) % n
    columns = np.where(np.tile(np.arange(per_row), n) < far, (columns + 70_000) % n, columns)
    S = scipy.sparse.csr_array((np.ones(rows.size), (rows, columns)), shape=(n, n))
    geometry = choose_layout(arrays(S), np.dtype("float64")).geometry
    assert geometry.block_cols == (n if wide else 65_536)


def test_rows_are_not_cut_into_pieces_of_one_or_two_entries():
    # Four entries of a row, each in a column block of its own; side by side; in one block of all.
    rows = np.repeat(np.arange(50_000), 4)
    apart = np.tile(np.arange(4) * 100_000, 50_000) + rows
    for columns, wide in ((apart, True), (np.tile(np.arange(4), 50_000) + rows, False)):
        S = scipy.sparse.csr_array((np.ones(rows.size), (rows, columns)), shape=(50_000, 400_000))
        geometry = choose_layout(arrays(S), np.dtype("float64")).geometry
        assert geometry.block_cols == (400_000 if wide else 65_536)


def test_tiles_of_floats_come_in_groups_of_eight():
    points = random_rows(3_000, 3_000, 5)
    for tile, lanes in ((3, 8), (1, 16)):
        S = scipy.sparse.csr_array(scipy.sparse.kron(points, np.ones((tile, tile))))
        assert choose_layout(arrays(S), np.dtype("float32")).geometry.lanes == lanes
        assert choose_layout(arrays(S), np.dtype("float64")).geometry.lanes == 8


def test_floats_come_in_groups_of_eight_where_a_vector_has_eight_and_rows_are_not_short():
    diagonals = scipy.sparse.diags_array(
        [np.ones(9_000)] * 20, offsets=range(-10, 10), shape=(9_000, 9_000)
    )
    where_preferred = 8 if core.isa() == "avx2" else 16
    for S, lanes in (
        (random_rows(3_000, 3_000, 14), where_preferred),
        (random_rows(3_000, 3_000, 6), 16),
        (diagonals, 16),  # groups of sixteen store a column once for more rows
    ):
        assert choose_layout(arrays(S), np.dtype("float32")).geometry.lanes == lanes
        assert choose_layout(arrays(S), np.dtype("float64")).geometry.lanes == 8


@pytest.mark.parametrize("values", [[2.5], [1.0, -0.5, 3.0]], ids=["constant", "few"])
def test_groups_of_eight_floats_give_the_same_bits(values):
    S = scipy.sparse.csr_array(scipy.sparse.kron(random_rows(500, 500, 9), np.ones((3, 3))))
    S.data = np.resize(np.float32(values), S.nnz)
    x = np.random.default_rng(1).standard_normal(S.shape[1]).astype(np.float32)
    products = []
    for lanes in (8, 16, 32):
        A = hbp_array(S)
        A.plan(geometry=hbpspmv.Geometry(65_536, 65_536, lanes))
        products.append((A @ x).tobytes())
    assert products[0] == products[1] == products[2]


def test_csr_for_few_entries():
    layout = choose_layout(arrays(random_rows(33, 40, 3)), np.dtype("float64"))
    assert layout.prefer_csr == "it has 99 nonzeros, fewer than the 100 that repay a conversion"
    assert choose_layout(arrays(random_rows(50, 40, 2)), np.dtype("float64")).prefer_csr == ""


def test_the_reason_is_the_prediction():
    S = random_rows(20_000, 20_000, 10)
    plan = hbp_array(S).plan()
    layout = choose_layout(arrays(S), np.dtype("float64"))
    assert plan.reason == layout.reason
    assert f"{layout.csr_seconds / layout.hbp_seconds:.1f} times the speed of CSR" in plan.reason


def test_the_choice_ignores_values_threads_and_the_machine(monkeypatch):
    S = random_rows(18_000, 18_000, 85)
    ones = S.copy()
    ones.data[:] = 1
    before = choose_layout(arrays(S), np.dtype("float64"))
    assert choose_layout(arrays(ones), np.dtype("float64")) == before
    core.set_num_threads(7)
    assert choose_layout(arrays(S), np.dtype("float64")) == before
    # While the prediction of a time knows that ones are not read.
    assert seconds(ones) < seconds(S)


def test_a_bounded_sample():
    S = random_rows(50_000, 50_000, 200)
    figures = sampled(S).figures
    assert figures["rows_read"] == 256
    assert figures["entries_read"] == 256 * 32
    # Nothing else is read: all other entries may be anything.
    rows = np.arange(50_000)
    touched = scipy.sparse.csr_array(S)
    indices = touched.indices.copy()
    places = np.linspace(0, 50_000 - 8, 32)
    near = np.abs(rows[:, None] - places[None, :]).min(axis=1) < 64
    indices.reshape(50_000, 200)[~near] = -1
    other = scipy.sparse.csr_array(S.shape)
    other.indptr, other.indices, other.data = S.indptr, indices, S.data
    c = csr_arrays(other.indptr, other.indices, other.data, S.shape)
    assert sample(c, np.dtype("float64")).figures == figures


def test_the_sample_counts_what_is_there():
    figures = sampled(random_rows(10_000, 65_536, 6)).figures
    assert figures["filled_rows"] == 10_000
    assert figures["length_classes"] == 1
    assert figures["uneven_rows"] == figures["lone_entries"] == figures["long_share"][2] == 0
    assert figures["slots"][2] == 10_000
    # Six balls in 16 bins, six in four.
    assert figures["slots"][0] == pytest.approx(10_000 * 16 * (1 - (15 / 16) ** 6), rel=0.05)
    assert figures["slots"][1] == pytest.approx(10_000 * 4 * (1 - (3 / 4) ** 6), rel=0.05)
    assert figures["distinct_values"] == 9
    # Nothing repeats in the neighbours.
    assert figures["repeated"] == figures["shifted"] == 0
    assert figures["fresh"] > 0.9


def test_the_sample_sees_tiles_shifts_and_long_rows():
    tiles = scipy.sparse.kron(random_rows(3000, 3000, 7), np.ones((4, 1))).tocsr()
    assert sampled(tiles).figures["repeated"] == pytest.approx(3 / 4, abs=0.05)
    band = scipy.sparse.diags_array([np.ones(9000)] * 3, offsets=[0, 1, 2], shape=(9000, 9010))
    assert sampled(band).figures["shifted"] == 1
    assert sampled(random_rows(300, 4000, 500)).figures["long_share"][0] == 1


@pytest.mark.parametrize("shape", [(0, 0), (0, 5), (5, 0), (1, 1), (7, 3), (9, 200_000)], ids=str)
def test_small_and_empty_matrices(shape):
    empty = scipy.sparse.csr_array(shape)
    assert seconds(empty) > 0
    assert seconds(empty, None) > 0
    assert choose_layout(arrays(empty), np.dtype("float64")).prefer_csr != ""
    if 0 not in shape:
        full = scipy.sparse.csr_array(np.ones(shape))
        assert sampled(full).figures["rows_read"] <= shape[0]
        assert np.isfinite(seconds(full))


@pytest.mark.parametrize("bad", [-1, 5, 2**31 - 1, -(2**31)])
@pytest.mark.parametrize("which", ["indptr", "indices"])
def test_corrupt_arrays_are_not_trusted(which, bad):
    S = random_rows(300, 300, 5)
    getattr(S, which)[3::2] = bad
    nnz = 1500
    c = S.indptr, S.indices[:nnz], S.data[:nnz]
    for threads in (1, 2):
        s = core.sample_matrix(*c, 300, 300, 8, False)
        assert np.isfinite(core.predict_seconds(s, WHOLE, threads, {}))
        assert np.isfinite(core.predict_seconds(s, None, threads, {}))


def test_columns_beyond_32_bits():
    n_cols = 2**62
    rng = np.random.default_rng(3)
    indices = np.sort(rng.integers(n_cols, size=(100, 5)), axis=1).ravel()
    s = core.sample_matrix(np.arange(101) * 5, indices, rng.random(500), 100, n_cols, 8, False)
    assert s.figures["slots"][2] == 500
    assert np.isfinite(core.predict_seconds(s, WHOLE, 2, {}))
    assert np.isfinite(core.predict_seconds(s, None, 2, {}))


def test_bad_arguments():
    c = arrays(random_rows(30, 30, 5))
    s = sample(c, np.dtype("float64"))
    with pytest.raises(ValueError, match="num_threads must be positive"):
        core.predict_seconds(s, WHOLE, 0, {})
    with pytest.raises(ValueError, match="positive sizes"):
        core.predict_seconds(s, (0, 1, 8), 1, {})
    with pytest.raises(ValueError, match="no figure l9_read"):
        core.predict_seconds(s, WHOLE, 1, {"l9_read": 1.0})
    for value in (0.0, -1.0, float("nan")):
        with pytest.raises(ValueError, match="slot must be positive"):
            core.predict_seconds(s, WHOLE, 1, {"slot": value})
    with pytest.raises(ValueError, match="indptr has length 31, expected 32"):
        core.sample_matrix(*c[:3], 31, 30, 8, False)
    with pytest.raises(ValueError, match="data has length 149, expected 150"):
        core.sample_matrix(c.indptr, c.indices, c.data[:-1], 30, 30, 8, False)


def test_every_figure_of_the_machine_counts():
    """Each figure changes some prediction, and a slower machine is never predicted to be faster."""
    graph = random_rows(60_000, 4_000_000, 20)
    ragged = scipy.sparse.random_array((50_000, 50_000), density=3e-4, rng=1, format="csr")
    tiles = scipy.sparse.kron(random_rows(9000, 9000, 9), np.ones((4, 1))).tocsr()
    few = random_rows(30_000, 30_000, 9)
    few.data = np.arange(few.nnz) % 4 + 1.0
    long_rows = random_rows(200, 40_000, 2000)
    cases = [(sampled(S), g) for S in (graph, ragged, tiles, long_rows) for g in (WHOLE, None)]
    cases += [(sampled(few), (65_536, 65_536, 16)), (sampled(graph, "complex128"), WHOLE)]
    cases += [(sampled(random_rows(9000, 9000, 9)), WHOLE)]  # streams that L2 holds
    better_if_large = ("_bytes", "_rate", "x_share", "full")
    reads = ["l1_read", "l2_read", "l3_read", "memory_read"]
    machine = core.default_machine()
    for name, value in machine.items():
        factor = 0.5 if name.endswith(better_if_large) else 2.0
        slower = {name: value * factor}
        if name in reads:  # what is farther away cannot be nearer
            slower = {farther: 2 * machine[farther] for farther in reads[reads.index(name) :]}
        changes = [
            core.predict_seconds(s, g, 2, slower) / core.predict_seconds(s, g, 2, {})
            for s, g in cases
        ]
        assert max(changes) > 1 + 1e-4, name
        assert min(changes) >= 1 - 1e-12, name


def test_the_prediction_is_a_matter_of_microseconds():
    """Ten times the entries, the same sample: what is read does not grow with the matrix."""
    small, large = (sampled(random_rows(n, 50_000, 30)).figures for n in (5000, 50_000))
    assert small["entries_read"] == large["entries_read"] == 256 * 30
