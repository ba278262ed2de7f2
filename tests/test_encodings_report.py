"""The benchmark of the encodings: what it measures of a matrix and reports of the times."""

import csv
import io

import numpy as np
import pytest
from benchmark_scripts import benchmark_scripts
from matrices import one_case
from scipy.sparse import csr_array

from hbpspmv.suite.timing import Schedule

BRIEF = Schedule(budget_seconds=0, min_rounds=2, max_rounds=2, min_products=1, max_products=1)


@pytest.fixture(scope="module")
def benchmark_modules():
    names = ("run_encodings", "encodings_report", "encodings_chart")
    with benchmark_scripts("encodings", *names) as modules:
        yield modules


def plan(seconds, nbytes, tiled=0, long_rows=3, constant=1, few=2):
    times = [seconds * 1.1, seconds, seconds, seconds]
    encodings = {"raw": 1, "constant": constant, "few": few, "decimal": 0}
    return {
        "seconds": seconds,
        "rounds": times,
        "nbytes": nbytes,
        "long_rows": long_rows,
        "tiled_elements": tiled,
        "shifted_elements": 6,
        "windowed_elements": 4,
        "blocks": 4,
        "encodings": encodings,
    }


@pytest.fixture
def run():
    machine = {"cpu": "Some CPU", "cpus": 2, "isa": "avx2", "l1d_bytes": 0, "l2_bytes": 0}
    machine |= {"l3_bytes": 0, "memory_bytes": 0, "system": "Linux", "compiler": "some compiler"}
    matrices = [
        {
            "name": "first",
            "nnz": 120_000,
            "plans": {
                "": plan(1e-4, 1000, tiled=90_000),
                "tiles": plan(8e-4, 2000),
                "along": plan(2e-4, 1000),
            },
        },
        {
            "name": "second",
            "nnz": 150_000,
            "plans": {"": plan(1e-4, 1000), "tiles": plan(0.5e-4, 1000)},
        },
    ]
    return {
        "began": "2000-01-01 00:00",
        "machine": machine,
        "dtype": "float64",
        "threads": 2,
        "matrices": matrices,
    }


def cells(markdown, first):
    """Cells of the first table row that begins with `first`."""
    line = next(line for line in markdown.splitlines() if line.startswith(f"| {first}"))
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_summary_has_geometric_means_and_extremes(benchmark_modules, run):
    _, report, _ = benchmark_modules
    text = report.markdown(run)
    assert cells(text, "tiles")[1:] == ["2", "2.00", "0.50", "8.00", "1.41"]
    assert cells(text, "along")[1:] == ["1", "2.00", "2.00", "2.00", "1.00"]
    assert not any(line.startswith("| shifted") for line in text.splitlines())


def test_tables_say_what_an_encoding_covers(benchmark_modules, run):
    _, report, _ = benchmark_modules
    assert cells(report.markdown(run), "first")[2] == "75.0% of the entries"
    whole = plan(1, 1)
    assert report.covers("along", 10, whole) == "3 rows"
    assert report.covers("constant", 10, whole) == "1 of 4 blocks"
    assert report.covers("values", 10, whole) == "3 of 4 blocks"
    assert report.covers("shifted", 10, whole) == "60.0% of the entries"
    assert report.covers("windows", 10, whole) == "40.0% of the entries"


def test_noise_compares_both_halves_of_the_rounds(benchmark_modules):
    _, report, _ = benchmark_modules
    steady, rising = {"rounds": [1.0] * 4}, {"rounds": [1.0, 1.0, 1.5, 1.5]}
    assert report.noise(steady, steady) == 0
    assert report.noise(steady, rising) == pytest.approx(0.5)
    assert report.noise(rising, steady) == pytest.approx(0.5)


def test_csv_has_a_line_per_matrix_and_variant(benchmark_modules, run):
    _, report, _ = benchmark_modules
    lines = list(csv.DictReader(io.StringIO(report.comma_separated(run))))
    assert [(x["matrix"], x["without"]) for x in lines] == [
        ("first", "tiles"),
        ("second", "tiles"),
        ("first", "along"),
    ]
    assert float(lines[0]["ratio"]) == pytest.approx(8)
    assert float(lines[0]["bytes_ratio"]) == pytest.approx(2)


def test_picture_is_a_png(benchmark_modules, run):
    _, _, chart = benchmark_modules
    assert chart.draw(run).startswith(b"\x89PNG")
    with pytest.raises(ValueError, match="nothing to draw"):
        chart.draw({**run, "matrices": []})


def test_variants_that_change_nothing_are_left_out(benchmark_modules):
    runner, _, _ = benchmark_modules
    a = one_case("uniform_random").astype("float64")
    matrix = csr_array((np.ones(a.nnz), a.indices, a.indptr), shape=a.shape)
    found = runner.measure(matrix, 2, BRIEF)
    assert list(found) == ["", "constant", "values", "all"]
    assert all(len(p["rounds"]) == 2 and p["seconds"] > 0 for p in found.values())
    assert found[""]["nbytes"] < found["constant"]["nbytes"] < found["values"]["nbytes"]


def test_wrong_products_are_not_timed(benchmark_modules, monkeypatch):
    runner, _, _ = benchmark_modules
    a = one_case("uniform_random").astype("float64")
    matrix = csr_array((a.data, a.indices, a.indptr), shape=a.shape)
    other = csr_array((2 * a.data, a.indices, a.indptr), shape=a.shape)
    right = runner.build
    monkeypatch.setattr(runner, "build", lambda _, *rest: right(other, *rest))
    with pytest.raises(ValueError, match="without nothing: .* rows wrong"):
        runner.measure(matrix, 2, BRIEF)
