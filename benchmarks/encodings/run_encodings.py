"""What each encoding is worth: products of plans with all of them and with all but one, in turns.

    python benchmarks/encodings/run_encodings.py OUT

Needs an installed hbpspmv; HBPSPMV_MATRICES may name a directory of matrix files to use in place of
the embedded matrices. README.md beside this file says what is compared and how.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import hbpspmv._hbpspmv_core as core
from encodings_chart import draw
from encodings_report import VARIANTS, comma_separated, markdown

from hbpspmv.suite.machine import describe_machine
from hbpspmv.suite.measure import prepare
from hbpspmv.suite.output import write_atomically
from hbpspmv.suite.reference import reference_product
from hbpspmv.suite.sources import given_sources
from hbpspmv.suite.timing import QUICK, Schedule, time_in_rounds
from hbpspmv.suite.vectors import aligned_empty, random_vector

LARGE = 100_000  # nonzeros; in smaller matrices the call is a visible part of the time


def build(matrix: Any, without: Sequence[str], threads: int) -> Any:
    """Return a plan of the core in the default geometry."""
    n_rows, n_cols = matrix.shape
    rows, cols, lanes = core.choose_geometry(n_rows, n_cols, matrix.dtype.itemsize)
    indptr, indices, data = matrix.indptr, matrix.indices, matrix.data
    return core.build(
        indptr, indices, data, n_rows, n_cols, rows, cols, lanes, threads, without=list(without)
    )


def facts(plan: Any) -> dict[str, Any]:
    """Return what tells two plans of one matrix apart."""
    info: dict[str, Any] = plan.info()
    del info["build_seconds"]
    return info


def measure(matrix: Any, threads: int, schedule: Schedule) -> dict[str, Any]:
    """Return the facts and the median time of the plan with all encodings and of each variant.

    A variant that leaves out nothing the matrix uses is the same plan again and not among them.

    Raises
    ------
    ValueError
        A product is wrong.
    """
    plans = {name: build(matrix, without, threads) for name, without in VARIANTS.items()}
    plans = {"": build(matrix, (), threads), **plans}
    described = {name: facts(plan) for name, plan in plans.items()}
    kept = [name for name in plans if not name or described[name] != described[""]]
    x = random_vector(matrix.shape[1], matrix.dtype)
    y = aligned_empty(matrix.shape[0], matrix.dtype)
    reference = reference_product(matrix, x)
    products = []
    for name in kept:
        y.fill(float("nan"))  # a row that is not written shows
        plans[name].spmv(x, y, 1.0, 0.0, threads)
        if message := reference.error(y):
            raise ValueError(f"without {name or 'nothing'}: {message}")
        products.append(partial(plans[name].spmv, x, y, 1.0, 0.0, threads))
    samples = time_in_rounds(products, schedule)
    return {
        name: {
            **described[name],
            "seconds": statistics.median(t for turn in rounds for t in turn) / 1e9,
            "rounds": [statistics.median(turn) / 1e9 for turn in rounds],
        }
        for name, rounds in zip(kept, samples, strict=True)
    }


def main() -> None:
    """Run, report, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path, help="directory for results.json, .csv, .md and .png")
    parser.add_argument("--dtype", default="float64", help="of values and vectors")
    parser.add_argument("--threads", type=int, default=core.get_num_threads())
    parser.add_argument("--quick", action="store_true", help="small matrices, few rounds")
    parser.add_argument("--only", help="matrices whose name contains this")
    options = parser.parse_args()
    run: dict[str, Any] = {
        "began": time.strftime("%Y-%m-%d %H:%M"),
        "machine": describe_machine(),
        "dtype": options.dtype,
        "threads": options.threads,
        "matrices": [],
    }
    schedule = QUICK if options.quick else Schedule(budget_seconds=2.0)
    for source in given_sources(options.quick):
        if options.only and options.only not in source.name:
            continue
        matrix = prepare(source.load(), options.dtype)
        if matrix.nnz < LARGE and not options.quick:
            continue
        plans = measure(matrix, options.threads, schedule)
        run["matrices"].append({"name": source.name, "nnz": int(matrix.nnz), "plans": plans})
        print(source.name, flush=True)
    options.out.mkdir(parents=True, exist_ok=True)
    text = json.dumps(run, allow_nan=False) + "\n"
    write_atomically(options.out / "results.json", text.encode())
    write_atomically(options.out / "results.csv", comma_separated(run).encode())
    write_atomically(options.out / "results.md", markdown(run).encode())
    write_atomically(options.out / "results.png", draw(run))


if __name__ == "__main__":
    main()
