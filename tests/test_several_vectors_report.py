"""The benchmark of products with several vectors: what it measures of a matrix and reports."""

import pytest
from benchmark_scripts import benchmark_scripts
from matrices import one_case
from scipy.sparse import csr_array

from hbpspmv.suite.peers import mkl_library
from hbpspmv.suite.timing import Schedule

BRIEF = Schedule(budget_seconds=0, min_rounds=2, max_rounds=2, min_products=1, max_products=1)


@pytest.fixture(scope="module")
def modules():
    with benchmark_scripts(
        "several_vectors", "run_several_vectors", "several_vectors_report"
    ) as two:
        yield two


@pytest.fixture
def matrix():
    try:
        mkl_library.version()
    except ImportError as error:
        pytest.skip(f"oneMKL is not installed: {error}")
    a = one_case("power_law").astype("float64")
    return csr_array((a.data, a.indices, a.indptr), shape=a.shape)


@pytest.fixture
def run():
    machine = {"cpu": "Some CPU", "cpus": 2, "isa": "avx2", "l1d_bytes": 0, "l2_bytes": 0}
    machine |= {"l3_bytes": 0, "memory_bytes": 0, "system": "Linux", "compiler": "some compiler"}
    seconds = [
        {"2": {"HBP": 2e-3, "oneMKL": 1e-3}, "8": {"HBP": 1e-3, "oneMKL": 2e-3}},
        {"2": {"HBP": 1e-3, "oneMKL": 8e-3}, "8": {"HBP": 1e-3, "oneMKL": 2e-3}},
    ]
    return {
        "began": "2000-01-01 00:00",
        "machine": machine,
        "dtype": "float64",
        "threads": 2,
        "versions": {"HBP": "1", "oneMKL": "2"},
        "matrices": [
            {"name": name, "nnz": 120_000, "shape": [10, 10], "seconds": of}
            for name, of in zip(("first", "second"), seconds, strict=True)
        ],
    }


def cells(markdown, first):
    """Cells of the first table row that begins with `first`."""
    line = next(line for line in markdown.splitlines() if line.startswith(f"| {first} "))
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_summary_has_means_extremes_and_losses(modules, run):
    text = modules[1].markdown(run)
    assert cells(text, "2")[1:] == ["oneMKL", "2", "2.00", "0.50", "8.00", "1"]
    assert cells(text, "8")[1:] == ["oneMKL", "2", "2.00", "2.00", "2.00", "0"]
    assert cells(text, "first")[1:] == ["120,000", "2.000", "0.50", "1.000", "2.00"]


def test_tuned_plans_are_named_as_such(modules, run):
    assert "tuned" not in modules[1].markdown(run)
    assert "2 threads, HBP's plans tuned for the vectors;" in modules[1].markdown(
        run | {"tuned": True}
    )


def test_picture_is_a_png(modules, run):
    assert modules[1].draw(run).startswith(b"\x89PNG")


@pytest.mark.parametrize("tune", [False, True])
def test_every_contender_is_checked_and_timed(modules, matrix, tune):
    found = modules[0].measure(matrix, 2, BRIEF, tune=tune)
    assert list(found) == [str(k) for k in modules[0].WIDTHS]
    for seconds in found.values():
        assert list(seconds) == ["HBP", "oneMKL", "SciPy"]
        assert all(t > 0 for t in seconds.values())


def test_wrong_products_are_not_timed(modules, matrix, monkeypatch):
    right = mkl_library.SparseMatrix.multiply

    def wrong(self, x, y):
        right(self, x, y)
        y[-1, -1] += 1

    monkeypatch.setattr(mkl_library.SparseMatrix, "multiply", wrong)
    with pytest.raises(ValueError, match=r"oneMKL, column 1 of 2: 1 of \d+ rows wrong"):
        modules[0].measure(matrix, 2, BRIEF)
