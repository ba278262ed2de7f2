"""``hbpspmv suite report``: what is computed from the cells, and the files that tell it."""

from __future__ import annotations

import base64
import csv
import io
import re
import zlib
from html.parser import HTMLParser

import numpy as np
import pytest
from suite_records import crashed, facts, record, samples, write_results

from hbpspmv.cli import main
from hbpspmv.suite.report.cell import ratio_interval
from hbpspmv.suite.report.charts_cost import break_even
from hbpspmv.suite.report.charts_speed import ratio_chart, roofline_chart
from hbpspmv.suite.report.load import load_results
from hbpspmv.suite.report.output import markdown_text, write_report
from hbpspmv.suite.report.page import html_page
from hbpspmv.suite.report.performance_profile import performance_profile
from hbpspmv.suite.report.pictures import spy_png
from hbpspmv.suite.report.sheet import csv_text
from hbpspmv.suite.report.svg import Axis, log_range


def three(matrix, hbp, mkl, scipy=100.0, **more):
    return [
        record(matrix, "hbp", hbp, scipy, **more),
        record(matrix, "mkl", mkl, scipy, **more),
        record(matrix, "scipy", scipy, **more),
    ]


@pytest.fixture
def out(tmp_path):
    """Two matrices with all times, one with a crash, one that could not be read."""
    unread = [
        record("gone", c, None, status="failed", facts={"kind": "file"}, message="not read: gone")
        for c in ("hbp", "mkl", "scipy")
    ]
    return write_results(
        tmp_path / "out",
        *three("fast", 20.0, 80.0),
        *three("slow", 50.0, 40.0),
        record("half", "hbp", 25.0),
        crashed("half", "mkl"),
        record("half", "scipy", 100.0),
        *unread,
    )


# ---- times -----------------------------------------------------------------------------------


def test_a_cell_that_met_a_slow_machine_is_brought_to_the_usual_one(tmp_path):
    cells = [
        record("m", "hbp", 30.0, baseline=200.0),  # everything took twice as long here
        record("m", "mkl", 30.0, baseline=100.0),
        record("m", "scipy", 100.0),
    ]
    results = load_results(write_results(tmp_path, *cells))
    (m,) = results.run.matrices
    assert m.measurements["hbp"].seconds == pytest.approx(15e-6)
    assert m.measurements["mkl"].seconds == pytest.approx(30e-6)
    assert m.measurements["scipy"].seconds == pytest.approx(100e-6)
    assert m.best_ratio("hbp") == pytest.approx(2)
    assert results.interval("m", "hbp", "mkl") == (2.0, 2.0)
    assert results.drift["m"] == pytest.approx(1.0)
    assert results.noise == pytest.approx(np.std(np.log([200, 100, 100]), ddof=1))


def test_interval_is_as_wide_as_the_rounds_scatter(tmp_path):
    def width(scatter):
        cells = three("m", 20.0, 40.0, scatter=scatter)
        low, high = load_results(write_results(tmp_path, *cells)).interval("m", "hbp", "mkl")
        assert low <= 2 <= high
        return high - low

    assert width(0.0) == 0
    assert 0 < width(0.1) < width(0.4)


def test_interval_of_two_cells_holds_the_true_ratio_nearly_always():
    rng = np.random.default_rng(3)
    hits = 0
    for _ in range(200):
        slow = np.log(2) + 0.1 * rng.standard_normal() + 0.1 * rng.standard_normal(400)
        fast = 0.1 * rng.standard_normal() + 0.1 * rng.standard_normal(400)
        low, high = ratio_interval([slow], [fast])
        hits += low <= 2 <= high
    assert 180 <= hits < 200


def test_profile_counts_missing_times_as_never():
    profile = performance_profile(
        [
            {"a": 1.0, "b": 4.0},
            {"a": 2.0, "b": 1.0},
            {"a": 3.0, "b": None},
            {"a": None, "b": None},  # nobody solved it: it says nothing
        ]
    )
    third = 1 / 3
    assert profile["a"] == [(1.0, pytest.approx(2 * third)), (2.0, 1.0)]
    assert profile["b"] == [(1.0, pytest.approx(third)), (4.0, pytest.approx(2 * third))]


def test_a_build_pays_after_the_calls_that_save_as_much(out):
    matrices = {m.name: m for m in load_results(out).run.matrices}
    # 400 us are saved by 80 us a call, or 60.
    assert break_even(matrices["fast"], "hbp") == pytest.approx(5)
    assert break_even(matrices["slow"], "mkl") == pytest.approx(400 / 60)
    assert break_even(matrices["half"], "mkl") is None
    assert break_even(matrices["slow"], "scipy") == np.inf


def test_cells_without_a_result_are_told_apart(out):
    results = load_results(out)
    assert [m.name for m in results.run.matrices] == ["fast", "slow", "half"]
    assert results.run.errors == ["gone: not read: gone"]
    half = results.run.matrices[2].measurements["mkl"]
    assert (half.status, half.message, half.seconds) == ("crashed", "half was too much", None)
    assert len(results.bad()) == 4


def test_cells_that_others_disturbed_are_counted_in_a_warning(out, tmp_path):
    assert "Other processes used more than" not in html_page(load_results(out))
    cells = three("m", 20.0, 40.0, other_load=0.4) + three("n", 20.0, 40.0)
    page = html_page(load_results(write_results(tmp_path, *cells)))
    assert "more than 10 % of the CPUs while 3 of 6 cells were measured" in page


def test_noise_is_that_of_times_in_terms_of_the_baseline(tmp_path):
    # Twice as slow in the second half, contender and baseline alike; and other numbers of rounds.
    def drifting(contender, microseconds, rounds):
        slow = [1] * (rounds // 2) + [2] * (rounds - rounds // 2)
        own, base = ([[round(1000 * t * s)] * 4 for s in slow] for t in (microseconds, 100.0))
        about = {
            "samples": own,
            "processes": [rounds],
            "baseline": {"contender": "scipy", "samples": base},
        }
        return {**record("m", contender, microseconds), **about}

    cells = [drifting("hbp", 20.0, 10), drifting("mkl", 40.0, 5), record("m", "scipy", 100.0)]
    (m,) = load_results(write_results(tmp_path, *cells)).run.matrices
    assert m.noise("hbp", "mkl") == pytest.approx(0)


def test_a_run_that_goes_on_can_be_reported(tmp_path):
    cells = [*three("done", 20.0, 40.0), record("next", "hbp", 30.0)]
    results = load_results(write_results(tmp_path, *cells))
    assert not results.run.complete
    assert results.run.matrices[1].measurements["mkl"].status == "pending"
    assert "Some cells were not run yet" in html_page(results)
    assert "**Incomplete" in markdown_text(results)


# ---- files -----------------------------------------------------------------------------------


def test_the_command_writes_three_files(out, capsys):
    assert main(["suite", "report", str(out)]) == 0
    names = ["report.csv", "report.html", "report.md", "results.jsonl"]
    assert sorted(p.name for p in out.iterdir()) == names
    assert f"{out / 'report.html'}" in capsys.readouterr().out


@pytest.mark.parametrize("content", [None, b""])
def test_no_results_is_an_error_of_one_line(content, tmp_path, capsys):
    if content is not None:
        (tmp_path / "results.jsonl").write_bytes(content)
    assert main(["suite", "report", str(tmp_path)]) == 1
    assert re.fullmatch(
        r"hbpspmv: error: .*(to make one: hbpspmv suite run|holds no finished cell)\n",
        capsys.readouterr().err,
    )


def test_csv_has_a_line_a_cell(out):
    rows = list(csv.DictReader(io.StringIO(csv_text(load_results(out)))))
    assert len(rows) == 9
    cell = {(r["matrix"], r["contender"]): r for r in rows}
    mkl = cell["fast", "mkl"]
    assert float(mkl["seconds"]) == pytest.approx(80e-6)
    assert float(mkl["measured_seconds"]) == pytest.approx(80e-6)
    assert float(mkl["hbp_ratio"]) == float(mkl["hbp_ratio_low"]) == pytest.approx(4)
    assert float(mkl["build_in_scipy_products"]) == pytest.approx(4)
    assert float(mkl["row_length_spread"]) == pytest.approx(0.5)
    assert (mkl["padding"], cell["fast", "hbp"]["padding"]) == ("", "0.0")
    assert cell["half", "mkl"]["status"] == "crashed"
    assert cell["fast", "scipy"]["break_even_products"] == "never"


def test_markdown_has_the_tables_and_the_conditions(out):
    text = markdown_text(load_results(out))
    for line in (
        "| half | oneMKL | crashed | half was too much |",
        "| HBP | 8.00 | 8.00 | 8.00 | 0.62 | 0.00 % |",
        "| oneMKL | 12.80 | 12.80 | 12.80 | 1.00 | not known |",
        "- Intervals are bootstrapped over the rounds (95 %) and cover every pair of the 1 ",
        "- gone: not read: gone",
    ):
        assert line in text
    assert re.search(r"\| best peer \| 3 \| 2\.\d\d ", text)


class Outline(HTMLParser):
    """Collects what a page refers to, and checks that its elements are closed in order."""

    VOID = frozenset(["meta", "link", "img", "input", "br", "path", "rect"])

    def __init__(self):
        super().__init__()
        self.open, self.ids, self.references, self.anchors = [], [], [], []

    def handle_starttag(self, tag, attributes):
        known = dict(attributes)
        self.ids += [known["id"]] if "id" in known else []
        for name in ("src", "href"):
            value = known.get(name) or ""
            if value.startswith("#"):
                self.anchors.append(value[1:])
            elif name in known:
                self.references.append(value)
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in self.VOID:
            assert self.open.pop() == tag


def test_page_is_well_formed_and_needs_no_other_file(out):
    page = html_page(load_results(out))
    outline = Outline()
    outline.feed(page)
    assert outline.open == []
    assert all(value.startswith("data:") for value in outline.references)
    assert len(set(outline.ids)) == len(outline.ids)
    assert set(outline.anchors) <= set(outline.ids)
    assert not re.search(r"https?://|@import|url\(", page)
    for key in ("profile", "ratios", "size", "spread", "roofline", "payback", "build", "bytes"):
        assert key in outline.ids
    assert "nan" not in re.sub(r"<script>.*", "", page, flags=re.DOTALL).lower()


def test_page_writes_names_as_text(tmp_path):
    name = '<img src=x onerror="alert(1)">&'
    page = html_page(load_results(write_results(tmp_path, *three(name, 20.0, 40.0))))
    assert "<img src=x" not in page
    assert "&lt;img src=x onerror=&quot;alert(1)&quot;&gt;&amp;" in page


def test_report_of_nothing_but_failures(tmp_path):
    cells = [crashed("m", "hbp"), crashed("m", "scipy")]
    folder = write_results(tmp_path, *cells)
    for path in write_report(folder):
        assert path.stat().st_size > 0
    assert "Nothing was timed" in (folder / "report.html").read_text()


@pytest.mark.parametrize("shape", [(0, 0), (0, 5), (5, 0)])
def test_report_of_an_empty_matrix(shape, tmp_path):
    rows, cols = shape
    empty = facts(nnz=0, rows=1) | {"rows": rows, "cols": cols, "row_lengths": {}, "spy": []}
    cells = [{**r, "facts": empty} for r in three("none", 20.0, 40.0)]
    assert "none" in html_page(load_results(write_results(tmp_path, *cells)))


def test_ratios_that_may_be_one_are_pale(tmp_path):
    cells = three("sure", 20.0, 40.0) + three("unsure", 38.0, 40.0, scatter=0.5)
    svg = ratio_chart(load_results(write_results(tmp_path, *cells))).svg
    assert svg.count('class="bar faster"') == 1
    assert svg.count('class="bar faster pale"') == 1


def test_roofline_has_a_line_a_level_and_a_point_a_product(out):
    svg = roofline_chart(load_results(out)).svg
    assert [f'class="line ceiling level{i}"' in svg for i in range(4)] == [True] * 3 + [False]
    assert svg.count('class="mark') == 8
    assert "memory 20 GB/s" in svg


# ---- drawing ---------------------------------------------------------------------------------


@pytest.mark.parametrize("log", [True, False])
@pytest.mark.parametrize("span", [(1, 1.2), (0.9, 7), (3, 40), (1, 5000), (1e-3, 2e9)])
def test_ticks_are_few_round_and_on_the_axis(span, log):
    axis = Axis(*span, 0, 100, "", log)
    ticks = axis.ticks()
    assert 2 <= len(ticks) <= 14 or (log and span == (1, 1.2))
    assert len(set(map(axis.text, ticks))) == len(ticks)
    assert all(-1e-6 <= axis.at(t) <= 100 + 1e-6 for t in ticks)


def test_log_range_shows_everything_even_a_single_value():
    assert log_range([]) == (1.0, 10.0)
    low, high = log_range([5.0])
    assert low < 5 < high
    low, high = log_range([2.0, 90.0], around=1.0)
    assert low < 1
    assert high > 90


def test_spy_picture_is_a_png_of_its_cells():
    png = spy_png(["019", "500"])
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    assert png[16:24] == (3).to_bytes(4, "big") + (2).to_bytes(4, "big")
    start = png.index(b"IDAT") + 4
    length = int.from_bytes(png[start - 8 : start - 4], "big")
    assert zlib.decompress(png[start : start + length]) == bytes([0, 0, 1, 9, 0, 5, 0, 0])
    assert base64.b64encode(spy_png([]))


def test_samples_of_the_records_have_the_median_they_are_asked_for():
    assert np.median(samples(20.0, 0.5)) == 20_000
