"""The benchmark: what it computes from times, what it writes, and how a run goes on."""

from __future__ import annotations

import builtins
import csv
import io
import json

import pytest
from scipy.sparse import csr_array, save_npz

from hbpspmv.suite import machine
from hbpspmv.suite.bench import Settings, run_bench
from hbpspmv.suite.columns import fitting, roofline_columns, table_columns
from hbpspmv.suite.costs import build_costs, costs_line
from hbpspmv.suite.generators import laplacian_2d
from hbpspmv.suite.output import write_atomically, write_results
from hbpspmv.suite.results import MatrixResult, Measurement, Run, Summary
from hbpspmv.suite.roofline import Roofline
from hbpspmv.suite.roster import assemble
from hbpspmv.suite.sources import Source, embedded_sources, given_sources
from hbpspmv.suite.text import comma_separated, markdown, plain_summary, plain_table, remarks
from hbpspmv.suite.timing import QUICK

MACHINE = {
    "cpu": "Some CPU",
    "cpus": 2,
    "isa": "avx2",
    "l1d_bytes": 32768,
    "l2_bytes": 1 << 20,
    "l3_bytes": 1 << 25,
    "memory_bytes": 1 << 33,
}


class Quiet:
    """A listener that remembers."""

    def __init__(self):
        self.lines = []

    def step(self, matrix, step):
        pass

    def finished(self, result, line):
        self.lines.append(line)


def measurement(name, seconds, status="ok", **more):
    m = Measurement(name, status, matrix_nbytes=1200, build_seconds=0.25, **more)
    if seconds is not None:
        m.take_samples([[int(seconds * 1e9)] * 4] * 3, n_flops=200_000_000, nbytes=10**9)
    return m


def matrix_result(name, **seconds):
    measurements = {
        key: measurement(key, value) if value else measurement(key, None, "wrong", message="bad")
        for key, value in seconds.items()
    }
    return MatrixResult(name, "kind", "file", 30, 40, 100, "float64", 1600, 257, measurements)


def run_of(*matrices):
    titles = {"hbp": "HBP", "mkl": "oneMKL", "scipy": "SciPy"}
    return Run(
        machine=MACHINE,
        settings={"dtype": "float64", "threads": 2, "cold": False},
        contenders={
            name: {"title": title, "version": "1", "has_build": name != "scipy"}
            for name, title in titles.items()
        },
        missing=["Numba CSR is not installed; to compare with it: pip install numba"],
        complete=True,
        matrices=list(matrices),
    )


@pytest.fixture
def run():
    return run_of(
        matrix_result("small", hbp=0.2, mkl=0.1, scipy=0.4),
        matrix_result("large", hbp=0.1, mkl=0.4, scipy=0.8),
    )


# ---- results ---------------------------------------------------------------------------------


def test_rates_and_quartiles_come_from_all_samples():
    m = Measurement("hbp", "ok")
    m.take_samples([[1, 2, 3, 4], [5, 6, 7, 8]], n_flops=9, nbytes=18)
    assert m.seconds == pytest.approx(4.5e-9)
    assert (m.lower_quartile, m.upper_quartile) == pytest.approx((2.75e-9, 6.25e-9))
    assert (m.gflops, m.gbytes_per_second) == pytest.approx((2, 4))
    assert m.round_medians == pytest.approx([2.5e-9, 6.5e-9])
    assert m.n_samples == 8


def test_ratios_are_against_the_best_correct_peer():
    m = matrix_result("m", hbp=0.2, mkl=None, scipy=0.3)
    assert m.ratio("hbp", "scipy") == pytest.approx(1.5)
    assert m.ratio("hbp", "mkl") is None
    assert m.ratio("hbp", "nonesuch") is None
    assert m.best_peer("hbp") == "scipy"
    alone = matrix_result("m", hbp=0.2)
    assert alone.best_peer("hbp") is None
    assert alone.best_ratio("hbp") is None


def test_summaries_give_geometric_mean_extremes_and_losses(run):
    best, mkl, scipy = run.summaries()
    mean = pytest.approx(2**0.5)
    assert best == Summary("best peer", 2, mean, None, mean, 0.5, 4.0, 1, 0.0)
    assert (mkl.opponent, mkl.geometric_mean) == ("oneMKL", pytest.approx(2**0.5))
    assert (scipy.minimum, scipy.maximum, scipy.losses) == (2.0, 8.0, 0)
    assert [m.name for m in run.ranked()] == ["large", "small"]


def test_summaries_tell_repeating_values_from_distinct_ones(run):
    run.matrices[0].distinct_values = 3
    assert (run.summaries()[0].repeating, run.summaries()[0].distinct) == pytest.approx((0.5, 4))
    # Or where most blocks store codes: that many values may repeat within each block.
    run.matrices[1].measurements["hbp"].encodings = {"raw": 1, "constant": 2}
    assert run.summaries()[0].distinct is None
    run.matrices[1].measurements["hbp"].encodings = {"raw": 2, "constant": 2}
    assert run.summaries()[0].distinct == pytest.approx(4)


def test_noise_is_the_difference_between_the_halves_of_the_rounds():
    m = matrix_result("m", hbp=0.1, mkl=0.2)
    m.measurements["hbp"].round_medians = [1, 1, 2, 2, 2]
    m.measurements["mkl"].round_medians = [2, 2, 5, 5, 5]
    assert m.noise("hbp", "mkl") == pytest.approx(0.25)
    assert m.noise("hbp", "nonesuch") is None
    m.measurements["hbp"].round_medians = m.measurements["mkl"].round_medians = [1]
    assert m.noise("hbp", "mkl") is None


def test_builds_are_weighed_against_products_and_builds_of_the_peers(run):
    for m in run.matrices:
        m.measurements["mkl"].build_seconds = 0.5
    costs = build_costs(run)
    # 0.25 s each, and SciPy takes 0.4 and 0.8 s where HBP takes 0.2 and 0.1.
    assert costs.in_products == pytest.approx((0.25 / 0.4 * 0.25 / 0.8) ** 0.5)
    assert costs.break_even == pytest.approx((0.25 / 0.2 * 0.25 / 0.7) ** 0.5)
    assert (costs.never, costs.against_builds) == (0, {"mkl": pytest.approx(0.5)})
    assert "0.50 oneMKL builds" in costs_line(run)
    run.matrices[0].measurements["hbp"].seconds = 0.5
    assert build_costs(run).never == 1
    assert "(never on 1 matrices)" in costs_line(run)
    assert costs_line(run_of()) == ""


def test_wrong_products_are_kept_out_of_summaries_and_listed(run):
    run.matrices.append(matrix_result("odd", hbp=None, mkl=0.1, scipy=0.1))
    assert run.summaries()[0].count == 2
    assert [name for name, _ in run.wrong("hbp")] == ["odd"]
    assert "WRONG: HBP on odd: bad" in remarks(run)
    assert [m.name for m in run.ranked()][-1] == "odd"
    assert "WRONG" in plain_table(run, table_columns(run))


def test_tables_hold_every_figure(run):
    run.matrices[0].measurements["hbp"].take_bounds(Roofline(0.05, 0.01, 0.08))
    table, document = plain_table(run, table_columns(run)), markdown(run)
    for text in (table, document):
        for word in ("small", "large", "oneMKL", "GFLOP/s", "build ms", "250.0", "best", "4.00"):
            assert word in text
    for text in (plain_table(run, roofline_columns(run)), document):
        for word in ("small", "large", "GB/s", "% of bw", "25", "instructions 40 %"):
            assert word in text
    assert "| oneMKL GB/s |" in document
    # Headings of two lines stand above one rule, right above their columns.
    lines = table.splitlines()
    assert lines[0].endswith("x       x      x")
    assert lines[1].startswith("matrix")
    assert lines[1].endswith("best  oneMKL  SciPy")
    assert set(lines[2]) == {"-", " "}
    assert lines[3].startswith("large")
    assert "Some CPU, 2 CPUs, avx2, L1d 32 KiB, L2 1 MiB, L3 32 MiB, 8 GiB memory." in document
    assert "float64, 2 threads, warm caches; HBP 1, oneMKL 1, SciPy 1." in document
    assert "Numba CSR is not installed" in document
    summary = plain_summary(run).splitlines()[2].split()
    assert summary == ["best", "peer", "2", "1.41", "-", "1.41", "0.50", "4.00", "1", "0.0", "%"]
    widths = {line.count("|") for line in document.splitlines() if line.startswith("| ")}
    assert len(widths) == 3  # the summary's, the result table's and the roofline's


def test_disturbed_run_says_so(run):
    assert not any("warning" in line for line in remarks(run))
    run.busy_share = 0.5
    assert "warning: other processes used 50 % of the CPUs" in remarks(run)[-1]
    assert "other processes used 50 %" in markdown(run)


def test_busy_share_is_a_share_even_without_proc(monkeypatch):
    assert 0 <= machine.busy_share(0.05) <= 1
    monkeypatch.setattr(machine, "_cpu_ticks", list)
    assert machine.busy_share(0) == 0


def test_csv_has_a_line_per_matrix_and_contender(run):
    rows = list(csv.DictReader(io.StringIO(comma_separated(run))))
    assert [(r["matrix"], r["contender"]) for r in rows[:3]] == [
        ("large", "hbp"),
        ("large", "mkl"),
        ("large", "scipy"),
    ]
    assert len(rows) == 6
    assert float(rows[1]["seconds"]) == 0.4
    assert float(rows[1]["hbp_ratio"]) == pytest.approx(4)


@pytest.mark.parametrize("width", [40, 80, 120, 200])
def test_narrow_table_drops_columns_but_never_the_name_or_the_ratio(run, width):
    columns = table_columns(run)
    cells = [[column.cell(m) for column in columns] for m in run.matrices]
    shown = [columns[i].heading for i in fitting(columns, cells, width, gap=2)]
    assert shown[0] == "matrix"
    assert "x\nbest" in shown
    assert all(len(line) <= width for line in plain_table(run, columns, width).splitlines())


# ---- files -----------------------------------------------------------------------------------


def test_all_files_are_written_and_the_pictures_are_png(run, tmp_path):
    pytest.importorskip("matplotlib")
    run.matrices[0].measurements["hbp"].take_bounds(Roofline(0.05, 0.01, 0.08))
    written, notes = write_results(run, tmp_path)
    assert notes == []
    names = ["results.json", "results.csv", "results.md", "ratios.png", "roofline.png"]
    assert [path.name for path in written] == names
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(names)
    for name in names[3:]:
        png = (tmp_path / name).read_bytes()
        assert png.startswith(b"\x89PNG\r\n\x1a\n")
        width, height = (int.from_bytes(png[i : i + 4], "big") for i in (16, 20))
        assert width > 800
        assert height > 250
    document = json.loads((tmp_path / "results.json").read_text())
    assert document["machine"]["cpu"] == "Some CPU"
    assert document["matrices"][1]["ratio_to_best_peer"] == pytest.approx(4)
    assert document["matrices"][1]["best_peer"] == "mkl"
    assert document["summaries"][0]["losses"] == 1


def test_no_picture_without_matplotlib_and_no_stale_one(run, tmp_path, monkeypatch):
    original = builtins.__import__

    def without(name, *args, **kwargs):
        if name.startswith("matplotlib"):
            raise ImportError("No module named 'matplotlib'")
        return original(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    (tmp_path / "ratios.png").write_bytes(b"old")
    written, notes = write_results(run, tmp_path)
    assert len(written) == 3
    missing = "matplotlib is not installed; to get it: pip install matplotlib"
    assert notes == [f"no {name}: {missing}" for name in ("ratios.png", "roofline.png")]
    assert not (tmp_path / "ratios.png").exists()


def test_run_without_ratios_is_still_written(tmp_path):
    pytest.importorskip("matplotlib")
    written, notes = write_results(run_of(), tmp_path)
    assert len(written) == 3
    assert notes == [
        "no ratios.png: no matrix was timed against a peer: there is no ratio to draw",
        "no roofline.png: no product was timed: there is no roofline to draw",
    ]


def test_failed_write_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "file"
    write_atomically(path, b"old")

    def fail(*args):
        raise OSError("disk full")

    monkeypatch.setattr("hbpspmv.suite.output.os.replace", fail)
    with pytest.raises(OSError, match="disk full"):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


# ---- runs ------------------------------------------------------------------------------------


def source(name, load=lambda: laplacian_2d(12)):
    return Source(name, "kind", name, load)


def fails(error):
    def load():
        raise error

    return load


def test_run_measures_all_matrices_and_saves_after_each():
    kept = []
    listener = Quiet()
    run = run_bench(
        [source("one"), source("two")],
        assemble(["scipy"]),
        Settings(threads=1, quick=True, dtype="float32"),
        listener,
        keep=lambda run: kept.append(len(run.matrices)),
    )
    assert run.complete
    assert kept == [1, 2]
    assert [m.name for m in run.matrices] == ["one", "two"]
    assert run.matrices[0].dtype == "float32"
    assert {m.status for m in run.matrices[0].measurements.values()} == {"ok"}
    ours = run.matrices[0].measurements["hbp"]
    assert ours.limits.keys() == {"memory", "gather", "instructions"}
    assert ours.bound_share >= ours.bandwidth_share > 0
    assert [c.threads for c in run.ceilings] == [1]
    assert run.call_overhead.keys() == {"hbp_array", "csr_array"}
    assert all(0 < seconds < 1 for seconds in run.call_overhead.values())
    assert listener.lines[0].startswith("one: 144 x 144, 672 nonzeros: HBP ")


def test_unreadable_matrix_is_an_error_of_its_own():
    listener = Quiet()
    loads = [fails(ValueError("bad: not a readable matrix: x")), fails(MemoryError())]
    sources = [source("bad", loads[0]), source("huge", loads[1]), source("good")]
    run = run_bench(sources, assemble([]), Settings(quick=True), listener)
    assert run.complete
    assert run.errors == ["bad: not a readable matrix: x", "huge: MemoryError"]
    assert [m.name for m in run.matrices] == ["good"]


def test_interrupted_run_keeps_what_is_finished():
    sources = [source("one"), source("two", fails(KeyboardInterrupt())), source("three")]
    run = run_bench(sources, assemble([]), Settings(quick=True), Quiet())
    assert not run.complete
    assert [m.name for m in run.matrices] == ["one"]
    assert "Incomplete" in markdown(run)


def test_small_matrices_are_left_out():
    listener = Quiet()
    run = run_bench([source("one")], assemble([]), Settings(quick=True, min_nnz=673), listener)
    assert run.matrices == []
    assert listener.lines == ["one: skipped, below 673 nonzeros"]


def test_cold_run():
    run = run_bench([source("one")], assemble([]), Settings(quick=True, cold=True), Quiet())
    assert run.settings["cold"]
    assert run.matrices[0].measurements["hbp"].seconds > 0


def test_a_turn_is_as_long_as_wanted_within_4_products_and_64_for_2_ms():
    def samples(turn_seconds):
        settings = Settings(quick=True, turn_seconds=turn_seconds)
        run = run_bench([source("one")], assemble([]), settings, Quiet())
        assert run.settings["schedule"]["turn_seconds"] == turn_seconds
        return run.matrices[0].measurements["hbp"].n_samples

    rounds = QUICK.max_rounds
    assert samples(1e-9) == QUICK.min_products * rounds == 4 * rounds
    assert samples(0.002) == QUICK.max_products * rounds == 64 * rounds
    assert samples(0.004) == 128 * rounds


@pytest.mark.parametrize("shape", [(0, 0), (0, 4), (4, 0), (3, 3)])
def test_matrix_without_nonzeros_is_measured_or_reported_but_stops_nothing(shape, tmp_path):
    run = run_bench(
        [source("none", lambda: csr_array(shape)), source("one")],
        assemble(None),
        Settings(quick=True),
        Quiet(),
    )
    assert run.complete
    assert len(run.matrices) == 2
    assert run.matrices[0].measurements["hbp"].status == "ok"
    assert run.matrices[0].measurements["scipy"].status == "ok"
    write_results(run, tmp_path)


def test_run_leaves_the_thread_count_alone():
    import hbpspmv

    before = hbpspmv.get_num_threads()
    run_bench([source("one")], assemble([]), Settings(quick=True, threads=before + 3), Quiet())
    assert hbpspmv.get_num_threads() == before


def test_quick_embedded_matrices_are_one_of_each_kind():
    full, quick = embedded_sources(quick=False), embedded_sources(quick=True)
    assert [s.kind for s in full] == [s.kind for s in quick]
    assert len(full) >= 15


def test_given_sources_are_the_files_of_a_directory_or_else_embedded(monkeypatch, tmp_path):
    monkeypatch.setenv("HBPSPMV_MATRICES", "")
    assert {source.origin for source in given_sources(quick=True)} == {"embedded"}
    save_npz(tmp_path / "one.npz", laplacian_2d(3))
    monkeypatch.setenv("HBPSPMV_MATRICES", str(tmp_path))
    assert [source.name for source in given_sources(quick=True)] == ["one"]
