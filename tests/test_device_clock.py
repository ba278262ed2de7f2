"""The clock of a device: events, inputs that are not in its L2 cache, the measured copy."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from fake_cupy import FakeGpu
from suite_contenders import roster_of

from hbpspmv.suite.bench import Settings, run_bench
from hbpspmv.suite.columns import roofline_columns
from hbpspmv.suite.costs import build_costs, costs_line
from hbpspmv.suite.device_clock import DeviceClock, measure_device
from hbpspmv.suite.generators import laplacian_2d, rmat
from hbpspmv.suite.measure import measure_matrix, prepare
from hbpspmv.suite.output import write_results
from hbpspmv.suite.peers.scipy_csr import ScipyCsr
from hbpspmv.suite.sources import Source
from hbpspmv.suite.text import machine_lines, markdown, plain_table, settings_line
from hbpspmv.suite.timing import Schedule, time_in_rounds

FAST = Schedule(
    budget_seconds=0.0, min_rounds=2, max_rounds=2, max_products=4, turn_seconds=0, pause_seconds=0
)


def test_events_enclose_each_product_alone_and_nothing_waits_in_between():
    gpu = FakeGpu()
    clock = DeviceClock(gpu)
    times = clock.turn(gpu.product("a", 0.25), 3, clock.flush)
    read = ("read", clock.flush_bytes)
    assert gpu.log == ["a", *[read, "event", "a", "event"] * 3, "wait"]
    assert times == [250_001_000] * 3


@pytest.mark.parametrize("l2_bytes", [0, 4 << 20, 50 << 20, 512 << 20])
def test_what_is_read_between_two_products_exceeds_the_l2_cache(l2_bytes):
    gpu = FakeGpu(l2_bytes)
    clock = DeviceClock(gpu)
    time_in_rounds([gpu.product("a", 1e-3), gpu.product("b", 1e-3)], FAST, clock.flush, clock)
    # Estimates come first, of both products and of the flush; then two rounds of two turns.
    turns = [list(turn) for wait, turn in itertools.groupby(gpu.log, lambda e: e == "wait")][::2]
    assert len(turns) == 3 + 4
    for turn in turns[3:]:
        _warm_up, *rest = turn
        assert len(rest) == 4 * 4
        for read, start, product, end in zip(*[iter(rest)] * 4, strict=True):
            assert (start, end) == ("event", "event")
            assert product in ("a", "b")
            assert read[0] == "read"
            assert read[1] >= 4 * l2_bytes
            assert read[1] > 0


def test_vectors_rotate_among_copies_that_exceed_the_l2_cache():
    clock = DeviceClock(FakeGpu(l2_bytes=50 << 20))
    assert clock.copies(10 << 20) * (10 << 20) > 50 << 20
    assert clock.copies(1 << 30) == 2
    assert clock.copies(0) == clock.copies(100) == 8  # the flush sees to the rest


class OnGpu(ScipyCsr):
    """Takes time on the made-up device only."""

    name, title, has_build = "on_gpu", "On GPU", True
    gpu = FakeGpu()
    seconds = 1e-3
    uploads, calls = 0, 0

    def __init__(self, matrix, num_threads):
        self._matrix = matrix["uploaded"]

    @classmethod
    def upload(cls, matrix):
        cls.uploads += 1
        return {"uploaded": matrix}

    def place(self, x, y):
        return {"x": x.copy()}, {"y": y.copy()}

    def multiply(self, x, y):
        type(self).calls += 1
        self.gpu.log.append((self.name, id(x["x"]), id(y["y"])))
        self.gpu.now += self.seconds
        y["y"][:] = self._matrix @ x["x"]
        return y

    def fetch(self, y):
        return y["y"]


class Base(OnGpu):
    """Takes three times as long, under the name that builds are weighed against."""

    name, title, seconds = "cusparse_alg1", "cuSPARSE CSR ALG1", 3e-3


class WrongOnGpu(OnGpu):
    """Is off in one row."""

    name = "wrong"

    def multiply(self, x, y):
        super().multiply(x, y)["y"][3] += 1
        return y


def test_a_wrong_answer_is_not_timed_and_the_matrix_is_uploaded_once():
    gpu = OnGpu.gpu = FakeGpu(l2_bytes=1 << 20)
    WrongOnGpu.calls = WrongOnGpu.uploads = OnGpu.calls = OnGpu.uploads = 0
    clock = DeviceClock(gpu)
    matrix = prepare(rmat(9), "float64")
    measured = measure_matrix(matrix, [OnGpu, WrongOnGpu], 1, FAST, flush=clock.flush, clock=clock)
    assert (measured["wrong"].status, measured["wrong"].seconds) == ("wrong", None)
    assert WrongOnGpu.calls == WrongOnGpu.uploads == 1
    assert OnGpu.uploads == 1
    assert measured["on_gpu"].seconds == pytest.approx(1e-3, rel=0.01)
    timed = [e for e in gpu.log if e[0] == "on_gpu"][1:]  # after the check
    assert len(set(timed)) == clock.copies(2 * 512 * 8) == 8
    assert all(one != other for one, other in itertools.pairwise(timed))


def test_a_copy_counts_bytes_read_and_written_and_fits_into_the_memory():
    facts = measure_device(FakeGpu())
    assert facts["copy_nbytes"] == 1 << 30
    assert facts["copy_bandwidth"] == pytest.approx(1e9, rel=1e-5)
    assert facts["name"] == "Made-up GPU"
    assert measure_device(FakeGpu(free=1 << 20))["copy_nbytes"] == 1 << 18


@pytest.fixture
def run():
    OnGpu.gpu = FakeGpu()
    lines = []

    class Listener:
        def step(self, matrix, step):
            pass

        def finished(self, result, line):
            lines.append(line)

    grid = Source("grid", "kind", "grid", lambda: laplacian_2d(40))
    settings = Settings(quick=True, device="cuda")
    run = run_bench([grid], roster_of(OnGpu, Base), settings, Listener(), gpu=OnGpu.gpu)
    assert lines == ["grid: 1,600 x 1,600, 7,840 nonzeros: On GPU 0.02 GFLOP/s, "
                     "cuSPARSE CSR ALG1 x3.00"]  # fmt: skip
    return run


def test_products_are_held_against_the_copy_and_not_against_the_cpu(run):
    assert run.complete
    assert run.ceilings == []
    assert run.call_overhead == {}
    ours = run.matrices[0].measurements["on_gpu"]
    nbytes = 7840 * 12 + 1601 * 4 + 2 * 1600 * 8
    assert ours.gbytes_per_second == pytest.approx(nbytes / 1e-3 / 1e9, rel=0.01)
    share = nbytes / 1e-3 / run.device["copy_bandwidth"]
    assert ours.bandwidth_share == pytest.approx(share, rel=0.01)
    table = plain_table(run, roofline_columns(run))
    assert "% of bw" in table
    assert "bound" not in table


def test_builds_are_weighed_against_products_of_cusparse(run):
    measured = run.matrices[0].measurements
    measured["on_gpu"].build_seconds, measured["cusparse_alg1"].build_seconds = 0.3, 0.03
    measured["on_gpu"].seconds, measured["cusparse_alg1"].seconds = 1e-3, 3e-3
    costs = build_costs(run)
    assert costs.in_products == pytest.approx(100)
    assert costs.break_even == pytest.approx(150)
    assert costs_line(run) == (
        "HBP build, geometric means: 100.00 cuSPARSE CSR ALG1 products, paid against cuSPARSE CSR "
        "ALG1 after 150.00 calls, 10.00 cuSPARSE CSR ALG1 builds"
    )


def test_texts_tell_of_the_device(run, tmp_path):
    run.matrices[0].measurements["cusparse_alg1"].remark = "without preprocess"
    assert settings_line(run).startswith("float64, Made-up GPU, L2 flushed; On GPU ")
    line = "Made-up GPU, 8 GiB memory, L2 40 MiB; a copy of 1 GiB reads and writes 1.0 GB/s"
    assert line in machine_lines(run)
    document = markdown(run)
    for text in (f"- {line}", "## Bandwidth", "two CUDA events", "ALG1: without preprocess"):
        assert text in document
    assert "Roofline" not in document
    written, notes = write_results(run, tmp_path)
    assert tmp_path / "results.json" in written
    assert any("roofline.png: " in note for note in notes)


def test_builds_are_timed_when_the_device_has_finished():
    gpu = FakeGpu()
    DeviceClock(gpu).now()
    assert gpu.log == ["wait"]
    assert np.isfinite(DeviceClock(gpu).now())
