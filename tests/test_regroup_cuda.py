"""The preprocessing experiment on a GPU: its blocks, orders, cuts, ratings, clock."""

from types import SimpleNamespace

import numpy as np
import pytest
from matrices import CASES, one_case
from regroup_cuda_scripts import ROOT, measure, order_by_hash, scripts, skewed
from scipy.sparse import csr_array, random_array


@pytest.fixture(scope="module")
def experiment():
    with scripts() as modules:
        yield modules


# ---- the rows of blocks ------------------------------------------------------------------------


@pytest.mark.parametrize("name", CASES)
def test_rows_of_blocks_have_the_lengths_of_the_matrix(name, experiment):
    a = one_case(name)
    matrix = csr_array((a.data, a.indices, a.indptr), shape=a.shape)
    rows = experiment.block_rows.rows_of_blocks(matrix, 64, 100, 1 << 30)
    assert rows.padded.sum() == len(matrix.indices)
    assert rows.n_all == rows.n_blocks
    assert np.all(rows.length > 0)
    assert np.array_equal(rows.padded[rows.block, rows.row], rows.length)
    assert np.count_nonzero(rows.padded) == len(rows.row)
    expected = {}
    row = np.repeat(np.arange(a.shape[0]), np.diff(matrix.indptr))
    for i, j in zip(row.tolist(), matrix.indices.tolist(), strict=True):
        expected.setdefault((i // 64, j // 100), np.zeros(64, int))[i % 64] += 1
    assert len(expected) == rows.n_blocks
    for place, found in zip(sorted(expected), rows.padded, strict=True):
        assert np.array_equal(expected[place], found)


def test_blocks_beyond_the_limit_are_left_out_evenly(experiment):
    rows_of_blocks = experiment.block_rows.rows_of_blocks
    matrix = skewed()
    every = rows_of_blocks(matrix, 64, 100, 1 << 30)
    some = rows_of_blocks(matrix, 64, 100, 64 * 10)
    assert (some.n_all, some.n_blocks) == (every.n_blocks, 10)
    kept = np.arange(10) * every.n_blocks // 10
    assert np.array_equal(some.padded, every.padded[kept])
    assert rows_of_blocks(matrix, 64, 100, 1).n_blocks == 1
    assert np.array_equal(np.unique(some.block), np.arange(10))


def test_row_numbers_become_indices_of_the_rows(experiment):
    rows = experiment.block_rows.rows_of_blocks(skewed(), 64, 100, 1 << 30)
    order = rows.slot_of(order_by_hash(rows.padded))
    expected = np.lexsort((rows.row, np.minimum(rows.length, 128), rows.block))
    assert np.array_equal(order, expected)
    assert np.all(rows.slot_of(np.full(rows.padded.shape, 0xFFFF, np.uint16)) == -1)


# ---- checks ------------------------------------------------------------------------------------


def test_wrong_orders_are_refused(experiment):
    rows = experiment.block_rows.rows_of_blocks(skewed(), 64, 100, 1 << 30)
    check = experiment.order_quality.check_order
    by_length = np.lexsort((rows.row, rows.length, rows.block))
    by_hash = np.lexsort((rows.row, np.minimum(rows.length, 128), rows.block))
    check(rows, by_length, False, "sort")
    check(rows, by_hash, True, "hash")
    natural = np.arange(len(rows.row))
    twice = by_length.copy()
    twice[0] = twice[1]
    equal = np.flatnonzero(
        (np.diff(rows.length[by_length]) == 0) & (np.diff(rows.block[by_length]) == 0)
    )[0]
    unstable = by_length.copy()
    unstable[[equal, equal + 1]] = unstable[[equal + 1, equal]]
    wrong = {
        "rows in the order, expected": by_length[1:],
        "not each non-empty row once": twice,
        "not in their block's place": by_length[::-1],
        "a longer row comes before a shorter one": natural,
        "not in the order of the rows": unstable,
    }
    for message, order in wrong.items():
        with pytest.raises(ValueError, match=f"some method: .*{message}"):
            check(rows, order, False, "some method")


def test_long_row_is_that_of_the_kernels(experiment):
    text = (ROOT / "csrc" / "tuning.h").read_text("utf-8")
    assert f"long_row = {experiment.order_quality.LONG_ROW};" in text


# ---- ratings -----------------------------------------------------------------------------------


def test_padding_and_spread_of_groups(experiment):
    quality = experiment.order_quality
    # Groups (3, 5), (4), (1, 1): the last row of a block is a group of its own.
    rows = experiment.block_rows.BlockRows(
        4, 2, np.zeros((2, 4)), np.array([0, 0, 0, 1, 1]), np.arange(5), np.array([3, 5, 4, 1, 1])
    )
    found = quality.rate(rows, np.arange(5), 2)
    expected = {"elements": 14, "padded": 16, "groups": 3, "spread": 2}
    assert found["all"] == found["grouped"] == expected
    assert found["own"]["groups"] == 0
    own = quality.rate(rows, np.arange(5), 2, np.array([0, 3]))["own"]
    assert own == {"elements": 14, "padded": 17, "groups": 2, "spread": 2}


def test_long_rows_are_left_out_of_the_groups(experiment):
    rows = experiment.block_rows.BlockRows(
        4, 1, np.zeros((1, 4)), np.zeros(4, int), np.arange(4), np.array([1, 127, 128, 500])
    )
    found = experiment.order_quality.rate(rows, np.arange(4), 2)
    assert found["grouped"] == {"elements": 128, "padded": 254, "groups": 1, "spread": 126}
    assert found["all"]["padded"] == 254 + 1000


# ---- the dynamic program -----------------------------------------------------------------------


def least_cost(lengths, cost):
    """f of the program by its definition, over every row."""
    best = [0]
    for k in range(1, len(lengths) + 1):
        best.append(min(best[i] + (k - i) * lengths[k - 1] + cost for i in range(k)))
    return best[-1]


@pytest.mark.parametrize("table", [1, 1 << 22])
def test_group_cuts_cost_least(table, experiment, monkeypatch):
    monkeypatch.setattr(experiment.group_cuts, "_TABLE", table)
    rng = np.random.default_rng(2)
    lengths = [np.sort(rng.integers(1, most + 1, n)) for n, most in ((40, 9), (1, 3), (60, 200))]
    lengths += [np.full(20, 7), np.arange(1, 30)]
    block = np.repeat(np.arange(len(lengths)), [len(n) for n in lengths])
    length = np.concatenate(lengths).astype(np.uint32)
    for cost in (1, 8, 32, 10_000):
        cuts = experiment.group_cuts.group_cuts(block, length, cost)
        assert np.all(np.diff(cuts) > 0)
        ends = np.append(cuts[1:], len(length))
        assert np.array_equal(block[cuts], block[ends - 1])  # no group of two blocks
        for b, one in enumerate(lengths):
            mine = block[cuts] == b
            found = (ends - cuts)[mine] * length[ends - 1][mine].astype(int) + cost
            assert found.sum() == least_cost(one.tolist(), cost)
    assert len(cuts) == len(lengths)  # where a group costs much, each block is one


def test_no_rows_have_no_cuts(experiment):
    empty = np.zeros(0, np.uint32)
    assert len(experiment.group_cuts.group_cuts(empty, empty, 32)) == 0


# ---- keys --------------------------------------------------------------------------------------


def test_keys_hold_block_and_length(experiment):
    rows = experiment.block_rows.rows_of_blocks(skewed(), 64, 100, 1 << 30)
    key, shift = experiment.sorted_orders.length_keys(rows)
    assert key.dtype == np.uint32
    assert np.array_equal(key >> np.uint32(shift), rows.block)
    assert np.array_equal(key & np.uint32((1 << shift) - 1), rows.length)
    packed, index_bits = experiment.sorted_orders.packed_keys(rows)
    assert np.array_equal(packed & np.uint64((1 << index_bits) - 1), np.arange(len(key)))
    assert np.array_equal(packed >> np.uint64(index_bits), key)


def test_keys_get_wider_where_they_must(experiment):
    def rows(n_blocks, longest, n=2):
        block, length = np.array([0, n_blocks - 1]), np.array([1, longest])
        return SimpleNamespace(block=block, length=length, n_blocks=n_blocks)

    keys, packed = experiment.sorted_orders.length_keys, experiment.sorted_orders.packed_keys
    assert keys(rows(1 << 16, 65_535))[0].dtype == np.uint32
    key, shift = keys(rows(1 << 17, 65_535))
    assert (key.dtype, shift) == (np.uint64, 16)
    assert int(key[1]) == ((1 << 17) - 1 << 16) + 65_535
    assert packed(rows(1 << 47, 65_535)) is not None
    assert packed(rows(1 << 48, 65_535)) is None


# ---- one matrix --------------------------------------------------------------------------------


def test_all_methods_are_checked_rated_and_timed(experiment):
    found, calls = measure(experiment, skewed(), ("default", 128, 300, 32))
    methods = found["methods"]
    report = experiment.regroup_cuda_report
    assert list(methods) == [report.OURS, *report.METHODS]
    assert all(m["seconds"] == [1.0] * 3 for m in methods.values())
    assert len(calls) == 4 * 3 * 2
    for group in ("grouped", "all"):
        padded = {name: m[group]["padded"] for name, m in methods.items()}
        assert len({padded[m] for m in report.METHODS}) == 1
        assert padded["argsort"] <= padded["hash"] <= found["natural"][group]["padded"]
    # Below 128 entries the hash tells all lengths.
    assert methods["hash"]["grouped"] == methods["argsort"]["grouped"]
    assert methods["dynamic-program"]["own"]["groups"] > 0
    assert methods["hash"]["own"]["groups"] == 0


def test_a_wrong_kernel_is_not_timed(experiment):
    def natural(length):
        return np.tile(np.arange(length.shape[1], dtype=np.uint16), (len(length), 1))

    with pytest.raises(ValueError, match="paper: hash: "):
        measure(experiment, skewed(), kernel=natural)


def test_a_matrix_without_entries_is_left_out(experiment):
    assert measure(experiment, csr_array((700, 40)))[0] is None


def test_the_dynamic_program_has_its_own_padding_least_with_its_cost(experiment):
    found, _ = measure(experiment, random_array((600, 600), density=0.05, format="csr"))
    own, fixed = (found["methods"]["dynamic-program"][k] for k in ("own", "all"))
    assert own["elements"] == fixed["elements"]
    assert own["padded"] + 32 * own["groups"] <= fixed["padded"] + 32 * fixed["groups"]


# ---- the clock ---------------------------------------------------------------------------------


def test_rounds_rotate_and_have_an_untimed_call_first(experiment):
    clock_module = experiment.device_clock
    seen = []

    def clock(call, prepare):
        prepare()
        return call()

    def named(name, seconds):
        return (lambda: seen.append(name) or seconds), (lambda: seen.append("prepare"))

    calls = {"a": named("a", 1.0), "b": named("b", clock_module.TURN_SECONDS / 4)}
    seconds = clock_module.time_in_rounds(calls, clock, 3)
    assert seconds == {"a": [1.0] * 3, "b": [clock_module.TURN_SECONDS / 4] * 3}
    assert seen[::2] == ["prepare"] * (len(seen) // 2)
    a, b = ["a"] * 2, ["b"] * 5
    assert seen[1::2] == a + b + b + a + a + b


def test_seconds_are_those_between_the_events(experiment):
    log = []

    class Event:
        def record(self):
            log.append("event")

        def synchronize(self):
            log.append("wait")

    buffer = SimpleNamespace(fill=lambda value: log.append("flush"))
    cupy = SimpleNamespace(
        empty=lambda n, dtype: buffer,
        cuda=SimpleNamespace(Event=Event, get_elapsed_time=lambda begin, end: 2.5),
    )
    clock = experiment.device_clock.DeviceClock(cupy)
    assert clock(lambda: log.append("call"), lambda: log.append("prepare")) == 2.5e-3
    assert log == ["flush"] * 4 + ["prepare", "event", "call", "event", "wait"]
