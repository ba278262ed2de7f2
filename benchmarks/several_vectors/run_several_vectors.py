"""Products with several vectors, `A @ X`, against oneMKL's and SciPy's, in turns.

    python benchmarks/several_vectors/run_several_vectors.py OUT

Needs an installed hbpspmv with the bench extra; HBPSPMV_MATRICES may name a directory of matrix
files to use in place of the embedded matrices. README.md beside this file says what is compared.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import scipy
from numpy.typing import NDArray
from several_vectors_report import HBP, draw, markdown

import hbpspmv
from hbpspmv.suite.machine import describe_machine
from hbpspmv.suite.measure import prepare
from hbpspmv.suite.output import write_atomically
from hbpspmv.suite.peers import mkl_library
from hbpspmv.suite.reference import Reference, reference_product
from hbpspmv.suite.sources import given_sources
from hbpspmv.suite.timing import QUICK, Schedule, time_in_rounds
from hbpspmv.suite.vectors import aligned_empty, random_vector

WIDTHS = (2, 4, 8, 32)
LARGE = 100_000  # nonzeros; in smaller matrices the call is a visible part of the time
CALLS = 1000  # expected, as oneMKL and the plan are told


def matrix_of_vectors(rows: int, columns: int, dtype: Any) -> NDArray[Any]:
    """Return an array of shape (rows, columns) that begins at a cache line."""
    flat = aligned_empty(rows * columns, dtype)
    return flat.reshape(rows, columns)


def check(title: str, y: NDArray[Any], references: list[Reference]) -> None:
    """Raise ValueError if a column of `y` is wrong."""
    for j in range(y.shape[1]):
        if message := references[j].error(y[:, j]):
            raise ValueError(f"{title}, column {j} of {y.shape[1]}: {message}")


def measure(
    matrix: Any, threads: int, schedule: Schedule, *, tune: bool = False
) -> dict[str, dict[str, float]]:
    """Return the median seconds of one checked product, by the number of vectors and contender."""
    rows, columns = matrix.shape
    all_x = [random_vector(columns, matrix.dtype, seed=j) for j in range(max(WIDTHS))]
    references = [reference_product(matrix, x) for x in all_x]
    array = hbpspmv.hbp_array(matrix)
    array.plan(expected_calls=CALLS)
    found = {}
    for k in WIDTHS:
        if tune:
            array.plan(tune="measure", n_vectors=k, num_threads=threads)
        x = matrix_of_vectors(columns, k, matrix.dtype)
        y = matrix_of_vectors(rows, k, matrix.dtype)
        for j in range(k):
            x[:, j] = all_x[j]
        peer = mkl_library.SparseMatrix(matrix, threads, CALLS, n_vectors=k)
        products: dict[str, Callable[[], Any]] = {
            HBP: partial(hbpspmv.spmv, array, x, out=y, num_threads=threads),
            "oneMKL": partial(peer.multiply, x, y),
            "SciPy": partial(matrix.__matmul__, x),
        }
        for title, product in products.items():
            y.fill(float("nan"))  # a row that is not written shows
            result = product()
            check(title, y if title != "SciPy" else result, references)
        samples = time_in_rounds(list(products.values()), schedule)
        peer.destroy()
        found[str(k)] = {
            title: statistics.median(t for turn in rounds for t in turn) / 1e9
            for title, rounds in zip(products, samples, strict=True)
        }
    return found


def main() -> None:
    """Run, report, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path, help="directory for results.json, .md and .png")
    parser.add_argument("--dtype", default="float64", help="of values and vectors")
    parser.add_argument("--threads", type=int, default=hbpspmv.get_num_threads())
    parser.add_argument("--tune", action="store_true", help="a plan measured for each width")
    parser.add_argument("--quick", action="store_true", help="small matrices, few rounds")
    options = parser.parse_args()
    try:
        mkl_library.version()
    except ImportError as error:
        raise SystemExit(f"oneMKL is missing ({error}): pip install mkl") from error
    run: dict[str, Any] = {
        "began": time.strftime("%Y-%m-%d %H:%M"),
        "machine": describe_machine(),
        "dtype": options.dtype,
        "threads": options.threads,
        "tuned": options.tune,
        "versions": {
            "HBP": hbpspmv.__version__,
            "oneMKL": mkl_library.version(),
            "SciPy": scipy.__version__,
        },
        "matrices": [],
    }
    schedule = QUICK if options.quick else Schedule(budget_seconds=1.0)
    for source in given_sources(options.quick):
        matrix = prepare(source.load(), options.dtype)
        if matrix.nnz < LARGE and not options.quick:
            continue
        seconds = measure(matrix, options.threads, schedule, tune=options.tune)
        run["matrices"].append(
            {"name": source.name, "nnz": int(matrix.nnz), "shape": matrix.shape, "seconds": seconds}
        )
        print(source.name, flush=True)
    options.out.mkdir(parents=True, exist_ok=True)
    text = json.dumps(run, allow_nan=False) + "\n"
    write_atomically(options.out / "results.json", text.encode())
    write_atomically(options.out / "results.md", markdown(run).encode())
    write_atomically(options.out / "results.png", draw(run))


if __name__ == "__main__":
    main()
