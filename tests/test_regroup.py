"""The preprocessing experiment's report: what it computes from the program's output."""

import csv
import io
import math
import subprocess

import numpy as np
import pytest
from benchmark_scripts import benchmark_scripts
from scipy.sparse import csr_array


@pytest.fixture(scope="module")
def experiment():
    with benchmark_scripts("regroup", "run_regroup", "regroup_report", "regroup_chart") as modules:
        yield modules


def quality(elements, padded, groups=2, spread=3):
    return {"elements": elements, "padded": padded, "groups": groups, "spread": spread}


def rated(padded, own=False):
    none = quality(0, 0, 0, 0)
    grouped = quality(100, padded)
    own_groups = quality(100, 104, 5, 0) if own else none
    return {"all": quality(120, padded + 30), "grouped": grouped, "own": own_groups, "probes": 0}


def one_experiment(geometry, report, factors):
    """Our hash takes 1 us; the others `factors` times that, by name, or twice."""
    methods = {}
    for name in (report.OURS, *report.METHODS):
        factor = 1.0 if name == report.OURS else factors.get(name, 2.0)
        times = [factor * 1e-6 * (1 + 0.001 * k) for k in (-1, 0, 1)]
        methods[name] = {
            **rated(110 if name != "published-hash" else 150, own="dynamic" in name),
            "seconds": {"once": times, "repeated": [t / 2 for t in times]},
        }
    shape = {"paper": (512, 4096, 32), "default": (8192, 65536, 8)}[geometry]
    return {
        "geometry": geometry,
        **dict(zip(("block_rows", "block_cols", "lanes"), shape, strict=True)),
        "blocks": 8,
        "measured_blocks": 4,
        "rows": 2000,
        "natural": rated(200),
        "methods": methods,
    }


@pytest.fixture
def run(experiment):
    _, report, _ = experiment
    machine = {"cpu": "Some CPU", "cpus": 2, "isa": "avx2", "l1d_bytes": 0, "l2_bytes": 0}
    machine |= {"l3_bytes": 0, "memory_bytes": 0, "system": "Linux", "compiler": "some compiler"}
    matrices = [
        {
            "name": name,
            "nnz": nnz,
            "long_row": 128,
            "experiments": [
                one_experiment(g, report, {"sort": sort, "counting-sort": 1.001})
                for g in report.GEOMETRIES
            ],
        }
        for name, nnz, sort in (("small", 120, 2.0), ("large", 200_000, 8.0))
    ]
    return {
        "began": "2000-01-01 00:00",
        "machine": machine,
        "prefix": "",
        "rounds": 3,
        "matrices": matrices,
    }


def cells(markdown, first):
    """Cells of the first table row that begins with `first`."""
    line = next(line for line in markdown.splitlines() if line.startswith(f"| {first} |"))
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_summary_has_geometric_means_of_ratios_of_medians(experiment, run):
    _, report, _ = experiment
    row = cells(report.markdown(run), "std::sort")
    assert row[1:7] == ["3.53", "4.00", "2.00", "8.00", "0", "0"]
    assert row[-2:] == ["4.00", "4.00"]


def test_claims_are_the_papers(experiment, run):
    _, report, _ = experiment
    assert report.CLAIMS == {"sort": 3.53, "dynamic-program": 3.67}
    assert cells(report.markdown(run), "radix sort")[1] == ""


def test_ties_are_counted_and_are_no_losses(experiment, run):
    _, report, _ = experiment
    for matrix in run["matrices"]:
        for e in matrix["experiments"]:
            e["methods"]["radix-sort"]["seconds"]["once"] = [0.5e-6] * 3
    text = report.markdown(run)
    assert cells(text, "counting sort")[5:7] == ["2", "0"]
    assert cells(text, "radix sort")[5:7] == ["0", "2"]
    assert "1.00=" in cells(text, "large")


def test_quality_table_names_padding_and_spread(experiment, run):
    _, report, _ = experiment
    assert cells(report.markdown(run), "natural")[1:4] == ["100.00%", "91.67%", "1.50"]
    assert cells(report.markdown(run), "hash (ours)")[1] == "10.00%"


def test_csv_has_a_line_per_matrix_geometry_and_order(experiment, run):
    _, report, _ = experiment
    lines = list(csv.DictReader(io.StringIO(report.comma_separated(run))))
    assert len(lines) == 2 * 2 * (2 + len(report.METHODS))
    line = next(x for x in lines if x["method"] == "sort" and x["matrix"] == "large")
    assert float(line["ratio"]) == pytest.approx(8)
    assert float(line["padding"]) == pytest.approx(0.1)
    assert line["padding_own_groups"] == ""


def test_geometries_without_blocks_are_left_out(experiment, run):
    _, report, _ = experiment
    for e in run["matrices"][0]["experiments"]:
        e["measured_blocks"] = 0
    text = report.markdown(run)
    assert "| small |" not in text
    assert cells(text, "std::sort")[2] == "8.00"


def test_geometric_mean(experiment):
    _, report, _ = experiment
    assert report.geometric_mean([2, 8]) == pytest.approx(4)
    assert math.isnan(report.geometric_mean([]))


def test_picture_is_a_png(experiment, run):
    _, _, chart = experiment
    assert chart.draw(run).startswith(b"\x89PNG")


def test_pattern_file_holds_the_three_arrays(experiment, tmp_path):
    runner, _, _ = experiment
    matrix = csr_array(np.array([[0, 2.0, 0], [3.0, 0, 4.0]]))
    runner.write_pattern(matrix, tmp_path / "pattern")
    content = (tmp_path / "pattern").read_bytes()
    assert np.frombuffer(content[:48], np.int64).tolist() == [2, 3, 3, 0, 1, 3]
    assert np.frombuffer(content[48:], np.int32).tolist() == [1, 0, 2]


def test_seconds_of_both_kinds_of_turns_are_joined(experiment, monkeypatch):
    runner, _, _ = experiment
    seen = []

    def program(command, **_):
        seen.append(command[-2:])
        times = "[1.0]" if command[-1] == "0" else "[0.5]"
        text = f'{{"experiments": [{{"methods": {{"hash": {{"seconds": {times}}}}}}}]}}'
        return subprocess.CompletedProcess(command, 0, stdout=text)

    monkeypatch.setattr(runner.subprocess, "run", program)
    result = runner.run_program(["program"], csr_array((2, 2)), 7)
    assert seen == [["7", "0"], ["7", "3"]]
    seconds = result["experiments"][0]["methods"]["hash"]["seconds"]
    assert seconds == {"once": [1.0], "repeated": [0.5]}
