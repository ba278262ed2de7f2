"""The cost model's benchmark: the script on a small matrix, and what the report computes."""

import csv
import io
import json
import sys

import numpy as np
import pytest
from benchmark_scripts import benchmark_scripts

MODULES = ("run_cost_model", "cost_model_report", "cost_model_chart")


@pytest.fixture(scope="module")
def scripts():
    with benchmark_scripts("cost_model", *MODULES) as modules:
        yield modules


def result(name="one", nnz=200_000, generated=False, **changes):
    """What is measured for one matrix: predicted well, and the best layout chosen."""
    times = {f"{kernel}_{what}": 1e-4 for kernel in ("hbp", "csr") for what in ("seconds",)}
    times |= {f"{k}_predicted{p}": 1e-4 for k in ("hbp", "csr") for p in ("", "_probed")}
    times |= {"csr_seconds": 2e-4, "csr_predicted": 2e-4, "csr_predicted_probed": 2e-4}
    layouts = {of: [100, 200, 8] for of in ("chosen", "default", "best")}
    layouts |= {f"{of}_seconds": 1e-4 for of in ("chosen", "default", "best")}
    known = {"name": name, "kind": "", "generated": generated, "rows": 100, "cols": 200}
    known |= {"nnz": nnz, "dtype": "float64", "choice_seconds": [5e-5, 2e-5]}
    search = [{"layout": None, "seconds": 2e-4, "predicted": 2e-4}]
    return {**known, **times, **layouts, "search": search, **changes}


@pytest.fixture
def run():
    machine = {"cpu": "Some CPU", "cpus": 2, "isa": "avx2", "l1d_bytes": 0, "l2_bytes": 0}
    machine |= {"l3_bytes": 0, "memory_bytes": 0, "system": "Linux", "compiler": "some compiler"}
    return {
        "began": "2000-01-01 00:00",
        "machine": machine,
        "threads": 2,
        "dtype": "float64",
        "default_figures": {"slot": 0.5},
        "probed_figures": {"slot": 0.25},
        "matrices": [
            result("near", hbp_seconds=1.2e-4),
            result("far", hbp_seconds=4e-4, chosen_seconds=4e-4, default_seconds=2e-4),
            result("made", generated=True, csr_seconds=5e-5),
        ],
    }


def cells(markdown, first):
    """Cells of the first table row that begins with `first`."""
    line = next(line for line in markdown.splitlines() if line.startswith(f"| {first} |"))
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_summary(scripts, run):
    _, report, _ = scripts
    s = report.summary([m for m in run["matrices"] if not m["generated"]])
    assert s["matrices"] == 2
    assert s["hbp_mean"] == pytest.approx((1.2 * 4) ** 0.5)
    assert s["hbp_worst"] == pytest.approx(4)
    assert s["hbp_near"] == 0.5
    assert s["csr_near"] == 1
    assert s["chosen_mean"] == pytest.approx(2)
    assert s["chosen_worst"] == pytest.approx(4)
    assert s["default_worst"] == pytest.approx(2)
    assert s["right_order"] == 0.5


def test_worst_is_the_farthest_in_either_direction(scripts):
    _, report, _ = scripts
    assert report.worst([1.1, 0.4, 2.0]) == 0.4
    assert report.near([1.4, 0.7, 1.6, 0.6]) == 0.5


def test_a_winner_of_the_search_that_loses_is_a_tie(scripts):
    _, report, _ = scripts
    assert report.distance(result(best_seconds=2e-4)) == 1
    assert report.distance(result(best_seconds=5e-5)) == pytest.approx(2)


def test_markdown(scripts, run):
    _, report, _ = scripts
    text = report.markdown(run)
    assert cells(text, "HBP, matrices of files")[1:] == ["2", "2.19", "4.00", "50%"]
    assert cells(text, "generated matrices")[1:3] == ["1", "1.000"]
    assert cells(text, "far")[2:5] == ["100.0", "400.0", "4.00"]
    assert cells(text, "made")[-4:] == ["100 x 200, 8", "100 x 200, 8", "1.000", "20"]
    assert "slot 0.25 (0.5)" in text


def test_csv(scripts, run):
    _, report, _ = scripts
    lines = list(csv.DictReader(io.StringIO(report.comma_separated(run))))
    assert [line["matrix"] for line in lines] == ["near", "far", "made"]
    assert float(lines[1]["distance"]) == pytest.approx(4)
    assert lines[2]["generated"] == "1"


def test_picture_is_a_png(scripts, run):
    pytest.importorskip("matplotlib")
    _, _, chart = scripts
    assert chart.draw(run).startswith(b"\x89PNG")


def test_the_script_on_an_embedded_matrix(scripts, monkeypatch, tmp_path):
    pytest.importorskip("matplotlib")
    runner, _, _ = scripts
    figures = {"l1_read": 0.2, "memory_rate": 20.0}
    monkeypatch.setattr(runner, "probed_figures", lambda _: figures)
    monkeypatch.setattr(runner, "measure_ceilings", lambda *_: None)
    arguments = ["run", str(tmp_path / "out"), "--quick", "--only", "mycielskian11"]
    monkeypatch.setattr(sys, "argv", [*arguments, "--budget", "0.01", "--threads", "1"])
    runner.main()
    names = {"results.json", "results.csv", "results.md", "results.png"}
    assert {path.name for path in (tmp_path / "out").iterdir()} == names
    saved = json.loads((tmp_path / "out" / "results.json").read_text())
    (m,) = saved["matrices"]
    assert (m["name"], m["nnz"], m["generated"]) == ("mycielskian11", 134_710, True)
    layouts = [tuple(s["layout"] or ()) for s in m["search"]]
    assert len(layouts) == len(set(layouts)) > 3
    assert () in layouts
    assert tuple(m["chosen"]) in layouts
    assert tuple(m["best"]) in layouts
    assert all(s["seconds"] > 0 and s["predicted"] > 0 for s in m["search"])
    assert len(m["choice_seconds"]) == 2
    assert all(np.min(m[key]) > 0 for key in m if key.endswith("_seconds"))
    assert m["hbp_predicted_probed"] != m["hbp_predicted"]
    assert saved["probed_figures"] == figures


def test_nothing_to_measure_is_an_error(scripts, monkeypatch, tmp_path):
    runner, _, _ = scripts
    monkeypatch.setattr(runner, "measure_ceilings", lambda *_: None)
    monkeypatch.setattr(runner, "probed_figures", lambda _: {})
    monkeypatch.setattr(sys, "argv", ["run", str(tmp_path / "out"), "--quick", "--only", "no such"])
    with pytest.raises(SystemExit, match="no matrix was measured"):
        runner.main()
    assert not (tmp_path / "out").exists()


def test_probed_figures_are_those_of_one_thread(scripts):
    runner, _, _ = scripts
    from hbpspmv import _hbpspmv_core as core
    from hbpspmv.suite.ceilings import Ceilings

    caches, random = (1 << 15, 1 << 20, 1 << 23), (1e-10, 2e-10, 4e-10, 9e-10)
    figures = runner.probed_figures(Ceilings(2, caches, ((1 << 18, 9e10), (1 << 26, 2e10)), random))
    assert figures["l1_bytes"] == 1 << 15
    assert figures["l1_read"] == pytest.approx(0.2)
    assert figures["memory_read"] == pytest.approx(1.8)
    assert figures["memory_rate"] == pytest.approx(10)
    assert set(figures) < set(core.default_machine())
